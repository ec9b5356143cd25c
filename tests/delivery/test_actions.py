"""Push and promote: what they do, whatever happens meanwhile."""

from __future__ import annotations

import hashlib
import itertools
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from release.releases import ONE_FILE, TWO_FILES, Sources, id_of, name_of, stage
from understudy.delivery.actions import Delivered, promote, push_release
from understudy.delivery.pointer import Action
from understudy.delivery.pointers import ATTEMPTS, read_pointer, read_pointer_if_changed
from understudy.errors import ConflictError, InputError, NotFoundError, ReleaseError, StoreError
from understudy.release.identity import Role
from understudy.release.layout import displaced_file, pointer_key, release_file, stage_file
from understudy.release.repository import list_releases
from understudy.store import Store
from understudy.store.local import LocalStore
from understudy.store.memory import MemoryStore

from .scene import MODEL, Actor, Clock, Killed, check_served, folder_of, push, serves


@pytest.fixture
def store() -> Actor:
    return Actor(MemoryStore())


def seen(sources: Sources) -> dict[str, bytes]:
    """What a stage folder with these sources looks like."""
    return {name_of(role): data for role, data in sources.items()}


def to_prod(store: Store, **more: object) -> Delivered:
    arguments = {"by": "bob", "now": Clock(), "message": ""} | more
    return promote(store, MODEL, "dev", "prod", **arguments)  # type: ignore[arg-type]


def test_a_push_makes_a_release_and_dev_serves_it(store: Actor, tmp_path: Path) -> None:
    done = push(store, tmp_path, TWO_FILES)
    assert (done.model, done.stage, done.made, done.moved, done.repaired) == (
        (MODEL, "dev", True, True, False)
    )
    assert done.previous is None
    assert check_served(store, "dev", tmp_path / "cache") == done.manifest
    assert serves(store, "prod") is None
    assert folder_of(store, "dev") == seen(TWO_FILES)
    (change,) = done.pointer.history
    assert (change.release, change.at, change.by, change.action, change.from_stage) == (
        (done.manifest.id, "2025-01-02T03:04:06Z", "ada", Action.PUSH, None)
    )
    assert change.message == "better"


def test_the_order_is_release_pointer_folder(store: Actor, tmp_path: Path) -> None:
    release = push(store, tmp_path, TWO_FILES).manifest.id
    kinds = [
        "release" if key.startswith(f"{MODEL}/releases/{release}/") else key.split("/")[1]
        for key in store.writes
    ]
    assert [kind for kind, _ in itertools.groupby(kinds)] == ["release", "stages", "dev"]
    assert kinds.count("release") == 6


def test_a_second_push_moves_dev_and_leaves_prod(store: Actor, tmp_path: Path) -> None:
    first = push(store, tmp_path, TWO_FILES)
    to_prod(store)
    second = push(store, tmp_path, ONE_FILE)
    assert second.previous == first.manifest.id
    assert second.pointer.version == 2
    assert serves(store, "dev") == second.manifest.id
    assert serves(store, "prod") == first.manifest.id
    assert folder_of(store, "dev") == seen(ONE_FILE)
    assert folder_of(store, "prod") == seen(TWO_FILES)


def test_the_same_push_again_does_and_writes_nothing(store: Actor, tmp_path: Path) -> None:
    first = push(store, tmp_path, TWO_FILES)
    store.writes.clear()
    again = push_release(
        store,
        MODEL,
        first.manifest.id,
        lambda _: pytest.fail("it was made again"),
        by="bob",
        now=Clock(),
    )
    assert (again.made, again.moved, again.repaired) == (False, False, False)
    assert again.pointer == first.pointer
    assert again.previous is None
    assert store.writes == []


def test_an_old_release_can_be_pushed_back(store: Actor, tmp_path: Path) -> None:
    first = push(store, tmp_path, TWO_FILES)
    push(store, tmp_path, ONE_FILE)
    back = push(store, tmp_path, TWO_FILES)
    assert (back.made, back.moved, back.pointer.version) == (False, True, 3)
    assert serves(store, "dev") == first.manifest.id
    assert folder_of(store, "dev") == seen(TWO_FILES)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("weights.h5", b"w2"),
        ("weights.h5", b"longer"),
        ("weights.h5", None),
        ("model.keras", b"stale"),
        ("model.hdf5", b"stale"),
    ],
)
def test_a_push_puts_the_folder_right(
    store: Actor, tmp_path: Path, name: str, content: bytes | None
) -> None:
    push(store, tmp_path, TWO_FILES)
    key, status = stage_file(MODEL, "dev", name), stage_file(MODEL, "dev", "status.json")
    displaced = displaced_file(MODEL, "dev", hashlib.sha256(content or b"").hexdigest(), name)
    store.delete(key) if content is None else store.put(key, content)
    store.writes.clear()
    again = push(store, tmp_path, TWO_FILES)
    assert (again.made, again.moved, again.repaired) == (False, False, True)
    assert folder_of(store, "dev") == seen(TWO_FILES)
    assert {key} <= set(store.writes) <= {key, status, displaced}


