"""Removing releases: what stays, what goes, and that nobody ever serves what is gone."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from release.releases import ONE_FILE, TWO_FILES, Sources, id_of, stage
from understudy.delivery.actions import promote, rollback
from understudy.delivery.fsck import fsck
from understudy.delivery.inventory import Inventory, StoredRelease
from understudy.delivery.pointer import Action, Change, Pointer, advance
from understudy.delivery.prune import LEASE, TAKEOVER, Pruned, plan_prune, prune
from understudy.errors import ConflictError, InputError, NotFoundError, ReleaseError
from understudy.release.identity import Role
from understudy.release.layout import (
    pointer_key,
    pruning_key,
    release_file,
    release_folder,
    stage_file,
)
from understudy.release.repository import list_releases
from understudy.store import Entry, Store
from understudy.store.memory import MemoryStore

from .conftest import KILLS, NewStore
from .scene import MODEL, Clock, Killed, push, serves
from .turns import DAYS, Aged, Player, play_turns

THREE: Sources = TWO_FILES | {Role.WEIGHTS: b"w3"}


def now() -> datetime:
    return datetime.now(UTC)


def clear(store: Store, **more: object) -> Pruned:
    return prune(store, MODEL, **({"by": "ada", "now": now, "keep": 1} | more))  # type: ignore[arg-type]


def gone(done: Pruned) -> list[str]:
    return [verdict.release for verdict in done.verdicts if not verdict.keep]


def why(done: Pruned, release: str) -> str:
    return next(verdict.why for verdict in done.verdicts if verdict.release == release)


def files_of(store: Store, release: str) -> tuple[Entry, ...]:
    return store.list(release_folder(MODEL, release))


def is_clean(store: Store) -> bool:
    return fsck(store, MODEL, now=now().timestamp()).is_clean


def old_and_new(store: Store, folder: Path) -> tuple[str, str]:
    """dev served one release, and serves another."""
    return push(store, folder, TWO_FILES).manifest.id, push(store, folder, ONE_FILE).manifest.id


# --- What stays -----------------------------------------------------------------------------------


def line(*releases: str) -> Pointer:
    pointer = None
    for release in releases:
        change = Change(release, "2025-01-02T03:04:05Z", "ada", Action.PUSH, None, "", "1")
        pointer = advance(pointer, change)
    assert pointer is not None
    return pointer


@pytest.mark.parametrize(
    ("dev", "prod", "held", "age", "problem", "why"),
    [
        ("axx", "b", {}, 3, None, None),
        ("xa", "b", {}, 3, None, "dev serves it"),
        ("a", "a", {}, 3, None, "dev and prod serve it"),
        ("xab", "b", {}, 3, None, "among the last 2 changes of dev"),
        ("axxxx", "bax", {}, 3, None, "among the last 2 changes of prod"),
        ("axx", "b", {"a": "prod"}, 3, None, "its files are in the folder of prod"),
        ("axx", "b", {}, 0.5, None, "written less than a day ago"),
        ("axx", "b", {}, 3, "it is damaged", "it is damaged; see `understudy fsck m`"),
    ],
)
def test_why_a_release_stays(
    dev: str, prod: str, held: dict[str, str], age: float, problem: str | None, why: str | None
) -> None:
    entry = Entry(f"m/releases/{'a' * 32}/x", 7, "e", 100 * DAYS)
    release = StoredRelease("a", (entry,), None, problem, False)
    found = Inventory("m", {"dev": line(*dev), "prod": line(*prod)}, (release,), held)
    (verdict,) = plan_prune(found, now=(100 + age) * DAYS, keep=2)
    assert (verdict.keep, verdict.size) == (why is not None, 7)
    if why is not None:
        assert verdict.why == why


def test_what_nobody_needs_goes(tmp_path: Path) -> None:
    base = MemoryStore()
    old, new = old_and_new(base, tmp_path)
    before = {e.key for e in base.list("") if release_folder(MODEL, old) not in e.key}
    done = clear(Aged(base))
    assert gone(done) == [old]
    assert done.freed > 0
    assert list_releases(base, MODEL) == (new,)
    assert {entry.key for entry in base.list("")} == before
    assert is_clean(base)
    assert gone(clear(Aged(base))) == []
    assert push(base, tmp_path, TWO_FILES).made
    assert is_clean(base)


def test_a_dry_run_removes_nothing(tmp_path: Path) -> None:
    base = MemoryStore()
    old, _ = old_and_new(base, tmp_path)
    store = Aged(base)
    assert gone(clear(store, dry_run=True)) == [old]
    assert store.writes == []


def test_the_last_changes_are_kept(tmp_path: Path) -> None:
    base = MemoryStore()
    old_and_new(base, tmp_path)
    assert gone(clear(Aged(base), keep=2)) == []
    with pytest.raises(InputError, match="0 changes"):
        clear(Aged(base), keep=0)


def test_what_a_folder_holds_is_kept(tmp_path: Path) -> None:
    """Somebody is putting the old files into prod's folder, by hand."""
    base = MemoryStore()
    old, _ = old_and_new(base, tmp_path)
    for role, name in ((Role.ARCHITECTURE, "architecture.json"), (Role.WEIGHTS, "w.h5")):
        base.put(stage_file(MODEL, "prod", name), TWO_FILES[role])
    assert gone(clear(Aged(base), dry_run=True)) == [old]
    base.put(stage_file(MODEL, "prod", "labels.txt"), TWO_FILES[Role.LABELS])
    done = clear(Aged(base))
    assert gone(done) == []
    assert why(done, old) == "its files are in the folder of prod"


