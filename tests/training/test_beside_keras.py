"""Goldens by the real Keras, and what `push` finds in them.

It needs a Python with Keras 3 and what understudy depends on: that of UNDERSTUDY_KERAS_PYTHON, or
.venv/keras, which `make keras` makes.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from understudy import wiring
from understudy.release.goldens import parse_images

ROOT = Path(__file__).parents[2]
VARIABLE = "UNDERSTUDY_KERAS_PYTHON"
MADE = ROOT / ".venv" / "keras" / "bin" / "python"
MODEL = ROOT / "tests" / "golden" / "keras-3.15.1" / "vgg_functional"
FILES = [MODEL / "architecture.json", MODEL / "model.weights.h5"]

OWN = """
import numpy as np
from PIL import Image

def load(path):
    image = Image.open(path).convert("RGB").resize((12, 16), Image.Resampling.BICUBIC)
    return np.asarray(image, np.float32)[..., ::-1] / 127.5 - 1
"""


@pytest.fixture(scope="module")
def python() -> str:
    said = os.environ.get(VARIABLE) or (str(MADE) if MADE.exists() else None)
    if said is None:
        pytest.skip("there is no Python with Keras here: `make keras` makes one")
    return said


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """Sharp and smooth pictures of odd sizes."""
    folder = tmp_path / "images"
    folder.mkdir()
    source = np.random.default_rng(7)
    for number, size in enumerate([(61, 47), (90, 33), (40, 120)]):
        noise = source.integers(0, 256, (*size, 3), np.uint8)
        small = Image.fromarray(noise[:9, :9]).resize(size[::-1], Image.Resampling.BICUBIC)
        Image.blend(Image.fromarray(noise), small, 0.7).save(folder / f"{number}.png")
    return folder


def record(python: str, folder: Path, *arguments: str | Path, code: int = 0) -> str:
    files = [argument for file in FILES for argument in ("--from-keras", file)]
    variables = {"KERAS_BACKEND": "jax", **os.environ, "PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run(
        [python, "-c", "from understudy.cli import main; main()", "goldens", *files, *arguments],
        cwd=folder,
        env=variables,
        capture_output=True,
        text=True,
    )
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout if not code else done.stderr


def test_push_names_what_a_person_s_own_function_does(
    python: str, images: Path, tmp_path: Path
) -> None:
    (tmp_path / "own.py").write_text(OWN)
    said = record(python, tmp_path, images, "--prepare", "own:load")
    assert "3 images" in said
    assert "Keras 3." in said
    manifest = wiring.push_files(
        FILES, "m", store=tmp_path / "store", goldens=tmp_path / "goldens.npz"
    ).manifest
    assert manifest.self_test.verified
    found = {key: manifest.preprocess[key] for key in ("color", "resize", "scale")}
    assert found == {"color": "bgr", "resize": "pillow/bicubic", "scale": "-1..1"}
    kept = parse_images((tmp_path / "goldens.npz").read_bytes())
    assert kept == tuple((images / f"{number}.png").read_bytes() for number in range(3))


@pytest.mark.parametrize("scale", ["none", "0..1", "caffe", "torch"])
def test_push_names_what_load_img_does(
    python: str, images: Path, tmp_path: Path, scale: str
) -> None:
    record(python, tmp_path, images, "--scale", scale, "--interpolation", "hamming")
    manifest = wiring.push_files(
        FILES, "m", store=tmp_path / "store", goldens=tmp_path / "goldens.npz"
    ).manifest
    assert (manifest.preprocess["resize"], manifest.preprocess["scale"]) == (
        "pillow/hamming",
        scale,
    )


def test_what_keras_cannot_open_is_one_line(python: str, images: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.png"
    bad.write_text("no image")
    said = record(python, tmp_path, bad, "--scale", "none", code=2)
    assert f"Keras cannot load {bad}: cannot identify image file" in said