def test_files_that_are_not_ours_stay(store: Actor, tmp_path: Path) -> None:
    theirs = {"notes.txt": b"1", "old/model.keras": b"2"}
    for name, content in theirs.items():
        store.put(stage_file(MODEL, "dev", name), content)
    push(store, tmp_path, ONE_FILE)
    push(store, tmp_path, TWO_FILES)
    assert folder_of(store, "dev") == seen(TWO_FILES) | theirs


def test_a_release_that_lost_a_file_is_made_again(store: Actor, tmp_path: Path) -> None:
    first = push(store, tmp_path, TWO_FILES)
    store.delete(release_file(MODEL, first.manifest.id, "weights.bin"))
    again = push(store, tmp_path, TWO_FILES)
    assert (again.made, again.moved, again.repaired) == (True, False, True)
    check_served(store, "dev", tmp_path / "cache")


def test_a_release_that_cannot_be_made_changes_nothing(store: Actor, tmp_path: Path) -> None:
    def fail(_: Path) -> None:
        raise InputError("no good", hint="train again")

    first = push(store, tmp_path, TWO_FILES)
    store.writes.clear()
    with pytest.raises(InputError, match="no good"):
        push_release(store, MODEL, "0" * 32, fail, by="ada", now=Clock())  # type: ignore[arg-type]
    assert store.writes == []
    assert serves(store, "dev") == first.manifest.id


def test_promoting_lets_prod_serve_what_dev_serves(store: Actor, tmp_path: Path) -> None:
    first = push(store, tmp_path, TWO_FILES)
    done = to_prod(store, message="tested")
    assert (done.stage, done.made, done.moved, done.repaired) == ("prod", False, True, False)
    assert done.manifest == first.manifest
    assert check_served(store, "prod", tmp_path / "cache") == first.manifest
    assert folder_of(store, "prod") == seen(TWO_FILES)
    (change,) = done.pointer.history
    assert (change.by, change.action, change.from_stage, change.message) == (
        ("bob", Action.PROMOTE, "dev", "tested")
    )


def test_promoting_again_does_and_writes_nothing(store: Actor, tmp_path: Path) -> None:
    push(store, tmp_path, TWO_FILES)
    first = to_prod(store)
    store.writes.clear()
    again = to_prod(store)
    assert (again.moved, again.repaired, again.pointer) == (False, False, first.pointer)
    assert store.writes == []


def test_promoting_takes_what_was_there_at_the_start(store: Actor, tmp_path: Path) -> None:
    first = push(store, tmp_path, TWO_FILES)
    rival = Actor(store._store)

    def meanwhile(_: int) -> None:
        store.after = lambda _: None
        push(rival, tmp_path, ONE_FILE)

    store.after = meanwhile  # after the first call: the pointer of dev was read
    store.calls = 0
    assert to_prod(store).manifest == first.manifest
    assert serves(store, "prod") == first.manifest.id


def test_promoting_nothing_is_told(store: Actor, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match=r"no model parasites in memory://\nhint: push one"):
        to_prod(store)
    push(store, tmp_path, TWO_FILES)
    with pytest.raises(NotFoundError, match=r"prod of parasites serves no release; .* do: dev"):
        promote(store, MODEL, "prod", "dev", by="b", now=Clock())
    with pytest.raises(NotFoundError, match="the models there are: parasites"):
        promote(store, "other", "dev", "prod", by="b", now=Clock())


def test_promoting_a_release_that_is_not_whole_is_refused(store: Actor, tmp_path: Path) -> None:
    first = push(store, tmp_path, TWO_FILES)
    store.delete(release_file(MODEL, first.manifest.id, "weights.bin"))
    with pytest.raises(ReleaseError, match="not whole"):
        to_prod(store)
    assert serves(store, "prod") is None


