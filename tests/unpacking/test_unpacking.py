"""Packages are unpacked once, whole or not at all: whoever is killed, however little room is."""

from __future__ import annotations

import os
import random
import shutil
import signal
import time
from pathlib import Path

import pytest

from understudy.unpacking import PackagesError, read_index, unpack

from .bundles import FILES, finish, left, make_bundle, start
from .small_disk import small_disk

MANY = {f"many/m{number}.py": b"x = 1\n" * 2000 for number in range(500)} | FILES


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    return make_bundle(tmp_path / "bundle")


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    (tmp_path / "scratch").mkdir()
    return tmp_path / "scratch"


def test_unpacked_and_then_used_again_by_other_processes(bundle: Path, scratch: Path) -> None:
    assert finish(start(bundle, scratch)) == "unpacked"
    (tree,) = (scratch / "understudy-packages").glob("?" * 64)
    found = {
        path.relative_to(tree).as_posix(): path.read_bytes()
        for path in tree.rglob("*")
        if path.is_file() and path.parent.name != "__pycache__"
    }
    assert found == FILES
    times = {path: path.stat().st_mtime_ns for path in found_files(tree)}
    (bundle / "packages.zip").unlink()
    assert finish(start(bundle, scratch)) == "unpacked"
    assert {path: path.stat().st_mtime_ns for path in times} == times


def found_files(tree: Path) -> list[Path]:
    return [tree / name for name in FILES]


def test_killed_before_each_thing_it_does_to_the_disk(bundle: Path, scratch: Path) -> None:
    for event in range(1, 200):
        killed = start(bundle, scratch, str(event))
        said = finish(killed)
        if killed.returncode == 0:
            assert said == "unpacked"
            break
        assert killed.returncode == -signal.SIGKILL, said
        assert finish(start(bundle, scratch)) == "unpacked", f"after a kill before event {event}"
        assert not left(scratch)
        shutil.rmtree(scratch / "understudy-packages")
    assert event > 2 * len(FILES)


def test_killed_while_it_removes_what_another_left(bundle: Path, scratch: Path) -> None:
    """The second process is killed, too, at each thing that it does."""
    for event in range(1, 200):
        assert finish(start(bundle, scratch, "8")) == ""
        assert left(scratch) == {"partial"}
        killed = start(bundle, scratch, str(event))
        said = finish(killed)
        assert finish(start(bundle, scratch)) == "unpacked", f"after a kill before event {event}"
        shutil.rmtree(scratch / "understudy-packages")
        if killed.returncode == 0:
            assert said == "unpacked"
            return
    pytest.fail("it never came to an end")


def test_killed_at_any_time(tmp_path: Path, scratch: Path) -> None:
    bundle = make_bundle(tmp_path / "large", MANY)
    began = time.monotonic()
    assert finish(start(bundle, scratch)) == "unpacked"
    whole = time.monotonic() - began
    draw = random.Random(20)
    halves = 0
    for _ in range(10):
        shutil.rmtree(scratch / "understudy-packages", ignore_errors=True)
        process = start(bundle, scratch)
        time.sleep(draw.uniform(0, whole))
        process.kill()
        process.communicate()
        halves += (scratch / "understudy-packages" / "partial").exists()
        assert finish(start(bundle, scratch)) == "unpacked"
        assert not left(scratch)
    assert halves, "no kill came while it unpacked"


def test_several_at_once(tmp_path: Path, scratch: Path) -> None:
    bundle = make_bundle(tmp_path / "large", MANY)
    for _ in range(3):
        processes = [start(bundle, scratch) for _ in range(4)]
        assert [finish(process) for process in processes] == ["unpacked"] * 4
        assert not left(scratch)
        shutil.rmtree(scratch / "understudy-packages")


