"""Downloads in parts, several at once, all of one version of the object."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING

import obstore
from obstore import exceptions as failures

from ..errors import StoreError
from .disk import appearing
from .objects import etag_of
from .waiting import Work

if TYPE_CHECKING:
    from obstore import GetOptions, GetResult
    from obstore.store import ObjectStore

CHUNK = 64 * 1024
"""Bytes that are counted at a time. Smaller ones cost time, larger ones look like a dead line."""


class ReplacedError(Exception):
    """What was downloaded so far belongs to a version that is gone."""


def download(
    store: ObjectStore, key: str, path: Path, work: Work, *, part: int, at_once: int
) -> str:
    """Write an object to a file, which appears whole or not at all; gives its etag.

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
        offsets = iter(range(part, size, part))
        failed: SimpleQueue[BaseException] = SimpleQueue()

        def fetch_others() -> None:
            try:
                for offset in offsets:
                    if not failed.empty():
                        return
                    end = min(offset + part, size)
                    options: GetOptions = {"range": (offset, end), "if_match": etag}
                    with _of_one_version():
                        answer = obstore.get(store, key, options=options)
                    _write(target, offset, end - offset, answer, work)
            except BaseException as error:
                failed.put(error)
                if not isinstance(error, Exception):
                    raise

        others = [
            threading.Thread(target=fetch_others, name="understudy-download", daemon=True)
            for _ in range(min(at_once, -(-size // part)) - 1)
        ]
        for thread in others:
            thread.start()
        try:
            _write(target, 0, min(part, size), found, work)
            del found
            fetch_others()
        except BaseException as error:
            failed.put(error)
        for thread in others:
            thread.join()
        if not failed.empty():
            raise failed.get()
    return etag


def _write(path: Path, offset: int, count: int, answer: GetResult, work: Work) -> None:
    # A file of its own: this thread may outlive the download that was given up.
    with path.open("r+b") as file:
        file.seek(offset)
        left = count
        for chunk in _chunks(answer):
            work.step(len(chunk))
            left -= file.write(memoryview(chunk)[:left])
            if not left:
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
