"""A store in a folder of this machine: a key is a path, an object is a plain file.

The rules it keeps, beside the port's:

- Files are written aside, flushed to disk and renamed into place, under a lock that all processes
  share. The lock and the unfinished files live in `.understudy/`, which is no part of the store.
- An etag is made of inode, time and size, so that a listing reads no content. Under the lock each
  version of a file gets a later time than the one before, in the file system's own resolution:
  therefore no two versions of an object have the same etag, and compare-and-swap is sound.
- Symbolic links inside the folder are neither followed nor listed: nothing outside is reachable.
- Reading makes nothing: no folder, no lock. A folder that does not exist yet is an empty store.

It does not build on obstore's LocalStore: that has no compare-and-swap, follows links out of the
folder, and does not flush.
"""

from __future__ import annotations

import builtins
import contextlib
import os
import shutil
import stat
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from ..errors import ConflictError, InputError, NotFoundError, StoreError, TooLargeError
from .disk import CHUNK, appearing, copy_hashed, explained, make_folders, sync
from .keys import WORKING_FOLDER, check_folder, check_key, is_key
from .port import GET_LIMIT, Downloaded, Entry, Object

LOCK_SECONDS = 30.0
"""How long a writer waits for the others. The lock is held for one rename, not for a copy."""

ABANDONED_SECONDS = 24 * 3600.0
"""After this long without a change, an unfinished file belongs to a process that was killed."""