def test_what_a_killed_push_left_goes_after_a_day(tmp_path: Path) -> None:
    base = MemoryStore()
    old_and_new(base, tmp_path)
    left = id_of(tmp_path / "x", THREE)
    base.put(release_file(MODEL, left, "weights.bin"), b"half")
    assert "less than a day" in why(clear(base), left)
    assert left in gone(clear(Aged(base)))
    assert files_of(base, left) == ()


def test_a_damaged_pointer_stops_it(tmp_path: Path) -> None:
    base = MemoryStore()
    old_and_new(base, tmp_path)
    base.put(pointer_key(MODEL, "prod"), b"{}")
    store = Aged(base)
    with pytest.raises(ReleaseError, match="the pointer of prod of parasites is damaged"):
        clear(store)
    assert store.writes == []
    with pytest.raises(NotFoundError, match="no model other"):
        prune(store, "other", by="ada", now=now)


# --- Marks ----------------------------------------------------------------------------------------


def killed_after(base: Store, release: str, deletions: int) -> Aged:
    """A prune that was killed after so many deletions in the release."""
    store = Aged(base)

    def die(_: int) -> None:
        if sum(key.startswith(release_folder(MODEL, release)) for key in store.writes) > deletions:
            raise Killed

    store.after = die
    with pytest.raises(Killed):
        clear(store)
    return store


def test_nobody_uses_or_writes_what_is_being_removed(tmp_path: Path) -> None:
    base = MemoryStore()
    old, new = old_and_new(base, tmp_path)
    killed_after(base, old, 0)
    assert len(files_of(base, old)) == 7
    with pytest.raises(ConflictError, match="is being removed"):
        rollback(base, MODEL, "dev", by="bob", now=Clock())
    with pytest.raises(ConflictError, match="is being removed"):
        push(base, tmp_path, TWO_FILES)
    assert serves(base, "dev") == new
    assert is_clean(base)


@pytest.mark.parametrize("deletions", range(8))
def test_another_prune_finishes_after_a_while(tmp_path: Path, deletions: int) -> None:
    base = MemoryStore()
    old, _ = old_and_new(base, tmp_path)
    killed_after(base, old, deletions)
    if pruning_key(MODEL, old) not in {entry.key for entry in files_of(base, old)}:
        return  # it was done
    done = clear(Aged(base))
    assert gone(done) == []
    assert "ada is removing it since" in why(done, old)
    later = clear(Aged(base), now=lambda: now() + timedelta(seconds=TAKEOVER + 1))
    assert gone(later) == [old]
    assert files_of(base, old) == ()
    assert push(base, tmp_path, TWO_FILES).made


def test_a_slow_prune_stops_in_time(tmp_path: Path) -> None:
    base = MemoryStore()
    old, _ = old_and_new(base, tmp_path)
    store = Aged(base)
    passed = 0.0

    def wait(_: int) -> None:
        nonlocal passed
        if store.writes and store.writes[-1].endswith("release.json"):
            passed = LEASE + 1

    store.after = wait
    done = clear(store, now=lambda: now() + timedelta(seconds=passed))
    assert gone(done) == []
    assert "took too long" in why(done, old)
    assert len(files_of(base, old)) == 6


def test_what_is_needed_again_loses_the_mark_of_a_killed_prune(tmp_path: Path) -> None:
    base = MemoryStore()
    old, _ = old_and_new(base, tmp_path)
    killed_after(base, old, 0)
    later = clear(Aged(base), keep=2, now=lambda: now() + timedelta(seconds=TAKEOVER + 1))
    assert gone(later) == []
    assert rollback(base, MODEL, "dev", by="bob", now=Clock()).manifest.id == old


