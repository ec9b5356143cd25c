"""What a store in a bucket promises beyond the port, on a real server."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

import obstore
import pytest

from understudy.errors import ConflictError, NotFoundError, StoreError
from understudy.store.aws import settings
from understudy.store.s3 import DOWNLOAD_PART, PART, S3Store

from .canned import canned
from .proxy import Fault, proxied
from .servers import BUCKET, READER, WRITER, S3Server


@pytest.fixture
def store(s3_server: S3Server) -> S3Store:
    return s3_server.new_store()


def prefix(store: S3Store) -> str:
    return store.describe().removeprefix(f"s3://{BUCKET}/")


def unfinished_uploads(server: S3Server) -> list[str]:
    """What uploads in parts have left on the server, as its own file system shows it."""
    url = f"http://127.0.0.1:{server.ports['filer.port']}/buckets/{BUCKET}/.uploads/"
    request = urllib.request.Request(url, headers={"Accept": "application/json"})
    try:
        with urllib.request.urlopen(request) as answer:
            return [entry["FullPath"] for entry in json.load(answer)["Entries"] or []]
    except urllib.error.HTTPError as error:
        error.close()
        return []


def test_objects_are_plain_objects(store: S3Store, s3_server: S3Server) -> None:
    store.put("parasites/dev/labels.txt", b"a\nb\n")
    key = f"{prefix(store)}/parasites/dev/labels.txt"
    assert bytes(obstore.get(s3_server.bucket, key).bytes()) == b"a\nb\n"


def test_a_store_sees_its_prefix_only(store: S3Store, s3_server: S3Server) -> None:
    store.put("a/key", b"1")
    below = s3_server.store(f"{prefix(store)}/a")
    beside = s3_server.store(f"{prefix(store)}/")
    assert [entry.key for entry in below.list("")] == ["key"]
    assert beside.get("a/key").data == b"1"
    assert s3_server.store(prefix(store)[:-1]).list("") == ()


@pytest.mark.parametrize(
    "key", ["a b", "a+b", "a%2Fb", "ü/日本", "a&b=c;d,e@f$g!h'(i)*j", "x" * 200]
)
def test_keys_with_anything_in_them(store: S3Store, s3_server: S3Server, key: str) -> None:
    obstore.put(s3_server.bucket, f"{prefix(store)}/{key}", b"by another tool")
    assert store.get(key).data == b"by another tool"
    store.copy(key, f"copy/{key}")
    assert {entry.key for entry in store.list("")} == {key, f"copy/{key}"}
    store.delete(key)
    assert [entry.key for entry in store.list("")] == [f"copy/{key}"]


def test_folder_markers_of_consoles_are_no_objects(s3_server: S3Server) -> None:
    listing = """<?xml version="1.0"?><ListBucketResult><IsTruncated>false</IsTruncated>
        <Contents><Key>p/</Key><Size>0</Size><ETag>"1"</ETag>{time}</Contents>
        <Contents><Key>p/dev/</Key><Size>0</Size><ETag>"1"</ETag>{time}</Contents>
        <Contents><Key>p/dev/x</Key><Size>1</Size><ETag>"2"</ETag>{time}</Contents>
        <Contents><Key>p/dev/back\\slash</Key><Size>1</Size><ETag>"2"</ETag>{time}</Contents>
        </ListBucketResult>"""
    time = "<LastModified>2026-01-01T00:00:00.000Z</LastModified>"
    answers = {"GET": (200, listing.format(time=time), {}), "HEAD": (404, "", {})}
    with canned(answers) as endpoint:
        store = S3Store(BUCKET, "p", settings(s3_server.environment(endpoint=endpoint)))
        assert [entry.key for entry in store.list("")] == ["dev/x"]


def test_an_empty_object_is_an_object(store: S3Store) -> None:
    store.put("dev/empty", b"")
    assert [(entry.key, entry.size) for entry in store.list("dev")] == [("dev/empty", 0)]


def test_a_name_that_cannot_be_used_is_said(store: S3Store) -> None:
    listing = """<?xml version="1.0"?><ListBucketResult><IsTruncated>false</IsTruncated>
        <Contents><Key>p//x</Key><Size>1</Size><ETag>"1"</ETag>
        <LastModified>2026-01-01T00:00:00.000Z</LastModified></Contents></ListBucketResult>"""
    with canned({"GET": (200, listing, {})}) as endpoint:
        broken = S3Store(BUCKET, "p", settings({**WRITER, "AWS_ENDPOINT_URL": endpoint}))
        with pytest.raises(
            StoreError, match="the object p//x has a name that cannot be used"
        ) as caught:
            broken.list("")
    assert "rename" in caught.value.hint


def test_more_keys_than_one_page(store: S3Store, s3_server: S3Server) -> None:
    for number in range(1050):
        obstore.put(s3_server.bucket, f"{prefix(store)}/many/{number:04}", b"1")
    found = store.list("many")
    assert [entry.key for entry in found] == [f"many/{number:04}" for number in range(1050)]


def test_a_reader_can_read_and_nothing_is_denied(
    store: S3Store, s3_server: S3Server, tmp_path: Path
) -> None:
    etag = store.put("a/key", b"1" * (PART + 1))
    store.put("a/empty", b"")
    reader = s3_server.store(prefix(store), READER)
    assert reader.get("a/key").etag == etag
    assert reader.get_if_changed("a/key", etag) is None
    assert reader.download("a/key", tmp_path / "key").etag == etag
    assert [entry.key for entry in reader.list("")] == ["a/empty", "a/key"]
    assert reader.list_folders("") == ("a",)
    with pytest.raises(NotFoundError):
        reader.get("a/nothing")
    calls: list[Callable[[], object]] = [
        lambda: reader.put("a/key", b"2"),
        lambda: reader.put_if("a/key", b"2", expected=etag),
        lambda: reader.put_if("a/new", b"2", expected=None),
        lambda: reader.copy("a/key", "a/copy"),
        lambda: reader.delete("a/key"),
    ]
    for call in calls:
        with pytest.raises(StoreError, match="permission denied") as caught:
            call()
        assert not isinstance(caught.value, ConflictError | NotFoundError)
    assert reader.get("a/key").etag == etag


@pytest.mark.parametrize(
    "size", [0, 1, PART - 1, PART, PART + 1, DOWNLOAD_PART, 2 * DOWNLOAD_PART + 17]
)
def test_sizes_around_a_part(store: S3Store, tmp_path: Path, size: int) -> None:
    data = os.urandom(size)
    (tmp_path / "source").write_bytes(data)
    etag = store.put_file("key", tmp_path / "source")
    assert store.download("key", tmp_path / "target").etag == etag
    assert (tmp_path / "target").read_bytes() == data
    assert [(entry.size, entry.etag) for entry in store.list("")] == [(size, etag)]


def test_a_download_across_an_overwrite_is_no_mixture(
    store: S3Store, s3_server: S3Server, tmp_path: Path
) -> None:
    (tmp_path / "source").write_bytes(b"1" * 4 * PART)
    store.put_file("key", tmp_path / "source")
    (tmp_path / "source").write_bytes(b"2" * 4 * PART)
    with proxied(s3_server.port) as proxy:
        slow = s3_server.store(prefix(store), endpoint=proxy.endpoint)
        proxy.break_with(Fault(latency=0.01))

        def overwrite(_: int) -> None:
            proxy.on_answer = None
            store.put_file("key", tmp_path / "source")

        proxy.on_answer = overwrite
        with pytest.raises(ConflictError, match="changed while it was read"):
            slow.download("key", tmp_path / "target")
    assert not (tmp_path / "target").exists()


def test_a_failed_upload_leaves_no_object(
    store: S3Store, s3_server: S3Server, tmp_path: Path
) -> None:
    path = tmp_path / "big"
    with path.open("wb") as file:
        file.truncate(4 * PART)
    with proxied(s3_server.port) as proxy:
        proxy.break_with(Fault(lose=(b"PUT",)))
        through = s3_server.store(prefix(store), endpoint=proxy.endpoint)
        with pytest.raises(StoreError, match="cannot write key"):
            through.put_file("key", path)
    assert store.list("") == ()


SCRIPT = """
import sys, os
from pathlib import Path
from understudy.store import open_store
store = open_store(sys.argv[1])
print("ready", flush=True)
try:
    if sys.argv[2] == "upload":
        store.put_file("key", Path(sys.argv[3]))
    else:
        store.get("key")
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""


