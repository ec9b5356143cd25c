"""Resizing as the real libraries do it; `resizing/make.py` asked them."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from understudy.release.preprocess import Preprocess, Resize
from understudy.release.resolve import resolve
from understudy.serve import tensor
from understudy.serve.resize import METHODS, resize
from understudy.serve.tensor import middle_pixels, write

RESIZING = Path(os.environ.get("UNDERSTUDY_RESIZING", Path(__file__).parent / "resizing"))
"""Another folder may hold larger ones."""

EXACT = {"tensorflow/nearest", "opencv/nearest", "opencv/linear", "skimage/0"}
ROUNDED = {"opencv/area", "opencv/cubic", "opencv/lanczos4"}
"""Whole numbers of float32 sums: a sum that is nearly a half may fall on the other side."""

FLOAT32 = 3e-4
"""Grey levels: sums of float32 in another order."""


def cases(method: str) -> Iterator[tuple[NDArray[np.uint8], NDArray[Any]]]:
    library, _, name = method.partition("/")
    with np.load(RESIZING / f"{library}.npz") as found:
        for key in found.files:
            said, _, rest = key.rpartition("/")[0].partition("/")
            if said == name:
                yield found[f"in/{rest}"], found[key]


@pytest.mark.parametrize("method", METHODS)
def test_it_is_what_the_library_gives(method: str) -> None:
    differs = []
    for image, expected in cases(method):
        found = resize(image, method, *expected.shape[:2])
        assert found.dtype == (np.uint8 if expected.dtype == np.uint8 else np.float32)
        away = np.abs(found.astype(np.float64) - expected)
        if method in EXACT:
            assert away.max() == 0
        elif method in ROUNDED:
            assert away.max() <= 1
        else:
            assert away.max() <= FLOAT32
        differs.append((away > FLOAT32).reshape(-1))
    assert len(differs) >= 6
    assert np.concatenate(differs).mean() < 0.05


def test_every_method_has_its_word_and_every_word_its_method() -> None:
    assert {*METHODS, *tensor.METHODS} == {*get_args(Resize)}


ALIKE = [
    {"opencv/area", "tensorflow/area"},
    {"opencv/linear", "skimage/1", "tensorflow/bilinear"},
    {"skimage/0", "tensorflow/nearest"},
]
"""The same but for rounding, and what is beyond the outermost pixels."""


def test_each_method_differs_from_all_others() -> None:
    """Shrinking noise: what is taken for another shows."""
    image = np.random.default_rng(0).integers(0, 256, (61, 83, 3), dtype=np.uint8)
    found = {name: resize(image, name, 20, 24).astype(np.float64) for name in METHODS}
    alike = {
        frozenset((one, other))
        for one in METHODS
        for other in METHODS
        if one < other and np.abs(found[one] - found[other]).max() < 1.0
    }
    groups = {frozenset(pair) for group in ALIKE for pair in itertools.combinations(group, 2)}
    assert alike == groups


@pytest.mark.parametrize("method", ["tensorflow/bilinear", "opencv/linear", "skimage/1+antialias"])
@pytest.mark.parametrize("color", ["rgb", "grayscale", "rgba", "bgr"])
def test_a_tensor_is_made_with_it(method: Any, color: Any) -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (40, 30, 4), dtype=np.uint8)
    image = Image.fromarray(pixels)
    mode = {"grayscale": "L", "rgba": "RGBA"}.get(color, "RGB")
    image = image.convert(mode)
    channels = {"L": 1, "RGB": 3, "RGBA": 4}[mode]
    how = resolve(Preprocess(color=color, resize=method, scale="0..1"), (16, 12, channels))
    out = np.empty(how.shape, np.float32)
    write(image, how, out)
    plain = np.asarray(image).reshape(40, 30, channels)
    expected = resize(plain, method, 16, 12).astype(np.float32) / np.float32(255)
    np.testing.assert_array_equal(out, expected[:, :, ::-1] if color == "bgr" else expected)


def test_an_image_that_has_the_size_is_not_touched() -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (16, 12, 3), dtype=np.uint8)
    said = Preprocess(resize="tensorflow/mitchellcubic", scale="none")
    out = np.empty((16, 12, 3), np.float32)
    write(Image.fromarray(pixels), resolve(said, out.shape), out)
    np.testing.assert_array_equal(out, pixels)


def test_a_model_that_takes_bytes_gets_rounded_ones() -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (40, 30, 3), dtype=np.uint8)
    said = Preprocess(resize="tensorflow/bicubic", scale="none")
    out = np.empty((16, 12, 3), np.uint8)
    write(Image.fromarray(pixels), resolve(said, out.shape, dtype="uint8"), out)
    exact = resize(pixels, "tensorflow/bicubic", 16, 12)
    assert exact.min() < 0
    assert exact.max() > 255
    np.testing.assert_array_equal(out, np.rint(np.clip(exact, 0, 255)))


@pytest.mark.parametrize(
    ("size", "target", "expected"),
    [
        ((20, 10), (5, 5), (5, 0, 15, 10)),
        ((10, 21), (5, 5), (0, 5, 10, 15)),
        ((9, 9), (3, 3), (0, 0, 9, 9)),
        ((100, 1), (10, 10), (49, 0, 50, 1)),
        ((1, 100), (100, 1), (0, 49, 1, 50)),
    ],
)
def test_the_middle_in_whole_pixels(size: Any, target: Any, expected: Any) -> None:
    assert middle_pixels(size, target) == expected


@pytest.mark.parametrize(
    ("kind", "fit"),
    [
        ("dataset", "stretch"),
        ("dataset", "crop_to_aspect_ratio"),
        ("dataset", "resize_with_pad"),
        ("layer", "pad_to_aspect_ratio"),
        ("load_img", "stretch"),
        ("load_img", "crop_to_aspect_ratio"),
    ],
)
def test_a_fit_is_that_of_keras(kind: str, fit: Any) -> None:
    """`image_dataset_from_directory`, the layer `Resizing`, and `load_img` of Keras 3."""
    method: Any = "pillow/bilinear" if kind == "load_img" else "tensorflow/bilinear"
    checked = 0
    with np.load(RESIZING / "keras.npz") as found:
        for key in found.files:
            said, _, name = key.rpartition("/")
            if said == f"{kind}/{fit}":
                expected = found[key]
                how = resolve(Preprocess(resize=method, fit=fit, scale="none"), expected.shape)
                out = np.empty(how.shape, np.float32)
                write(Image.fromarray(found[f"in/{name}"]), how, out)
                assert np.abs(out - expected).max() <= (0 if kind == "load_img" else FLOAT32)
                checked += 1
    assert checked == 3
