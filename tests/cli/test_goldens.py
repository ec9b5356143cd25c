"""`understudy goldens`: its options, what it says without Keras, and a whole run with a stand-in.

The real Keras is asked in tests/training/test_beside_keras.py.
"""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from .conftest import FASHION, Run

MODEL = FASHION / "first"
IMAGES = FASHION / "images"
IMAGE = IMAGES / "test-00000.png"


class StandIn:
    """What the command asks of Keras: a model of 28 x 28 grey levels and ten classes."""

    __version__ = "3.99.0"

    def __init__(self, outputs: int = 1, answer: float = 0.5) -> None:
        self.outputs = [object()] * outputs
        self.inputs = [SimpleNamespace(shape=(None, 28, 28, 1))]
        self.backend = SimpleNamespace(backend=lambda: "paper")
        self.models = SimpleNamespace(model_from_json=lambda _: self)
        self.utils = SimpleNamespace(load_img=self.load_img, img_to_array=self.to_array)
        self._answer = answer

    def load_weights(self, path: str) -> None:
        assert path.endswith("weights.h5")

    def load_img(self, path: str, *, target_size: Any, **said: str) -> Image.Image:
        assert said == {"color_mode": "grayscale", "interpolation": "bilinear"}
        return Image.open(path).convert("L").resize(target_size)

    def to_array(self, image: Image.Image, *, data_format: str, dtype: str) -> np.ndarray:
        assert data_format == "channels_last"
        return np.asarray(image, dtype)[..., np.newaxis]

    def predict(self, inputs: np.ndarray, verbose: int) -> np.ndarray:
        assert verbose == 0
        return np.full((len(inputs), 10), self._answer)


@pytest.fixture
def command(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Run the command in a folder of its own; Keras is not there."""
    monkeypatch.setitem(sys.modules, "keras", None)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: run("goldens", "--from-keras", MODEL, *arguments)


@pytest.mark.parametrize(
    ("arguments", "what", "hint"),
    [
        ([IMAGE], "nothing says how", "--prepare module:function"),
        ([IMAGE, "--prepare", "a:b", "--scale", "none"], "instead of it", "--prepare alone"),
        ([IMAGE, "--prepare", "a:b", "--interpolation", "box"], "instead of it", "without it"),
        ([IMAGE, "--prepare", "prep.py"], "names no function", "prep:load"),
        ([IMAGE, "--prepare", "nowhere:load"], "there is no module nowhere", "prep:load"),
        (["nowhere.jpg", "--scale", "none"], "there is no file nowhere.jpg", "check the path"),
        ([IMAGE, "--scale", "0..1"], "Keras is not installed for", "docs/preprocess.md"),
    ],
)
def test_a_mistake_is_one_line_and_a_hint(
    command: Run, arguments: list[str | Path], what: str, hint: str
) -> None:
    done = command(*arguments)
    assert done.code == 2
    error, _, said = done.err.partition("hint:")
    assert what in error
    assert hint in said
    assert not Path("goldens.npz").exists()


def test_the_goldens_are_what_push_takes(command: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keras", StandIn())  # type: ignore[arg-type]
    done = command(IMAGES, "--scale", "0..1", "--interpolation", "bilinear", "--count", "3")
    assert done.code == 0, done.err
    assert "goldens.npz: 3 images of 30, in even steps" in done.out
    assert "3 x 28 x 28 x 1 of float32, from 0 to 1" in done.out
    assert "Keras 3.99.0 on paper" in done.out
    assert f"understudy push {MODEL} --model NAME --goldens goldens.npz" in done.out
    with np.load("goldens.npz") as found:
        assert sorted(found.files) == ["image_sizes", "images", "inputs", "outputs"]
        first = found["images"][: found["image_sizes"][0]].tobytes()
        assert first == IMAGE.read_bytes()
        wanted = np.asarray(Image.open(IMAGE).convert("L"), np.float32) / np.float32(255)
        np.testing.assert_array_equal(found["inputs"][0, ..., 0], wanted)
        np.testing.assert_array_equal(found["outputs"], np.full((3, 10), 0.5, np.float32))


def test_a_function_of_ones_own_prepares_and_what_it_prints_is_talk(
    command: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "keras", StandIn())  # type: ignore[arg-type]
    Path("own_preparation.py").write_text(
        "import numpy as np\n"
        "def load(path):\n"
        "    print('preparing', path)\n"
        "    return np.full((1, 28, 28, 1), 0.25)\n"
    )
    done = command(IMAGE, "--prepare", "own_preparation:load", "-o", "mine/some.npz")
    assert done.code == 0, done.err
    assert f"preparing {IMAGE}" in done.err
    assert "preparing" not in done.out
    assert "by own_preparation:load" in done.out
    with np.load("mine/some.npz") as found:
        np.testing.assert_array_equal(found["inputs"], np.full((1, 28, 28, 1), 0.25))


@pytest.mark.parametrize(
    ("stand_in", "why"),
    [
        (StandIn(outputs=2), "1 inputs and 2 outputs"),
        (StandIn(answer=float("nan")), f"answer to {IMAGE} is NaN"),
        (SimpleNamespace(__version__="2.15.0"), "needs Keras 3"),
    ],
)
def test_what_cannot_be_recorded_is_said(
    command: Run, monkeypatch: pytest.MonkeyPatch, stand_in: Any, why: str
) -> None:
    monkeypatch.setitem(sys.modules, "keras", stand_in)
    done = command(IMAGE, "--scale", "0..1", "--interpolation", "bilinear")
    assert done.code == 2
    assert why in done.err
    assert not Path("goldens.npz").exists()
