"""A zip whose bytes depend on its files alone: sorted, without times, with two permissions.

The same files give the same zip wherever zlib is the same one. Each file is compressed once, and
that is how its zipped size is known.
"""

from __future__ import annotations

import hashlib
import stat
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from .plan import Size

TIME = (1980, 1, 1, 0, 0, 0)
"""The first that a zip can hold."""

UNIX = 3
LEVEL = 9

HEADERS = 30 + 46
"""Bytes of a file's two headers in a zip, without its name, which is in both."""


def write_zip(path: Path, files: Mapping[str, Path]) -> dict[str, Size]:
    """Write a zip.

    Args:
        path: the zip.
        files: what goes into it: where each is, by its path in the zip.

    Returns:
        the size of each file; their sum is the whole zip, but for some bytes.
    """
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=LEVEL) as archive:
        for name in sorted(files):
            archive.writestr(_entry(name, files[name]), files[name].read_bytes())
        return {
            info.filename: Size(
                info.compress_size + HEADERS + 2 * len(info.filename.encode()), info.file_size
            )
            for info in archive.infolist()
        }


def _entry(name: str, path: Path) -> zipfile.ZipInfo:
    executable = path.stat().st_mode & stat.S_IXUSR
    info = zipfile.ZipInfo(name, TIME)
    info.create_system = UNIX
    info.external_attr = (stat.S_IFREG | (0o755 if executable else 0o644)) << 16
    info.compress_type = zipfile.ZIP_DEFLATED
    return info


def extract_zip(path: Path, folder: Path) -> None:
    """Unpack a zip into a folder in which nobody may write afterwards, as on Lambda."""
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            Path(archive.extract(info, folder)).chmod((info.external_attr >> 16) & 0o555)
    for inner in [folder, *_folders(folder)]:
        inner.chmod(0o555)


def remove_read_only(folder: Path) -> None:
    """Let a folder be written, and so removed, again."""
    folder.chmod(0o755)
    for inner in _folders(folder):
        inner.chmod(0o755)


def _folders(folder: Path) -> Iterable[Path]:
    for inner in folder.iterdir():
        if inner.is_dir() and not inner.is_symlink():
            yield inner
            yield from _folders(inner)


def digest(path: Path) -> str:
    """The SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
