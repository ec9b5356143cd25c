"""Files at the rim: open them as read-only memory, write them so that nobody sees half.

The pure parts take buffers and give bytes; this module is where these meet the disk.
It knows nothing of what the files hold.
"""

from __future__ import annotations

import io
import mmap
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

from .errors import InputError

Buffer = bytes | memoryview


def map_file(path: Path) -> Buffer:
    """The file's content as read-only memory, mapped, so that only what is touched is read.

    Raises:
        InputError: the file is missing, a folder, or cannot be read.
    """
    try:
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_size == 0:
                return b""
            return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    except FileNotFoundError:
        raise InputError(
            f"there is no file {path}", hint="check the path; names are case sensitive"
        ) from None
    except IsADirectoryError:
        raise InputError(
            f"{path} is a folder, a file is needed", hint="name the file inside it"
        ) from None
    except (OSError, ValueError) as error:
        raise InputError(
            f"{path} cannot be read: {reason(error)}", hint="check its permissions"
        ) from error


def write_file(path: Path, pieces: Iterable[Buffer]) -> None:
    """Write `pieces` to `path` through a temporary file beside it, and rename it into place.

    A reader sees the old file or the whole new one, whenever this is interrupted.

    Raises:
        InputError: the folder cannot be made or written.
    """
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        with os.fdopen(descriptor, "wb") as file:
            for piece in pieces:
                file.write(piece)
        Path(temporary).chmod(0o666 & ~_umask())
        Path(temporary).replace(path)
        temporary = None
    except OSError as error:
        raise InputError(
            f"{path} cannot be written: {reason(error)}",
            hint="choose another folder, or check its permissions and the free space",
        ) from error
    finally:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)


class BufferFile(io.RawIOBase):
    """A file-like view of a buffer; it has no descriptor, so a reader can reach nothing else."""

    def __init__(self, data: Buffer) -> None:
        self._data = memoryview(data)
        self._position = 0

    def readable(self) -> bool:
        """Always."""
        return True

    def seekable(self) -> bool:
        """Always."""
        return True

    def tell(self) -> int:
        """Where the next read starts."""
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move to `offset` from the start, the position or the end."""
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: len(self._data)}
        self._position = max(0, start[whence] + offset)
        return self._position

    def read(self, size: int | None = -1) -> bytes:
        """At most `size` bytes from the position on."""
        end = len(self._data) if size is None or size < 0 else self._position + size
        piece = bytes(self._data[self._position : end])
        self._position += len(piece)
        return piece


def reason(error: BaseException) -> str:
    """Why it failed, in the system's words, without numbers and paths."""
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return text[0].lower() + text[1:]


def _umask() -> int:
    current = os.umask(0o022)
    os.umask(current)
    return current
