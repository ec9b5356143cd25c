"""The port: the few things that are asked of an object store.

The rules that every adapter keeps, and that `tests/store/test_conformance.py` proves:

- A key is a path of `/`-separated segments (`keys` says which). A folder is a key too; `""` is
  the whole store. Folders exist only as far as there are objects in them.
- A reader sees an object whole, as one writer wrote it, or not at all.
- An object's etag changes whenever its bytes change. It means nothing else, and `get`, `download`,
  `list` and the writing calls agree on it. The same bytes may have the same etag: S3 makes it of
  the content.
- `put_if` is compare-and-swap: of several writers that expect the same etag, one succeeds. Who
  must not be fooled by a value that comes back writes no value twice: a pointer has its history.
- `download`, `put_file` and `copy` need the same memory for 1 KB and for 10 GB. `get` is for
  small objects and refuses what is larger than `GET_LIMIT`.
- Only the errors of `understudy.errors` come out.

The port refuses to know what is stored.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

GET_LIMIT = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Object:
    """An object's bytes, and the etag they were read with."""

    data: bytes
    etag: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a listing.

    Attributes:
        key: the whole key.
        size: in bytes.
        etag: of the object.
        modified: when it was written, in seconds since 1970, by the store's clock.
    """

    key: str
    size: int
    etag: str
    modified: float = field(default=0.0, compare=False)


@dataclass(frozen=True, slots=True)
class Downloaded:
    """An object that was written to a local file.

    Attributes:
        etag: of the object.
        sha256: of what was written, in hexadecimal.
    """

    etag: str
    sha256: str


class Store(Protocol):
    """An object store: a folder, a bucket, or this process's memory.

    Every call raises `StoreError` when the store cannot be reached, read or written, and
    `InputError` for a key that `keys.check_key` refuses.
    """

    def describe(self) -> str:
        """Say where the store is, in words for people."""
        ...

    def get(self, key: str) -> Object:
        """Give the object; `NotFoundError` when there is none, `TooLargeError` over `GET_LIMIT`."""
        ...

    def get_if_changed(self, key: str, etag: str) -> Object | None:
        """Give the object, or None while it has this etag; `NotFoundError` when there is none."""
        ...

    def download(self, key: str, path: Path) -> Downloaded:
        """Write the object to a local file, which appears whole or not at all, and hash it."""
        ...

    def read_range(self, key: str, start: int, stop: int) -> bytes:
        """Give the bytes from `start` up to, not including, `stop`; there is at least one.

        `NotFoundError` when there is no object, `StoreError` when it has not all of them.
        """
        ...

    def put(self, key: str, data: bytes) -> str:
        """Write the object, whatever was there; gives the new etag."""
        ...

    def put_file(self, key: str, path: Path) -> str:
        """Write a local file's content as the object; gives the new etag."""
        ...

    def put_if(self, key: str, data: bytes, *, expected: str | None) -> str:
        """Write the object if its etag is `expected`, or if it does not exist for None.

        Gives the new etag. `ConflictError` when somebody else was first.

        The answer of a store that is far away may be lost. When the object was written, the call
        finds that out and succeeds, unless somebody has replaced it since: then it is a
        `ConflictError` too. After any other error it is not known whether it was written. So who
        writes an entry of a history looks for that entry before writing it again.
        """
        ...

    def copy(self, source: str, target: str) -> str:
        """Copy an object inside the store; gives the new etag; `NotFoundError` without source."""
        ...

    def delete(self, key: str) -> None:
        """Remove the object; it is no error when there is none."""
        ...

    def list(self, folder: str) -> tuple[Entry, ...]:
        """Give all objects below the folder, at any depth, sorted by key."""
        ...

    def list_folders(self, folder: str) -> tuple[str, ...]:
        """Give the names of the folders directly in this one that hold any object, sorted.

        A folder that holds none may be among them, where another tool made it or the server keeps
        it for a while.
        """
        ...
