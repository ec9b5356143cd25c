"""Lends the classifier to requests, and changes it under them.

A request keeps the classifier that it began with. Taking and giving back are a few instructions
under a lock that nothing slow is ever done under; an old classifier is closed by whoever calls
`release`, never by a request.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ..classifier import Classifier


class _Held:
    """A classifier, and how many requests use it."""

    def __init__(self, classifier: Classifier) -> None:
        self.classifier = classifier
        self.leases = 0


class Holder:
    """The current classifier, and the old ones that are still in use.

    Args:
        freed: is called when the last request gives back an old classifier, in its thread.
    """

    def __init__(self, freed: Callable[[], None] = lambda: None) -> None:
        self._lock = threading.Lock()
        self._current: _Held | None = None
        self._old: list[_Held] = []
        self._freed = freed

    @property
    def current(self) -> Classifier | None:
        """The classifier that the next request gets."""
        held = self._current
        return None if held is None else held.classifier

    def leases(self) -> tuple[int, ...]:
        """How many requests use each of the old classifiers."""
        with self._lock:
            return tuple(held.leases for held in self._old)

    @contextmanager
    def lend(self) -> Iterator[Classifier | None]:
        """Give the current classifier, open until the block ends; None where there is none."""
        with self._lock:
            held = self._current
            if held is not None:
                held.leases += 1
        if held is None:
            yield None
            return
        try:
            yield held.classifier
        finally:
            with self._lock:
                held.leases -= 1
                last = held.leases == 0 and held is not self._current
            if last:
                self._freed()

    def swap(self, classifier: Classifier | None) -> None:
        """Let the next request get this one."""
        held = None if classifier is None else _Held(classifier)
        with self._lock:
            if self._current is not None:
                self._old.append(self._current)
            self._current = held

    def release(self) -> None:
        """Close the old classifiers that no request uses; that frees their memory."""
        with self._lock:
            unused = [held for held in self._old if held.leases == 0]
            self._old = [held for held in self._old if held.leases > 0]
        for held in unused:
            held.classifier.close()
