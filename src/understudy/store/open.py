"""From what a person writes to a store: a path, `file:///…`, `s3://…` or `memory://`.

A scheme is a row in a table. The adapters are imported by the row that needs them, because a
local store needs no obstore, and imports are cold-start time.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote, urlsplit

from ..errors import InputError
from .keys import check_folder
from .local import LocalStore
from .port import Store


def open_store(url: str) -> Store:
    """Give the store at `url`; nothing is read or made yet.

    `memory://` is a new, empty store each time. A path may begin with `~`.

    Raises:
        InputError: the scheme is not known, or the rest does not fit it.
    """
    if not url or "\0" in url:
        raise InputError(f"{url!r} names no store", hint="give a folder, such as ./models")
    scheme, separator, rest = url.partition("://")
    if not separator:
        return LocalStore(_home(url))
    opener = SCHEMES.get(scheme.lower())
    if opener is None:
        known = ", ".join(f"{name}://" for name in SCHEMES)
        raise InputError(
            f"stores of the kind {scheme}:// are not known (in {url})",
            hint=f"give a folder, such as ./models, or one of {known}",
        )
    return opener(url, rest)


def _file(url: str, _: str) -> Store:
    parts = urlsplit(url)
    if parts.netloc not in ("", "localhost") or len(parts.path) < 2 or parts.query:
        raise InputError(
            f"{url} is not the URL of a folder on this machine",
            hint="write file:///path/to/folder, with three slashes",
        )
    return LocalStore(Path(unquote(parts.path)))


def _memory(url: str, rest: str) -> Store:
    if rest.strip("/"):
        raise InputError(f"{url} names a place in a memory store", hint="write memory:// alone")
    from .memory import MemoryStore

    return MemoryStore()


def _s3(url: str, rest: str) -> Store:
    bucket, _, prefix = rest.partition("/")
    prefix = prefix.strip("/")
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{1,254}", bucket):
        raise InputError(f"{url} names no bucket", hint="write s3://bucket or s3://bucket/prefix")
    check_folder(prefix)
    from .aws import settings
    from .s3 import S3Store

    return S3Store(bucket, prefix, settings(os.environ))


def _home(path: str) -> Path:
    try:
        return Path(path).expanduser()
    except RuntimeError as error:
        raise InputError(
            f"{path} begins with a home directory that is not known",
            hint="write the path without `~`",
        ) from error


SCHEMES: dict[str, Callable[[str, str], Store]] = {
    "file": _file,
    "s3": _s3,
    "memory": _memory,
}
