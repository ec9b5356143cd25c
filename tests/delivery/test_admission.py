"""What becomes of files that people put into stage folders."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path

import pytest

from release.releases import TWO_FILES
from understudy.delivery.admission import Outcome
from understudy.delivery.pointers import read_pointer
from understudy.delivery.record import (
    STATUS_FILE,
    Record,
    State,
    Writer,
    parse_record,
    update_record,
)
from understudy.errors import InputError
from understudy.release.layout import displaced_folder, stage_file
from understudy.store import Store
from understudy.store.memory import MemoryStore

from .conftest import KILLS, NewStore
from .drops import Files, Time, admission, admit, drop, id_of_files
from .scene import MODEL, Actor, Killed, check_served, folder_of, push, serves

ONE: Files = {"architecture.json": b"small", "weights.h5": b"small 1", "labels.txt": b"a\nb\n"}
TWO: Files = {"architecture.json": b"large", "weights.h5": b"large 2", "labels.txt": b"a\nc\n"}
WHOLE: Files = {"model.keras": b"whole 3", "labels.txt": b"a\nb\n"}


@pytest.fixture
def store() -> Actor:
    return Actor(MemoryStore())


def remove(store: Store, stage: str, *names: str) -> None:
    for name in names or tuple(folder_of(store, stage)):
        store.delete(stage_file(MODEL, stage, name))


def move(store: Store, names: tuple[str, ...] = ()) -> None:
    """`mv dev/* prod/`, or some of the files."""
    for name in names or (*folder_of(store, "dev"), STATUS_FILE):
        store.copy(stage_file(MODEL, "dev", name), stage_file(MODEL, "prod", name))
        store.delete(stage_file(MODEL, "dev", name))


def said(store: Store, stage: str = "dev") -> tuple[State, str]:
    data = store.get(stage_file(MODEL, stage, STATUS_FILE)).data
    record = parse_record(data, MODEL, stage)
    assert record is not None
    return record.state, record.message


def test_a_drop_is_served(store: Actor, tmp_path: Path) -> None:
    drop(store, "dev", ONE)
    done = admit(store)
    assert (done.state, done.release, done.moved) == (State.ADMITTED, id_of_files(ONE), True)
    assert check_served(store, "dev", tmp_path) is not None
    assert folder_of(store, "dev") == ONE
    state, message = said(store)
    assert state is State.ADMITTED
    assert id_of_files(ONE)[:12] in message


def test_looking_again_writes_and_reads_next_to_nothing(store: Actor) -> None:
    drop(store, "dev", ONE)
    admit(store)
    store.writes.clear()
    calls = store.calls
    assert (admit(store).state, admit(store).moved) == (State.ADMITTED, False)
    assert store.writes == []
    assert store.calls - calls == 2 * 3  # pointer, listing, status


def test_the_weights_come_later(store: Actor) -> None:
    drop(store, "dev", {"architecture.json": b"small"})
    assert admit(store).state is State.WAITING
    assert "weights are missing" in said(store)[1]
    store.writes.clear()
    assert admit(store).state is State.WAITING
    assert store.writes == []
    drop(store, "dev", {"weights.h5": b"small 1"})
    assert admit(store).state is State.ADMITTED


@pytest.mark.parametrize("bad", [{"weights.h5": b"large 9"}, {"goldens.npz": b"others"}])
def test_what_does_not_fit_is_rejected_and_the_last_good_release_goes_on(
    store: Actor, bad: Files
) -> None:
    drop(store, "dev", ONE)
    admit(store)
    drop(store, "dev", bad)
    done = admit(store)
    assert (done.state, done.release, done.moved) == (State.REJECTED, id_of_files(ONE), False)
    assert "goes on serving" in said(store)[1]
    assert folder_of(store, "dev") == {**ONE, **bad}  # a person's file is never taken away
    drop(store, "dev", TWO)
    remove(store, "dev", "goldens.npz")
    assert admit(store).release == id_of_files(TWO)


def test_a_whole_model_replaces_one_in_two_files_and_back(store: Actor) -> None:
    drop(store, "dev", ONE)
    admit(store)
    drop(store, "dev", {"model.keras": b"whole 3"})
    assert admit(store).release == id_of_files({**WHOLE, "labels.txt": ONE["labels.txt"]})
    assert folder_of(store, "dev") == {**WHOLE, "labels.txt": ONE["labels.txt"]}
    drop(store, "dev", {"architecture.json": b"small"})
    assert admit(store).state is State.WAITING
    drop(store, "dev", {"weights.h5": b"small 1"})
    assert admit(store).release == id_of_files(ONE)
    assert folder_of(store, "dev") == ONE


def test_weights_under_another_name_replace_the_earlier_ones(store: Actor) -> None:
    drop(store, "dev", ONE)
    admit(store)
    drop(store, "dev", {"retrained.h5": b"small 7"})
    assert admit(store).moved
    assert folder_of(store, "dev") == {
        "architecture.json": b"small", "retrained.h5": b"small 7", "labels.txt": b"a\nb\n"
    }  # fmt: skip


def test_two_new_models_at_once_are_rejected_and_kept(store: Actor) -> None:
    drop(store, "dev", {"model.keras": b"whole 1", "best.keras": b"whole 2"})
    assert admit(store).state is State.REJECTED
    assert "not one model" in said(store)[1]
    assert len(folder_of(store, "dev")) == 2


def test_files_that_are_moved_to_prod_are_promoted(store: Actor, tmp_path: Path) -> None:
    drop(store, "dev", ONE)
    admit(store)
    move(store)
    done = admit(store, "prod")
    assert (done.state, done.release, done.moved) == (State.ADMITTED, id_of_files(ONE), True)
    assert check_served(store, "prod", tmp_path) is not None
    found = read_pointer(store, MODEL, "prod")
    assert found is not None
    assert found.pointer.history[0].from_stage == "dev"
    assert admit(store, "dev").state is State.EMPTY
    assert serves(store, "dev") == id_of_files(ONE)
    assert store.list(f"{MODEL}/dev") == ()  # nothing is written where a person took all away


@pytest.mark.parametrize("order", list(itertools.permutations(TWO)))
def test_half_a_move_changes_nothing(store: Actor, order: tuple[str, ...]) -> None:
    for files in (ONE, TWO):
        drop(store, "dev", files)
        admit(store)
        if files is ONE:
            move(store)
            admit(store, "prod")
    time = Time()
    for number, name in enumerate(order, start=1):
        assert serves(store, "prod") == id_of_files(ONE)
        move(store, (name,))
        done = admission(store, time).admit(MODEL, "prod")
        if number < len(order):
            assert done.state is State.WAITING
            admission(store, time).admit(MODEL, "dev")
            assert serves(store, "dev") == id_of_files(TWO)
    assert serves(store, "prod") == id_of_files(TWO)
    assert serves(store, "dev") == id_of_files(TWO)
    assert folder_of(store, "prod") == TWO


def test_prod_refuses_what_was_never_on_dev(store: Actor) -> None:
    drop(store, "dev", ONE)
    admit(store)
    drop(store, "prod", {**ONE, "weights.h5": b"small 9"})
    assert admit(store, "prod").state is State.REJECTED
    assert serves(store, "prod") is None
    assert "weights.h5 was never on dev" in said(store, "prod")[1]
    drop(store, "dev", {"weights.h5": b"small 9"})  # now it is
    admit(store)
    assert admit(store, "prod").state is State.ADMITTED


def test_prod_takes_back_what_it_served_before(store: Actor) -> None:
    for files in (ONE, TWO):
        drop(store, "dev", files)
        admit(store)
        drop(store, "prod", files)
        admit(store, "prod")
    drop(store, "prod", ONE)
    assert admit(store, "prod").release == id_of_files(ONE)
    assert serves(store, "dev") == id_of_files(TWO)


def test_files_taken_from_dev_wait_for_the_rest_of_the_move(store: Actor) -> None:
    drop(store, "dev", WHOLE)
    admit(store)
    remove(store, "dev", "labels.txt")
    time = Time()
    first = admission(store, time).admit(MODEL, "dev")
    assert first.again is not None
    assert serves(store, "dev") == id_of_files(WHOLE)
    assert admit(store, "dev", time).release == id_of_files({"model.keras": b"whole 3"})
    assert time.waited > 29


def test_a_push_keeps_what_it_replaces_before_it_was_admitted(store: Actor, tmp_path: Path) -> None:
    drop(store, "dev", {"model.keras": b"my only copy", "notes.txt": b"mine"})
    push(store, tmp_path, TWO_FILES)
    kept = [store.get(entry.key).data for entry in store.list(displaced_folder(MODEL))]
    assert kept == [b"my only copy"]
    assert folder_of(store, "dev")["notes.txt"] == b"mine"
    assert admit(store).state is State.ADMITTED


def test_a_folder_in_the_folder_is_pointed_at(store: Actor) -> None:
    drop(store, "dev", {"export/model.keras": b"whole 1"})
    done = admit(store)
    assert done.state is State.EMPTY
    assert "only in a folder inside it: export/model.keras" in done.message


def test_somebody_else_at_work_is_left_in_peace(store: Actor) -> None:
    drop(store, "dev", ONE)
    time = Time()
    admit(store, "dev", time)
    writer = Writer("1f", "0" * 32, time.now().timestamp())

    def busy(record: Record | None) -> Record:
        assert record is not None
        return replace(record, writers=(writer,))

    update_record(store, MODEL, "dev", busy)
    store.writes.clear()
    done = admission(store, time).admit(MODEL, "dev")
    assert (done.state, done.again) == (State.SETTLING, 1.0)
    assert store.writes == []
    time.sleep(61)  # it was killed
    assert admission(store, time).admit(MODEL, "dev").state is State.ADMITTED


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"schema": 1}', b"\xff"])
def test_a_status_that_is_none_is_written_again(store: Actor, content: bytes) -> None:
    drop(store, "dev", ONE)
    admit(store)
    drop(store, "dev", {STATUS_FILE: content})
    assert admit(store).state is State.ADMITTED
    assert said(store)[0] is State.ADMITTED


@pytest.mark.parametrize(("model", "stage"), [("a b", "dev"), (MODEL, "test"), (MODEL, "stages")])
def test_names_are_checked(store: Actor, model: str, stage: str) -> None:
    with pytest.raises(InputError):
        admission(store, Time()).admit(model, stage)


def test_files_that_keep_changing_are_not_taken(store: Actor) -> None:
    drop(store, "dev", ONE)
    time = Time()
    counter = itertools.count()
    plain = time.sleep

    def somebody_writes(seconds: float) -> None:
        plain(seconds)
        drop(store, "dev", {"weights.h5": b"small %d" % next(counter)})

    time.sleep = somebody_writes  # type: ignore[method-assign]
    done = admission(store, time).admit(MODEL, "dev")
    assert (done.state, done.again is None) == (State.WAITING, False)
    assert serves(store, "dev") is None


# --- Torn updates -------------------------------------------------------------------------------

BASE: Files = {"architecture.json": b"small", "weights.h5": b"small 0"}
SAME_SHAPE = (
    {"architecture.json": b"small relu", "weights.h5": b"small 1"},
    {"architecture.json": b"small tanh", "weights.h5": b"small 2"},
)
OTHER_SHAPE = (
    {"architecture.json": b"large", "weights.h5": b"large 1"},
    {"architecture.json": b"huge", "weights.h5": b"huge 2"},
)
WITH_GOLDENS = (
    {**SAME_SHAPE[0], "goldens.npz": b"small relusmall 1"},
    {**SAME_SHAPE[1], "goldens.npz": b"small tanhsmall 2"},
)


def interleavings(updates: tuple[Files, Files]) -> list[list[tuple[str, bytes]]]:
    """Every order of all writes of two updates, each update's own in any order."""
    found = []
    for first in itertools.permutations(updates[0].items()):
        for second in itertools.permutations(updates[1].items()):
            count = len(first) + len(second)
            for places in itertools.combinations(range(count), len(first)):
                one, two = iter(first), iter(second)
                found.append([next(one if n in places else two) for n in range(count)])
    return found


