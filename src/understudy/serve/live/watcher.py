"""Looks at a stage's pointer, in a thread of its own; says what it desires, or why that is unknown.

It asks with the etag of the last answer. While the store is down, it asks less and less often.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable

from ...errors import NotFoundError, StoreError
from .pace import Pace
from .policy import Desired

ReadPointer = Callable[[str | None], Desired | None]
"""What the pointer says, or None while it has the etag that is given."""


class Watcher:
    """A thread that looks until it is stopped.

    Args:
        read: reads the pointer.
        seen: is called with each answer; None says that nothing changed.
        failed: is called with each error.
        pace: how often.
    """

    def __init__(
        self,
        read: ReadPointer,
        seen: Callable[[Desired | None], None],
        failed: Callable[[Exception], None],
        pace: Pace,
    ) -> None:
        self._read = read
        self._seen = seen
        self._failed = failed
        self._pace = pace
        self._wake = threading.Event()
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name="understudy-watch", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def look_now(self) -> None:
        """Look at once, or once more when a look is under way."""
        self._wake.set()

    def stop(self) -> None:
        """Look no more; one look may still be under way."""
        self._stopped = True
        self._wake.set()

    def _run(self) -> None:
        etag: str | None = None
        failures = 0
        while not self._stopped:
            self._wake.clear()
            try:
                found = self._read(etag)
            except Exception as error:  # whatever it is, the thread goes on
                failures = failures + 1 if _is_down(error) else 0
                self._failed(error)
            else:
                failures = 0
                etag = etag if found is None else found.etag
                self._seen(found)
            if not self._stopped:
                self._wake.wait(self._pace.until_poll(failures, random.random()))


def _is_down(error: Exception) -> bool:
    """Whether the store gave no answer; that there is no pointer, or a damaged one, is one."""
    return isinstance(error, StoreError) and not isinstance(error, NotFoundError)
