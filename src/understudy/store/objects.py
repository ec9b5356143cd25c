"""Every store that obstore speaks to and that has conditional writes of its own.

An adapter is this class with one of obstore's stores in it; what obstore raises becomes our
errors here and nowhere else. It refuses to know which store it is, but for the words.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import obstore
from obstore import exceptions as failures

from ..errors import ConflictError, NotFoundError, StoreError
from .disk import CHUNK, appearing, explained
from .keys import check_folder, check_key, is_key
from .port import GET_LIMIT, Entry, Object

if TYPE_CHECKING:
    from obstore import GetResult, ObjectMeta, PutResult
    from obstore.store import ObjectStore

_DENIED = (failures.PermissionDeniedError, failures.UnauthenticatedError)
_FAILED = (failures.BaseError, OSError, ValueError, NotImplementedError)


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
        with self._explained("read", check_key(key)):
            return self._read(key, obstore.get(self._store, key))

    def get_if_changed(self, key: str, etag: str) -> Object | None:
        """See the port."""
        with self._explained("read", check_key(key)):
            try:
                return self._read(
                    key, obstore.get(self._store, key, options={"if_none_match": etag})
                )
            except failures.NotModifiedError:
                return None

    def download(self, key: str, path: Path) -> str:
        """See the port."""
        with self._explained("read", check_key(key)):
            found = obstore.get(self._store, key)
            with appearing(path) as file:
                for chunk in found.stream(min_chunk_size=CHUNK):
                    file.write(chunk)
            return _etag(found.meta)

    def put(self, key: str, data: bytes) -> str:
        """See the port."""
        with self._explained("write", check_key(key)):
            return _etag(obstore.put(self._store, key, data))

    def put_file(self, key: str, path: Path) -> str:
        """See the port."""
        with explained("read", path):
            file = path.open("rb")
        with file, self._explained("write", check_key(key)):
            return _etag(obstore.put(self._store, key, file))

    def put_if(self, key: str, data: bytes, *, expected: str | None) -> str:
        """See the port."""
        with self._explained("write", check_key(key)):
            try:
                if expected is None:
                    return _etag(obstore.put(self._store, key, data, mode="create"))
                version: obstore.UpdateVersion = {"e_tag": expected}
                return _etag(obstore.put(self._store, key, data, mode=version))
            except (
                failures.AlreadyExistsError,
                failures.PreconditionError,
                FileNotFoundError,  # what S3 says of a replacement when there is nothing
            ) as error:
                raise ConflictError(
                    f"{key} in {self._where} was changed by somebody else at the same time",
                    hint="look at what is there now, and try again",
                ) from error

    def copy(self, source: str, target: str) -> str:
        """See the port."""
        with self._explained("copy", check_key(source)):
            obstore.copy(self._store, source, check_key(target))
            return _etag(obstore.head(self._store, target))

    def delete(self, key: str) -> None:
        """See the port."""
        with self._explained("delete", check_key(key)), contextlib.suppress(FileNotFoundError):
            obstore.delete(self._store, key)

    def list(self, folder: str) -> tuple[Entry, ...]:
        """See the port."""
        with self._explained("list", check_folder(folder)):
            found = [
                Entry(meta["path"], meta["size"], _etag(meta))
                for page in obstore.list(self._store, folder or None)
                for meta in page
                if is_key(meta["path"])
            ]
        return tuple(sorted(found, key=lambda entry: entry.key))

    def list_folders(self, folder: str) -> tuple[str, ...]:
        """See the port."""
        with self._explained("list", check_folder(folder)):
            found = obstore.list_with_delimiter(self._store, folder or None)["common_prefixes"]
        return tuple(sorted(key.rpartition("/")[2] for key in found if is_key(key)))

    def _read(self, key: str, found: GetResult) -> Object:
        size = found.meta["size"]
        if size > GET_LIMIT:
            raise StoreError(
                f"{key} in {self._where} has {size} bytes, more than the {GET_LIMIT}"
                " that are read at once",
                hint="something large was stored under a small file's name; look at it",
            )
        return Object(bytes(found.bytes()), _etag(found.meta))

    @contextlib.contextmanager
    def _explained(self, action: str, key: str) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError as error:
            raise NotFoundError(
                f"there is no {key} in {self._where}", hint="check the name and the store"
            ) from error
        except _DENIED as error:
            raise StoreError(
                f"cannot {action} {key} in {self._where}: permission denied",
                hint="check the credentials, and what they are allowed to do",
            ) from error
        except _FAILED as error:
            # obstore's text goes on with a dump of Rust structures.
            said = str(error).partition("\n")[0]
            raise StoreError(
                f"cannot {action} {key or 'the objects'} in {self._where}: {said}",
                hint="check that the store is there and can be reached, then try again",
            ) from error


def _etag(answer: ObjectMeta | PutResult) -> str:
    etag = answer["e_tag"]
    if etag is None:
        raise StoreError(
            "the store gives no etags, which every change of a pointer needs",
            hint="use a store that has them: a folder, or S3 and what is compatible with it",
        )
    return etag
