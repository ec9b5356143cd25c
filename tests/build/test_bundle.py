"""One real bundle, for this machine: built twice, measured, run, and run when it is damaged."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from understudy import building
from understudy.build import archive, wheels
from understudy.build.bundle import Bundle
from understudy.build.interpreter import find_interpreter
from understudy.build.proof import prove
from understudy.build.target import Arch, Python, Target
from understudy.errors import BuildError

MOST_ZIPPED, MOST_UNZIPPED = 36e6, 105e6

FORMATS = ("bmp", "gif", "jpeg", "png", "tiff", "webp")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    folder = tmp_path_factory.mktemp("bundle")
    try:
        return building.build_bundle(output=folder / "bundle.zip")
    except BuildError as error:
        if "cannot be fetched" in error.what or "there is no uv" in error.what:
            pytest.skip(f"no bundle was built: {error.what}")
        raise


@pytest.fixture
def names(built: Bundle) -> list[str]:
    with zipfile.ZipFile(built.path) as found:
        return found.namelist()


def test_it_is_small(built: Bundle) -> None:
    assert built.path.stat().st_size == built.size.zipped <= MOST_ZIPPED
    assert built.size.plain <= MOST_UNZIPPED
    assert all(margin.left > 0 for margin in built.margins)


def test_it_has_what_serves_and_nothing_else(built: Bundle, names: list[str]) -> None:
    assert [name.split(" ")[0] for name in built.packages] == [
        *("numpy", "onnxruntime", "obstore", "pillow", "understudy")
    ]
    folders = {name.partition("/")[0] for name in names}
    assert folders >= {"PIL", "numpy", "obstore", "onnxruntime", "understudy"}
    assert not folders & {"bin", "onnx", "pyfive", "typer", "rich", "google", "flatbuffers"}
    assert "understudy/edges/lambda_/handler.py" in names
    assert not [n for n in names if n.startswith(("understudy/compiler", "understudy/cli"))]


def test_licences_stay(names: list[str]) -> None:
    for package in ("numpy", "obstore", "onnxruntime", "pillow", "understudy"):
        assert [n for n in names if n.startswith(f"{package}-") and n.endswith("/METADATA")]
    for package in ("numpy", "pillow"):  # obstore's wheel has none
        licences = [n for n in names if n.startswith(f"{package}-") and "/licenses/" in n]
        assert licences, package
    assert "onnxruntime/LICENSE" in names


def test_the_copy_of_onnxruntime_is_gone_and_it_was_seen_to_work(built: Bundle) -> None:
    assert built.saved["second copy of onnxruntime"].plain > 10e6
    if not built.proof.ran:
        pytest.skip(f"the bundle was not run: {built.proof.why_not}")
    assert built.proof.formats == FORMATS


def test_with_bytecode_only_our_own_sources_are_there(built: Bundle, names: list[str]) -> None:
    if built.compiled_by is None:
        pytest.skip("there is no Python of the bundle's version here, so it has no bytecode")
    sources = {name for name in names if name.endswith(".py")}
    assert {name.partition("/")[0] for name in sources} == {"understudy"}
    for name in sources:
        folder, _, file = name.rpartition("/")
        assert f"{folder}/__pycache__/{file[:-3]}.cpython-313.pyc" in names


def test_the_command_builds_the_same_bytes(built: Bundle, tmp_path: Path) -> None:
    output = tmp_path / "again.zip"
    done = subprocess.run(
        [Path(sys.executable).with_name("understudy"), "build", "--json", "-o", output],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["sha256"] == built.sha256 == archive.digest(output)
    assert said["unzipped"] == sum(row["unzipped"] for row in said["packages"])
    assert said["proof"]["ran"] is built.proof.ran


@pytest.fixture
def damaged(built: Bundle, tmp_path: Path) -> Path:
    """The bundle without Pillow's WebP extension."""
    folder = tmp_path / "tree"
    with zipfile.ZipFile(built.path) as found:
        found.extractall(folder)
    files = {
        path.relative_to(folder).as_posix(): path
        for path in folder.rglob("*")
        if path.is_file() and not path.name.startswith("_webp.")
    }
    archive.write_zip(tmp_path / "damaged.zip", files)
    return tmp_path / "damaged.zip"


def test_a_bundle_that_does_not_work_is_refused(
    built: Bundle, damaged: Path, tmp_path: Path
) -> None:
    if not built.proof.ran:
        pytest.skip(f"no bundle can be run: {built.proof.why_not}")
    python = find_interpreter(wheels.find_uv(), built.target.python)
    with pytest.raises(BuildError, match=r"does not work: .*image\.webp"):
        prove(damaged, built.target, python, building.make_stand(tmp_path / "stand"))


def test_what_cannot_be_run_is_said(tmp_path: Path) -> None:
    stand = building.make_stand(tmp_path)
    proof = prove(tmp_path / "none.zip", Target(Python.PY314, Arch.ARM64), None, stand)
    assert not proof.ran
    assert proof.why_not == "there is no Python 3.14 here"
