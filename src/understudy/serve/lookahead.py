"""A row of jobs done by a few threads, a bounded way ahead of who asks for the results.

Rules: results come in the order of the jobs; the jobs are drawn by the caller's thread, one at a
time and never more than `ahead` before their results are wanted, so that an endless row needs
bounded memory; when the caller stops early, by an error, Ctrl-C or `close()`, what has not begun
never begins, and no thread outlives the generator.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Job = TypeVar("Job")
Done = TypeVar("Done")


def look_ahead(
    work: Callable[[Job], Done], jobs: Iterable[Job], *, workers: int, ahead: int
) -> Generator[Done]:
    """Yield `work(job)` for each of `jobs`, in order, while up to `ahead` others are under way."""
    pool = ThreadPoolExecutor(workers, thread_name_prefix="understudy-decode")
    waiting: deque[Future[Done]] = deque()
    try:
        for job in jobs:
            waiting.append(pool.submit(work, job))
            if len(waiting) > ahead:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
