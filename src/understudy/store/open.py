"""From what a person writes to a store: a path, `file:///…` or `memory://`.

A scheme is a row in a table. The adapters are imported by the row that needs them, because a
local store needs no obstore, and imports are cold-start time.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote, urlsplit

from ..errors import InputError
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
    opener = _SCHEMES.get(scheme.lower())
    if opener is None:
        known = ", ".join(f"{name}://" for name in _SCHEMES)
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


def _home(path: str) -> Path:
    try:
        return Path(path).expanduser()
    except RuntimeError as error:
        raise InputError(
            f"{path} begins with a home directory that is not known",
            hint="write the path without `~`",
        ) from error


_SCHEMES: dict[str, Callable[[str, str], Store]] = {"file": _file, "memory": _memory}
