"""A store that is down, hangs, breaks off, or loses its answers."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest

from understudy.errors import ConflictError, NotFoundError, StoreError
from understudy.store.s3 import PART, S3Store

from .proxy import Fault, Proxy, proxied
from .servers import S3Server

pytestmark = pytest.mark.alone

LIMIT_SECONDS = 20.0
"""The 15 s that docs/stores.md states, and what a busy machine adds."""


def through(server: S3Server, proxy: Proxy) -> S3Store:
    return server.store(f"outage/{uuid.uuid4().hex}", endpoint=proxy.endpoint)


def all_fail_in_time(store: S3Store, folder: Path, *only: str) -> None:
    """Every call at once, or only some, each in a thread, because each takes its time to fail."""
    (folder / "file").write_bytes(b"1" * 2 * PART)
    calls: dict[str, Callable[[], object]] = {
        "get": lambda: store.get("key"),
        "get_if_changed": lambda: store.get_if_changed("key", '"1"'),
        "download": lambda: store.download("key", folder / "target"),
        "read_range": lambda: store.read_range("key", 1, 500),
        "put": lambda: store.put("other", b"1"),
        "put_file": lambda: store.put_file("other", folder / "file"),
        "put_if": lambda: store.put_if("new", b"1", expected=None),
        "copy": lambda: store.copy("key", "other"),
        "delete": lambda: store.delete("other"),
        "list": lambda: store.list(""),
        "list_folders": lambda: store.list_folders(""),
    }
    calls = {name: call for name, call in calls.items() if name in (only or calls)}
    ended: dict[str, tuple[float, BaseException | None]] = {}

    def run(name: str) -> None:
        started = time.monotonic()
        try:
            calls[name]()
        except BaseException as error:
            ended[name] = (time.monotonic() - started, error)
        else:
            ended[name] = (time.monotonic() - started, None)

    threads = [threading.Thread(target=run, args=(name,), daemon=True) for name in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LIMIT_SECONDS + 5)
    assert set(ended) == set(calls)
    for name, (seconds, error) in ended.items():
        assert isinstance(error, StoreError), name
        assert not isinstance(error, NotFoundError | ConflictError), name
        assert "\n" not in error.what
        assert seconds < LIMIT_SECONDS, name
    assert not (folder / "target").exists()


def test_a_server_that_hangs_then_dies_then_comes_back(
    own_s3_server: S3Server, tmp_path: Path
) -> None:
    store = own_s3_server.new_store()
    etag = store.put("key", b"1")
    own_s3_server.freeze()
    all_fail_in_time(store, tmp_path)
    own_s3_server.resume()
    assert store.get("key").etag == etag
    own_s3_server.kill()
    all_fail_in_time(store, tmp_path)
    own_s3_server.start()
    assert store.get("key").etag == etag
    store.put_if("key", b"2", expected=etag)


def test_one_byte_a_second(s3_server: S3Server, tmp_path: Path) -> None:
    with proxied(s3_server.port) as proxy:
        store = through(s3_server, proxy)
        store.put("key", b"1" * 1000)
        proxy.break_with(Fault(rate=1))
        all_fail_in_time(through(s3_server, proxy), tmp_path)


def test_headers_come_and_the_body_does_not(s3_server: S3Server, tmp_path: Path) -> None:
    with proxied(s3_server.port) as proxy:
        store = through(s3_server, proxy)
        store.put("key", b"1" * 3_000_000)
        proxy.break_with(Fault(rate=1500))
        all_fail_in_time(store, tmp_path, "get", "get_if_changed", "download")


def test_a_slow_line_is_no_error(s3_server: S3Server, tmp_path: Path) -> None:
    """Each transfer lasts longer than any answer may take."""
    (tmp_path / "source").write_bytes(bytes(range(256)) * (PART // 256))
    with proxied(s3_server.port) as proxy:
        store = through(s3_server, proxy)
        proxy.break_with(Fault(latency=0.09))
        started = time.monotonic()
        etag = store.put_file("key", tmp_path / "source")
        uploaded = time.monotonic()
        assert uploaded - started > 6
        proxy.break_with(Fault(rate=700_000))
        assert store.download("key", tmp_path / "target").etag == etag
        assert time.monotonic() - uploaded > 6
    assert (tmp_path / "target").read_bytes() == (tmp_path / "source").read_bytes()


@pytest.mark.parametrize("fault", [Fault(refuse=True, times=1), Fault(truncate=700, times=1)])
def test_one_broken_connection_is_not_noticed(
    s3_server: S3Server, tmp_path: Path, fault: Fault
) -> None:
    data = bytes(range(256)) * 400
    with proxied(s3_server.port) as proxy:
        store = through(s3_server, proxy)
        etag = store.put("key", data)
        for call in (
            lambda: store.get("key").etag,
            lambda: store.download("key", tmp_path / "target").etag,
            lambda: store.list("")[0].etag,
            lambda: store.put("key", data),
            lambda: store.put_if("key", data, expected=etag),
        ):
            proxy.break_with(fault)
            assert call() == etag
        assert (tmp_path / "target").read_bytes() == data


def test_a_body_that_always_breaks_off_is_an_error(s3_server: S3Server, tmp_path: Path) -> None:
    with proxied(s3_server.port) as proxy:
        store = through(s3_server, proxy)
        store.put("key", b"1" * 100_000)
        proxy.break_with(Fault(truncate=600))
        with pytest.raises(StoreError, match="cannot read key"):
            store.get("key")
        with pytest.raises(StoreError, match="cannot read key"):
            store.download("key", tmp_path / "target")
    assert list(tmp_path.iterdir()) == []


def test_a_lost_answer_of_a_conditional_write(s3_server: S3Server) -> None:
    with proxied(s3_server.port) as proxy:
        store = through(s3_server, proxy)
        lose_one = Fault(lose=(b"PUT",), times=1)
        proxy.break_with(lose_one)
        first = store.put_if("key", b"1", expected=None)
        assert proxy.hits > 1
        proxy.break_with(lose_one)
        second = store.put_if("key", b"2", expected=first)
        assert proxy.hits > 1
        found = store.get("key")
        assert (found.data, found.etag) == (b"2", second)
        proxy.break_with(lose_one)
        with pytest.raises(ConflictError):
            store.put_if("key", b"3", expected=first)
        proxy.break_with(lose_one)
        with pytest.raises(ConflictError):
            store.put_if("key", b"2", expected=None)


def test_a_lost_answer_is_not_mistaken_for_somebody_s_equal_bytes(s3_server: S3Server) -> None:
    """Two write the same; the first one's answer is lost; the other one must not win as well."""
    with proxied(s3_server.port) as proxy:
        store = through(s3_server, proxy)
        other = s3_server.store(store.describe().split("/", 3)[3])
        other.put_if("key", b"1", expected=None)
        proxy.break_with(Fault(lose=(b"PUT",), times=1))
        with pytest.raises(ConflictError):
            store.put_if("key", b"1", expected=None)


