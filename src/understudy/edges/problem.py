"""Why a question got no answer: as a value, for HTTP as RFC 9457 problem details."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..errors import ImageError, InputError, NotFoundError, StoreError, TooLargeError

TITLES: Mapping[int, str] = {
    400: "Bad Request",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    413: "Content Too Large",
    415: "Unsupported Media Type",
    422: "Unprocessable Content",
    500: "Internal Server Error",
    503: "Service Unavailable",
}

RETRY_SECONDS = 2
"""What `Retry-After` says."""

OF_AN_ERROR: tuple[tuple[type[Exception], int], ...] = (
    (ImageError, 422),
    (TooLargeError, 413),
    (NotFoundError, 422),
    (StoreError, 503),
    (InputError, 400),
)
"""The status of an error that came up for one image; the first that fits, and 500 otherwise."""


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong.

    Attributes:
        status: of HTTP.
        detail: one line for people.
        hint: what they can do.
        headers: that HTTP wants with this status.
    """

    status: int
    detail: str
    hint: str
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def temporary(self) -> bool:
        """Whether the same question may be answered later."""
        return self.status == 503

    def to_json(self) -> dict[str, Any]:
        """The problem details of RFC 9457, with the hint as an extension."""
        return {
            "type": "about:blank",
            "title": TITLES[self.status],
            "status": self.status,
            "detail": self.detail,
            "hint": self.hint,
        }

    def to_error(self) -> dict[str, Any]:
        """The problem in the shape that `understudy classify --json` gives errors."""
        return {"what": self.detail, "hint": self.hint, "status": self.status}


def problem_of(error: Exception) -> Problem:
    """What an error is to whoever asked; the words of a bug of ours stay in the log."""
    what, hint = getattr(error, "what", None), getattr(error, "hint", None)
    if not isinstance(what, str) or not isinstance(hint, str):
        return Problem(500, "something went wrong here", "the log says what")
    status = next((status for kind, status in OF_AN_ERROR if isinstance(error, kind)), 500)
    return not_ready(what, hint) if status == 503 else Problem(status, what, hint)


def not_ready(what: str, hint: str) -> Problem:
    """What cannot be answered now, and may be soon."""
    return Problem(503, what, hint, {"retry-after": str(RETRY_SECONDS)})
