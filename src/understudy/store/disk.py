"""The disk of this machine: what its errors mean for a person, and files that appear whole.

Every file or folder that a store touches on this machine goes through here, so that `OSError`
stays inside the stores.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from ..errors import StoreError

CHUNK = 1024 * 1024
"""Bytes that are in memory at a time while a file is copied."""

_REASONS = {
    errno.ENOENT: ("there is no such file or directory", "check the path"),
    errno.EROFS: ("the file system is read-only", "choose a folder that can be written"),
    errno.EACCES: ("permission denied", "check who owns it, or choose another folder"),
    errno.EPERM: ("permission denied", "check who owns it, or choose another folder"),
    errno.ENOSPC: ("no space is left on the device", "make room, or choose another disk"),
    errno.EDQUOT: ("the disk quota is used up", "make room, or choose another disk"),
    errno.ENOTDIR: ("a part of the path is not a directory", "choose a path of directories"),
    errno.EEXIST: ("a part of the path is not a directory", "choose a path of directories"),
    errno.EISDIR: ("it is a directory", "move that directory away, or choose another folder"),
    errno.ENAMETOOLONG: ("the name is too long", "use a shorter name"),
}


@contextlib.contextmanager
def explained(action: str, path: Path) -> Iterator[None]:
    """Turn an `OSError` into a `StoreError` of one line: cannot `action` `path`, and why."""
    try:
        yield
    except OSError as error:
        said = error.strerror or str(error) or type(error).__name__
        reason, hint = _REASONS.get(
            error.errno or 0, (said[0].lower() + said[1:], "check the disk and try again")
        )
        raise StoreError(f"cannot {action} {path}: {reason}", hint=hint) from error


@contextlib.contextmanager
def appearing(path: Path) -> Iterator[BinaryIO]:
    """Open a file that appears at `path` when the block ends well, and leaves no trace else.

    Its folder is made. For files outside of stores, such as downloads: no `fsync`.
    """
    part = path.with_name(f"{path.name}.{os.getpid()}.{os.urandom(4).hex()}.part")
    try:
        with explained("write", path):
            path.parent.mkdir(parents=True, exist_ok=True)
            with part.open("xb") as file:
                yield file
            part.replace(path)
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)


def copy_hashed(pieces: Iterable[bytes], target: BinaryIO) -> str:
    """Write all pieces; gives the SHA-256 of the whole."""
    digest = hashlib.sha256()
    for piece in pieces:
        target.write(piece)
        digest.update(piece)
    return digest.hexdigest()


def linked(path: Path, target: Path) -> bool:
    """Give a file that nobody changes a second name; False where the disk cannot."""
    try:
        target.hardlink_to(path)
    except OSError:
        return False
    return True


@contextlib.contextmanager
def temporary_folder() -> Iterator[Path]:
    """Give a new folder that goes with all its files when the block ends."""
    with contextlib.ExitStack() as stack:
        with explained("make", Path("a temporary folder")):
            made = tempfile.TemporaryDirectory(prefix="understudy-", ignore_cleanup_errors=True)
        yield Path(stack.enter_context(made))


def make_folders(folder: Path) -> None:
    """Make the folder and its parents, durably: each new name is flushed to disk."""
    missing = [folder, *folder.parents]
    missing = missing[: next(i for i, path in enumerate(missing) if path.exists())]
    folder.mkdir(parents=True, exist_ok=True)
    for path in reversed(missing):
        sync(path.parent)


def sync(path: Path) -> None:
    """Flush a file, or the names in a folder, to disk, so that they outlive a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
