"""Lambda's limits on a function's code, and how much room a bundle leaves.

From the AWS Lambda developer guide, "Lambda quotas": 50 MB for a zip in a direct upload, and 250 MB
unzipped, which includes all layers; 10,240 MB for /tmp, which has 512 MB when nothing is set. All
are powers of two there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

MIB = 1024**2

DEFAULT_TMP = 512 * MIB
"""Bytes of /tmp that a function has when its ephemeral storage is not set."""


@dataclass(frozen=True, slots=True)
class Limit:
    """One limit.

    Attributes:
        name: of what.
        most: bytes.
        hint: what to do when a bundle is larger.
        final: whether there is no way around it.
    """

    name: str
    most: int
    hint: str
    final: bool = True


UPLOAD = Limit(
    "uploaded directly", 50 * MIB, "upload it to a bucket, and deploy it from there", final=False
)
UNZIPPED = Limit(
    "unzipped, with all layers",
    250 * MIB,
    "leave packages out of it, or build it with --zip-dependencies",
)
TMP = Limit("unpacked in /tmp", 10_240 * MIB, "leave packages out of it")

LIMITS: tuple[Limit, ...] = (UPLOAD, UNZIPPED, TMP)


@dataclass(frozen=True, slots=True)
class Margin:
    """How much room a bundle leaves.

    Attributes:
        limit: which limit.
        used: bytes.
        of: which zip; empty for all of them.
    """

    limit: Limit
    used: int
    of: str = ""

    @property
    def name(self) -> str:
        """What is limited."""
        return ", ".join(filter(None, (self.of, self.limit.name)))

    @property
    def left(self) -> int:
        """Bytes; negative when the bundle is too large."""
        return self.limit.most - self.used


def margins(zips: Mapping[str, int], unzipped: int, unpacked: int = 0) -> tuple[Margin, ...]:
    """How much room a bundle leaves under each limit.

    Args:
        zips: the bytes of each zip, by what it is.
        unzipped: the bytes of what is in all of them.
        unpacked: the bytes that the function needs in /tmp.
    """
    found = [Margin(UPLOAD, size, name) for name, size in zips.items()]
    found.append(Margin(UNZIPPED, unzipped))
    return (*found, *([Margin(TMP, unpacked)] if unpacked else []))
