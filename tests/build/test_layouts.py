"""Bundles with zipped packages and with a layer: built, measured, and run as on Lambda."""

from __future__ import annotations

import base64
import json
import subprocess
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from edges.emulator import FOLDER, missing, running
from understudy import building
from understudy.build import wheels
from understudy.build.bundle import Bundle
from understudy.build.interpreter import find_interpreter
from understudy.build.layout import Layout, arrange
from understudy.build.proof import Stand
from understudy.errors import BuildError

from .box import Box, boxed

DRIVER = Path(__file__).with_name("boxed_driver.py")
PACKAGES = ("numpy", "onnxruntime", "obstore", "pillow")


def build(folder: Path, layout: Layout) -> Bundle:
    try:
        return building.build_bundle(output=folder / "bundle.zip", layout=layout)
    except BuildError as error:
        if "cannot be fetched" in error.what or "there is no uv" in error.what:
            pytest.skip(f"no bundle was built: {error.what}")
        raise


@pytest.fixture(scope="module")
def zipped(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return build(tmp_path_factory.mktemp("zipped"), Layout.ZIPPED)


@pytest.fixture(scope="module")
def layered(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return build(tmp_path_factory.mktemp("layered"), Layout.LAYER)


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Stand:
    return building.make_stand(tmp_path_factory.mktemp("stand"))


def names(path: Path) -> list[str]:
    with zipfile.ZipFile(path) as archive:
        return archive.namelist()


def tops(paths: list[str]) -> set[str]:
    return {path.partition("/")[0].partition("-")[0] for path in paths}


def limits(bundle: Bundle) -> dict[str, int]:
    return {margin.name: margin.used for margin in bundle.margins}


def test_what_is_in_which_zip() -> None:
    paths = ["numpy/a.py", "understudy/b.py", "understudy-1.dist-info/METADATA"]
    assert arrange(paths, Layout.PLAIN).function == {path: path for path in paths}
    layered = arrange(paths, Layout.LAYER)
    assert set(layered.function) == set(paths[1:])
    assert layered.packages == {"python/numpy/a.py": "numpy/a.py"}
    assert arrange(paths, Layout.ZIPPED).packages == {"numpy/a.py": "numpy/a.py"}


def test_zipped_packages_count_as_they_are_and_are_measured_in_tmp(zipped: Bundle) -> None:
    assert tops(names(zipped.path)) == {"understudy", "packages.json", "packages.zip"}
    assert zipped.handler == "understudy.edges.lambda_.zipped.handler"
    plain = sum(size.plain for size in zipped.packages.values())
    assert zipped.size.plain < 40e6 < 90e6 < plain <= zipped.unpacked + 3e6
    assert limits(zipped) == {
        "zip, uploaded directly": zipped.path.stat().st_size,
        "unzipped, with all layers": zipped.size.plain,
        "unpacked in /tmp": zipped.unpacked,
    }


def test_a_layer_beside_a_tiny_function(layered: Bundle) -> None:
    assert layered.layer is not None
    assert layered.layer.path.name == "bundle-layer.zip"
    assert tops(names(layered.path)) == {"understudy"}
    assert {name.partition("/")[0] for name in names(layered.layer.path)} == {"python"}
    assert layered.path.stat().st_size < 1e6
    plain = sum(size.plain for size in layered.packages.values())
    assert limits(layered) == {
        "zip, uploaded directly": layered.path.stat().st_size,
        "layer, uploaded directly": layered.layer.path.stat().st_size,
        "unzipped, with all layers": plain,
    }


@pytest.mark.parametrize("kind", ["zipped", "layered"])
def test_they_prove_themselves(kind: str, request: pytest.FixtureRequest) -> None:
    bundle: Bundle = request.getfixturevalue(kind)
    if not bundle.proof.ran:
        pytest.skip(f"the bundle was not run: {bundle.proof.why_not}")
    assert bundle.proof.formats == ("bmp", "gif", "jpeg", "png", "tiff", "webp")


@pytest.fixture
def box(zipped: Bundle, stand: Stand) -> Iterator[Box]:
    with boxed(zipped.path, files={"store": stand.store, "images": stand.images}) as found:
        yield found


def python_of(bundle: Bundle) -> Path:
    """A Python that runs a bundle."""
    found = find_interpreter(wheels.find_uv(), bundle.target.python)
    if found is None or not found.runs(bundle.target):
        pytest.skip(f"there is no Python {bundle.target.python} here that runs the bundle")
    return found.path


def variables(box: Box, stand: Stand) -> dict[str, str]:
    return {
        "UNDERSTUDY_STORE": str(box.folder.with_name("store")),
        "UNDERSTUDY_MODEL": stand.model,
    }


def drive(bundle: Bundle, box: Box, stand: Stand, kills: int, at_once: int) -> Mapping[str, Any]:
    image = box.folder.with_name("images") / "image.png"
    program = box.folder.with_name("driver.py")
    program.write_text(DRIVER.read_text())
    module = bundle.handler.removesuffix(".handler")
    command = [*box.command(), str(python_of(bundle)), "-S", str(program), module, str(image)]
    done = subprocess.run(
        [*command, str(kills), str(at_once)],
        env=variables(box, stand),
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    said: Mapping[str, Any] = json.loads(done.stdout)
    return said


def best(answer: Mapping[str, Any]) -> str:
    return str(answer["predictions"][0]["label"])


def test_killed_while_it_unpacks_and_then_two_at_once(
    zipped: Bundle, box: Box, stand: Stand
) -> None:
    said = drive(zipped, box, stand, kills=6, at_once=2)
    assert said["begun"] >= 3
    assert [best(answer) for answer in said["answers"]] == [stand.label] * 2
    assert sorted(map(len, said["left"])) == [len("lock"), 64]


def test_in_a_tmp_that_is_too_small(zipped: Bundle, box: Box, stand: Stand) -> None:
    small = replace(box, size=80_000_000)
    (answer,) = drive(zipped, small, stand, kills=0, at_once=1)["answers"]
    assert answer["error"].startswith("there is no room for the packages: they take 1")
    assert "and /tmp has 7" in answer["error"] or "and /tmp has 80 MB" in answer["error"]


@pytest.mark.parametrize("kind", ["zipped", "layered"])
def test_in_the_real_runtime(
    kind: str, stand: Stand, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    bundle: Bundle = request.getfixturevalue(kind)
    client = FOLDER / f"python{bundle.target.python}"
    if why := missing():
        pytest.skip(why)
    if not client.is_dir():
        pytest.skip("the runtime client for the bundle's Python is not here: `make dev` fetches it")
    image = (stand.images / "image.jpeg").read_bytes()
    files = {"store": stand.store, "client": client}
    layer = bundle.layer.path if bundle.layer else None
    with boxed(bundle.path, layer, files) as box:
        box = replace(box, path=f"{box.path}:{box.folder.with_name('client')}")
        command = [*box.command(), str(python_of(bundle)), "-m", "awslambdaric"]
        with running(bundle.handler, tmp_path, variables(box, stand), command) as function:
            event = {"image": base64.b64encode(image).decode()}
            answers = [function.invoke(event) for _ in range(2)]
            told = [line for line in function.lines() if "_aws" in line]
    assert [best(answer) for answer in answers] == [stand.label] * 2
    assert [line["start"] for line in told] == ["cold", "warm"]
