"""Lambda's limits on a function's code, and how much room a bundle leaves.

From the AWS Lambda developer guide, "Lambda quotas": 50 MB for a zip in a direct upload, and 250 MB
unzipped, which includes all layers. Both are powers of two there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .plan import Size


@dataclass(frozen=True, slots=True)
class Limit:
    """One limit.

    Attributes:
        name: of what.
        zipped: whether it counts the zip, or what is in it.
        most: bytes.
        hint: what to do when a bundle is larger.
    """

    name: str
    zipped: bool
    most: int
    hint: str


LIMITS: tuple[Limit, ...] = (
    Limit(
        "zip, uploaded directly", True, 50 * 1024**2, "upload it to a bucket and deploy it there"
    ),
    Limit("unzipped, with all layers", False, 262_144_000, "leave packages out of it"),
)


@dataclass(frozen=True, slots=True)
class Margin:
    """How much room a bundle leaves.

    Attributes:
        limit: which limit.
        used: bytes.
    """

    limit: Limit
    used: int

    @property
    def left(self) -> int:
        """Bytes; negative when the bundle is too large."""
        return self.limit.most - self.used


def margins(size: Size, limits: Sequence[Limit] = LIMITS) -> tuple[Margin, ...]:
    """How much room a bundle of this size leaves under each limit."""
    return tuple(Margin(one, size.zipped if one.zipped else size.plain) for one in limits)