@pytest.mark.parametrize("updates", [SAME_SHAPE, OTHER_SHAPE], ids=["same", "other"])
def test_dev_never_serves_parts_that_do_not_fit(updates: tuple[Files, Files]) -> None:
    good = {id_of_files(BASE), *map(id_of_files, updates)}
    for order in interleavings(updates):
        store = MemoryStore()
        drop(store, "dev", BASE)
        admit(store)
        for name, data in order:
            drop(store, "dev", {name: data})
            admit(store)
            content = folder_of(store, "dev")
            served = serves(store, "dev")
            if updates is OTHER_SHAPE:
                assert served in good
            else:  # a mixture that fits is what lies there, and nothing else
                assert served in good | {id_of_files(content)}
        last = folder_of(store, "dev")
        fits = last["architecture.json"].split()[0] == last["weights.h5"].split()[0]
        assert (serves(store, "dev") == id_of_files(last)) is fits


def test_goldens_keep_mixtures_away() -> None:
    base = {**BASE, "goldens.npz": b"smallsmall 0"}
    good = {id_of_files(base), *map(id_of_files, WITH_GOLDENS)}
    for order in interleavings(WITH_GOLDENS)[::5]:
        store = MemoryStore()
        drop(store, "dev", base)
        admit(store)
        for name, data in order:
            drop(store, "dev", {name: data})
            admit(store)
            assert serves(store, "dev") in good