@pytest.mark.parametrize(
    ("model", "stages", "words"),
    [
        ("releases", ("dev", "prod"), "a model cannot be called"),
        (MODEL, ("dev", "prd"), "there is no stage prd\nhint: the stages are dev, prod"),
        (MODEL, ("..", "prod"), "a stage cannot be called"),
        (MODEL, ("dev", "dev"), "dev cannot be promoted to itself"),
    ],
)
def test_wrong_names_are_told(
    store: Actor, model: str, stages: tuple[str, str], words: str
) -> None:
    with pytest.raises(InputError, match=words):
        promote(store, model, *stages, by="b", now=Clock())
    assert store.calls == 0


def test_stages_can_be_others(store: Actor, tmp_path: Path) -> None:
    stages = ("lab", "field")
    push(store, tmp_path, TWO_FILES, stage="lab", stages=stages)
    promote(store, MODEL, "lab", "field", by="b", now=Clock(), stages=stages)
    assert serves(store, "field") == serves(store, "lab")
    with pytest.raises(InputError, match="no stage lab"):
        push(store, tmp_path, TWO_FILES, stage="lab")


def test_what_is_no_unicode_does_not_stop_a_push(store: Actor, tmp_path: Path) -> None:
    done = push(store, tmp_path, TWO_FILES, by="z\udce9", message="\udcff")
    assert (done.pointer.history[0].by, done.pointer.history[0].message) == ("z?", "?")


def test_a_folder_that_cannot_be_written_is_told_after_the_fact(tmp_path: Path) -> None:
    store = LocalStore(tmp_path / "store")
    (tmp_path / "store" / MODEL / "dev" / "weights.h5" / "x").mkdir(parents=True)
    with pytest.raises(StoreError, match=r"dev of parasites serves .* could not be copied"):
        push(store, tmp_path, TWO_FILES)
    assert check_served(store, "dev", tmp_path / "cache") is not None
    (tmp_path / "store" / MODEL / "dev" / "weights.h5" / "x").rmdir()
    (tmp_path / "store" / MODEL / "dev" / "weights.h5").rmdir()
    assert push(store, tmp_path, TWO_FILES).repaired
    assert folder_of(store, "dev") == seen(TWO_FILES)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("what", ["push", "promote"])
def test_being_killed_at_any_step_harms_nobody(tmp_path: Path, what: str, when: str) -> None:
    """Kill at each call of the store in turn; then look, run it again, and look again."""

    def play(store: Store) -> Delivered:
        return push(store, tmp_path, TWO_FILES) if what == "push" else to_prod(store)

    stage_name = "dev" if what == "push" else "prod"
    for step in range(1000):
        base = MemoryStore()
        old = push(base, tmp_path, ONE_FILE).manifest.id
        to_prod(base)
        if what == "promote":
            push(base, tmp_path, TWO_FILES)
        actor = Actor(base)

        def die(number: int, step: int = step) -> None:
            if number == step:
                raise Killed

        setattr(actor, when, die)
        try:
            play(actor)
        except Killed:
            pass
        else:
            break
        served = check_served(base, stage_name, tmp_path / "cache")
        assert served is not None
        done = play(base)
        new = done.manifest.id
        assert served.id in (old, new)
        assert done.moved == (served.id == old)
        check_served(base, stage_name, tmp_path / "cache")
        assert folder_of(base, stage_name) == seen(TWO_FILES)
        assert [change.release for change in done.pointer.history] == [new, old]
        assert list_releases(base, MODEL) == tuple(sorted((old, new)))
    assert step > 10


def test_who_loses_the_race_comes_next(store: Actor, tmp_path: Path) -> None:
    rival = Actor(store._store)

    def meanwhile(_: int) -> None:
        if store.writes and store.writes[-1].endswith("release.json"):
            store.after = lambda _: None
            push(rival, tmp_path / "rival", ONE_FILE)

    store.after = meanwhile
    done = push(store, tmp_path, TWO_FILES)
    assert done.pointer.version == 2
    assert done.previous == id_of(tmp_path / "x", ONE_FILE)
    assert folder_of(store, "dev") == seen(TWO_FILES)


