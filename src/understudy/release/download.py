"""A file of a release comes from a store to this machine's disk.

The rules it keeps:

- Pieces are read side by side and written in their order. The length of the unfinished `.part`
  file is the progress: whoever comes after a broken connection, or after a process that was
  killed, goes on from there.
- The file gets its name only after it was compared with its SHA-256 and flushed to disk. When it
  differs, it is read once more from the beginning, and then refused.
- Memory is bounded by the pieces that are under way.

One process at a time may bring a file; `cache` sees to that.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, wait
from functools import partial
from pathlib import Path
from typing import BinaryIO

from ..errors import ReleaseError, StoreError
from ..store.disk import CHUNK, explained, sync
from ..store.port import Store
from ..store.waiting import begin
from .manifest import HINT, File

PIECE = 2 * 1024 * 1024
CONNECTIONS = 6
ASK_SECONDS = 0.1

Progress = Callable[[int], None]
"""Is told the bytes that came, and 0 while none come. What it raises ends the download; what came
is kept."""


def fetch_file(
    store: Store, key: str, file: File, target: Path, what: str, progress: Progress
) -> None:
    """Bring the object to the path `target`; `what` it is, an error says.

    Raises:
        StoreError: the store or the disk failed; what came is kept for the next time.
        ReleaseError: the object is not what the manifest says.
    """
    part = part_of(target)
    for _ in range(2):
        with explained("write", part):
            digest = _complete(store, key, file, part, progress)
            if digest == file.sha256:
                sync(part)
                part.replace(target)
                sync(target.parent)
                return
            part.unlink()
    raise ReleaseError(f"{what} is damaged: its content is not what was written", hint=HINT)


def part_of(target: Path) -> Path:
    """Where a file is while it is not whole."""
    return target.with_name(f"{target.name}.part")


def _complete(store: Store, key: str, file: File, part: Path, progress: Progress) -> str:
    """Append what is missing; gives the SHA-256 of the whole."""
    part.parent.mkdir(parents=True, exist_ok=True)
    with part.open("a+b") as target:
        if target.tell() > file.size:
            target.truncate(0)
        digest = _digest(target)
        starts = range(target.tell(), file.size, PIECE)
        ranges = [(start, min(start + PIECE, file.size)) for start in starts]
        pieces = _pieces(lambda start, stop: store.read_range(key, start, stop), ranges, progress)
        for (start, stop), piece in zip(ranges, pieces, strict=True):
            if len(piece) != stop - start:
                raise StoreError(
                    f"{store.describe()} gave {len(piece)} bytes of {key}, more were asked for",
                    hint="check the store, then try again",
                )
            target.write(piece)
            digest.update(piece)
            progress(len(piece))
        target.flush()
    return digest.hexdigest()


def _pieces(
    read: Callable[[int, int], bytes], ranges: Iterable[tuple[int, int]], progress: Progress
) -> Iterator[bytes]:
    """Give the pieces in their order, a few of them read at once.

    When nobody asks any more, those that are under way are left alone: a line may be so slow that
    waiting for them would take minutes, and the end of the process must not.
    """
    waiting: deque[Future[bytes]] = deque()
    for start, stop in ranges:
        waiting.append(begin(partial(read, start, stop), "understudy-fetch"))
        if len(waiting) == CONNECTIONS:
            yield _piece(waiting.popleft(), progress)
    while waiting:
        yield _piece(waiting.popleft(), progress)


def _piece(reading: Future[bytes], progress: Progress) -> bytes:
    while not wait([reading], ASK_SECONDS).done:
        progress(0)
    return reading.result()


def _digest(target: BinaryIO) -> hashlib._Hash:
    """Read what is there already; the position is at the end then."""
    digest = hashlib.sha256()
    target.seek(0)
    while chunk := target.read(CHUNK):
        digest.update(chunk)
    return digest
