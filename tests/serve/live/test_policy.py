"""The policy as a table, and every short history of what may happen."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from understudy.errors import ReleaseError, StoreError
from understudy.serve.live.pace import Pace
from understudy.serve.live.policy import (
    Action,
    CallOff,
    Desired,
    Discard,
    Failure,
    Load,
    Release,
    Snapshot,
    Swap,
    Wait,
    next_action,
)

A, B = Desired("a", "1"), Desired("b", "2")
FAILED = Failure(B, 1, retry_at=10.0)

TABLE: list[tuple[str, Snapshot, Action]] = [
    ("nothing is known", Snapshot(0), Wait()),
    ("the first release", Snapshot(0, desired=A), Load(A)),
    ("it is loading", Snapshot(0, desired=A, loading="a"), Wait()),
    ("it is ready", Snapshot(0, desired=A, ready="a"), Swap()),
    ("it is served", Snapshot(0, desired=A, serving="a"), Wait()),
    ("only the etag is new", Snapshot(0, desired=replace(A, etag="9"), serving="a"), Wait()),
    ("the next one", Snapshot(0, desired=B, serving="a"), Load(B)),
    ("the next one is loading", Snapshot(0, desired=B, serving="a", loading="b"), Wait()),
    ("the next one is ready", Snapshot(0, desired=B, serving="a", ready="b"), Swap()),
    ("back while loading", Snapshot(0, desired=A, serving="a", loading="b"), CallOff()),
    ("back when ready", Snapshot(0, desired=A, serving="a", ready="b"), Discard()),
    ("another while loading", Snapshot(0, desired=B, serving="c", loading="a"), CallOff()),
    ("another when ready", Snapshot(0, desired=B, serving="c", ready="a"), Discard()),
    ("an old one is in use", Snapshot(0, desired=B, serving="b", leases=(2,)), Wait()),
    ("an old one is free", Snapshot(0, desired=B, serving="b", leases=(2, 0)), Release()),
    ("free before all else", Snapshot(0, desired=B, serving="a", leases=(0,)), Release()),
    ("it failed", Snapshot(9, desired=B, serving="a", failed=FAILED), Wait(10.0)),
    ("its time has come", Snapshot(10, desired=B, serving="a", failed=FAILED), Load(B)),
    (
        "it failed, and the pointer moved",
        Snapshot(0, desired=replace(B, etag="3"), serving="a", failed=FAILED),
        Load(replace(B, etag="3")),
    ),
    ("another failed", Snapshot(0, desired=A, failed=FAILED), Load(A)),
    ("it failed, and is unwanted", Snapshot(0, desired=A, serving="a", failed=FAILED), Wait()),
    ("the first one failed", Snapshot(0, desired=B, failed=FAILED), Wait(10.0)),
]


@pytest.mark.parametrize(("known", "action"), [row[1:] for row in TABLE], ids=[r[0] for r in TABLE])
def test_the_table(known: Snapshot, action: Action) -> None:
    assert next_action(known) == action


@dataclass
class World:
    """A stage, carried out without threads; "bad" releases never load."""

    known: Snapshot = field(default_factory=lambda: Snapshot(0.0))
    tries: list[Desired] = field(default_factory=list)

    def settle(self) -> None:
        """Carry out until there is nothing to do; loading is left to events."""
        for _ in range(20):
            action = next_action(self.known)
            if isinstance(action, Wait):
                return
            self.do(action)
        raise AssertionError("it goes round in circles")

    def do(self, action: Action) -> None:
        known = self.known
        match action:
            case Load(desired):
                self.tries.append(desired)
                self.known = replace(known, loading=desired.release)
            case Swap():
                old = () if known.serving is None else (1,)
                leases = (*known.leases, *old)
                self.known = replace(known, serving=known.ready, ready=None, leases=leases)
            case Discard():
                self.known = replace(known, ready=None)
            case CallOff():
                self.known = replace(known, loading=None)
            case Release():
                self.known = replace(known, leases=tuple(n for n in known.leases if n))

    def happen(self, event: str) -> None:
        known = self.known
        if event == "loaded" and known.loading and known.desired:
            if known.loading == "bad":
                failure = Failure(known.desired, 1, known.now + 100)
                self.known = replace(known, loading=None, failed=failure)
            else:
                self.known = replace(known, loading=None, ready=known.loading)
        elif event == "freed" and known.leases:
            self.known = replace(known, leases=(0, *known.leases[1:]))
        elif event.startswith("point "):
            etag = str(int(known.desired.etag) + 1 if known.desired else 0)
            self.known = replace(known, desired=Desired(event.removeprefix("point "), etag))
        self.settle()


EVENTS = st.sampled_from(["loaded", "freed", "point a", "point b", "point bad"])


@given(st.lists(EVENTS, max_size=30))
def test_whatever_happens_it_ends_with_what_is_desired(events: list[str]) -> None:
    world = World()
    served: list[str] = []
    for event in events:
        world.happen(event)
        if world.known.serving:
            served.append(world.known.serving)
        elif served:
            raise AssertionError("it stopped serving")
    assert "bad" not in served
    assert len(world.tries) == len(set(world.tries))
    for _ in range(40):
        world.happen("loaded")
        world.happen("freed")
    known = world.known
    assert known.leases == ()
    assert known.loading is None
    assert known.ready is None
    if known.desired and known.desired.release != "bad":
        assert known.serving == known.desired.release


def test_a_refused_release_is_tried_once_under_one_pointer() -> None:
    world = World()
    for event in ["point a", "loaded", "point bad", *["loaded"] * 50]:
        world.happen(event)
    assert [desired.release for desired in world.tries] == ["a", "bad"]
    assert world.known.serving == "a"


def test_how_often_it_looks() -> None:
    pace = Pace(poll=1.0, longest_poll=10.0)
    assert [pace.until_poll(failures, 0.0) for failures in (0, 1, 2, 3, 4, 99)] == [
        *(1.0, 2.0, 4.0, 8.0),
        *(10.0, 10.0),
    ]
    assert pace.until_poll(0, 1.0) == pytest.approx(0.8)
    assert Pace(poll=60.0).until_poll(3, 0.0) == 60.0


def test_how_long_it_leaves_alone_what_failed() -> None:
    pace = Pace(retry=1.0, longest_retry=30.0, refused=600.0)
    down = StoreError("down", hint="wait")
    assert [pace.until_retry(down, attempts) for attempts in (1, 2, 3, 99)] == [1, 2, 4, 30]
    assert pace.until_retry(ReleaseError("bad", hint="push"), 1) == 600.0
    assert pace.until_retry(ValueError(), 5) == 600.0