class LocalStore:
    """A folder as a store; made on the first write."""

    def __init__(self, root: Path) -> None:
        self._root = Path(os.path.realpath(root))
        self._working = self._root / WORKING_FOLDER

    def describe(self) -> str:
        """Give the folder's path."""
        return str(self._root)

    def get(self, key: str) -> Object:
        """See the port."""
        with self._reading(key) as (file, found):
            return self._read(key, file, found)

    def get_if_changed(self, key: str, etag: str) -> Object | None:
        """See the port."""
        with self._reading(key) as (file, found):
            return None if _etag(found) == etag else self._read(key, file, found)

    def download(self, key: str, path: Path) -> Downloaded:
        """See the port; `ConflictError` when the file is changed in place meanwhile."""
        with self._reading(key) as (source, found), appearing(path) as target:
            digest = copy_hashed(iter(lambda: source.read(CHUNK), b""), target)
            self._check_unchanged(key, source, found)
            return Downloaded(_etag(found), digest)

    def read_range(self, key: str, start: int, stop: int) -> bytes:
        """See the port."""
        with self._reading(key) as (file, found), explained("read", self._root / key):
            if found.st_size < stop:
                raise StoreError(
                    f"{self._root / key} has {found.st_size} bytes, {stop} were expected",
                    hint="wait until it is written, and try again",
                )
            file.seek(start)
            data = file.read(stop - start)
            self._check_unchanged(key, file, found)
            return data

    def put(self, key: str, data: bytes) -> str:
        """See the port."""
        return self._write(key, lambda file: file.write(data))

    def put_file(self, key: str, path: Path) -> str:
        """See the port."""
        with explained("read", path):
            source = path.open("rb")
        with source:
            return self._write(key, lambda file: shutil.copyfileobj(source, file, CHUNK))

    def put_if(self, key: str, data: bytes, *, expected: str | None) -> str:
        """See the port."""

        def check(current: str | None) -> None:
            if current != expected:
                raise ConflictError(
                    f"{self._root / key} was changed by somebody else at the same time",
                    hint="look at what is there now, and try again",
                )

        return self._write(key, lambda file: file.write(data), check)

    def copy(self, source: str, target: str) -> str:
        """See the port; `ConflictError` when the source is changed in place meanwhile."""
        with self._reading(source) as (file, found):

            def fill(copy: BinaryIO) -> None:
                shutil.copyfileobj(file, copy, CHUNK)
                self._check_unchanged(source, file, found)

            return self._write(target, fill)

    def delete(self, key: str) -> None:
        """See the port. Folders stay, they are people's."""
        path = self.path(key)
        with explained("delete", path):
            if not path.is_file():
                return
            with self._locked():
                path.unlink(missing_ok=True)
                sync(path.parent)

    def list(self, folder: str) -> tuple[Entry, ...]:
        """See the port. Files whose names can be no keys, and special files, are left out."""
        entries = []
        for path, found in self._walk(folder):
            key = path.relative_to(self._root).as_posix()
            entries.append(Entry(key, found.st_size, _etag(found), found.st_mtime))
        return tuple(sorted(entries, key=lambda entry: entry.key))

    def list_folders(self, folder: str) -> tuple[str, ...]:
        """See the port."""
        top = self.path(folder) if check_folder(folder) else self._root
        names = [entry.name for entry in self._scan(top) if entry.is_dir(follow_symlinks=False)]
        keys = {name: f"{folder}/{name}" if folder else name for name in names}
        return tuple(
            name
            for name in sorted(names)
            if is_key(keys[name]) and next(self._walk(keys[name]), None) is not None
        )

    def path(self, key: str) -> Path:
        """Where an object, or a folder of objects, is on this machine's disk.

        Raises:
            InputError: it goes through a symbolic link.
        """
        path = self._root / check_key(key)
        if os.path.realpath(path) != str(path):
            raise InputError(
                f"{path} is or goes through a symbolic link, which a store does not follow",
                hint="replace the link by a copy of what it points to",
            )
        return path

    @contextlib.contextmanager
    def _reading(self, key: str) -> Iterator[tuple[BinaryIO, os.stat_result]]:
        path = self.path(key)
        with explained("read", path):
            try:
                # Looked at before it is opened: opening a named pipe would wait for its writer.
                file = path.open("rb") if stat.S_ISREG(path.lstat().st_mode) else None
            except (FileNotFoundError, NotADirectoryError):
                file = None
        if file is None:
            raise NotFoundError(
                f"there is no {key} in {self._root}", hint="check the name and the store"
            )
        with file:
            yield file, os.fstat(file.fileno())

    def _read(self, key: str, file: BinaryIO, found: os.stat_result) -> Object:
        if found.st_size > GET_LIMIT:
            raise TooLargeError(
                f"{self._root / key} has {found.st_size} bytes, more than the {GET_LIMIT}"
                " that are read at once",
                hint="something large was stored under a small file's name; look at it",
            )
        with explained("read", self._root / key):
            data = file.read(GET_LIMIT)
            self._check_unchanged(key, file, found)
        return Object(data, _etag(found))

    def _check_unchanged(self, key: str, file: BinaryIO, found: os.stat_result) -> None:
        if _etag(os.fstat(file.fileno())) != _etag(found):
            raise ConflictError(
                f"{self._root / key} was changed while it was read",
                hint="wait until it is written, and try again",
            )

    def _write(
        self,
        key: str,
        fill: Callable[[BinaryIO], object],
        check: Callable[[str | None], None] = lambda _: None,
    ) -> str:
        path = self.path(key)
        with explained("write", path), self._unfinished() as part:
            with part.open("xb") as file:
                fill(file)
                file.flush()
                os.fsync(file.fileno())
            make_folders(path.parent)
            with self._locked():
                before = path.lstat() if path.exists() else None
                check(None if before is None else _etag(before))
                etag = _stamp(part, before)
                part.replace(path)
            sync(path.parent)
            return etag

    @contextlib.contextmanager
    def _unfinished(self) -> Iterator[Path]:
        make_folders(self._working)
        for old in self._working.glob("*.part"):
            with contextlib.suppress(OSError):
                if time.time() - old.stat().st_mtime > ABANDONED_SECONDS:
                    old.unlink()
        part = self._working / f"{os.getpid()}.{os.urandom(8).hex()}.part"
        try:
            yield part
        finally:
            part.unlink(missing_ok=True)

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        from filelock import FileLock, Timeout  # a tenth of a second that only writers pay

        self._working.mkdir(exist_ok=True)
        lock = FileLock(self._working / "lock", timeout=LOCK_SECONDS, poll_interval=0.002)
        try:
            with lock:
                yield
        except Timeout as error:
            raise StoreError(
                f"{self._root} has been locked by another process for {LOCK_SECONDS:.0f} s",
                hint="look for an understudy process that hangs, and end it",
            ) from error

    def _walk(self, folder: str) -> Iterator[tuple[Path, os.stat_result]]:
        folders = [self.path(folder) if check_folder(folder) else self._root]
        while folders:
            for entry in self._scan(folders.pop()):
                path = Path(entry.path)
                if not is_key(path.relative_to(self._root).as_posix()):
                    continue
                with contextlib.suppress(FileNotFoundError):  # removed since it was listed
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(path)
                    elif entry.is_file(follow_symlinks=False):
                        yield path, path.lstat()

    def _scan(self, folder: Path) -> builtins.list[os.DirEntry[str]]:
        with explained("list", folder):
            try:
                with os.scandir(folder) as entries:
                    return [*entries]
            except FileNotFoundError:
                return []
            except NotADirectoryError:
                if folder == self._root:
                    raise
                return []


def _etag(found: os.stat_result) -> str:
    return f"{found.st_ino:x}-{found.st_mtime_ns:x}-{found.st_size:x}"


def _stamp(part: Path, before: os.stat_result | None) -> str:
    """Give the file a time after the previous version's; gives its etag.

    The steps are for file systems that round: to microseconds, to one second, to two (FAT).
    """
    previous = -1 if before is None else before.st_mtime_ns
    wanted = max(time.time_ns(), previous + 1)
    for step in (0, 1_000, 1_000_000, 1_000_000_000, 2_000_000_000):
        os.utime(part, ns=(wanted + step, wanted + step))
        if part.stat().st_mtime_ns > previous:
            break
    return _etag(part.stat())