def test_several_at_once_of_which_one_is_killed(tmp_path: Path, scratch: Path) -> None:
    bundle = make_bundle(tmp_path / "large", MANY)
    for _ in range(3):
        killed = start(bundle, scratch, "300")
        others = [start(bundle, scratch) for _ in range(3)]
        finish(killed)
        assert [finish(process) for process in others] == ["unpacked"] * 3
        assert not left(scratch)
        shutil.rmtree(scratch / "understudy-packages")


def test_a_tree_from_which_something_is_gone_is_made_anew(bundle: Path, scratch: Path) -> None:
    tree = unpack(bundle, read_index(bundle), scratch)
    (tree / "small/inner/data.py").unlink()
    os.truncate(tree / "small.libs/lib.so", 5)
    assert finish(start(bundle, scratch)) == "unpacked"


def test_what_another_bundle_left_is_not_mixed_in(bundle: Path, scratch: Path) -> None:
    stale = scratch / "understudy-packages" / "partial" / "small" / "stale.py"
    stale.parent.mkdir(parents=True)
    stale.write_text("")
    (scratch / "understudy-packages").chmod(0o700)
    tree = unpack(bundle, read_index(bundle), scratch)
    assert not (tree / "small" / "stale.py").exists()
    assert not left(scratch)


def test_too_little_room_is_seen_before_anything_is_written(bundle: Path) -> None:
    """The zip is not even opened: it is not there."""
    (bundle / "packages.zip").unlink()
    with small_disk(2) as (disk, box):
        process = start(bundle, disk, box=box)
        said = finish(process)
    assert process.returncode == 1
    assert "there is no room for the packages: they take 6 MB, and " in said
    assert " has 2 MB free\nhint: give the function more ephemeral storage" in said


def test_room_that_ends_half_way(tmp_path: Path) -> None:
    """The bundle says that it is smaller than it is: like a disk that somebody else fills."""
    bundle = make_bundle(tmp_path / "bundle")
    index = bundle / "packages.json"
    index.write_text(index.read_text().replace(f"{len(FILES['small.libs/lib.so'])}", "1"))
    with small_disk(2) as (disk, box):
        command = [*box, "sh", "-c"]
        show = f'"$@"; ls -A {disk}/understudy-packages'
        process = start(bundle, disk, box=[*command, show, "sh"])
        out, err = process.communicate(timeout=60)
    assert "there is no room for the packages" in err
    assert "Traceback" not in err
    assert out.split() == ["lock"]


def test_with_room_it_works_on_a_small_disk(bundle: Path) -> None:
    with small_disk(8) as (disk, box):
        assert finish(start(bundle, disk, box=box)) == "unpacked"


def test_a_damaged_zip(bundle: Path, scratch: Path) -> None:
    data = bytearray((bundle / "packages.zip").read_bytes())
    data[100] ^= 1
    (bundle / "packages.zip").write_bytes(data)
    with pytest.raises(PackagesError, match=r"packages\.zip of the bundle is damaged"):
        unpack(bundle, read_index(bundle), scratch)
    assert not left(scratch)


def test_a_folder_that_others_may_write_is_not_trusted(bundle: Path, scratch: Path) -> None:
    (scratch / "understudy-packages").mkdir()
    (scratch / "understudy-packages").chmod(0o777)
    with pytest.raises(PackagesError, match="is not a folder of this user alone"):
        unpack(bundle, read_index(bundle), scratch)


def test_a_link_in_place_of_the_folder_is_not_followed(bundle: Path, scratch: Path) -> None:
    (scratch / "elsewhere").mkdir(mode=0o700)
    (scratch / "understudy-packages").symlink_to("elsewhere")
    with pytest.raises(PackagesError, match="is not a folder of this user alone"):
        unpack(bundle, read_index(bundle), scratch)


def test_where_nothing_may_be_written(bundle: Path, scratch: Path) -> None:
    (scratch / "understudy-packages").write_text("a file")
    with pytest.raises(PackagesError, match=r"cannot be unpacked below .*: File exists"):
        unpack(bundle, read_index(bundle), scratch)
