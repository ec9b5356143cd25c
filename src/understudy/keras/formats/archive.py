"""Zips from strangers: their members, checked before one byte of them is unpacked.

Refused are: names that lead outside, two members of one name, links, encrypted members, packing
that Keras does not use, members that claim to expand more than real ones do, and too many of
them. Nothing is written to the disk. A member that is stored, not packed, is a view of the zip.
"""

from __future__ import annotations

import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from ...errors import ModelFileError
from ...files import Buffer, BufferFile

MAX_MEMBERS = 20_000
MAX_EXPANSION = 100
"""Weights do not shrink to a hundredth; what does is a bomb, from `SMALL` on."""

SMALL = 64 << 20
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_HINT = "give the file as it was saved or downloaded"


@dataclass(frozen=True, slots=True)
class Archive:
    """A zip whose members were checked.

    Attributes:
        name: what to call it in errors.
        data: the whole zip.
        members: by name; folders are not among them.
    """

    name: str
    data: Buffer
    members: dict[str, zipfile.ZipInfo]

    def read(self, member: str) -> Buffer:
        """A member's content, its checksum compared.

        Raises:
            ModelFileError: it is damaged.
        """
        info = self.members[member]
        with _explained(self.name):
            if info.compress_type == zipfile.ZIP_STORED:
                return _view(info, self.data)
            with zipfile.ZipFile(BufferFile(self.data)) as archive, archive.open(info) as source:
                content = source.read(info.file_size)
            if len(content) != info.file_size:
                raise zipfile.BadZipFile(f"{member} is shorter than it claims")
            return content


def open_archive(name: str, data: Buffer) -> Archive:
    """Read a zip's index and check every member.

    Raises:
        ModelFileError: it is damaged, or has members that no model's zip has.
    """
    members: dict[str, zipfile.ZipInfo] = {}
    with _explained(name), zipfile.ZipFile(BufferFile(data)) as archive:
        infos = archive.infolist()
    if len(infos) > MAX_MEMBERS:
        raise ModelFileError(f"{name} has {len(infos):,} members, too many", hint=_HINT)
    for info in infos:
        problem = _problem(info, len(data))
        if problem is None and info.filename in members:
            problem = "is there twice"
        if problem is not None:
            raise ModelFileError(f"{name}: its member {info.filename!r} {problem}", hint=_HINT)
        if not info.is_dir():
            members[info.filename] = info
    return Archive(name, data, members)


def _problem(info: zipfile.ZipInfo, size: int) -> str | None:
    """Why a member cannot be taken."""
    name = info.filename
    parts = name.removesuffix("/").split("/")
    if name.startswith("/") or "\\" in name or ":" in parts[0] or {"", ".", ".."} & set(parts):
        return "has a name that leads outside of the zip"
    if "\0" in info.orig_filename:
        return "has a name with a zero byte in it"
    if stat.S_ISLNK(info.external_attr >> 16):
        return "is a link"
    if info.flag_bits & 0x1:
        return "is encrypted"
    if info.compress_type not in _METHODS:
        return f"is packed with method {info.compress_type}, not with deflate"
    if info.compress_size > size or info.header_offset >= size:
        return "lies beyond the end of the zip"
    if info.compress_type == zipfile.ZIP_STORED and info.file_size != info.compress_size:
        return "claims another size than it has"
    if info.file_size > max(SMALL, MAX_EXPANSION * info.compress_size):
        return f"claims to expand to {info.file_size:,} bytes"
    return None


def _view(info: zipfile.ZipInfo, data: Buffer) -> Buffer:
    # The local header's own name and extra field may be longer than the index says.
    header = bytes(data[info.header_offset : info.header_offset + 30])
    if header[:4] != b"PK\x03\x04":
        raise zipfile.BadZipFile(f"{info.filename} does not begin where the index says")
    name_length, extra_length = struct.unpack_from("<HH", header, 26)
    start = info.header_offset + 30 + name_length + extra_length
    content = memoryview(data)[start : start + info.file_size]
    if len(content) != info.file_size or zlib.crc32(content) != info.CRC:
        raise zipfile.BadZipFile(f"the checksum of {info.filename} does not fit")
    return content


@contextmanager
def _explained(name: str) -> Iterator[None]:
    """Turn whatever a damaged zip leads `zipfile` to into an error of ours."""
    try:
        yield
    except ModelFileError:
        raise
    except zipfile.BadZipFile as error:
        raise ModelFileError(
            f"{name} is a damaged zip: {_first_lower(str(error))}",
            hint="copy or download the file again",
        ) from None
    except (
        NotImplementedError,
        RuntimeError,
        EOFError,
        OSError,
        ValueError,
        KeyError,
        IndexError,
        OverflowError,
        zlib.error,
        struct.error,
    ) as error:
        raise ModelFileError(
            f"{name} is a zip that cannot be read: {_first_lower(str(error))}", hint=_HINT
        ) from error


def _first_lower(text: str) -> str:
    return text[:1].lower() + text[1:]
