"""Patience: how long a folder has to stay as it is before its files are taken as they are.

People's tools write one file after the other, and not all at once. When the last one was written
is seen here by looking, not by the store's clock, which may be another.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

QUIET_SECONDS = 0.5
"""A folder in which nothing changed for this long is taken as it is."""

REMOVAL_QUIET_SECONDS = 30.0
"""The same, when files were only taken away: a folder that is being moved looks like this."""


@dataclass
class Patience:
    """Since when each folder looks as it does."""

    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    quiet: float = QUIET_SECONDS
    removal_quiet: float = REMOVAL_QUIET_SECONDS
    _since: dict[str, tuple[str, float]] = field(default_factory=dict)

    def left(self, folder: str, basis: str, seconds: float) -> float:
        """How long the folder has to stay as it is until it was quiet for so many seconds."""
        known, since = self._since.get(folder, ("", 0.0))
        if known != basis:
            since = self.clock()
            self._since[folder] = (basis, since)
        return max(0.0, since + seconds - self.clock())