def test_a_pointer_that_moves_while_files_are_copied_wins(store: Actor, tmp_path: Path) -> None:
    rival = Actor(store._store)

    def meanwhile(_: int) -> None:
        if store.writes and store.writes[-1].startswith(f"{MODEL}/dev/"):
            store.after = lambda _: None
            push(rival, tmp_path / "rival", ONE_FILE)

    store.after = meanwhile
    push(store, tmp_path, TWO_FILES)
    assert serves(store, "dev") == id_of(tmp_path / "x", ONE_FILE)
    assert folder_of(store, "dev") == seen(ONE_FILE)


def test_a_race_that_is_always_lost_ends(store: Actor, tmp_path: Path) -> None:
    class Unlucky(Actor):
        def put_if(self, key: str, data: bytes, *, expected: str | None) -> str:
            if "/stages/" in key:
                self.calls += 1
                raise ConflictError("lost", hint="again")
            return super().put_if(key, data, expected=expected)

    unlucky = Unlucky(store)
    with pytest.raises(ConflictError, match="others kept changing dev of parasites"):
        push(unlucky, tmp_path, TWO_FILES)
    assert unlucky.calls > ATTEMPTS
    assert serves(store, "dev") is None


@pytest.mark.parametrize("kind", ["memory", "local"])
def test_many_at_once_leave_a_linear_history(tmp_path: Path, kind: str) -> None:
    store: Store = MemoryStore() if kind == "memory" else LocalStore(tmp_path / "store")
    versions: list[Sources] = [TWO_FILES | {Role.WEIGHTS: b"%d" % i} for i in range(4)]
    push(store, tmp_path, versions[0])
    done: list[Delivered] = []
    failed: list[BaseException] = []

    def play(player: int) -> None:
        for turn in range(5):
            folder = tmp_path / f"player-{player}"
            try:
                done.append(push(store, folder, versions[(player + turn) % 4], by=f"{player}"))
                done.append(to_prod(store, by=f"{player}"))
            except BaseException as error:
                failed.append(error)

    threads = [threading.Thread(target=play, args=(player,)) for player in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    for stage_name in ("dev", "prod"):
        found = read_pointer(store, MODEL, stage_name)
        assert found is not None
        moves = [one for one in done if one.stage == stage_name and one.moved]
        assert found.pointer.version == len(moves) + (stage_name == "dev")
        assert {one.pointer.version for one in moves} == set(
            range(1 + (stage_name == "dev"), found.pointer.version + 1)
        )
        line = [change.release for change in found.pointer.history]
        assert all(one != other for one, other in itertools.pairwise(line))
        manifest = check_served(store, stage_name, tmp_path / "cache")
        assert manifest is not None
        (sources,) = [
            sources for sources in versions if id_of(tmp_path / "x", sources) == manifest.id
        ]
        assert folder_of(store, stage_name) == seen(sources)


def test_serving_can_watch_a_pointer(store: Actor, tmp_path: Path) -> None:
    assert read_pointer(store, MODEL, "dev") is None
    with pytest.raises(NotFoundError):
        read_pointer_if_changed(store, MODEL, "dev", "etag")
    push(store, tmp_path, TWO_FILES)
    found = read_pointer(store, MODEL, "dev")
    assert found is not None
    assert read_pointer_if_changed(store, MODEL, "dev", found.etag) is None
    push(store, tmp_path, ONE_FILE)
    again = read_pointer_if_changed(store, MODEL, "dev", found.etag)
    assert again is not None
    assert again.pointer.version == 2


@pytest.mark.parametrize(
    "call",
    [
        lambda store, folder: push(store, folder, ONE_FILE),
        lambda store, folder: to_prod(store),  # noqa: ARG005
    ],
)
def test_a_damaged_pointer_is_told_not_overwritten(
    store: Actor, tmp_path: Path, call: Callable[[Store, Path], object]
) -> None:
    push(store, tmp_path, TWO_FILES)
    store.put(pointer_key(MODEL, "dev"), b"{}")
    store.put(pointer_key(MODEL, "prod"), b"{}")
    with pytest.raises(ReleaseError, match="the pointer of dev of parasites is damaged"):
        call(store, tmp_path)
    assert store.get(pointer_key(MODEL, "dev")).data == b"{}"


def test_a_build_that_makes_something_else_is_our_bug(store: Actor, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="asked for release 0000"):
        push_release(
            store, MODEL, "0" * 32, lambda folder: stage(folder, TWO_FILES), by="a", now=Clock()
        )
    assert store.writes == []
    assert list(tmp_path.iterdir()) == []
