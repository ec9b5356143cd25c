"""What happened, in one line; and which releases there are."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from release.releases import ONE_FILE, TWO_FILES
from understudy.delivery.actions import promote, rollback
from understudy.delivery.history import history, releases, timeline
from understudy.delivery.pointer import Action, Change, Pointer, advance
from understudy.errors import InputError, NotFoundError
from understudy.release.layout import manifest_key, release_folder
from understudy.store.memory import MemoryStore

from .scene import MODEL, Actor, Clock, push
from .turns import Aged

NOW = datetime.now(UTC).timestamp()


@pytest.fixture
def store() -> Actor:
    return Actor(MemoryStore())


def line(*times: str) -> Pointer:
    pointer = None
    for number, time in enumerate(times):
        release = f"{number:032x}"
        pointer = advance(pointer, Change(release, time, "ada", Action.PUSH, None, "", f"{time}"))
    assert pointer is not None
    return pointer


def told(pointers: dict[str, Pointer]) -> list[str]:
    return [f"{event.stage}{event.version}" for event in timeline(pointers, {})]


def test_histories_are_merged_newest_first() -> None:
    pointers = {"dev": line("1", "3"), "prod": line("2", "4")}
    assert told(pointers) == ["prod2", "dev2", "prod1", "dev1"]


def test_in_one_second_the_later_stage_is_newer() -> None:
    pointers = {"prod": line("1"), "dev": line("1"), "lab": line("1")}
    assert told(pointers) == ["lab1", "prod1", "dev1"]


def test_a_clock_that_is_wrong_does_not_turn_a_history_round() -> None:
    found = told({"dev": line("1", "9", "2"), "prod": line("3")})
    assert [one for one in found if one.startswith("dev")] == ["dev3", "dev2", "dev1"]
    assert len(found) == 4


def test_who_when_and_why(store: Actor, tmp_path: Path) -> None:
    clock = Clock()
    first = push(store, tmp_path, TWO_FILES, now=clock)
    promote(store, MODEL, "dev", "prod", by="bob", now=clock, message="tested")
    push(store, tmp_path, ONE_FILE, now=clock)
    rollback(store, MODEL, "dev", by="eve", now=clock, message="worse")
    store.writes.clear()
    events = history(store, MODEL)
    assert [(e.stage, e.change.action, e.change.by, e.change.message) for e in events] == [
        ("dev", "rollback", "eve", "worse"),
        ("dev", "push", "ada", "better"),
        ("prod", "promote", "bob", "tested"),
        ("dev", "push", "ada", "better"),
    ]
    assert {event.verified for event in events} == {True}
    assert [event.version for event in history(store, MODEL, "prod")] == [1]
    for entry in store.list(release_folder(MODEL, first.manifest.id)):
        store.delete(entry.key)
    assert history(store, MODEL, "prod")[0].verified is None


def test_a_history_of_nothing(store: Actor, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="no model parasites"):
        history(store, MODEL)
    push(store, tmp_path, TWO_FILES)
    with pytest.raises(InputError, match=r"prod of parasites never served .*\n.*: dev"):
        history(store, MODEL, "prod")


def test_all_releases_with_what_becomes_of_them(store: Actor, tmp_path: Path) -> None:
    clock = Clock()
    first = push(store, tmp_path, TWO_FILES, now=clock)
    promote(store, MODEL, "dev", "prod", by="bob", now=clock)
    second = push(store, tmp_path, ONE_FILE, now=clock, by="eve")
    left = "0" * 32
    store.put(f"{release_folder(MODEL, left)}/weights.bin", b"half")
    listed = {one.release: one for one in releases(Aged(store), MODEL, now=NOW, keep=1)}
    assert next(iter(listed)) == left
    one, other = listed[first.manifest.id], listed[second.manifest.id]
    assert (one.by, one.at, one.stages, one.why) == (
        ("ada", "2025-01-02T03:04:06Z", ("prod",), "prod serves it")
    )
    assert (other.by, other.stages, other.keep) == ("eve", ("dev",), True)
    assert (one.format, one.keras_version, one.verified, one.parameters) == (
        ("Keras JSON + HDF5 weights", "2.0.6", True, 1234)
    )
    assert one.size == sum(e.size for e in store.list(release_folder(MODEL, one.release)))
    half = listed[left]
    assert (half.by, half.format, half.verified, half.keep) == (None, None, None, False)
    assert half.problem == "it is not whole"
    store.put(manifest_key(MODEL, first.manifest.id), b"{}")
    listed = {one.release: one for one in releases(store, MODEL, now=NOW)}
    assert "release.json of release" in (listed[first.manifest.id].problem or "")
    with pytest.raises(NotFoundError):
        releases(store, "other", now=NOW)


def test_in_the_same_second_a_promotion_comes_before_the_next_push() -> None:
    at = "2025-01-02T03:04:05Z"
    dev = prod = None
    for release in ("a" * 32, "b" * 32):
        dev = advance(dev, Change(release, at, "ada", Action.PUSH, None, "", "1"))
        prod = advance(prod, Change(release, at, "ada", Action.PROMOTE, "dev", "", "2"))
    assert dev is not None
    assert prod is not None
    found = timeline({"dev": dev, "prod": prod}, {})
    assert [(event.stage, event.change.release[0]) for event in found] == [
        ("prod", "b"), ("dev", "b"), ("prod", "a"), ("dev", "a")
    ]  # fmt: skip