def interrupted(store: str, what: str, environment: dict[str, str], path: Path) -> float:
    """Press Ctrl-C in a process that waits for a store; gives the seconds until it ended."""
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, store, what, str(path)],
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    time.sleep(1.0)
    started = time.monotonic()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert (out, err, process.returncode) == ("interrupted\n", "", 0)
    return time.monotonic() - started


@pytest.mark.alone
def test_ctrl_c_ends_a_call_at_once(s3_server: S3Server, tmp_path: Path) -> None:
    with proxied(s3_server.port) as proxy:
        proxy.break_with(Fault(latency=60))
        environment = s3_server.environment(endpoint=proxy.endpoint)
        assert interrupted(f"s3://{BUCKET}/c", "get", environment, tmp_path) < 1.0


@pytest.mark.alone
def test_ctrl_c_takes_back_an_upload(s3_server: S3Server, tmp_path: Path) -> None:
    """A part that is under way at that moment may arrive after all, as S3's own documents say."""
    with (tmp_path / "big").open("wb") as file:
        file.truncate(40 * PART)
    environment = s3_server.environment()
    for _ in range(3):
        before = unfinished_uploads(s3_server)
        assert interrupted(f"s3://{BUCKET}/c", "upload", environment, tmp_path / "big") < 4.0
        if unfinished_uploads(s3_server) == before:
            return
    pytest.fail("each of three uploads left parts behind")


def test_the_command_line_takes_a_bucket(s3_server: S3Server) -> None:
    environment = {**os.environ, **s3_server.environment()}
    for arguments, more in (
        (["--store", f"s3://{BUCKET}/cli"], {}),
        ([], {"UNDERSTUDY_STORE": f"s3://{BUCKET}/cli"}),
    ):
        done = subprocess.run(
            [Path(sys.executable).with_name("understudy"), "status", "nobody", *arguments],
            env={**environment, **more},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 2
        assert f"s3://{BUCKET}/cli" in done.stderr
        assert "hint:" in done.stderr


def test_reading_imports_neither_boto3_nor_asyncio(s3_server: S3Server) -> None:
    script = (
        "import sys; from understudy.store import open_store\n"
        f"store = open_store('s3://{BUCKET}/probe')\n"
        "assert store.get('key').data == b'1'\n"
        "print(*{'boto3', 'botocore', 'asyncio', 'ssl', 'urllib.request'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, **s3_server.environment(READER)},
        capture_output=True,
        text=True,
    )
    assert (done.stdout, done.stderr) == ("\n", "")
