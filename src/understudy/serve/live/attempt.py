"""One attempt to load a release: it can be called off, and tells that it goes on."""

from __future__ import annotations

import threading
from collections.abc import Callable

from ..classifier import Classifier
from .policy import Desired


class CalledOff(Exception):
    """Nobody wants this release any more; never seen outside of this part."""


class Attempt:
    """What a loader is given, and what is known of its work.

    Attributes:
        desired: what is loaded.
    """

    def __init__(self, desired: Desired, progress: Callable[[], None]) -> None:
        self.desired = desired
        self._progress = progress
        self._off = threading.Event()

    def step(self, count: int) -> None:
        """Say that so many bytes came, or that there are none yet.

        Raises:
            CalledOff: nobody waits for them.
        """
        if self._off.is_set():
            raise CalledOff
        if count:
            self._progress()

    def wait(self, seconds: float) -> None:
        """Sleep.

        Raises:
            CalledOff: it was in vain.
        """
        if self._off.wait(seconds):
            raise CalledOff

    def call_off(self) -> None:
        """End it, at its next step."""
        self._off.set()


Load = Callable[[Attempt], Classifier]
"""Loads a release; in a thread of its own."""
