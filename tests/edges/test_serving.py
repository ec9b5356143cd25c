"""The model in a process that is frozen now and then, and that may have to begin without it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from serve.live.scene import MODEL, STAGE, add_release, point
from understudy.edges.lambda_.function import Function, InvocationError
from understudy.edges.lambda_.serving import LOOK_SECONDS, Serving
from understudy.edges.lambda_.settings import Settings
from understudy.edges.objects import Objects
from understudy.edges.problem import Problem
from understudy.errors import InputError, StoreError
from understudy.serve.live import Desired, Live, Pace
from understudy.store import Store
from understudy.store.local import LocalStore
from understudy.store.memory import MemoryStore

from .scene import PNG_64, function_url

Follow = Callable[[Store], Callable[[], Live]]


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    return LocalStore(tmp_path / "store")


def test_the_import_waits_for_the_model(store: LocalStore, tmp_path: Path, follow: Follow) -> None:
    point(store, add_release(store, tmp_path / "blue", "blue"))
    serving = Serving(follow(store))
    serving.begin(30.0)
    assert not isinstance(serving.state(), Problem)


def test_what_is_wrong_ends_the_waiting_and_is_tried_again(
    store: LocalStore, tmp_path: Path, follow: Follow
) -> None:
    serving = Serving(follow(store))
    serving.begin(3600.0)
    found = serving.model(0.0)
    assert isinstance(found, Problem)
    assert (found.status, found.headers) == (503, {"retry-after": "2"})
    assert "dev of colors is not ready" in found.detail
    point(store, add_release(store, tmp_path / "blue", "blue"))
    assert not isinstance(serving.model(30.0), Problem)


def test_a_slow_beginning_is_waited_for_by_the_request_not_by_the_import(
    store: LocalStore, tmp_path: Path, follow: Follow
) -> None:
    point(store, add_release(store, tmp_path / "blue", "blue"))
    go = threading.Event()
    make = follow(store)

    def slow() -> Live:
        go.wait()
        return make()

    serving = Serving(slow)
    serving.begin(0.0)
    before = serving.model(0.0)
    assert isinstance(before, Problem)
    assert before.detail == "the model is being loaded"
    go.set()
    assert not isinstance(serving.model(30.0), Problem)


def test_wrong_settings_are_named_in_each_answer() -> None:
    def make() -> Live:
        raise InputError("UNDERSTUDY_MODEL is not set", hint="set it")

    serving = Serving(make)
    serving.begin(30.0)
    function = Function(Settings("", "", ""), serving, Objects((), MemoryStore), lambda _: None)
    answer = function(function_url())
    assert answer["statusCode"] == 500
    assert "UNDERSTUDY_MODEL is not set" in answer["body"]
    with pytest.raises(InvocationError, match="UNDERSTUDY_MODEL is not set"):
        function({"image": PNG_64})


def test_opening_is_tried_again_by_the_next_request(
    store: LocalStore, tmp_path: Path, follow: Follow
) -> None:
    point(store, add_release(store, tmp_path / "blue", "blue"))
    make, failures = follow(store), [StoreError("no line", hint="wait")]

    def sometimes() -> Live:
        if failures:
            raise failures.pop()
        return make()

    serving = Serving(sometimes)
    serving.begin(30.0)
    found = serving.state()
    assert isinstance(found, Problem)
    assert (found.status, found.detail) == (503, "no line")
    assert not isinstance(serving.model(30.0), Problem)


class Looks:
    """A pointer that counts who looks at it."""

    def __init__(self) -> None:
        self.count = 0
        self.seen = threading.Condition()

    def read(self, _: str | None) -> Desired | None:
        with self.seen:
            self.count += 1
            self.seen.notify_all()
        raise StoreError("down", hint="wait")

    def reach(self, count: int) -> bool:
        with self.seen:
            return self.seen.wait_for(lambda: self.count >= count, 30)


def test_requests_wake_the_watcher_by_the_wall_clock_and_not_too_often() -> None:
    looks, now = Looks(), 0.0
    pace = Pace(poll=3600.0, longest_poll=3600.0)

    def make() -> Live:
        def load(_: object) -> object:
            raise AssertionError

        return Live(MODEL, STAGE, looks.read, load, pace, lambda _: None)  # type: ignore[arg-type]

    serving = Serving(make, lambda: now)
    serving.begin(30.0)
    assert looks.reach(1)
    for _ in range(10):
        serving.look()
    now = LOOK_SECONDS
    serving.look()
    assert looks.reach(2)
    now = -1000.0  # the clock was set back
    serving.look()
    assert looks.reach(3)
    serving.look_now()  # as after a snapshot was restored
    assert looks.reach(4)
    assert looks.count == 4
