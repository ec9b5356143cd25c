r"""A release's id, from the content of its sources alone.

The same sources, compiled with the same options, have the same id on every machine and in every
version. File names, times, and what made the release do not matter; only a shard's name does, by
which another source refers to it. The id is the first 32 hex digits (128 bits) of SHA-256 over
this text, in UTF-8:

    understudy release 1\n
    <role> <sha256 of the file's bytes, 64 hex digits>\n       for each source, sorted by role
    shard <the same of a shard> <its name>\n                   for each shard, sorted by name
    options <the compile options as canonical JSON>\n

Canonical JSON has sorted keys, no spaces, and ASCII only. 128 bits, because sources come from
strangers: nobody shall find two sets with the same id. People are shown the first 12 digits.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from enum import StrEnum

from ..errors import InputError

ID_DIGITS = 32
SHORT_DIGITS = 12

_ID = re.compile(rf"[0-9a-f]{{{ID_DIGITS}}}")
_PREFIX = re.compile(rf"[0-9a-f]{{4,{ID_DIGITS}}}")
_SHA256 = re.compile(r"[0-9a-f]{64}")


class Role(StrEnum):
    """What a source is to the release. Of `SHARD` there may be several, told apart by names."""

    ARCHITECTURE = "architecture"
    WEIGHTS = "weights"
    MODEL = "model"
    METADATA = "metadata"
    SHARD = "shard"
    LABELS = "labels"
    PREPROCESS = "preprocess"
    GOLDENS = "goldens"


def release_id(
    sources: Mapping[Role, str],
    options: Mapping[str, object],
    shards: Mapping[str, str] | None = None,
) -> str:
    """Give the id for sources and compile options.

    Args:
        sources: role -> SHA-256; no shards.
        options: plain JSON values.
        shards: name -> SHA-256.
    """
    canonical = json.dumps(options, sort_keys=True, separators=(",", ":"), allow_nan=False)
    lines = [
        "understudy release 1",
        *(f"{role} {sources[role]}" for role in sorted(sources)),
        *(f"{Role.SHARD} {sha256} {name}" for name, sha256 in sorted((shards or {}).items())),
        f"options {canonical}",
    ]
    text = "".join(f"{line}\n" for line in lines)
    return hashlib.sha256(text.encode()).hexdigest()[:ID_DIGITS]


def short_id(release: str) -> str:
    """Give the first digits of an id, which are enough for people."""
    return release[:SHORT_DIGITS]


def is_release_id(text: str) -> bool:
    """Whether this is a whole id."""
    return _ID.fullmatch(text) is not None


def is_sha256(text: str) -> bool:
    """Whether this is a SHA-256 in hex digits, as we write it."""
    return _SHA256.fullmatch(text) is not None


def check_prefix(text: str) -> str:
    """Give the beginning of an id back; `InputError` when it is none."""
    if _PREFIX.fullmatch(text) is None:
        raise InputError(
            f"{text!r} is not a release's id, nor the beginning of one",
            hint=f"give 4 to {ID_DIGITS} of its digits, 0-9 and a-f",
        )
    return text