@pytest.mark.parametrize("updates", [SAME_SHAPE, OTHER_SHAPE], ids=["same", "other"])
def test_prod_never_serves_a_mixture(updates: tuple[Files, Files]) -> None:
    good = {id_of_files(BASE), *map(id_of_files, updates)}
    first = MemoryStore()
    for files in (BASE, *updates):
        drop(first, "dev", files)
        admit(first)
    for order in interleavings(updates):
        store = copied(first)
        drop(store, "prod", BASE)
        admit(store, "prod")
        for name, data in order:
            drop(store, "prod", {name: data})
            admit(store, "prod")
            assert serves(store, "prod") in good
        last = id_of_files(folder_of(store, "prod"))
        assert last not in good or serves(store, "prod") == last


def test_prod_does_not_take_what_dev_served_in_passing() -> None:
    store = MemoryStore()
    time = Time()
    before, after = SAME_SHAPE
    for name, data in (*before.items(), *after.items()):
        drop(store, "dev", {name: data})
        time.sleep(1)
        admit(store, "dev", time)
    mixture = {"architecture.json": b"small tanh", "weights.h5": b"small 1"}
    found = read_pointer(store, MODEL, "dev")
    assert found is not None
    assert id_of_files(mixture) in {change.release for change in found.pointer.history}
    drop(store, "prod", mixture)
    assert admit(store, "prod").state is State.WAITING
    drop(store, "prod", after)
    assert admit(store, "prod").release == id_of_files(after)


