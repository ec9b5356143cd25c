"""Every store that obstore speaks to and that has conditional writes of its own.

An adapter is this class with one of obstore's stores in it; what obstore raises becomes our
errors here and nowhere else. It refuses to know which store it is, but for the words.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import obstore
from obstore import exceptions as failures

from ..errors import ConflictError, NotFoundError, StoreError, TooLargeError
from .disk import CHUNK, appearing, copy_hashed, explained
from .keys import check_folder, check_key, is_key
from .port import GET_LIMIT, Downloaded, Entry, Object

if TYPE_CHECKING:
    from obstore import GetOptions, GetResult, ObjectMeta, PutResult
    from obstore.store import ObjectStore

DENIED = (failures.PermissionDeniedError, failures.UnauthenticatedError)
COUNTED = 32 * 1024
"""Bytes that are counted at a time while an object is read."""

_FAILED = (failures.BaseError, OSError, ValueError, NotImplementedError)


class _NotModified(Exception):
    """The object still has the etag that was given."""


class ObstoreStore:
    """One of obstore's stores, as our port."""

    def __init__(self, store: ObjectStore, where: str) -> None:
        self._store = store
        self._where = where

    def describe(self) -> str:
        """Give the store's URL."""
        return self._where

    def get(self, key: str) -> Object:
        """See the port."""
        return self._read(check_key(key), {})

    def get_if_changed(self, key: str, etag: str) -> Object | None:
        """See the port."""
        return self._read_if_changed(check_key(key), etag)

    def download(self, key: str, path: Path) -> Downloaded:
        """See the port."""
        with self._explained("read", check_key(key)):
            found = obstore.get(self._store, key)
            with appearing(path) as file:
                digest = copy_hashed(found.stream(min_chunk_size=CHUNK), file)
            return Downloaded(etag_of(found.meta), digest)

    def read_range(self, key: str, start: int, stop: int) -> bytes:
        """See the port."""
        return self._read_range(check_key(key), start, stop)

    def put(self, key: str, data: bytes) -> str:
        """See the port."""
        with self._explained("write", check_key(key)):
            return etag_of(obstore.put(self._store, key, data))

    def put_file(self, key: str, path: Path) -> str:
        """See the port."""
        with explained("read", path):
            file = path.open("rb")
        with file, self._explained("write", check_key(key)):
            return etag_of(obstore.put(self._store, key, file))

    def put_if(self, key: str, data: bytes, *, expected: str | None) -> str:
        """See the port."""
        with self._explained("write", check_key(key)):
            try:
                if expected is None:
                    return etag_of(obstore.put(self._store, key, data, mode="create"))
                version: obstore.UpdateVersion = {"e_tag": expected}
                return etag_of(obstore.put(self._store, key, data, mode=version))
            except (
                failures.AlreadyExistsError,
                failures.PreconditionError,
                FileNotFoundError,  # what S3 says of a replacement when there is nothing
            ) as error:
                raise self._conflict(key) from error

    def copy(self, source: str, target: str) -> str:
        """See the port."""
        return self._copy(self._store, check_key(source), check_key(target))

    def delete(self, key: str) -> None:
        """See the port."""
        self._delete(self._store, check_key(key))

    def list(self, folder: str) -> tuple[Entry, ...]:
        """See the port."""
        with self._explained("list", check_folder(folder)):
            found = [
                Entry(meta["path"], meta["size"], etag_of(meta), meta["last_modified"].timestamp())
                for page in obstore.list(self._store, folder or None)
                for meta in page
                if self._is_object(meta)
            ]
        return tuple(sorted(found, key=lambda entry: entry.key))

    def list_folders(self, folder: str) -> tuple[str, ...]:
        """See the port."""
        with self._explained("list", check_folder(folder)):
            found = obstore.list_with_delimiter(self._store, folder or None)["common_prefixes"]
        return tuple(sorted(key.rpartition("/")[2] for key in found if is_key(key)))

    def _copy(self, store: ObjectStore, source: str, target: str) -> str:
        with self._explained("copy", source):
            obstore.copy(store, source, target)
            return etag_of(obstore.head(self._store, target))

    def _delete(self, store: ObjectStore, key: str) -> None:
        with self._explained("delete", key), contextlib.suppress(FileNotFoundError):
            obstore.delete(store, key)

    def _read_if_changed(
        self, key: str, etag: str, step: Callable[[int], None] = lambda _: None
    ) -> Object | None:
        try:
            return self._read(key, {"if_none_match": etag}, step)
        except _NotModified:
            return None

    def _read(
        self, key: str, options: GetOptions, step: Callable[[int], None] = lambda _: None
    ) -> Object:
        """Read an object as a whole; `step` hears of the bytes as they come."""
        with self._explained("read", key):
            try:
                found = obstore.get(self._store, key, options=options)
            except failures.NotModifiedError as error:
                raise _NotModified from error
            size = found.meta["size"]
            if size > GET_LIMIT:
                raise TooLargeError(
                    f"{key} in {self._where} has {size} bytes, more than the {GET_LIMIT}"
                    " that are read at once",
                    hint="something large was stored under a small file's name; look at it",
                )
            return Object(_collect(found, step), etag_of(found.meta))

    def _read_range(
        self, key: str, start: int, stop: int, step: Callable[[int], None] = lambda _: None
    ) -> bytes:
        with self._explained("read", key):
            options: GetOptions = {"range": (start, stop)}
            data = _collect(obstore.get(self._store, key, options=options), step)
            if len(data) != stop - start:
                raise ValueError(f"{stop - start} bytes were asked for, {len(data)} came")
            return data

    def _is_object(self, meta: ObjectMeta) -> bool:
        return is_key(meta["path"])

    def _conflict(self, key: str) -> ConflictError:
        return ConflictError(
            f"{key} in {self._where} was changed by somebody else at the same time",
            hint="look at what is there now, and try again",
        )

    @contextlib.contextmanager
    def _explained(self, action: str, key: str) -> Iterator[None]:
        try:
            yield
        except _FAILED as error:
            why = self._why(error)
            if why is None:
                raise NotFoundError(
                    f"there is no {key} in {self._where}", hint="check the name and the store"
                ) from error
            what = f"{key} in {self._where}" if key else self._where
            raise StoreError(f"cannot {action} {what}: {why[0]}", hint=why[1]) from error

    def _why(self, error: Exception) -> tuple[str, str] | None:
        """Why a call failed, and what to do; None when there is no such object."""
        if isinstance(error, FileNotFoundError):
            return None
        if isinstance(error, DENIED):
            hint = "check the credentials, and what they are allowed to do"
            return "permission denied", hint
        # obstore's text goes on with a dump of Rust structures.
        said = str(error).partition("\n")[0]
        return said, "check that the store is there and can be reached, then try again"


def _collect(found: GetResult, step: Callable[[int], None]) -> bytes:
    data = bytearray()
    for chunk in found.stream(COUNTED):
        step(len(chunk))
        data += chunk
    return bytes(data)


def etag_of(answer: ObjectMeta | PutResult) -> str:
    """Give the etag in what obstore answered; `StoreError` when the store has none."""
    etag = answer["e_tag"]
    if etag is None:
        raise StoreError(
            "the store gives no etags, which every change of a pointer needs",
            hint="use a store that has them: a folder, or S3 and what is compatible with it",
        )
    return etag
