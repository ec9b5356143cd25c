"""Jobs done ahead: in order, bounded, and gone when nobody asks any more."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from itertools import count, islice

import pytest

from understudy.serve.lookahead import look_ahead


def test_keeps_the_order_whatever_takes_longest() -> None:
    def slow_when_even(job: int) -> int:
        time.sleep(0.002 * (job % 2 == 0))
        return job * 10

    done = look_ahead(slow_when_even, range(30), workers=4, ahead=8)
    assert list(done) == [job * 10 for job in range(30)]


def test_is_never_further_ahead_than_told() -> None:
    drawn: list[int] = []

    def jobs() -> Iterator[int]:
        for job in count():
            drawn.append(job)
            yield job

    row = look_ahead(abs, jobs(), workers=2, ahead=5)
    for used, done in enumerate(islice(row, 50)):
        assert done == used
        assert len(drawn) <= used + 1 + 5
    row.close()


def test_no_thread_outlives_it() -> None:
    before = threading.active_count()
    row = look_ahead(abs, count(), workers=3, ahead=10)
    next(row)
    assert threading.active_count() > before
    row.close()
    assert threading.active_count() == before


def test_an_error_of_the_work_comes_through() -> None:
    row = look_ahead(lambda job: 1 // job, [1, 0, 1], workers=2, ahead=1)
    assert next(row) == 1
    with pytest.raises(ZeroDivisionError):
        next(row)
