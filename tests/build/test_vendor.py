"""A folder with prebuilt packages: what is taken, and what is refused."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from understudy.build.target import Arch, Python, Target
from understudy.build.vendor import add_vendored, check_vendored
from understudy.errors import BuildError, InputError

from .makers import elf

TARGET = Target(Python.PY313, Arch.X86_64)
OURS = {"numpy/__init__.py": "numpy 2"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    files = {
        "small/__init__.py": b"",
        "small/_c.cpython-313-x86_64-linux-gnu.so": elf(["libc.so.6"]),
        "small/__pycache__/__init__.cpython-311.pyc": b"old",
        "small-1.5.dist-info/METADATA": b"Name: small\n",
        "small-1.5.dist-info/WHEEL": b"Tag: cp313-cp313-manylinux_2_17_x86_64\n",
        "small-1.5.dist-info/direct_url.json": b"{}",
        "small-1.5.dist-info/RECORD": b"small/__init__.py,,\nsmall-1.5.dist-info/METADATA,,\n",
        "alone.py": b"x = 1\n",
        ".lock": b"",
    }
    for name, data in files.items():
        (tmp_path / "vendor" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "vendor" / name).write_bytes(data)
    return tmp_path / "vendor"


def add(folder: Path) -> dict[str, str]:
    return add_vendored(folder, check_vendored(folder, TARGET), folder.with_name("tree"), OURS)


def test_what_is_taken_and_whose_it_is(folder: Path) -> None:
    assert add(folder) == {
        "alone.py": "alone",
        "small-1.5.dist-info/METADATA": "small 1.5",
        "small-1.5.dist-info/WHEEL": "small-1.5.dist-info",
        "small/__init__.py": "small 1.5",
        "small/_c.cpython-313-x86_64-linux-gnu.so": "small",
    }
    tree = folder.with_name("tree")
    found = {path.relative_to(tree).as_posix() for path in tree.rglob("*") if path.is_file()}
    assert found == set(add(folder))


def test_what_does_not_run_there_is_named(folder: Path) -> None:
    (folder / "small/_d.cpython-311-x86_64-linux-gnu.so").write_bytes(elf(machine=183))
    (folder / "small/_e.so").write_bytes(elf(versions=["GLIBC_2.39"]))
    with pytest.raises(BuildError, match=r"does not run on Python 3\.13 on x86_64") as caught:
        add(folder)
    assert [problem.partition(",")[0] for problem in caught.value.problems] == [
        "small/_d.cpython-311-x86_64-linux-gnu.so is an extension module for"
        " cpython-311-x86_64-linux-gnu",
        "small/_d.cpython-311-x86_64-linux-gnu.so is for arm64",
        "small/_e.so needs GLIBC_2.39",
    ]
    assert "--requirements" in caught.value.hint
    assert not folder.with_name("tree").exists()


@pytest.mark.parametrize("target", ["../secret", "alone.py", "small", "nowhere", "/etc"])
def test_links_are_refused(folder: Path, target: str) -> None:
    folder.with_name("secret").write_text("secret")
    (folder / "small/link").symlink_to(target)
    with pytest.raises(InputError, match="small/link is a link"):
        add(folder)


def test_what_is_no_file_is_refused(folder: Path) -> None:
    os.mkfifo(folder / "small/pipe")
    with pytest.raises(InputError, match="small/pipe is no plain file"):
        add(folder)


def test_what_is_in_the_way_of_ours_is_refused(folder: Path) -> None:
    (folder / "numpy").mkdir()
    (folder / "numpy/__init__.py").write_text("")
    with pytest.raises(BuildError, match="files in the place of others") as caught:
        add(folder)
    assert caught.value.problems == ("numpy/__init__.py of numpy and numpy/__init__.py of numpy 2",)


def test_no_folder_and_an_empty_one(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no folder"):
        add(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="has no packages"):
        add(tmp_path / "empty")
