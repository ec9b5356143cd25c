"""The threads: what is told, what is loaded how often, and what answers meanwhile."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from understudy.errors import NotFoundError, ReleaseError, StoreError
from understudy.serve.live import Desired, Event, Kind, Pace
from understudy.serve.live.attempt import Attempt
from understudy.serve.live.manager import Manager

from .scene import QUICK, until
from .test_holder import Opened

DOWN = StoreError("the store is down", hint="wait")
BAD = ReleaseError("the self-test failed", hint="push")
NONE = NotFoundError("it serves nothing", hint="push")


class Play:
    """A pointer and releases, to be changed by the test."""

    def __init__(self) -> None:
        self.pointer: Desired | Exception = NONE
        self.looks = 0
        self.loads: list[str] = []
        self.troubles: dict[str, Exception] = {}
        self.block: dict[str, Callable[[Attempt], object]] = {}
        self.opened: list[Opened] = []
        self.events: list[Event] = []
        self.manager = Manager("m", "dev", self.read, self.load, QUICK, self.events.append)

    def read(self, etag: str | None) -> Desired | None:
        self.looks += 1
        if isinstance(self.pointer, Exception):
            raise self.pointer
        return None if self.pointer.etag == etag else self.pointer

    def load(self, attempt: Attempt) -> Any:
        release = attempt.desired.release
        self.loads.append(release)
        self.block.get(release, lambda _: None)(attempt)
        if release in self.troubles:
            raise self.troubles[release]
        classifier: Any = Opened(release)
        classifier.served = SimpleNamespace(release=release)
        self.opened.append(classifier)
        return classifier

    def point(self, release: str) -> None:
        self.pointer = Desired(release, f"etag {time.monotonic_ns()}")
        self.manager.look_now()

    def serves(self, release: str) -> None:
        until(lambda: self.manager.state().serving == release)

    def looks_again(self, times: int = 3) -> None:
        before = self.looks
        until(lambda: self.looks >= before + times)

    def told(self) -> list[tuple[Kind, str | None]]:
        return [(event.kind, event.release) for event in self.events]


@pytest.fixture
def play() -> Iterator[Play]:
    scene = Play()
    scene.manager.start()
    yield scene
    scene.manager.stop()
    until(lambda: all(one.closed == 1 for one in scene.opened))
    until(lambda: not scene.manager._thread.is_alive())


def test_it_follows_the_pointer_and_closes_what_was(play: Play) -> None:
    for release in "abab":
        play.point(release)
        play.serves(release)
    until(lambda: [one.closed for one in play.opened] == [1, 1, 1, 0])
    assert play.loads == ["a", "b", "a", "b"]
    until(lambda: len(play.events) == 5)
    assert play.told() == [(Kind.LOST, None), *((Kind.SERVING, r) for r in "abab")]


def test_a_bad_release_is_refused_told_once_and_tried_once(play: Play) -> None:
    play.point("a")
    play.serves("a")
    play.troubles["bad"] = BAD
    play.point("bad")
    until(lambda: play.manager.state().problem)
    play.looks_again(20)
    assert play.loads == ["a", "bad"]
    assert play.told()[1:] == [(Kind.SERVING, "a"), (Kind.REFUSED, "bad")]
    assert str(play.events[-1]) == ("dev of m cannot serve bad: the self-test failed; a goes on")
    state = play.manager.state()
    assert (state.serving, state.desired, state.problem) == ("a", "bad", BAD)
    play.point("bad")  # the pointer was written again
    until(lambda: play.loads == ["a", "bad", "bad"])
    play.point("a")
    until(lambda: play.manager.state().problem is None)
    assert play.loads == ["a", "bad", "bad"]


def test_a_mistake_of_ours_in_loading_is_survived(play: Play) -> None:
    play.point("a")
    play.serves("a")
    play.troubles["odd"] = ValueError("never seen")
    play.point("odd")
    until(lambda: play.manager.state().problem)
    play.point("b")
    play.serves("b")


def test_an_outage_while_loading_is_tried_again(play: Play) -> None:
    play.point("a")
    play.serves("a")
    play.troubles["b"] = DOWN
    play.point("b")
    until(lambda: play.loads.count("b") >= 3)
    assert play.manager.state().serving == "a"
    assert play.told()[2:] == [(Kind.REFUSED, "b")]
    del play.troubles["b"]
    play.serves("b")


def test_an_outage_of_the_pointer_is_told_once_and_ends(play: Play) -> None:
    play.point("a")
    play.serves("a")
    before, play.pointer = play.pointer, DOWN
    until(lambda: play.manager.state().problem is DOWN)
    play.looks_again()
    assert play.manager.holder.current is not None
    play.pointer = before
    until(lambda: play.manager.state().problem is None)
    until(lambda: play.told()[2:] == [(Kind.LOST, None), (Kind.FOUND, None)])
    assert play.loads == ["a"]


def test_after_an_outage_it_does_not_wait_out_the_pause(play: Play) -> None:
    slow = Pace(poll=0.01, longest_poll=0.01, retry=1000.0, longest_retry=1000.0)
    play.manager.stop()
    play.manager = Manager("m", "dev", play.read, play.load, slow, play.events.append)
    play.manager.start()
    play.troubles["a"] = DOWN
    play.point("a")
    until(lambda: play.loads == ["a"] and play.manager.state().problem is DOWN)
    good, play.pointer = play.pointer, DOWN
    play.looks_again()
    play.troubles.clear()
    play.pointer = good
    play.serves("a")


def test_a_change_of_mind_calls_the_loading_off(play: Play) -> None:
    play.point("a")
    play.serves("a")
    begun, ended = threading.Event(), threading.Event()

    def crawl(attempt: Attempt) -> None:
        begun.set()
        try:
            while True:
                attempt.step(0)
                attempt.wait(0.001)
        finally:
            ended.set()

    play.block["slow"] = crawl
    play.point("slow")
    assert begun.wait(30)
    play.point("b")
    play.serves("b")
    assert ended.wait(30)
    assert play.manager.state().problem is None


def test_a_loading_that_hangs_is_left_alone_and_what_it_brings_is_closed(play: Play) -> None:
    play.point("a")
    play.serves("a")
    go_on = threading.Event()
    play.block["stuck"] = lambda _: go_on.wait(30)
    play.point("stuck")
    until(lambda: "stuck" in play.loads)
    play.point("b")
    play.serves("b")
    go_on.set()
    until(lambda: [one.closed for one in play.opened if one.name == "stuck"] == [1])
    assert play.manager.state().serving == "b"


def test_a_request_in_flight_keeps_what_it_has(play: Play) -> None:
    play.point("a")
    play.serves("a")
    with play.manager.holder.lend() as first:
        play.point("b")
        play.serves("b")
        play.looks_again()
        assert first is play.opened[0]
        assert play.opened[0].closed == 0
    until(lambda: play.opened[0].closed == 1)


def test_a_request_in_flight_is_finished_after_the_end(play: Play) -> None:
    play.point("a")
    play.serves("a")
    with play.manager.holder.lend():
        play.manager.stop()
        assert play.opened[0].closed == 0
    until(lambda: play.opened[0].closed == 1)


def test_trouble_with_the_log_is_no_trouble() -> None:
    def tell(_: Event) -> None:
        raise BrokenPipeError

    play = Play()
    play.manager = Manager("m", "dev", play.read, play.load, QUICK, tell)
    play.manager.start()
    for release in "ab":
        play.point(release)
        play.serves(release)
    play.manager.stop()


# --- Waiting for the first release ----------------------------------------------------------------


def test_the_first_problem_is_the_answer(play: Play) -> None:
    with pytest.raises(NotFoundError, match="serves nothing"):
        play.manager.wait(None)
    play.pointer = DOWN
    play.manager.look_now()
    until(lambda: play.manager.state().problem is DOWN)
    with pytest.raises(StoreError, match="is down"):
        play.manager.wait(None)


def test_or_it_is_waited_for(play: Play) -> None:
    play.troubles["a"] = DOWN
    waiter = threading.Thread(target=lambda: play.manager.wait(30.0))
    waiter.start()
    play.point("a")
    until(lambda: len(play.loads) >= 2)
    assert waiter.is_alive()
    del play.troubles["a"]
    waiter.join(30)
    assert not waiter.is_alive()
    assert play.manager.state().serving == "a"


def test_but_not_for_ever(play: Play) -> None:
    with pytest.raises(NotFoundError, match="serves nothing"):
        play.manager.wait(0.05)


def test_a_store_that_hangs_is_given_up() -> None:
    play = Play()
    hangs = threading.Event()
    pace = Pace(poll=0.01, cold=0.2)
    play.manager = Manager(
        "m", "dev", lambda _: hangs.wait(30) and None, play.load, pace, play.events.append
    )
    play.manager.start()
    with pytest.raises(StoreError, match=r"dev of m is not loaded yet; .* 0 s ago"):
        play.manager.wait(None)
    play.manager.stop()
    hangs.set()


def test_a_slow_line_is_not_given_up(play: Play) -> None:
    """The limit is on what does not move: this takes longer than it, and a little comes always."""
    pace = Pace(poll=0.01, cold=1.5)
    play.manager.stop()
    play.manager = Manager("m", "dev", play.read, play.load, pace, play.events.append)

    def crawl(attempt: Attempt) -> None:
        for _ in range(40):
            attempt.step(1)
            attempt.wait(0.05)

    play.block["a"] = crawl
    play.pointer = Desired("a", "1")
    play.manager.start()
    play.manager.wait(None)
    assert play.manager.state().serving == "a"
