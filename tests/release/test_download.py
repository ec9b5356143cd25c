"""A file comes in pieces, goes on where it was broken off, and is compared at the end."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from understudy.errors import ReleaseError, StoreError
from understudy.release.download import CONNECTIONS, PIECE, fetch_file, part_of
from understudy.release.manifest import File
from understudy.store.local import LocalStore
from understudy.store.memory import MemoryStore

KEY = "model/weights.bin"
SIZES = [0, 1, PIECE - 1, PIECE, PIECE + 1, 5 * PIECE + 7]


class Ranges(MemoryStore):
    """A memory store that remembers what was read, and can be told what to do instead."""

    def __init__(self, data: bytes) -> None:
        super().__init__()
        self.put(KEY, data)
        self.starts: list[int] = []
        self.instead: Callable[[int, bytes], bytes] = lambda _, data: data

    def read_range(self, key: str, start: int, stop: int) -> bytes:
        data = super().read_range(key, start, stop)
        self.starts.append(start)
        return self.instead(start, data)


def content(size: int) -> bytes:
    return np.random.default_rng(size).bytes(size)


def file_of(data: bytes) -> File:
    return File("weights.bin", hashlib.sha256(data).hexdigest(), len(data))


def fetch(store: MemoryStore | LocalStore, data: bytes, target: Path, **more: object) -> None:
    progress = more.get("progress", lambda _: None)
    fetch_file(store, KEY, file_of(data), target, "the weights", progress)  # type: ignore[arg-type]


@pytest.mark.parametrize("size", SIZES)
def test_it_comes_whole(tmp_path: Path, size: int) -> None:
    data = content(size)
    target = tmp_path / "new" / "weights.bin"
    steps: list[int] = []
    fetch(Ranges(data), data, target, progress=steps.append)
    assert target.read_bytes() == data
    assert sum(steps) == size
    assert [path.name for path in target.parent.iterdir()] == ["weights.bin"]


@pytest.mark.parametrize("there", [1, PIECE, 2 * PIECE + 3, 5 * PIECE + 7])
def test_it_goes_on_where_it_was_broken_off(tmp_path: Path, there: int) -> None:
    data = content(5 * PIECE + 7)
    store, target = Ranges(data), tmp_path / "weights.bin"
    part_of(target).write_bytes(data[:there])
    fetch(store, data, target)
    assert target.read_bytes() == data
    assert min(store.starts, default=there) == there


def test_what_came_before_a_broken_connection_is_kept(tmp_path: Path) -> None:
    data = content(5 * PIECE + 7)
    store, target = Ranges(data), tmp_path / "weights.bin"

    def break_off(start: int, piece: bytes) -> bytes:
        if start >= 3 * PIECE:
            raise StoreError("connection reset", hint="try again")
        return piece

    store.instead = break_off
    with pytest.raises(StoreError, match="connection reset"):
        fetch(store, data, target)
    assert not target.exists()
    assert part_of(target).read_bytes() == data[: 3 * PIECE]
    store.starts.clear()
    store.instead = lambda _, piece: piece
    fetch(store, data, target)
    assert target.read_bytes() == data
    assert min(store.starts) == 3 * PIECE


def test_a_piece_that_is_too_short_is_not_taken(tmp_path: Path) -> None:
    data = content(2 * PIECE)
    store, target = Ranges(data), tmp_path / "weights.bin"
    store.instead = lambda start, piece: piece[: 5 if start else None]
    with pytest.raises(StoreError, match="gave 5 bytes"):
        fetch(store, data, target)
    assert part_of(target).read_bytes() == data[:PIECE]


@pytest.mark.parametrize("rest", [b"junk", content(5 * PIECE + 9)])
def test_a_part_that_is_junk_is_begun_again(tmp_path: Path, rest: bytes) -> None:
    data = content(2 * PIECE + 7)
    store, target = Ranges(data), tmp_path / "weights.bin"
    part_of(target).write_bytes(rest)
    fetch(store, data, target)
    assert target.read_bytes() == data


def test_a_bit_that_fell_over_on_the_way_is_fetched_again(tmp_path: Path) -> None:
    data = content(3 * PIECE)
    store, target = Ranges(data), tmp_path / "weights.bin"

    def turn_once(start: int, piece: bytes) -> bytes:
        again = store.starts.count(start) > 1
        return piece if again or start != PIECE else b"\0" + piece[1:]

    store.instead = turn_once
    fetch(store, data, target)
    assert target.read_bytes() == data
    assert sorted(store.starts) == [0, 0, PIECE, PIECE, 2 * PIECE, 2 * PIECE]


def test_what_is_not_what_was_written_is_refused(tmp_path: Path) -> None:
    data = content(PIECE + 1)
    store, target = Ranges(content(PIECE + 1)[:-1] + b"x"), tmp_path / "weights.bin"
    with pytest.raises(ReleaseError, match="the weights is damaged: its content is not"):
        fetch(store, data, target)
    assert list(tmp_path.iterdir()) == []
    assert len(store.starts) == 4


def test_several_pieces_are_under_way_at_once_but_not_all(tmp_path: Path) -> None:
    data = content(20 * PIECE)
    store = Ranges(data)
    lock, now, most = threading.Lock(), 0, 0

    def slowly(_: int, piece: bytes) -> bytes:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        time.sleep(0.02)
        with lock:
            now -= 1
        return piece

    store.instead = slowly
    fetch(store, data, tmp_path / "weights.bin")
    assert 1 < most <= CONNECTIONS


def test_it_can_be_called_off(tmp_path: Path) -> None:
    data = content(20 * PIECE)
    store, target = Ranges(data), tmp_path / "weights.bin"

    def enough(count: int) -> None:
        if count:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch(store, data, target, progress=enough)
    assert part_of(target).read_bytes() == data[:PIECE]
    assert len(store.starts) <= CONNECTIONS + 1


def test_it_can_be_called_off_while_nothing_comes(tmp_path: Path) -> None:
    """What is under way is not waited for, neither then nor at the end of the process."""
    data = content(20 * PIECE)
    store, target = Ranges(data), tmp_path / "weights.bin"
    go_on = threading.Event()

    def hang(_: int, piece: bytes) -> bytes:
        go_on.wait(60)
        return piece

    def enough(_: int) -> None:
        raise KeyboardInterrupt

    store.instead = hang
    with pytest.raises(KeyboardInterrupt):
        fetch(store, data, target, progress=enough)
    hanging = [thread for thread in threading.enumerate() if thread.name == "understudy-fetch"]
    assert len(hanging) == CONNECTIONS
    assert all(thread.daemon for thread in hanging)
    go_on.set()


def test_a_disk_that_cannot_be_written_is_our_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    data = content(3)
    with pytest.raises(StoreError, match=r"cannot write .*not a directory"):
        fetch(Ranges(data), data, tmp_path / "file" / "weights.bin")


SLOW = """
import sys, time
from pathlib import Path
from understudy.release.download import fetch_file
from understudy.release.manifest import File
from understudy.store.local import LocalStore

