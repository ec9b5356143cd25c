"""Waiting for a call that may never come back.

A call over a network goes on in a thread of its own, because the library that makes it listens
neither to Ctrl-C nor to us. Whoever waits can give it up at any time; the thread then ends by
itself, at its next step or at the library's own time limit.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from typing import TypeVar

T = TypeVar("T")


def begin(call: Callable[[], T], name: str) -> Future[T]:
    """Carry out a call in a thread that the end of the process does not wait for."""
    begun: Future[T] = Future()

    def run() -> None:
        try:
            begun.set_result(call())
        except BaseException as error:
            begun.set_exception(error)

    threading.Thread(target=run, name=name, daemon=True).start()
    return begun


class Stopped(Exception):
    """Nobody waits for this work any more; raised inside it, and never seen outside."""


class Work:
    """What a call tells of itself while it lasts, and where it learns that it was given up."""

    def __init__(self) -> None:
        self.moved = 0
        self.stopped = threading.Event()

    def step(self, count: int) -> None:
        """Say that `count` more bytes came or went.

        Raises:
            Stopped: it was given up.
        """
        if self.stopped.is_set():
            raise Stopped
        self.moved += count


def wait_for(
    call: Callable[[Work], T],
    check: Callable[[Work], None],
    *,
    every: float,
    ending: float = 0.0,
) -> T:
    """Give what `call` gives, or raise what it raises.

    Args:
        call: what is to be done, in a thread of its own.
        check: is called each time that it took `every` seconds more; what it raises ends the wait.
        every: seconds.
        ending: seconds that a call which was given up has to tidy up.
    """
    work = Work()
    answers: SimpleQueue[tuple[T | None, BaseException | None]] = SimpleQueue()

    def run() -> None:
        try:
            answers.put((call(work), None))
        except BaseException as error:
            answers.put((None, error))

    thread = threading.Thread(target=run, name="understudy-store", daemon=True)
    thread.start()
    try:
        while True:
            try:
                answer, error = answers.get(timeout=every)
                break
            except Empty:
                check(work)
    except BaseException:
        work.stopped.set()
        thread.join(ending)
        raise
    if error is not None:
        raise error
    return answer  # type: ignore[return-value]  # there is an answer where there is no error