# --- Others at the same time ----------------------------------------------------------------------


def roll_back(store: Store, folder: Path) -> object:
    return rollback(store, MODEL, "dev", by="bob", now=Clock())


def push_old(store: Store, folder: Path) -> object:
    return push(store, folder / "rival", TWO_FILES)


def push_left(store: Store, folder: Path) -> object:
    return push(store, folder / "rival", THREE)


def promote_old(store: Store, folder: Path) -> object:
    return promote(store, MODEL, "dev", "prod", by="bob", now=Clock())


def set_up(folder: Path, what: str) -> Store:
    """A release that nobody needs, or half of one, which the rival wants again."""
    base = MemoryStore()
    old_and_new(base, folder)
    if what == "push of a leftover":
        with_left = stage(folder / "left", THREE)
        for file in with_left.stored()[:-1]:
            key = release_file(MODEL, with_left.id, file.name)
            base.put_file(key, folder / "left" / file.name)
    return base


RIVALS: dict[str, Callable[[Store, Path], object]] = {
    "rollback": roll_back,
    "push": push_old,
    "push of a leftover": push_left,
}


def check_all(base: Store, players: list[Player], old: str, new: str, wanted: str) -> None:
    """Whoever was told that it lost changed nothing; else its release is served, whole."""
    rival = players[0]
    assert players[1].told is None
    assert serves(base, "dev") == (new if rival.told is not None else wanted)
    assert rival.told is None or isinstance(rival.told, ConflictError | ReleaseError)
    report = fsck(base, MODEL, now=now().timestamp())
    assert report.is_clean, report.findings
    assert not any(entry.key.endswith("pruning.json") for entry in base.list(""))


MEETINGS = 60
"""Of all ways to meet, how many are tried; which, the seed says."""


@pytest.mark.parametrize("what", RIVALS)
def test_ways_to_meet_a_prune(tmp_path: Path, what: str) -> None:
    """One of them stops at any call, the other at any call of its own, then both go on.

    And in some ways they take turns of any length.
    """
    dice = random.Random(what)
    scene = set_up(tmp_path, what)
    calls = [_calls(scene, tmp_path, what, who) for who in (0, 1)]
    plans = [
        ((who, one), (1 - who, other), (who, 10_000))
        for who in (0, 1)
        for one in range(calls[who])
        for other in range(calls[1 - who])
    ]
    plans = dice.sample(plans, min(MEETINGS, len(plans)))
    plans += [
        tuple((turn % 2, dice.randint(1, 8)) for turn in range(20)) for _ in range(MEETINGS // 3)
    ]
    old, new = id_of(tmp_path / "x", TWO_FILES), id_of(tmp_path / "y", ONE_FILE)
    wanted = id_of(tmp_path / "z", THREE) if what == "push of a leftover" else old
    won = 0
    for plan in plans:
        base, players = _players(scene, tmp_path, what)
        play_turns(players, plan)
        check_all(base, players, old, new, wanted)
        won += players[0].told is None
    assert 0 < won < len(plans)


def _players(scene: Store, folder: Path, what: str) -> tuple[Store, list[Player]]:
    base = MemoryStore()
    for entry in scene.list(""):
        base.put(entry.key, scene.get(entry.key).data)
    aged = Aged(base)
    rival = RIVALS[what]
    return base, [Player(aged, lambda s: rival(s, folder)), Player(aged, clear)]


def _calls(scene: Store, folder: Path, what: str, who: int) -> int:
    _, players = _players(scene, folder, what)
    players[who].finish()
    players[1 - who].finish()
    return players[who].actor.calls


# --- Kills ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "when"), KILLS)
def test_a_prune_may_be_killed_at_any_call(
    tmp_path: Path, new_store: NewStore, kind: str, when: str
) -> None:
    for step in range(1000):
        folder = tmp_path / str(step)
        base = new_store(kind, folder)
        old, new = old_and_new(base, folder)
        promote(base, MODEL, "dev", "prod", by="bob", now=Clock())
        store = Aged(base)

        def die(number: int, step: int = step) -> None:
            if number == step:
                raise Killed

        setattr(store, when, die)
        try:
            clear(store)
        except Killed:
            pass
        else:
            break
        assert (serves(base, "dev"), serves(base, "prod")) == (new, new)
        assert is_clean(base)
        again = Aged(base)
        again.old |= store.old
        later = clear(again, now=lambda: now() + timedelta(seconds=TAKEOVER + 1))
        assert {*gone(later)} <= {old}
        assert files_of(base, old) == ()
        assert is_clean(base)
    assert step > 20
