"""A stage that is followed: what people call, with real releases in real stores."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import understudy
from understudy import following
from understudy.errors import InputError, NotFoundError, ReleaseError
from understudy.release.layout import pointer_key, release_file
from understudy.serve.live import Event, Fleet, Kind, Live
from understudy.store import Entry, Object, Store
from understudy.store.local import LocalStore
from understudy.store.memory import MemoryStore

from ..makers import encoded
from .scene import LABELS, MODEL, QUICK, RED, STAGE, add_release, point, pointer_to, until

CLIENTS, SWAPS = 8, 300

MAPS = Path("/proc/self/maps")


def best(live: Live) -> str:
    return live.classify(RED).predictions[0].label


def test_the_answer_follows_the_pointer(fleet: Fleet, store: Store, blue: str, green: str) -> None:
    point(store, blue)
    live = fleet.follow(MODEL, STAGE).wait()
    for release, label in ((blue, "blue"), (green, "green"), (blue, "blue")):
        point(store, release)
        until(lambda release=release: live.classify(RED).release == release)
        assert best(live) == label
        assert live.state.serving == live.state.desired == release


def test_every_way_to_ask(fleet: Fleet, store: Store, blue: str) -> None:
    point(store, blue)
    live = fleet.follow(MODEL, STAGE).wait()
    assert live.classify(RED, 1, name="upload").image == "upload"
    assert [r.release for r in live.classify_many([RED, RED, RED])] == [blue] * 3
    assert live.predict(np.zeros((1, 8, 6, 3), np.float32))["classes"].shape == (1, 4)
    with live.lend() as classifier:
        assert classifier.served.labels == LABELS


def test_a_row_of_images_is_answered_by_one_release(
    fleet: Fleet, store: Store, blue: str, green: str
) -> None:
    point(store, blue)
    live = fleet.follow(MODEL, STAGE).wait()

    def images() -> Iterator[Image.Image]:
        for number in range(80):
            if number == 20:
                point(store, green)
                until(lambda: best(live) == "green")
            yield RED

    assert {result.release for result in live.classify_many(images())} == {blue}
    assert best(live) == "green"


@pytest.mark.parametrize("harm", ["damaged", "wrong", "gone"])
def test_a_bad_release_changes_nothing_and_is_told_once(
    fleet: Fleet, store: Store, blue: str, events: list[Event], tmp_path: Path, harm: str
) -> None:
    point(store, blue)
    live = fleet.follow(MODEL, STAGE).wait()
    bad = add_release(store, tmp_path / "bad", "red", tolerance=-1.0 if harm == "wrong" else 1e-5)
    if harm == "damaged":
        store.put(release_file(MODEL, bad, "weights.bin"), b"junk")
    if harm == "gone":
        store.delete(release_file(MODEL, bad, "release.json"))
    point(store, bad)
    until(lambda: live.state.problem)
    for _ in range(20):
        live.check_now()
        assert best(live) == "blue"
    assert [event.kind for event in events] == [Kind.SERVING, Kind.REFUSED]
    assert events[1].release == bad
    assert "blue" in best(live)
    assert f"{blue[:12]} goes on" in str(events[1])
    point(store, blue)
    until(lambda: live.state.problem is None)


def test_a_pointer_that_is_damaged_or_gone_changes_nothing(
    fleet: Fleet, store: Store, blue: str, green: str, events: list[Event]
) -> None:
    point(store, blue)
    live = fleet.follow(MODEL, STAGE).wait()
    store.put(pointer_key(MODEL, STAGE), b"{}")
    until(lambda: isinstance(live.state.problem, ReleaseError))
    store.delete(pointer_key(MODEL, STAGE))
    until(lambda: isinstance(live.state.problem, NotFoundError))
    assert best(live) == "blue"
    point(store, green)
    until(lambda: best(live) == "green")
    kinds = [event.kind for event in events]
    assert kinds == [Kind.SERVING, Kind.LOST, Kind.LOST, Kind.FOUND, Kind.SERVING]


def test_before_there_is_anything_it_says_so_and_then_it_answers(
    fleet: Fleet, store: Store, blue: str
) -> None:
    live = fleet.follow(MODEL, STAGE)
    with pytest.raises(NotFoundError, match="dev of colors serves no release"):
        live.wait()
    with pytest.raises(NotFoundError):
        live.classify(RED)
    point(store, blue)
    live.wait(30.0)
    assert best(live) == "blue"


def test_closed_is_closed(fleet: Fleet, store: Store, blue: str) -> None:
    point(store, blue)
    with fleet.follow(MODEL, STAGE).wait() as live:
        assert best(live) == "blue"
    with pytest.raises(InputError, match="colors is closed"):
        live.classify(RED)
    live.wait(0.1)


class Noted(MemoryStore):
    """A store that notes which threads ask it."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: set[str] = set()

    def get(self, key: str) -> Object:
        self.asked.add(threading.current_thread().name)
        return super().get(key)

    def get_if_changed(self, key: str, etag: str) -> Object | None:
        self.asked.add(threading.current_thread().name)
        return super().get_if_changed(key, etag)

    def list(self, folder: str) -> tuple[Entry, ...]:
        self.asked.add(threading.current_thread().name)
        return super().list(folder)


