"""What every store must do, run on every adapter."""

from __future__ import annotations

import hashlib
import multiprocessing
import random
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from understudy.errors import ConflictError, InputError, NotFoundError, StoreError
from understudy.store import Store
from understudy.store.local import LocalStore
from understudy.store.memory import MemoryStore
from understudy.store.port import GET_LIMIT, Downloaded
from understudy.store.s3 import S3Store

from .servers import S3Server

ADAPTERS: dict[str, Callable[[Path], Store]] = {
    "local": lambda folder: LocalStore(folder / "store"),
    "memory": lambda _: MemoryStore(),
}

BAD_KEYS = [
    "",
    "/etc/passwd",
    "a/../b",
    "..",
    "a/./b",
    "a//b",
    "a/",
    "a\\b",
    "a\0b",
    "a\nb",
    ".understudy/lock",
    ".understudy",
    "a/\ud800",
    "x" * 1025,
]


@pytest.fixture(params=[*ADAPTERS, "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    if request.param == "s3":
        server: S3Server = request.getfixturevalue("s3_server")
        return server.new_store()
    return ADAPTERS[request.param](tmp_path)


def keys(store: Store, folder: str = "") -> list[str]:
    return [entry.key for entry in store.list(folder)]


@pytest.mark.parametrize("data", [b"", b"hello", bytes(range(256)) * 9000])
def test_what_is_put_is_got(store: Store, data: bytes) -> None:
    etag = store.put("a/b.bin", data)
    found = store.get("a/b.bin")
    assert found.data == data
    assert found.etag == etag
    (entry,) = store.list("a")
    assert (entry.key, entry.size, entry.etag) == ("a/b.bin", len(data), etag)


@pytest.mark.parametrize("key", ["plain", "deep/er/and/deeper", "with space/ü.txt", "a.b/-_~#?%20"])
def test_keys_come_back_as_they_went(store: Store, key: str) -> None:
    store.put(key, b"1")
    assert keys(store) == [key]
    assert store.get(key).data == b"1"


def test_a_put_replaces_and_changes_the_etag(store: Store) -> None:
    etags = [store.put("key", b"%d" % number) for number in range(20)]
    assert len(set(etags)) == 20
    assert store.get("key").etag == etags[-1]


@pytest.mark.parametrize("key", ["nothing", "a", "a/b/c"])
def test_what_is_not_there_is_not_found(store: Store, key: str, tmp_path: Path) -> None:
    calls: list[Callable[[], object]] = [
        lambda: store.get(key),
        lambda: store.get_if_changed(key, "etag"),
        lambda: store.download(key, tmp_path / "target"),
        lambda: store.read_range(key, 0, 1),
        lambda: store.copy(key, "copy"),
    ]
    for call in [*calls, lambda: store.put("a/b", b""), *calls]:
        if call in calls:
            with pytest.raises(NotFoundError, match=key):
                call()
        else:
            call()
    assert not (tmp_path / "target").exists()
    assert keys(store) == ["a/b"]


def test_an_unchanged_object_is_not_sent_again(store: Store) -> None:
    first = store.put("key", b"1")
    assert store.get_if_changed("key", first) is None
    second = store.put("key", b"2")
    found = store.get_if_changed("key", first)
    assert found is not None
    assert (found.data, found.etag) == (b"2", second)


@pytest.mark.parametrize("size", [0, 1, 10_000_000, 33_554_433])
def test_files_go_in_and_out(store: Store, tmp_path: Path, size: int) -> None:
    source, target = tmp_path / "source", tmp_path / "new" / "target"
    content = random.Random(size).randbytes(size)
    source.write_bytes(content)
    etag = store.put_file("big", source)
    assert store.download("big", target) == Downloaded(etag, hashlib.sha256(content).hexdigest())
    assert target.read_bytes() == content
    assert list(target.parent.iterdir()) == [target]


@pytest.mark.parametrize(("start", "stop"), [(0, 10), (0, 1), (3, 7), (9, 10)])
def test_a_range_is_a_piece_of_the_object(store: Store, start: int, stop: int) -> None:
    store.put("key", b"0123456789")
    assert store.read_range("key", start, stop) == b"0123456789"[start:stop]


@pytest.mark.parametrize(("start", "stop"), [(0, 11), (5, 20), (10, 11), (30, 40)])
def test_a_range_that_is_not_there_is_an_error(store: Store, start: int, stop: int) -> None:
    store.put("key", b"0123456789")
    with pytest.raises(StoreError):
        store.read_range("key", start, stop)


def test_a_download_replaces_the_file(store: Store, tmp_path: Path) -> None:
    (tmp_path / "target").write_bytes(b"a longer old content")
    store.put("key", b"new")
    store.download("key", tmp_path / "target")
    assert (tmp_path / "target").read_bytes() == b"new"


def test_files_move_in_bounded_memory(store: Store, tmp_path: Path) -> None:
    source, size = tmp_path / "source", 64 * 1024 * 1024
    with source.open("wb") as file:
        file.truncate(size)
    store.put("warm/up", b"")
    tracemalloc.start()
    try:
        store.put_file("big", source)
        store.copy("big", "copy")
        if not isinstance(store, MemoryStore):  # which hands out its one piece
            store.download("copy", tmp_path / "target")
        assert tracemalloc.get_traced_memory()[1] < 32 * 1024 * 1024
    finally:
        tracemalloc.stop()
    assert store.list("copy") == ()
    assert {entry.size for entry in store.list("")} == {0, size}


def test_a_missing_local_file_is_our_error(store: Store, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="nothing"):
        store.put_file("key", tmp_path / "nothing")
    with pytest.raises(StoreError):
        store.put_file("key", tmp_path)
    assert keys(store) == []


def test_a_target_that_cannot_be_written_is_our_error(store: Store, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    store.put("key", b"1")
    with pytest.raises(StoreError, match="not a directory"):
        store.download("key", tmp_path / "file" / "target")


def test_what_is_too_large_to_get_can_be_downloaded(store: Store, tmp_path: Path) -> None:
    source = tmp_path / "source"
    with source.open("wb") as file:
        file.truncate(GET_LIMIT + 1)
    etag = store.put_file("big", source)
    with pytest.raises(StoreError, match="read at once"):
        store.get("big")
    assert store.download("big", tmp_path / "target").etag == etag


def test_a_copy_is_the_same_and_independent(store: Store) -> None:
    store.put("a/source", b"1")
    etag = store.copy("a/source", "b/copy")
    store.put("a/source", b"2")
    found = store.get("b/copy")
    assert (found.data, found.etag) == (b"1", etag)


def test_delete_is_idempotent(store: Store) -> None:
    store.delete("a/b")
    store.put("a/b", b"1")
    store.put("a/c", b"1")
    store.delete("a")
    store.delete("a/b")
    store.delete("a/b")
    assert keys(store) == ["a/c"]
    with pytest.raises(NotFoundError):
        store.get("a/b")


def test_a_listing_says_when_an_object_was_written(store: Store) -> None:
    store.put("a/1", b"1")
    (entry,) = store.list("a")
    assert abs(entry.modified - time.time()) < 3600


def test_listings_are_of_folders_not_of_prefixes(store: Store) -> None:
    for key in ["ab/1", "a/2", "a/b/3", "a/b/c/4", "abc", "b/5"]:
        store.put(key, b"1")
    assert keys(store) == ["a/2", "a/b/3", "a/b/c/4", "ab/1", "abc", "b/5"]
    assert keys(store, "a") == ["a/2", "a/b/3", "a/b/c/4"]
    assert keys(store, "a/b") == ["a/b/3", "a/b/c/4"]
    assert keys(store, "abc") == keys(store, "nothing") == keys(store, "abc/d") == []
    assert store.list_folders("") == ("a", "ab", "b")
    assert store.list_folders("a") == ("b",)
    assert store.list_folders("a/b/c") == store.list_folders("nothing") == ()


def test_an_empty_store_is_empty(store: Store) -> None:
    assert store.list("") == ()
    assert store.list_folders("") == ()
    assert store.describe()


def test_a_folder_without_objects_is_none(store: Store) -> None:
    store.put("model/dev/file", b"1")
    store.delete("model/dev/file")
    assert store.list("") == ()
    if not isinstance(store, S3Store):  # where a server may keep the folder for a while
        assert store.list_folders("") == ()


@pytest.mark.parametrize("key", BAD_KEYS)
def test_bad_keys_are_refused_everywhere(store: Store, key: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"1")
    store.put("good", b"1")
    calls: list[Callable[[], object]] = [
        lambda: store.get(key),
        lambda: store.get_if_changed(key, "etag"),
        lambda: store.download(key, tmp_path / "target"),
        lambda: store.put(key, b"1"),
        lambda: store.put_file(key, tmp_path / "file"),
        lambda: store.put_if(key, b"1", expected=None),
        lambda: store.copy(key, "copy"),
        lambda: store.copy("good", key),
        lambda: store.delete(key),
    ]
    if key:
        calls += [lambda: store.list(key), lambda: store.list_folders(key)]
    for call in calls:
        with pytest.raises(InputError):
            call()
    assert keys(store) == ["good"]


def test_create_only_once(store: Store) -> None:
    etag = store.put_if("a/key", b"1", expected=None)
    with pytest.raises(ConflictError, match="a/key"):
        store.put_if("a/key", b"2", expected=None)
    found = store.get("a/key")
    assert (found.data, found.etag) == (b"1", etag)


def test_replace_only_what_was_read(store: Store) -> None:
    first = store.put("key", b"1")
    second = store.put_if("key", b"2", expected=first)
    with pytest.raises(ConflictError):
        store.put_if("key", b"3", expected=first)
    store.put("key", b"4")
    with pytest.raises(ConflictError):
        store.put_if("key", b"5", expected=second)
    assert store.get("key").data == b"4"


def test_replace_nothing_is_a_conflict(store: Store) -> None:
    etag = store.put("key", b"1")
    store.delete("key")
    with pytest.raises(ConflictError):
        store.put_if("key", b"2", expected=etag)
    assert keys(store) == []


@pytest.mark.parametrize("adapter", ADAPTERS)  # on S3 an etag is made of the content
def test_an_old_etag_never_comes_back(adapter: str, tmp_path: Path) -> None:
    store = ADAPTERS[adapter](tmp_path)
    first = store.put("key", b"1")
    for _ in range(50):
        assert store.put("key", b"1") != first
    store.delete("key")
    assert store.put_if("key", b"1", expected=None) != first


def increment(store: Store, times: int) -> None:
    for _ in range(times):
        while True:
            found = store.get("counter")
            try:
                store.put_if("counter", b"%d" % (int(found.data) + 1), expected=found.etag)
            except ConflictError:
                continue
            break


def increment_local(root: Path, times: int) -> None:
    increment(LocalStore(root), times)


def increment_s3(server: S3Server, prefix: str, times: int) -> None:
    increment(server.store(prefix), times)


def race(workers: Iterable[threading.Thread | multiprocessing.process.BaseProcess]) -> None:
    started = list(workers)
    for worker in started:
        worker.start()
    for worker in started:
        worker.join(60)


def test_no_increment_is_lost_among_threads(store: Store) -> None:
    store.put("counter", b"0")
    race(threading.Thread(target=increment, args=(store, 10)) for _ in range(5))
    assert store.get("counter").data == b"50"


def test_no_increment_is_lost_among_processes(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    store.put("counter", b"0")
    spawn = multiprocessing.get_context("spawn")
    race(spawn.Process(target=increment_local, args=(tmp_path, 10)) for _ in range(5))
    assert store.get("counter").data == b"50"


def test_no_increment_is_lost_among_processes_on_s3(s3_server: S3Server) -> None:
    store = s3_server.store("race")
    store.put("counter", b"0")
    spawn = multiprocessing.get_context("spawn")
    server = S3Server(s3_server.folder, s3_server.ports)  # without its process
    race(spawn.Process(target=increment_s3, args=(server, "race", 10)) for _ in range(8))
    assert store.get("counter").data == b"80"


def test_readers_never_see_half(store: Store) -> None:
    store.put("key", b"a" * 100_000)
    done = threading.Event()

    def write() -> None:
        for letter in b"bcdefghij" * 3:
            store.put("key", bytes([letter]) * 100_000)
        done.set()

    writer = threading.Thread(target=write)
    writer.start()
    while not done.is_set():
        data = store.get("key").data
        assert len(data) == 100_000
        assert len(set(data)) == 1
    writer.join()
