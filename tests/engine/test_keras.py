"""Keras itself runs models: releases of real files, answers beside those of the other engine.

Keras is not installed with the project. A Python that has it, and what understudy needs, is in
UNDERSTUDY_KERAS_PYTHON, or in .venv/keras, which `make keras` makes.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from golden_set import goldens
from PIL import Image

from understudy import wiring
from understudy.engine import ALLOW_LAMBDA
from understudy.errors import UnsupportedError
from understudy.release.manifest import KERAS
from understudy.release.repository import read_manifest

ROOT = Path(__file__).parents[2]
DRIVER = Path(__file__).with_name("driver.py")

MODELS = {
    "sequential": ("keras-3.15.1", "vgg_sequential", "architecture.json", "model.weights.h5"),
    "functional": ("keras-3.15.1", "vgg_functional", "architecture.json", "model.weights.h5"),
    "nested": ("keras-3.15.1", "nested", "architecture.json", "model.weights.h5"),
    "whole": ("keras-3.15.1+layers", "shipped", "model.keras"),
    "prepared": ("keras-3.15.1+layers", "prepared", "architecture.json", "model.weights.h5"),
    "hdf5": ("keras-3.15.1+formats", "tfjs", "model.h5"),
    "keras2": ("tfkeras-2.15", "vgg_functional", "architecture.json", "weights.h5"),
    "keras2_whole": ("tfkeras-2.15", "frozen", "model.h5"),
    "keras2_zip": ("tfkeras-2.15", "frozen", "model.keras"),
    "mobile": ("tfkeras-2.4", "mobile", "architecture.json", "weights.h5"),
    "keras22": ("keras-2.2.4", "vgg_sequential", "architecture.json", "weights.h5"),
    "yaml": ("keras-2.2.4+formats", "yaml", "architecture.yaml", "weights.h5"),
}
"""Golden models, and the files that are pushed."""

APART = 1e-4


@pytest.fixture(scope="module")
def python() -> str:
    """A Python that has Keras."""
    found = os.environ.get("UNDERSTUDY_KERAS_PYTHON") or str(ROOT / ".venv/keras/bin/python")
    if not Path(found).exists():
        pytest.skip(f"there is no Python with Keras here ({found}): `make keras` makes one")
    return found


def drive(python: str, *arguments: object, **variables: str) -> dict[str, Any]:
    done = subprocess.run(
        [python, str(DRIVER), *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src"), **variables},
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout.strip().rpartition("\n")[2])
    return found


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("image") / "image.png"
    levels = np.random.default_rng(0).integers(0, 256, (40, 50, 3), np.uint8)
    Image.fromarray(levels).save(path)
    return path


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Path]]:
    """The files of each model, with its goldens."""
    found = {(golden.version, golden.model): golden for golden in goldens()}
    written: dict[str, list[Path]] = {}
    for name, (version, model, *wanted) in MODELS.items():
        folder = tmp_path_factory.mktemp(name)
        written[name] = [folder / file for file in (*wanted, "goldens.npz")]
        for path in written[name]:
            path.write_bytes(found[version, model].read(path.name))
    return written


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("store")


@pytest.fixture(scope="module")
def by_keras(
    python: str, store: Path, image: Path, files: dict[str, list[Path]]
) -> dict[str, dict[str, Any]]:
    """What Keras answers, of each model."""
    said = [f"{name}={','.join(map(str, paths))}" for name, paths in files.items()]
    return drive(python, "push", store, image, *said)


@pytest.mark.parametrize("model", MODELS)
def test_both_engines_answer_the_same(
    model: str,
    by_keras: dict[str, dict[str, Any]],
    files: dict[str, list[Path]],
    image: Path,
    tmp_path: Path,
) -> None:
    found = by_keras[model]
    assert "error" not in found, found["error"]
    wiring.push_files(files[model], model, store=tmp_path)
    with wiring.open_model(model, store=tmp_path) as opened:
        wanted = {
            one.label: one.probability for one in opened.classify(image, top_k=100).predictions
        }
    assert found["answer"].keys() == wanted.keys()
    for label, score in wanted.items():
        assert found["answer"][label] == pytest.approx(score, abs=APART)


def test_what_a_release_for_keras_says(by_keras: dict[str, Any], store: Path) -> None:
    assert by_keras
    (folder,) = (store / "whole" / "releases").iterdir()
    manifest = read_manifest(wiring.store_at(store), "whole", folder.name)
    assert manifest.engine == KERAS
    assert manifest.self_test.verified
    names = {file.name for file in manifest.files}
    assert names == {"keras.json", "keras.weights.h5", "selftest.npz"}
    assert {tensor.status for tensor in manifest.load_report} == {"used"}


@pytest.fixture(scope="module")
def saved(python: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of models that cannot be compiled."""
    folder = tmp_path_factory.mktemp("saved")
    drive(python, "save", folder)
    return folder


def test_what_cannot_be_compiled_is_run(
    python: str, saved: Path, image: Path, tmp_path: Path
) -> None:
    with pytest.raises(UnsupportedError, match="--engine keras"):
        wiring.push_files([saved / "spectral"], "spectral", store=tmp_path)
    done = drive(python, "push", tmp_path, image, f"spectral={saved / 'spectral'}")["spectral"]
    assert sum(done["answer"].values()) == pytest.approx(1, abs=APART)
    (folder,) = (tmp_path / "spectral" / "releases").iterdir()
    manifest = read_manifest(wiring.store_at(tmp_path), "spectral", folder.name)
    assert manifest.self_test.verified
    statuses = {tensor.status for tensor in manifest.load_report}
    assert "used" in statuses
    assert not statuses & {"unused", "missing"}


def test_code_runs_only_where_the_operator_allows_it(
    python: str, saved: Path, image: Path, tmp_path: Path
) -> None:
    pushed = ("push", tmp_path, image, f"coded={saved / 'lambda'}")
    refused = drive(python, *pushed)["coded"]["error"]
    assert "the model holds code of its own" in refused
    assert "Lambda centred" in refused
    assert not (tmp_path / "coded").exists()
    allowed = drive(python, *pushed, **{ALLOW_LAMBDA: "1"})["coded"]
    assert "error" not in allowed, allowed
    again = drive(python, "open", tmp_path, image, "coded", **{ALLOW_LAMBDA: "1"})
    assert again == allowed
    assert "Lambda centred" in drive(python, "open", tmp_path, image, "coded")["error"]