class Slow(LocalStore):
    def read_range(self, key, start, stop):
        time.sleep(0.05)
        return super().read_range(key, start, stop)

root, sha256, size, target = sys.argv[1:]
file = File("weights.bin", sha256, int(size))
fetch_file(Slow(Path(root)), "model/weights.bin", file, Path(target), "it", lambda _: None)
"""


def test_killed_again_and_again_it_comes_to_an_end(tmp_path: Path) -> None:
    data = content(60 * PIECE)
    file, target = file_of(data), tmp_path / "cache" / "weights.bin"
    LocalStore(tmp_path / "store").put(KEY, data)
    command = [sys.executable, "-c", SLOW, str(tmp_path / "store"), file.sha256, str(file.size)]
    before = 0
    for _ in range(3):
        process = subprocess.Popen([*command, str(target)])
        try:
            while process.poll() is None:
                part = part_of(target)
                if part.exists() and part.stat().st_size > before:
                    break
                time.sleep(0.005)
        finally:
            process.kill()
            process.wait()
        if target.exists():
            break
        assert part_of(target).stat().st_size > before
        before = part_of(target).stat().st_size
    subprocess.run([*command, str(target)], check=True)
    assert target.read_bytes() == data


FULL = """
import resource, sys
from pathlib import Path
from understudy.errors import StoreError
from understudy.release.download import fetch_file
from understudy.release.manifest import File
from understudy.store.local import LocalStore

resource.setrlimit(resource.RLIMIT_FSIZE, (3_000_000, 3_000_000))
root, sha256, size, target = sys.argv[1:]
file = File("weights.bin", sha256, int(size))
try:
    fetch_file(LocalStore(Path(root)), "model/weights.bin", file, Path(target), "it", lambda _: 0)
except StoreError as error:
    print(error.what)
"""


def test_a_disk_that_is_full_is_our_error_and_what_came_is_kept(tmp_path: Path) -> None:
    """The limit on the size of a file stands for the disk's: there is none that is full here."""
    data = content(3 * PIECE)
    file, target = file_of(data), tmp_path / "weights.bin"
    LocalStore(tmp_path / "store").put(KEY, data)
    command = [sys.executable, "-c", FULL, str(tmp_path / "store"), file.sha256, str(file.size)]
    done = subprocess.run([*command, str(target)], check=True, capture_output=True, text=True)
    assert done.stdout.startswith("cannot write ")
    assert "file too large" in done.stdout
    assert not target.exists()
    fetch(LocalStore(tmp_path / "store"), data, target)
    assert target.read_bytes() == data