def copied(store: Store) -> MemoryStore:
    other = MemoryStore()
    for entry in store.list(""):
        other.put(entry.key, store.get(entry.key).data)
    return other


# --- Killed at every step -----------------------------------------------------------------------


UPDATES = {
    "first": ({}, ONE, "dev"),
    "other kind": (ONE, WHOLE, "dev"),
    "replace": (ONE, TWO, "dev"),
    "promote": (ONE, TWO, "prod"),
}


@pytest.mark.parametrize(
    ("update", "kind", "moment"),
    [
        (update, kind, moment)
        for update in UPDATES
        for kind, moment in KILLS
        if kind == "memory" or update in ("replace", "promote")
    ],
)
def test_an_admission_may_be_killed_at_any_call(
    update: str, kind: str, moment: str, tmp_path: Path, new_store: NewStore
) -> None:
    there, dropped, stage = UPDATES[update]
    for number in itertools.count():
        root = tmp_path / str(number)
        plain = new_store(kind, root)
        store = Actor(plain)
        time = Time()
        for files in [there, *([dropped] if stage == "prod" else [])]:
            if files:
                drop(store, "dev", files)
                admit(store, "dev", time)
                if stage == "prod" and files is there:
                    drop(store, "prod", files)
                    admit(store, "prod", time)
        old = serves(plain, stage)
        drop(store, stage, dropped)
        start = store.calls

        def kill(call: int, at: int = number + start) -> None:
            if call == at:
                raise Killed

        setattr(store, moment, kill)
        try:
            killed = None
            done: Outcome | None = admit(store, stage, time)
        except Killed:
            killed, done = number, None
        new = id_of_files(dropped)
        assert serves(plain, stage) in (old, new)
        check_served(plain, stage, root / "cache")
        for name, data in dropped.items():
            assert folder_of(plain, stage)[name] == data
        again = admit(plain, stage, time)
        assert (again.state, serves(plain, stage)) == (State.ADMITTED, new)
        assert folder_of(plain, stage) == dropped
        if killed is None:
            assert done is not None
            assert number > 10
            break
