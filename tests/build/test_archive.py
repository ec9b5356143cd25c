"""The zip's bytes depend on its files alone."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import pytest

from understudy.build import archive
from understudy.build.plan import Size


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    names = {"b/run": b"#!/bin/sh\n", "a.py": b"x = 1\n" * 500, "b/data.bin": bytes(range(256))}
    found = {name: tmp_path / name.replace("/", "-") for name in names}
    for name, path in found.items():
        path.write_bytes(names[name])
    found["b/run"].chmod(0o700)
    return found


def test_the_same_files_give_the_same_bytes(files: dict[str, Path], tmp_path: Path) -> None:
    first, second = tmp_path / "1.zip", tmp_path / "2.zip"
    archive.write_zip(first, files)
    for path in files.values():
        os.utime(path, (1, 1))
    files["a.py"].chmod(0o600)
    archive.write_zip(second, dict(reversed(files.items())))
    assert first.read_bytes() == second.read_bytes()
    assert archive.digest(first) == archive.digest(second)


def test_sorted_with_two_permissions_and_no_times(files: dict[str, Path], tmp_path: Path) -> None:
    archive.write_zip(tmp_path / "1.zip", files)
    with zipfile.ZipFile(tmp_path / "1.zip") as found:
        infos = found.infolist()
    assert [info.filename for info in infos] == ["a.py", "b/data.bin", "b/run"]
    assert [info.external_attr >> 16 for info in infos] == [0o100644, 0o100644, 0o100755]
    assert {info.date_time for info in infos} == {(1980, 1, 1, 0, 0, 0)}


def test_the_sizes_of_files_are_the_size_of_the_zip(files: dict[str, Path], tmp_path: Path) -> None:
    path = tmp_path / "1.zip"
    sizes = archive.write_zip(path, files)
    end_of_central_directory = 22
    total = sum(sizes.values(), Size(end_of_central_directory, 0))
    assert total == Size(path.stat().st_size, sum(f.stat().st_size for f in files.values()))


def test_unpacked_it_is_read_only(files: dict[str, Path], tmp_path: Path) -> None:
    archive.write_zip(tmp_path / "1.zip", files)
    folder = tmp_path / "task"
    folder.mkdir()
    archive.extract_zip(tmp_path / "1.zip", folder)
    try:
        modes = {path.name: path.stat().st_mode & 0o777 for path in folder.rglob("*")}
        assert modes == {"a.py": 0o444, "b": 0o555, "data.bin": 0o444, "run": 0o555}
        assert (folder / "a.py").read_bytes() == files["a.py"].read_bytes()
    finally:
        archive.remove_read_only(folder)
