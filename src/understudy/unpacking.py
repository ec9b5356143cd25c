"""The packages that a bundle brings in a zip, unpacked where a function may write.

They are unpacked once for all processes that have this folder:

- Nobody sees half of them. They are unpacked under another name, and the folder gets its own name,
  the SHA-256 of the zip, when it is whole.
- One process unpacks at a time: it holds a lock that the system takes back when it ends, however it
  ends. What is half unpacked when the lock is free was left by a process that was killed.
- The zip is compared with its hash, and each file with its checksum when it is unpacked.
- A folder in which a file is missing, or has another size, is not used, but made anew.
"""

from __future__ import annotations

import errno
import json
import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from .errors import UnderstudyError

INDEX = "packages.json"
ZIP = "packages.zip"
"""Both are in the bundle, at its top."""

FOLDER = "understudy-packages"
PARTIAL = "partial"
LOCK = "lock"

BLOCK = 4096
"""Bytes: files take whole blocks, and a folder at least one."""

PIECE = 1 << 20

NO_ROOM = (errno.ENOSPC, errno.EDQUOT)


class PackagesError(UnderstudyError):
    """The packages cannot be unpacked."""


@dataclass(frozen=True, slots=True)
class Index:
    """What the bundle says of its zip.

    Attributes:
        handler: the module of the function's own handler.
        sha256: of the zip.
        files: the bytes of each file that is in it.
    """

    handler: str
    sha256: str
    files: Mapping[str, int]

    @property
    def room(self) -> int:
        """Bytes that the files take on a disk."""
        folders = {path.rpartition("/")[0] for path in self.files}
        return BLOCK * (len(folders) + sum(-(-size // BLOCK) for size in self.files.values()))


def read_index(bundle: Path) -> Index:
    """Read what the bundle in a folder says."""
    said = json.loads((bundle / INDEX).read_bytes())
    return Index(said["handler"], said["sha256"], said["files"])


def unpack(bundle: Path, index: Index, scratch: Path) -> Path:
    """Unpack the packages of a bundle, unless they are already there.

    Args:
        bundle: the folder of the bundle.
        index: what it says.
        scratch: the folder below which they are unpacked; it must have `index.room` bytes.

    Returns:
        the folder that Python shall look in.

    Raises:
        PackagesError: there is no room for them, or the zip is damaged.
    """
    folder = scratch / FOLDER
    tree = folder / index.sha256
    try:
        _own(folder)
        if _is_whole(tree, index):
            return tree
        with _locked(folder / LOCK):
            if not _is_whole(tree, index):
                _remove(folder / PARTIAL)
                _remove(tree)
                _check_room(scratch, index)
                _unpack(bundle / ZIP, folder / PARTIAL, index)
                (folder / PARTIAL).rename(tree)
    except OSError as error:
        if error.errno in NO_ROOM:
            raise _no_room(scratch, index) from None
        raise PackagesError(
            f"the packages cannot be unpacked below {scratch}: {error.strerror or error}",
            hint="the function must be able to write there",
        ) from error
    return tree


def _own(folder: Path) -> None:
    """Make a folder that nobody else can write: what is in it will be run."""
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o022:
        raise PackagesError(
            f"{folder} is not a folder of this user alone, so what is in it is not trusted",
            hint="remove it, or name another folder in TMPDIR",
        )


def _is_whole(tree: Path, index: Index) -> bool:
    if not tree.is_dir():
        return False
    place = f"{tree}{os.sep}"
    try:
        return all(os.stat(place + path).st_size == size for path, size in index.files.items())  # noqa: PTH116 a tenth of the time that a Path takes
    except OSError:
        return False


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold the lock; wait for whoever holds it."""
    import fcntl  # here, because only Unix has it

    with path.open("wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _check_room(scratch: Path, index: Index) -> None:
    if _free(scratch) < index.room:
        raise _no_room(scratch, index)


def _free(scratch: Path) -> int:
    disk = os.statvfs(scratch)
    return disk.f_bavail * disk.f_frsize


def _no_room(scratch: Path, index: Index) -> PackagesError:
    free, room = _free(scratch) // 10**6, -(-index.room // 10**6)
    return PackagesError(
        f"there is no room for the packages: they take {room:,} MB, and {scratch} has"
        f" {free:,} MB free",
        hint="give the function more ephemeral storage, or let it keep less there",
    )


def _unpack(archive: Path, folder: Path, index: Index) -> None:
    """Unpack a zip into a new folder, which is gone again if that fails."""
    from zipfile import BadZipFile, ZipFile  # here: a warm process needs none of these

    try:
        if _hash(archive) != index.sha256:
            raise BadZipFile("it is not the one that was built")
        with ZipFile(archive) as zipped:
            for info in zipped.infolist():
                path = folder / info.filename
                path.parent.mkdir(parents=True, exist_ok=True)
                with zipped.open(info) as source, path.open("wb") as target:
                    while piece := source.read(PIECE):
                        target.write(piece)
    except BadZipFile as error:
        _remove(folder)
        raise PackagesError(
            f"{archive.name} of the bundle is damaged: {error}", hint="deploy the bundle again"
        ) from None
    except BaseException:
        _remove(folder)
        raise


def _hash(path: Path) -> str:
    from hashlib import file_digest

    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def _remove(folder: Path) -> None:
    if folder.exists():
        from shutil import rmtree

        rmtree(folder)
