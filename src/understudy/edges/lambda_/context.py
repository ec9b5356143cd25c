"""What Lambda says of an invocation, besides the event."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def seconds_left(context: Any, spare: float) -> Callable[[], float]:
    """Tell how long the invocation may go on, but for `spare` seconds; for ever without Lambda."""
    left = getattr(context, "get_remaining_time_in_millis", None)
    if left is None:
        return lambda: float("inf")
    return lambda: float(left()) / 1000 - spare
