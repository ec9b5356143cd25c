"""Dollars for measured durations. Pure.

Lambda bills each invocation, and memory times the time that it runs, in steps of a millisecond. Not
in here: the free tier, the first events of an environment (cold starts), logs, and data that leaves
AWS.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from ..build.target import Arch
from ..errors import InputError
from .prices import GIGABYTE_SECOND, INVOCATION

MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Cost:
    """What a million classifications cost, in US dollars.

    Attributes:
        compute: memory times time.
        invocations: the fee for each.
    """

    compute: float
    invocations: float

    @property
    def total(self) -> float:
        """Both."""
        return self.compute + self.invocations


def cost(milliseconds: float, memory: int, arch: Arch) -> Cost:
    """What a million classifications cost, one an invocation.

    Args:
        milliseconds: the mean duration of an invocation.
        memory: of the function, in MB.
        arch: of the function.

    Raises:
        InputError: there is no such duration.
    """
    if not (math.isfinite(milliseconds) and milliseconds > 0):
        raise InputError(f"{milliseconds} ms is no duration", hint="give milliseconds, such as 42")
    seconds = milliseconds / 1000
    return Cost(MILLION * seconds * memory / 1024 * GIGABYTE_SECOND[arch], MILLION * INVOCATION)
