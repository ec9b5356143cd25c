"""Downloads in parts, several at once, all of one version of the object."""

from __future__ import annotations

import contextlib
import hashlib
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING

import obstore
from obstore import exceptions as failures

from ..errors import StoreError
from .disk import appearing
from .objects import etag_of
from .port import Downloaded
from .waiting import Work

if TYPE_CHECKING:
    from obstore import GetOptions, GetResult
    from obstore.store import ObjectStore

CHUNK = 64 * 1024
"""Bytes that are counted at a time. Smaller ones cost time, larger ones look like a dead line."""


HASHED = 1024 * 1024
"""Bytes that are hashed at a time."""

ASK_SECONDS = 0.1
"""How soon hashing ends after a failure."""


@dataclass(frozen=True, slots=True)
class _Part:
    """The bytes from `start` up to `stop`, and whether they are in the file."""

    start: int
    stop: int
    written: threading.Event = field(default_factory=threading.Event)


class ReplacedError(Exception):
    """What was downloaded so far belongs to a version that is gone."""


def download(
    store: ObjectStore, key: str, path: Path, work: Work, *, part: int, at_once: int
) -> Downloaded:
    """Write an object to a file, which appears whole or not at all, and hash it as it comes.

    The first request asks for the whole object: it tells the size and the etag, and its answer is
    read up to the end of the first part. The other parts are asked for with that etag.

    Raises:
        ReplacedError: the object was replaced or deleted meanwhile.
    """
    found = obstore.get(store, key)
    size, etag = found.meta["size"], etag_of(found.meta)
    with appearing(path) as file:
        file.truncate(size)
        file.flush()
        target = Path(file.name)
        parts = [_Part(start, min(start + part, size)) for start in range(0, size, part)]
        others = iter(parts[1:])
        failed: SimpleQueue[BaseException] = SimpleQueue()

        def fetch_others() -> None:
            try:
                for other in others:
                    if not failed.empty():
                        return
                    options: GetOptions = {"range": (other.start, other.stop), "if_match": etag}
                    with _of_one_version():
                        answer = obstore.get(store, key, options=options)
                    _write(target, other, answer, work)
            except BaseException as error:
                failed.put(error)
                if not isinstance(error, Exception):
                    raise

        threads = [
            threading.Thread(target=fetch_others, name="understudy-download", daemon=True)
            for _ in range(min(at_once, len(parts)) - 1)
        ]
        digest = hashlib.sha256()

        def hash_parts() -> None:
            try:
                _hash(target, parts, failed, digest)
            except Exception as error:
                failed.put(error)

        threads.append(threading.Thread(target=hash_parts, name="understudy-hash", daemon=True))
        for thread in threads:
            thread.start()
        try:
            for first in parts[:1]:
                _write(target, first, found, work)
            del found
            fetch_others()
        except BaseException as error:
            failed.put(error)
        for thread in threads:
            thread.join()
        if not failed.empty():
            raise failed.get()
    return Downloaded(etag, digest.hexdigest())


def _hash(
    path: Path, parts: Sequence[_Part], failed: SimpleQueue[BaseException], digest: hashlib._Hash
) -> None:
    """Hash all parts in their order, each as soon as it is there; ends early after a failure."""
    with path.open("rb") as file:
        for part in parts:
            while not part.written.wait(ASK_SECONDS):
                if not failed.empty():
                    return
            left = part.stop - part.start
            while chunk := file.read(min(left, HASHED)):
                digest.update(chunk)
                left -= len(chunk)


def _write(path: Path, part: _Part, answer: GetResult, work: Work) -> None:
    # A file of its own: this thread may outlive the download that was given up.
    with path.open("r+b", buffering=0) as file:
        file.seek(part.start)
        left = part.stop - part.start
        for chunk in _chunks(answer):
            work.step(len(chunk))
            left -= file.write(memoryview(chunk)[:left])
            if not left:
                part.written.set()
                return
    if left:
        raise StoreError(
            "the store sent less than it announced",
            hint="check the network, then try again",
        )


def _chunks(answer: GetResult) -> Iterator[bytes]:
    with _of_one_version():  # obstore asks again, with the etag, when a connection breaks
        yield from answer.stream(CHUNK)


@contextlib.contextmanager
def _of_one_version() -> Iterator[None]:
    try:
        yield
    except (FileNotFoundError, failures.PreconditionError) as error:
        raise ReplacedError from error
