"""What is asked: one image, and how many labels. Read from JSON and from a query.

{"image": "<base64>", "name": "blood.jpg", "top_k": 3}
{"s3": "s3://photos/blood.jpg"}
"""

from __future__ import annotations

import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .problem import Problem

DEFAULT_TOP_K = 5
KEYS = ("image", "s3", "name", "top_k")
HINT = 'send {"image": "<base64>"} or {"s3": "s3://bucket/key"}, with "top_k" and "name" if needed'

_PLAIN = str.maketrans("-_", "+/", " \t\r\n")


@dataclass(frozen=True, slots=True)
class ObjectUrl:
    """An object in S3."""

    bucket: str
    key: str

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.key}"

    def is_below(self, folder: ObjectUrl) -> bool:
        """Whether it is in a folder, or is that object; a key of "" is the whole bucket."""
        key = folder.key.rstrip("/")
        return self.bucket == folder.bucket and (
            not key or self.key == key or self.key.startswith(f"{key}/")
        )


@dataclass(frozen=True, slots=True)
class Task:
    """One image to classify.

    Attributes:
        image: the file's bytes, or where they are.
        name: what the answer calls it.
        top_k: how many labels.
    """

    image: bytes | ObjectUrl
    name: str | int = 0
    top_k: int = DEFAULT_TOP_K


def parse_url(text: str) -> ObjectUrl | None:
    """Read `s3://bucket` or `s3://bucket/key`; None if it is neither."""
    bucket, _, key = text.removeprefix("s3://").partition("/")
    return ObjectUrl(bucket, key) if text.startswith("s3://") and bucket else None


def parse_task(
    said: Mapping[str, Any], top_k: int = DEFAULT_TOP_K, name: int = 0
) -> Task | Problem:
    """Read a question from JSON; `top_k` and `name` hold where it says none."""
    unknown = [str(key) for key in said if key not in KEYS]
    if unknown:
        return Problem(400, f"{unknown[0]!r} is not known here", HINT)
    if ("image" in said) == ("s3" in said):
        return Problem(400, "one of `image` and `s3` is needed, and not both", HINT)
    wanted = parse_top_k(said.get("top_k", top_k))
    if isinstance(wanted, Problem):
        return wanted
    image = _image(said["image"]) if "image" in said else _url(said["s3"])
    if isinstance(image, Problem):
        return image
    called = said.get("name", str(image) if isinstance(image, ObjectUrl) else name)
    if not isinstance(called, str | int):
        return Problem(400, "`name` is neither text nor a number", HINT)
    return Task(image, called, wanted)


def parse_top_k(said: object) -> int | Problem:
    """Read how many labels are wanted, from a number or its digits."""
    if isinstance(said, str) and said.isascii() and said.isdigit() and len(said) < 10:
        said = int(said)
    if isinstance(said, bool) or not isinstance(said, int) or said < 1:
        return Problem(400, "`top_k` is no whole number from 1 on", "ask for 1 label or more")
    return said


def parse_base64(text: str) -> bytes | None:
    """Decode base64: plain, URL-safe, in lines, without padding, or in a `data:` URL."""
    if text.startswith("data:"):
        text = text.partition(",")[2]
    digits = text.translate(_PLAIN).rstrip("=")
    try:
        return binascii.a2b_base64(digits + "=" * (-len(digits) % 4), strict_mode=True)
    except ValueError:
        return None


def _image(said: object) -> bytes | Problem:
    found = parse_base64(said) if isinstance(said, str) else None
    return Problem(400, "`image` is not base64", HINT) if found is None else found


def _url(said: object) -> ObjectUrl | Problem:
    found = parse_url(said) if isinstance(said, str) else None
    if found is None or not found.key:
        return Problem(400, "`s3` is no URL of an object", "write s3://bucket/key")
    return found