def test_all_answers_are_lost(s3_server: S3Server) -> None:
    with proxied(s3_server.port) as proxy:
        store = through(s3_server, proxy)
        proxy.break_with(Fault(lose=(b"PUT",)))
        with pytest.raises(StoreError, match="cannot write key") as caught:
            store.put_if("key", b"1", expected=None)
        assert not isinstance(caught.value, ConflictError)
        assert store.get("key").data == b"1"


def test_each_entry_is_written_once_over_a_line_that_loses_answers(s3_server: S3Server) -> None:
    """The way pointers are changed: read, append what is one's own, compare and swap."""
    entries = [f"{worker}.{number}" for worker in range(4) for number in range(10)]
    with proxied(s3_server.port) as proxy:
        store = through(s3_server, proxy)
        store.put("log", b"")

        def append(entry: str) -> None:
            while True:
                try:
                    found = store.get("log")
                    if entry in found.data.decode().split():
                        return  # written, and replaced before the lost answer was missed
                    store.put_if("log", found.data + f"{entry}\n".encode(), expected=found.etag)
                except StoreError:
                    continue
                return

        def work(worker: int) -> None:
            for entry in entries[worker * 10 : worker * 10 + 10]:
                append(entry)

        proxy.break_with(Fault(lose=(b"PUT",), every=3))
        threads = [threading.Thread(target=work, args=(worker,)) for worker in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert proxy.hits > 40
        assert sorted(store.get("log").data.decode().split()) == sorted(entries)
