"""Going back, what prod asks for, and what would happen: dry runs."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest

from release.releases import ONE_FILE, TWO_FILES, Sources, id_of, stage
from understudy.delivery.actions import Delivered, promote, push_release, rollback
from understudy.delivery.plan import plan_rollback
from understudy.delivery.pointer import Action, Change, Pointer, advance
from understudy.delivery.pointers import fence_pointer, read_pointer
from understudy.errors import ConflictError, InputError, NotFoundError, ReleaseError
from understudy.release.identity import Role
from understudy.release.layout import release_file
from understudy.store import Store
from understudy.store.memory import MemoryStore

from .scene import MODEL, Actor, Clock, check_served, folder_of, push, serves

THREE: Sources = TWO_FILES | {Role.WEIGHTS: b"w3"}


@pytest.fixture
def store() -> Actor:
    return Actor(MemoryStore())


def back(store: Store, to: str | None = None, **more: object) -> Delivered:
    arguments = {"by": "bob", "now": Clock(), "message": "it was worse"} | more
    return rollback(store, MODEL, "dev", to=to, **arguments)  # type: ignore[arg-type]


def line(*releases: str) -> Pointer:
    pointer = None
    for release in releases:
        change = Change(release * 32, "2025-01-02T03:04:05Z", "ada", Action.PUSH, None, "", "1")
        pointer = advance(pointer, change)
    assert pointer is not None
    return pointer


@pytest.mark.parametrize(
    ("history", "to", "release"),
    [
        ("ab", None, "a"),
        ("abc", None, "b"),
        ("aba", None, "b"),
        ("abcb", None, "c"),
        ("abc", "aaaa", "a"),
        ("abc", "c" * 32, "c"),
    ],
)
def test_where_a_rollback_goes(history: str, to: str | None, release: str) -> None:
    assert plan_rollback(line(*history), to, model="m", stage="prod") == release * 32


@pytest.mark.parametrize(
    ("to", "error", "words"),
    [
        (None, NotFoundError, "prod of m never served anything but aaaaaaaaaaaa"),
        ("bbbb", NotFoundError, "prod of m never served a release bbbb; it served aaaaaaaaaaaa"),
        ("xyz", InputError, "not a release's id"),
        ("aaa", InputError, "not a release's id"),
    ],
)
def test_where_a_rollback_cannot_go(to: str | None, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        plan_rollback(line("a"), to, model="m", stage="prod")


def test_a_beginning_that_is_not_clear_is_told() -> None:
    one = dataclasses.replace(line("a").history[0], release="a" * 31 + "b")
    with pytest.raises(InputError, match="2 releases that prod of m served begin with aaaa"):
        plan_rollback(advance(line("a"), one), "aaaa", model="m", stage="prod")


def test_a_rollback_undoes_the_last_change(store: Actor, tmp_path: Path) -> None:
    first, second = push(store, tmp_path, TWO_FILES), push(store, tmp_path, ONE_FILE)
    before = folder_of(store, "dev")
    done = back(store)
    assert (done.manifest, done.moved, done.previous) == (first.manifest, True, second.manifest.id)
    assert serves(store, "dev") == first.manifest.id
    assert check_served(store, "dev", tmp_path / "cache") == first.manifest
    assert folder_of(store, "dev") != before
    assert set(folder_of(store, "dev")) == {"architecture.json", "weights.h5", "labels.txt"}
    change = done.pointer.history[0]
    assert (change.action, change.by, change.message) == (Action.ROLLBACK, "bob", "it was worse")
    assert back(store).manifest == second.manifest
    assert [c.action for c in back(store).pointer.history] == ["rollback"] * 3 + ["push"] * 2


def test_a_rollback_to_any_release_of_the_history(store: Actor, tmp_path: Path) -> None:
    first = push(store, tmp_path, TWO_FILES)
    push(store, tmp_path, ONE_FILE)
    third = push(store, tmp_path, THREE)
    assert back(store, first.manifest.id[:6]).manifest == first.manifest
    store.writes.clear()
    again = back(store, first.manifest.id)
    assert (again.moved, again.repaired, store.writes) == (False, False, [])
    assert back(store, third.manifest.id[:4]).manifest == third.manifest


def test_a_rollback_to_what_is_gone_is_told(store: Actor, tmp_path: Path) -> None:
    first, second = push(store, tmp_path, TWO_FILES), push(store, tmp_path, ONE_FILE)
    store.delete(release_file(MODEL, first.manifest.id, "weights.bin"))
    with pytest.raises(ReleaseError, match="not whole"):
        back(store)
    assert serves(store, "dev") == second.manifest.id


def test_a_rollback_of_nothing_is_told(store: Actor, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="no model parasites"):
        back(store)
    push(store, tmp_path, TWO_FILES)
    with pytest.raises(NotFoundError, match="prod of parasites serves no release"):
        rollback(store, MODEL, "prod", by="b", now=Clock())
    with pytest.raises(InputError, match="no stage prd"):
        rollback(store, MODEL, "prd", by="b", now=Clock())


def rivals(store: Actor, tmp_path: Path, rival: Callable[[], object]) -> None:
    """Let somebody else act right before each call of a rollback in turn, from its decision on."""
    calls = store.calls

    def meanwhile(number: int) -> None:
        if number > calls:
            store.before = lambda _: None
            rival()

    store.before = meanwhile


def test_who_loses_a_rollback_is_told(store: Actor, tmp_path: Path) -> None:
    push(store, tmp_path, TWO_FILES)
    push(store, tmp_path, ONE_FILE)
    other = Actor(store._store)
    rivals(store, tmp_path, lambda: push(other, tmp_path / "r", THREE, by="eve"))
    with pytest.raises(ConflictError, match="eve was first: dev of parasites serves"):
        back(store)
    assert serves(store, "dev") == id_of(tmp_path / "x", THREE)
    found = read_pointer(store, MODEL, "dev")
    assert found is not None
    assert found.pointer.version == 3


def test_a_prune_is_no_rival(store: Actor, tmp_path: Path) -> None:
    first = push(store, tmp_path, TWO_FILES)
    push(store, tmp_path, ONE_FILE)
    rivals(store, tmp_path, lambda: fence_pointer(store._store, MODEL, "dev"))
    done = back(store)
    assert (done.manifest, done.pointer.prunes) == (first.manifest, 1)


def test_an_answer_that_is_lost_is_no_loss(store: Actor, tmp_path: Path) -> None:
    """The store carries the change out, and its answer says that somebody else was first."""

    class Forgetful(Actor):
        def put_if(self, key: str, data: bytes, *, expected: str | None) -> str:
            etag = super().put_if(key, data, expected=expected)
            if "/stages/" in key:
                raise ConflictError("lost", hint="again")
            return etag

    push(store, tmp_path, TWO_FILES)
    push(store, tmp_path, ONE_FILE)
    done = back(Forgetful(store))
    assert (done.moved, done.pointer.version) == (True, 3)


# --- Unverified -----------------------------------------------------------------------------------


def push_unverified(store: Store, folder: Path) -> Delivered:
    def build(staging: Path):  # type: ignore[no-untyped-def]
        made = stage(staging, TWO_FILES)
        tested = dataclasses.replace(made.self_test, verified=False)
        return dataclasses.replace(made, self_test=tested)

    release = id_of(folder / "sources", TWO_FILES)
    return push_release(store, MODEL, release, build, by="ada", now=Clock())


def test_prod_asks_for_goldens_or_a_word(store: Actor, tmp_path: Path) -> None:
    push_unverified(store, tmp_path)
    with pytest.raises(InputError, match=r"is unverified: .* Keras' own\nhint: .*--unverified"):
        promote(store, MODEL, "dev", "prod", by="bob", now=Clock())
    assert serves(store, "prod") is None
    done = promote(store, MODEL, "dev", "prod", by="bob", now=Clock(), unverified=True)
    assert done.moved
    again = promote(store, MODEL, "dev", "prod", by="bob", now=Clock())
    assert not again.moved


def test_other_stages_do_not_ask(store: Actor, tmp_path: Path) -> None:
    push_unverified(store, tmp_path)
    stages = ("dev", "test", "prod")
    done = promote(store, MODEL, "dev", "test", by="bob", now=Clock(), stages=stages)
    assert done.moved


# --- Dry runs -------------------------------------------------------------------------------------


def test_dry_runs_write_nothing(store: Actor, tmp_path: Path) -> None:
    done = push(store, tmp_path, TWO_FILES, dry_run=True)
    assert (done.dry_run, done.made, done.moved, store.writes) == (True, True, True, [])
    push(store, tmp_path, TWO_FILES)
    push(store, tmp_path, ONE_FILE)
    store.writes.clear()
    again = push(store, tmp_path, ONE_FILE, dry_run=True)
    assert (again.made, again.moved) == (False, False)
    assert promote(store, MODEL, "dev", "prod", by="b", now=Clock(), dry_run=True).moved
    gone_back = back(store, dry_run=True)
    assert (gone_back.moved, gone_back.dry_run) == (True, True)
    assert gone_back.manifest.id == id_of(tmp_path / "x", TWO_FILES)
    assert store.writes == []