def test_no_request_asks_the_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNDERSTUDY_CACHE", str(tmp_path / "cache"))
    store = Noted()
    releases = [add_release(store, tmp_path / label, label) for label in ("blue", "green")]
    point(store, releases[0])
    store.asked.clear()
    with following.live_model(MODEL, store=store, pace=QUICK) as live:
        for label in ("blue", "green"):
            until(lambda label=label: best(live) == label)
            store.put(pointer_key(MODEL, STAGE), pointer_to(releases[1]))
    assert store.asked == {"understudy-watch", "understudy-load"}


@pytest.mark.skipif(not MAPS.exists(), reason="this system does not tell what is in memory")
@pytest.mark.parametrize("store", ["local"], indirect=True)
def test_the_memory_of_what_is_not_served_is_freed(
    fleet: Fleet, store: Store, blue: str, green: str, tmp_path: Path
) -> None:
    bad = add_release(store, tmp_path / "bad", "red", tolerance=-1.0)
    point(store, blue)
    live = fleet.follow(MODEL, STAGE).wait()
    assert blue in MAPS.read_text()
    point(store, green)
    until(lambda: blue not in MAPS.read_text())
    point(store, bad)
    until(lambda: live.state.problem)
    until(lambda: bad not in MAPS.read_text())
    assert green in MAPS.read_text()


# --- Several at once ------------------------------------------------------------------------------


def test_stages_are_followed_each_by_itself(
    fleet: Fleet, store: Store, blue: str, green: str
) -> None:
    point(store, blue, "dev")
    point(store, green, "prod")
    dev, prod = (fleet.follow(MODEL, stage) for stage in ("dev", "prod"))
    assert (best(dev.wait()), best(prod.wait())) == ("blue", "green")
    assert fleet.follow(MODEL, "dev") is dev
    assert fleet.get(MODEL, "prod") is prod
    assert fleet.all() == (dev, prod)
    fleet.leave(MODEL, "prod")
    fleet.leave(MODEL, "prod")
    with pytest.raises(NotFoundError, match="prod of colors is not served here") as caught:
        fleet.get(MODEL, "prod")
    assert "dev of colors" in caught.value.hint
    with pytest.raises(InputError, match="closed"):
        prod.classify(RED)
    assert best(dev) == "blue"


def test_looking_now_does_not_wait_for_the_next_time(
    store: Store, blue: str, green: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UNDERSTUDY_CACHE", str(tmp_path / "cache"))
    point(store, blue)
    with following.fleet(store=store) as fleet:  # looks once in a second
        live = fleet.follow(MODEL, STAGE).wait()
        for release in (green, blue) * 3:
            point(store, release)
            fleet.check_now("another")
            fleet.check_now(MODEL)
            until(lambda release=release: live.state.serving == release)


# --- Swap under load ------------------------------------------------------------------------------


@pytest.mark.parametrize("store", ["local"], indirect=True)
def test_clients_notice_no_swap(fleet: Fleet, store: Store, blue: str, green: str) -> None:
    """Every answer is that of the release which it names; there is no error."""
    labels = {blue: "blue", green: "green"}
    point(store, blue)
    live = fleet.follow(MODEL, STAGE).wait()
    stop = threading.Event()
    answers: list[list[tuple[str | None, str]]] = [[] for _ in range(CLIENTS)]
    problems: list[BaseException] = []

    def ask(said: list[tuple[str | None, str]]) -> None:
        try:
            while not stop.wait(0.003):
                result = live.classify(RED)
                said.append((result.release, result.predictions[0].label))
        except BaseException as error:
            problems.append(error)

    clients = [threading.Thread(target=ask, args=(said,)) for said in answers]
    for client in clients:
        client.start()
    try:
        for number in range(SWAPS):
            release = (green, blue)[number % 2]
            point(store, release)
            live.check_now()
            until(lambda release=release: live.state.serving == release)
    finally:
        stop.set()
        for client in clients:
            client.join()
    assert problems == []
    said = {answer for one in answers for answer in one}
    assert said == set(labels.items())
    assert all(one for one in answers)
    until(lambda: live._manager.holder.leases() == ())


# --- The public name ------------------------------------------------------------------------------


def test_the_public_name(
    store: Store,
    blue: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setenv("UNDERSTUDY_CACHE", str(tmp_path / "cache"))
    caplog.set_level(logging.INFO, "understudy")
    with pytest.raises(NotFoundError, match="serves no release"):
        understudy.live(MODEL, store=store)
    with pytest.raises(InputError, match="cannot be called"):
        understudy.live("../colors", store=store)
    point(store, blue)
    with understudy.live(MODEL, stage=STAGE, store=store, pace=QUICK) as live:
        assert live.classify(RED).release == blue
        until(lambda: "dev of colors serves " in caplog.text)


@pytest.mark.parametrize("said", ["many", "-1", "1.5", "١"])
def test_a_bound_that_is_no_number_is_said(
    store: Store, monkeypatch: pytest.MonkeyPatch, said: str
) -> None:
    monkeypatch.setenv("UNDERSTUDY_CACHE_BYTES", said)
    with pytest.raises(InputError, match="UNDERSTUDY_CACHE_BYTES is"):
        understudy.live(MODEL, store=store)


FORGETFUL = """
import understudy
live = understudy.live("colors", store={store!r})
print(live.classify(bytes.fromhex({image!r})).predictions[0].label)
"""


def test_a_program_that_forgets_to_close_it_ends(tmp_path: Path) -> None:
    store = LocalStore(tmp_path / "store")
    point(store, add_release(store, tmp_path / "blue", "blue"))
    script = FORGETFUL.format(store=str(tmp_path / "store"), image=encoded(RED, "PNG").hex())
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "blue\n", "")
