"""Releases on this machine's disk: copies of what a store holds, within a bound.

    <folder>/lock                          held while room is made
    <folder>/<id>.<content>.<bytes>/       one release, its files as in the store
    <folder>/<id>.<content>.<bytes>/lock   shared by all who use the release

The rules it keeps:

- A folder's name says whose copy it is, and how many bytes it has when it is whole: so the bound
  holds for copies that are still under way, too. `content` is of the files' hashes, because two
  versions of understudy make different files of the same sources.
- Room is made by removing the releases that were used least recently, but never one that any
  process uses. A process that is killed uses nothing any more: the locks are the system's.
- A folder is removed under another name, so that nobody finds half of one.

The locks are those of POSIX systems. On others one process at a time may use a cache.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from ..errors import StoreError
from ..store.disk import explained, linked, sync
from .download import part_of
from .manifest import Manifest

if sys.platform != "win32":
    import fcntl

LOCK = "lock"
WAIT_SECONDS = 0.05

_COPY = re.compile(r"[0-9a-f]{32}\.[0-9a-f]{16}\.([0-9]+)")
_REMOVED = ".removed"

Fetch = Callable[[Path], None]
"""Brings what is missing of a release to its folder."""


class Copy:
    """A release's folder that stays while this is open."""

    def __init__(self, folder: Path, lock: BinaryIO) -> None:
        self.folder = folder
        self._lock = lock

    def close(self) -> None:
        """Let it be removed when room is needed."""
        with contextlib.suppress(OSError):
            os.utime(self.folder)
        self._lock.close()


@dataclass(frozen=True, slots=True)
class Cache:
    """A folder that holds at most `limit` bytes of releases. It is made when it is needed."""

    folder: Path
    limit: int

    def open(self, manifest: Manifest, fetch: Fetch, wait: Callable[[float], object]) -> Copy:
        """Give a release's folder, complete; what is not there is fetched.

        When another process fetches the same release, this one waits for it.

        Args:
            manifest: of the release.
            fetch: is called by one process at a time; what it raises comes out.
            wait: sleeps for some seconds; what it raises comes out, too.

        Raises:
            StoreError: the disk cannot be written, or the bound is too small.
        """
        path = self.folder / _name(manifest)
        copy = self._use(path, wait)
        try:
            with explained("write", path), _locked(path / "fetching", wait):
                fetch(path)
                os.utime(path)
        except BaseException:
            copy.close()
            raise
        return copy

    def keep(self, manifest: Manifest, folder: Path) -> None:
        """Take a release's files from a folder of this machine, where they were hashed.

        Raises:
            StoreError: the disk cannot be written, or the bound is too small.
        """

        def take(path: Path) -> None:
            for file in manifest.files:
                part = part_of(path / file.name)
                part.unlink(missing_ok=True)
                if not linked(folder / file.name, part):  # on another disk
                    shutil.copyfile(folder / file.name, part)
                sync(part)
                part.replace(path / file.name)
            sync(path)

        self.open(manifest, take, time.sleep).close()

    def _use(self, path: Path, wait: Callable[[float], object]) -> Copy:
        with explained("write", path):
            self.folder.mkdir(parents=True, exist_ok=True)
            with _locked(self.folder / LOCK, wait):
                if not path.is_dir():
                    self._make_room(path)
                    path.mkdir()
                lock = (path / LOCK).open("ab")
                # Nobody holds it otherwise: whoever removes does so under the folder's lock.
                _flock(lock, shared=True)
                return Copy(path, lock)

    def _make_room(self, path: Path) -> None:
        """Remove old copies until one with this name fits in."""
        needed = _bytes(path)
        for left in self.folder.glob(f"*{_REMOVED}"):  # by a process that was killed
            shutil.rmtree(left, ignore_errors=True)
        copies = {found: _bytes(found) for found in self.folder.iterdir() if _is_copy(found)}
        used = sum(copies.values())
        for old in sorted(copies, key=lambda copy: copy.stat().st_mtime_ns):
            if used + needed <= self.limit:
                return
            if _remove(old):
                used -= copies[old]
        if used + needed > self.limit:
            in_use = f", and {used} are in use" if used else ""
            raise StoreError(
                f"a release of {needed} bytes does not fit into the cache {self.folder}:"
                f" it is bounded to {self.limit} bytes{in_use}",
                hint=f"allow it {used + needed} bytes or more, in UNDERSTUDY_CACHE_BYTES",
            )


def _name(manifest: Manifest) -> str:
    files = "".join(f"{file.sha256} {file.name}\n" for file in manifest.files)
    content = hashlib.sha256(files.encode()).hexdigest()[:16]
    return f"{manifest.id}.{content}.{sum(file.size for file in manifest.files)}"


def _is_copy(path: Path) -> bool:
    return _COPY.fullmatch(path.name) is not None


def _bytes(path: Path) -> int:
    return int(path.name.rpartition(".")[2])


def _remove(copy: Path) -> bool:
    """Remove a copy that nobody uses; gives whether it is gone."""
    with contextlib.suppress(OSError):
        with (copy / LOCK).open("ab") as lock:
            if not _flock(lock):
                return False
        # Nobody begins to use it meanwhile: that is done under the folder's lock, which we have.
        gone = copy.rename(copy.with_name(f"{copy.name}.{os.urandom(4).hex()}{_REMOVED}"))
        shutil.rmtree(gone, ignore_errors=True)
        return True
    return False


@contextlib.contextmanager
def _locked(path: Path, wait: Callable[[float], object]) -> Iterator[None]:
    with path.open("ab") as lock:
        while not _flock(lock):
            wait(WAIT_SECONDS)
        yield


def _flock(file: BinaryIO, *, shared: bool = False) -> bool:
    """Lock the file until it is closed; gives False while another has it."""
    if sys.platform != "win32":
        try:
            fcntl.flock(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True
