"""What uv is asked, and what is said when it fails. The uv of these tests is a small script."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from understudy.build.contents import ADMISSION, SERVING, Contents
from understudy.build.target import Arch, Python, Target
from understudy.build.wheels import install, packages
from understudy.errors import BuildError

TARGET = Target(Python.PY314, Arch.ARM64)
ROOT = Path(__file__).parents[2]


def fake(folder: Path, script: str) -> Path:
    path = folder / "uv"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def test_wheels_only_each_with_its_hash_for_the_target(tmp_path: Path) -> None:
    said = tmp_path / "said"
    install(fake(tmp_path, f'echo "$@" > {said}'), TARGET, tmp_path / "tree", SERVING.pins)
    asked = said.read_text()
    for part in ("--require-hashes", "--no-deps", "--only-binary :all:", "--python-version 3.14"):
        assert part in asked
    assert "--python-platform aarch64-manylinux_2_28" in asked


def test_without_a_network(tmp_path: Path) -> None:
    uv = fake(
        tmp_path,
        "echo 'error: Request failed\n  cause: Failed to fetch: x\n  cause: dns error' >&2; exit 2",
    )
    with pytest.raises(BuildError, match=r"Python 3\.14 on arm64 cannot be fetched: dns err") as e:
        install(uv, TARGET, tmp_path / "tree", SERVING.pins)
    assert "UV_DEFAULT_INDEX" in e.value.hint


def test_another_hash(tmp_path: Path) -> None:
    uv = fake(tmp_path, "echo '  × Failed\n  ╰─▶ Hash mismatch for numpy' >&2; exit 1")
    with pytest.raises(BuildError, match="cannot be installed: Failed Hash mismatch for numpy"):
        install(uv, TARGET, tmp_path / "tree", SERVING.pins)


def test_whose_a_file_is(tmp_path: Path) -> None:
    (tmp_path / "numpy-2.5.5.dist-info").mkdir()
    (tmp_path / "numpy-2.5.5.dist-info" / "RECORD").write_text(
        'numpy/__init__.py,sha256=x,3\n"numpy.libs/lib,a.so",,\n'
    )
    assert packages(tmp_path) == {
        "numpy/__init__.py": "numpy 2.5.5",
        "numpy.libs/lib,a.so": "numpy 2.5.5",
    }


@pytest.mark.parametrize("contents", [SERVING, ADMISSION], ids=lambda one: one.function)
def test_pins_are_hashed_and_the_versions_that_the_project_is_tested_with(
    contents: Contents,
) -> None:
    text = contents.pins.read_text()
    pinned = dict(re.findall(r"^([a-z-]+)==(\S+) \\$", text, re.MULTILINE))
    asked = (ROOT / "requirements" / f"{contents.function}.in").read_text().split()
    assert sorted(pinned) == asked
    assert "index-url" not in text
    run = (ROOT / "requirements" / "run.txt").read_text()
    for name, version in pinned.items():
        assert f"\n{name}=={version} " in run, name
