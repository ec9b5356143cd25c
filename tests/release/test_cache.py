"""Copies of releases within a bound, shared by processes."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from understudy.errors import StoreError
from understudy.release.cache import Cache
from understudy.release.manifest import File, Manifest
from understudy.release.repository import check_files

from .releases import TWO_FILES, stage

SIZE = 1000


@pytest.fixture
def template(tmp_path: Path) -> Manifest:
    return stage(tmp_path / "staging", TWO_FILES)


def release(template: Manifest, number: int, size: int = SIZE) -> Manifest:
    files = (File("weights.bin", f"{number:064x}", size),)
    return dataclasses.replace(template, id=f"{number:032x}", files=files)


class Visitor:
    """Opens releases, and counts what had to be fetched."""

    def __init__(self, folder: Path, limit: int) -> None:
        self.cache = Cache(folder / "cache", limit)
        self.fetched: list[str] = []

    def open(self, manifest: Manifest) -> object:
        def fetch(folder: Path) -> None:
            if not (folder / "weights.bin").exists():
                self.fetched.append(manifest.id)
                (folder / "weights.bin").write_bytes(bytes(manifest.files[0].size))

        return self.cache.open(manifest, fetch, time.sleep)

    def visit(self, manifest: Manifest) -> None:
        self.open(manifest).close()  # type: ignore[attr-defined]
        time.sleep(0.01)  # so that the times of use differ

    def kept(self) -> list[int]:
        found = self.cache.folder.glob("*.*.*")
        return sorted(int(path.name.partition(".")[0], 16) for path in found)

    def bytes(self) -> int:
        return sum(path.stat().st_size for path in self.cache.folder.rglob("*") if path.is_file())


@pytest.fixture
def visitor(tmp_path: Path) -> Visitor:
    return Visitor(tmp_path, 3 * SIZE)


def test_what_is_there_is_not_fetched_again(visitor: Visitor, template: Manifest) -> None:
    for _ in range(3):
        visitor.visit(release(template, 1))
    assert len(visitor.fetched) == 1


def test_the_least_recently_used_goes(visitor: Visitor, template: Manifest) -> None:
    for number in (1, 2, 3, 1, 4):
        visitor.visit(release(template, number))
    assert visitor.kept() == [1, 3, 4]
    assert visitor.bytes() <= 3 * SIZE


def test_the_time_of_use_ends_when_it_is_closed(visitor: Visitor, template: Manifest) -> None:
    first = visitor.open(release(template, 1))
    for number in (2, 3):
        visitor.visit(release(template, number))
    first.close()  # type: ignore[attr-defined]
    visitor.visit(release(template, 4))
    assert visitor.kept() == [1, 3, 4]


def test_what_is_used_stays(visitor: Visitor, template: Manifest) -> None:
    held = visitor.open(release(template, 1))
    for number in range(2, 9):
        visitor.visit(release(template, number))
    assert 1 in visitor.kept()
    held.close()  # type: ignore[attr-defined]


def test_a_bound_that_is_too_small_is_said(visitor: Visitor, template: Manifest) -> None:
    held = [visitor.open(release(template, number)) for number in (1, 2)]
    with pytest.raises(StoreError, match="2000 are in use") as caught:
        visitor.open(release(template, 3, 2 * SIZE))
    assert f"{4 * SIZE} bytes or more" in caught.value.hint
    assert visitor.kept() == [1, 2]
    with pytest.raises(StoreError, match="does not fit"):
        visitor.open(release(template, 4, 10 * SIZE))
    for copy in held:
        copy.close()  # type: ignore[attr-defined]


def test_what_could_not_be_fetched_is_tried_again(visitor: Visitor, template: Manifest) -> None:
    def fail(folder: Path) -> None:
        (folder / "weights.bin.part").write_bytes(b"half")
        raise StoreError("down", hint="wait")

    with pytest.raises(StoreError, match="down"):
        visitor.cache.open(release(template, 1), fail, time.sleep)
    (copy,) = visitor.cache.folder.glob("*.*.*")
    assert (copy / "weights.bin.part").read_bytes() == b"half"
    visitor.visit(release(template, 1))
    assert visitor.fetched == [f"{1:032x}"]


def test_other_files_of_the_same_release_are_another_copy(
    visitor: Visitor, template: Manifest
) -> None:
    first = release(template, 1)
    other = dataclasses.replace(first, files=(File("weights.bin", "f" * 64, SIZE),))
    visitor.visit(first)
    visitor.visit(other)
    assert visitor.kept() == [1, 1]
    assert len(visitor.fetched) == 2


def test_two_at_once_fetch_once(visitor: Visitor, template: Manifest) -> None:
    manifest = release(template, 1)
    threads = [threading.Thread(target=visitor.visit, args=(manifest,)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(visitor.fetched) == 1


def test_who_waits_for_another_can_be_called_off(visitor: Visitor, template: Manifest) -> None:
    go_on, begun = threading.Event(), threading.Event()

    def slowly(_: Path) -> None:
        begun.set()
        go_on.wait(30)

    def called_off(_: float) -> None:
        raise KeyboardInterrupt

    manifest = release(template, 1)
    first = threading.Thread(
        target=lambda: visitor.cache.open(manifest, slowly, time.sleep).close()
    )
    first.start()
    assert begun.wait(30)
    with pytest.raises(KeyboardInterrupt):
        visitor.cache.open(manifest, slowly, called_off)
    go_on.set()
    first.join()


def test_what_a_killed_process_left_behind_goes(visitor: Visitor, template: Manifest) -> None:
    visitor.visit(release(template, 1))
    (copy,) = visitor.cache.folder.glob("*.*.*")
    copy.rename(copy.with_name(f"{copy.name}.0a0b0c0d.removed"))
    visitor.visit(release(template, 2))
    assert not list(visitor.cache.folder.glob("*.removed"))
    assert visitor.kept() == [2]


def test_a_disk_that_takes_no_folders_is_our_error(template: Manifest) -> None:
    with pytest.raises(StoreError, match=r"cannot write /proc/"):
        Visitor(Path("/proc/understudy"), SIZE).visit(release(template, 1))


def test_a_folder_that_is_a_file_is_our_error(visitor: Visitor, template: Manifest) -> None:
    visitor.cache.folder.write_text("a file")
    with pytest.raises(StoreError, match="cannot write"):
        visitor.visit(release(template, 1))


HOLD = """
import sys, time
from pathlib import Path
from understudy.release.cache import Cache
from understudy.release.manifest import parse_manifest
manifest = parse_manifest(Path(sys.argv[1]).read_bytes())
copy = Cache(Path(sys.argv[2]), 3000).open(manifest, lambda _: None, time.sleep)
print("open", flush=True)
time.sleep(60)
"""


def test_what_another_process_uses_stays_until_that_ends(
    visitor: Visitor, template: Manifest, tmp_path: Path
) -> None:
    from understudy.release.manifest import dump_manifest

    visitor.visit(release(template, 1))
    (tmp_path / "manifest").write_bytes(dump_manifest(release(template, 1)))
    command = [sys.executable, "-c", HOLD, tmp_path / "manifest", visitor.cache.folder]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "open\n"
            for number in range(2, 7):
                visitor.visit(release(template, number))
            assert 1 in visitor.kept()
        finally:
            process.kill()
    for number in range(7, 10):
        visitor.visit(release(template, number))
    assert visitor.kept() == [7, 8, 9]


def test_a_release_that_was_made_here_is_not_fetched(tmp_path: Path, template: Manifest) -> None:
    cache = Cache(tmp_path / "cache", 10**6)
    cache.keep(template, tmp_path / "staging")
    cache.keep(template, tmp_path / "staging")  # by another process, too
    for file in (tmp_path / "staging").iterdir():
        if file.is_file():
            file.unlink()
    copy = cache.open(
        template, lambda folder: check_files(folder, "m", template, template.files), time.sleep
    )
    copy.close()
