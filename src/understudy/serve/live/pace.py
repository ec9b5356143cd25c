"""How often to look, and how long to leave alone what failed. Pure; all times are in seconds."""

from __future__ import annotations

from dataclasses import dataclass

from ...errors import StoreError


@dataclass(frozen=True, slots=True)
class Pace:
    """The settings, with their defaults.

    Attributes:
        poll: between two looks at the pointer.
        longest_poll: the same while the store is down: twice as long each time, up to this.
        retry: until a release is tried again that the store or the disk did not give; twice as
            long each time.
        longest_retry: up to this.
        refused: until a release is tried again that was damaged or failed its self-test. That it
            was mended in the store moves no pointer.
        cold: without any progress for this long, whoever waits for the first release gets an error.
    """

    poll: float = 1.0
    longest_poll: float = 10.0
    retry: float = 1.0
    longest_retry: float = 30.0
    refused: float = 600.0
    cold: float = 30.0

    def until_poll(self, failures: int, chance: float) -> float:
        """Until the next look, after so many that failed in a row.

        `chance`, 0 to 1, shortens it by up to a fifth: many processes shall not ask in step.
        """
        grown = self.poll * 2.0 ** min(failures, 30)
        return min(grown, max(self.poll, self.longest_poll)) * (1 - chance / 5)

    def until_retry(self, error: Exception, attempts: int) -> float:
        """Until the next attempt, after so many that failed in a row, the last with `error`."""
        if not isinstance(error, StoreError):
            return self.refused
        return min(self.retry * 2.0 ** min(attempts - 1, 30), self.longest_retry)
