"""What came of one invocation so far; in the end, the log is told."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from ..problem import Problem
from .log import Invocation
from .settings import Settings


@dataclass(slots=True)
class Account:
    """The account of an invocation.

    Attributes:
        request: the invocation's id.
        sender: the kind of the event.
        cold: whether it is the first of this process.
        release: which release answered.
        timings: the steps of each image that was classified, in milliseconds.
        problems: what went wrong.
        started: on the clock of `time.perf_counter`.
    """

    request: str
    sender: str
    cold: bool
    release: str | None = None
    timings: list[Mapping[str, float]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    started: float = field(default_factory=time.perf_counter)

    def problem(self, found: Problem) -> Problem:
        """Note a problem, and give it back."""
        self.problems.append(found)
        return found

    def closed(self, settings: Settings) -> Invocation:
        """Close the account."""
        return Invocation(
            at=time.time(),
            request=self.request,
            sender=self.sender,
            model=settings.model,
            stage=settings.stage,
            release=self.release,
            cold=self.cold,
            duration=(time.perf_counter() - self.started) * 1000,
            timings=tuple(self.timings),
            problems=tuple(self.problems),
        )
