"""What a store in a folder promises beyond the port."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from understudy.errors import ConflictError, InputError, NotFoundError, StoreError
from understudy.store.disk import explained
from understudy.store.keys import WORKING_FOLDER
from understudy.store.local import ABANDONED_SECONDS, LocalStore


def files(folder: Path) -> list[str]:
    return sorted(
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and WORKING_FOLDER not in path.parts
    )


def test_objects_are_plain_files(tmp_path: Path) -> None:
    store = LocalStore(tmp_path / "new" / "store")
    store.put("parasites/dev/labels.txt", b"a\nb\n")
    path = tmp_path / "new" / "store" / "parasites" / "dev" / "labels.txt"
    assert path.read_bytes() == b"a\nb\n"
    umask = os.umask(0)
    os.umask(umask)
    assert path.stat().st_mode & 0o777 == 0o666 & ~umask


def test_what_people_put_there_is_found(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    (tmp_path / "dev").mkdir()
    (tmp_path / "dev" / "labels.txt").write_text("a")
    first = store.get("dev/labels.txt")
    (tmp_path / "dev" / "labels.txt").write_text("bb")
    assert store.get_if_changed("dev/labels.txt", first.etag) is not None
    assert first.data == b"a"


def test_reading_makes_nothing(tmp_path: Path) -> None:
    store = LocalStore(tmp_path / "store")
    with pytest.raises(NotFoundError):
        store.get("key")
    assert store.list("") == store.list("a") == ()
    assert store.list_folders("") == ()
    store.delete("key")
    assert list(tmp_path.iterdir()) == []


def test_the_store_s_own_files_are_hidden(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    store.put("key", b"1")
    assert (tmp_path / WORKING_FOLDER / "lock").exists()
    assert [entry.key for entry in store.list("")] == ["key"]
    assert store.list_folders("") == ()


def test_a_failed_write_leaves_nothing(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    store.put("key", b"1")
    with pytest.raises(ConflictError):
        store.put_if("key", b"2", expected="other")
    (tmp_path / "folder" / "inside").mkdir(parents=True)
    with pytest.raises(StoreError, match="directory"):
        store.put("folder", b"2")
    with pytest.raises(StoreError, match="not a directory"):
        store.put("key/below", b"2")
    assert files(tmp_path) == ["key"]
    assert list((tmp_path / WORKING_FOLDER).glob("*.part")) == []


def test_unfinished_files_of_killed_writers_go_after_a_day(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    store.put("key", b"1")
    old, young = (tmp_path / WORKING_FOLDER / name for name in ("1.part", "2.part"))
    old.write_bytes(b"1")
    young.write_bytes(b"1")
    before = time.time() - ABANDONED_SECONDS - 60
    os.utime(old, (before, before))
    store.put("key", b"2")
    assert not old.exists()
    assert young.exists()


def test_symbolic_links_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret").write_text("secret")
    root = tmp_path / "root"
    store = LocalStore(root)
    store.put("real", b"1")
    (root / "folder").symlink_to(tmp_path / "outside")
    (root / "file").symlink_to(tmp_path / "outside" / "secret")
    (root / "loop").symlink_to(root)
    (root / "dangling").symlink_to(root / "nothing")
    assert [entry.key for entry in store.list("")] == ["real"]
    assert store.list_folders("") == ()
    for key in ["folder/secret", "file", "loop/real", "dangling"]:
        for call in (store.get, lambda key: store.put(key, b"2"), store.delete, store.list):
            with pytest.raises(InputError, match="symbolic link"):
                call(key)
    assert (tmp_path / "outside" / "secret").read_text() == "secret"


def test_the_root_itself_may_be_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    LocalStore(tmp_path / "link").put("key", b"1")
    assert files(tmp_path / "real") == ["key"]


def test_special_files_and_impossible_names_are_no_objects(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "back\\slash").write_text("1")
    (tmp_path / os.fsdecode(b"not-utf8-\xff")).write_text("1")
    assert store.list("") == ()
    with pytest.raises(NotFoundError):
        store.get("pipe")


def test_a_file_that_is_written_in_place_meanwhile_is_a_conflict(tmp_path: Path) -> None:
    store = LocalStore(tmp_path / "store")
    store.put("big", b"0" * 4_000_000)
    path = tmp_path / "store" / "big"
    done = threading.Event()

    def rewrite() -> None:
        with path.open("r+b") as file:
            while not done.is_set():
                file.seek(0)
                file.write(b"1")
                file.flush()

    def download() -> None:
        for _ in range(1000):
            (tmp_path / "target").unlink(missing_ok=True)
            store.download("big", tmp_path / "target")

    thread = threading.Thread(target=rewrite)
    thread.start()
    try:
        with pytest.raises(ConflictError, match="while it was read"):
            download()
    finally:
        done.set()
        thread.join()
    assert [path.name for path in tmp_path.iterdir()] == ["store"]


def test_an_etag_changes_even_if_time_stands_still(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    store.put("key", b"1")
    future = time.time_ns() + 3600 * 10**9
    os.utime(tmp_path / "key", ns=(future, future))
    first = store.get("key").etag
    second = store.put_if("key", b"2", expected=first)
    third = store.put_if("key", b"1", expected=second)
    assert len({first, second, third}) == 3
    assert (tmp_path / "key").stat().st_mtime_ns > future


@pytest.mark.parametrize("blocked", ["store", "store/below"])
def test_a_store_that_is_a_file_cannot_be_used(tmp_path: Path, blocked: str) -> None:
    (tmp_path / "store").write_text("a file")
    store = LocalStore(tmp_path / blocked)
    with pytest.raises(StoreError, match=r"cannot write .*: .*not a directory\nhint: choose"):
        store.put("key", b"1")
    with pytest.raises(StoreError, match="cannot list"):
        store.list("")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_permission_cannot_be_written(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(StoreError, match="permission denied"):
        LocalStore(tmp_path).put("key", b"1")


def test_a_file_system_that_takes_no_folders_is_our_error() -> None:
    with pytest.raises(StoreError, match=r"cannot write /proc/"):
        LocalStore(Path("/proc/understudy-store")).put("key", b"1")


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.EROFS, "the file system is read-only"),
        (errno.EACCES, "permission denied"),
        (errno.ENOTDIR, "not a directory"),
        (errno.ENOSPC, "no space is left"),
        (errno.EIO, "input/output error"),
        (0, "some words"),
    ],
)
def test_reasons_are_plain_words(number: int, words: str) -> None:
    error = OSError(number, os.strerror(number)) if number else OSError("Some words")
    with pytest.raises(StoreError, match=words) as caught, explained("write", Path("/a/b")):
        raise error
    assert caught.value.what.startswith("cannot write /a/b: ")
    assert "\n" not in caught.value.what
    assert caught.value.hint


def test_reading_needs_no_lock_and_no_obstore(tmp_path: Path) -> None:
    LocalStore(tmp_path).put("key", b"1")
    script = (
        "import sys, understudy.store as s\n"
        f"assert s.open_store({str(tmp_path)!r}).get('key').data == b'1'\n"
        "print(*{'filelock', 'obstore'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("\n", "")
