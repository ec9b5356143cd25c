"""Tensors are those that real libraries made in training; `training/make.py` asked them."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from understudy.release.presets import APPLICATIONS, PRESETS
from understudy.serve import Preprocess, parse, resolve
from understudy.serve.prepare import Place, prepare

TRAINING = Path(__file__).parent / "training"
FLOAT32 = 3e-4
"""Grey levels: sums of float32 in another order."""


def png(pixels: NDArray[Any]) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def made(pixels: NDArray[Any], shape: Any, **said: Any) -> NDArray[np.float32]:
    how = resolve(parse(said), shape)
    batch = np.full((1, *how.shape), np.nan, np.float32)
    done = prepare(png(pixels), how, Place("image", batch, 0))
    assert done.error is None
    return batch[0]


def cases(library: str, what: str) -> Iterator[tuple[NDArray[Any], NDArray[Any]]]:
    """Images, and what the library made of them."""
    with np.load(TRAINING / f"{library}.npz") as found:
        for key in found.files:
            kind, _, image = key.partition("/")
            if kind == what:
                yield found[f"in/{image}"], found[key]


STATISTICS: list[tuple[str, dict[str, Any], float]] = [
    ("per_image", {"scale": "none", "standardize": "per_image_standardization"}, 4e-6),
    ("per_image_bytes", {"scale": "0..1", "standardize": "per_image_standardization"}, 4e-6),
    ("samplewise_center", {"scale": "none", "standardize": "samplewise_center"}, 0),
    ("samplewise_std_normalization",
     {"scale": "none", "standardize": "samplewise_std_normalization"}, 0),
    ("rescaled", {"scale": "0..1", "standardize": "samplewise_std_normalization"}, 2e-6),
    ("featurewise", {"scale": "none", "mean": [110.5, 101, 95.25], "std": [60, 61.5, 70]}, 1e-6),
    ("normalization", {"scale": "none", "mean": [110.5, 101, 95.25], "std": [60, 61.5, 70]}, 0),
]  # fmt: skip


@pytest.mark.parametrize(("what", "said", "near"), STATISTICS, ids=[row[0] for row in STATISTICS])
def test_statistics(what: str, said: dict[str, Any], near: float) -> None:
    count = 0
    for pixels, expected in cases("keras", what):
        found = made(pixels, pixels.shape, **said)
        assert np.abs(found - expected).max() <= near
        count += 1
    assert count == 5


@pytest.mark.parametrize("said", [said for _, said, _ in STATISTICS if "standardize" in said])
def test_statistics_of_other_layouts(said: dict[str, Any]) -> None:
    """An image's statistics are those of all its numbers, wherever the channels are."""
    pixels = next(cases("keras", "per_image"))[0]
    last = made(pixels, pixels.shape, **said)
    how = resolve(parse(said), (3, *pixels.shape[:2]), data_format="channels_first")
    batch = np.empty((1, *how.shape), np.float32)
    assert prepare(png(pixels), how, Place("image", batch, 0)).error is None
    np.testing.assert_allclose(batch[0].transpose(1, 2, 0), last, atol=1e-4, rtol=1e-5)


def test_one_number_for_all_channels() -> None:
    pixels = next(cases("keras", "per_image"))[0]
    one = made(pixels, pixels.shape, scale="none", mean=[127.5], std=[64])
    three = made(pixels, pixels.shape, scale="none", mean=[127.5] * 3, std=[64] * 3)
    np.testing.assert_array_equal(one, three)
    np.testing.assert_array_equal(one, (pixels - np.float32(127.5)) / np.float32(64))


def test_numbers_are_for_the_channels_of_the_tensor() -> None:
    pixels = np.full((4, 4, 3), (10, 20, 30), np.uint8)
    found = made(pixels, pixels.shape, scale="none", color="bgr", mean=[30, 20, 10])
    assert not found.any()


@pytest.mark.parametrize("method", ["bilinear", "bicubic", "nearest"])
def test_resizing_and_cropping_as_torchvision(method: str) -> None:
    """Larger and smaller targets than the resized image, too."""
    count = 0
    with np.load(TRAINING / "torchvision.npz") as found:
        for key in found.files:
            kind, _, image = key.partition("/")
            said = kind.split("-")
            if said[0] == method:
                shorter, height, width = map(int, said[1:])
                tensor = made(
                    found[f"in/{image}"],
                    (height, width, 3),
                    resize=f"pillow/{method}",
                    fit="center_crop",
                    shorter_side=shorter,
                    scale="none",
                )
                np.testing.assert_array_equal(tensor, found[key])
                count += 1
    assert count == 20


def test_the_preset_of_torchvision() -> None:
    for pixels, expected in cases("torchvision", "imagenet"):
        found = made(pixels, (24, 24, 3), preset="torchvision", shorter_side=28)
        np.testing.assert_allclose(found, expected, atol=1e-6)
    how = resolve(parse({"preset": "torchvision"}), (None, None, 3))
    assert (how.size, how.shorter_side) == ((224, 224), 256)


@pytest.mark.parametrize("name", ["keras-dataset", "keras-load-img", "keras-image-data-generator"])
def test_the_presets_of_keras(name: str) -> None:
    count = 0
    for pixels, expected in cases("keras", name):
        found = made(pixels, expected.shape, preset=name)
        assert np.abs(found - expected).max() <= (FLOAT32 if name == "keras-dataset" else 0)
        count += 1
    assert count == 5


def test_the_preset_of_opencv() -> None:
    for pixels, expected in cases("opencv", "opencv-linear"):
        if pixels.ndim == 3:
            np.testing.assert_array_equal(made(pixels, expected.shape, preset="opencv"), expected)


def test_the_preset_of_scikit_image() -> None:
    for pixels, expected in cases("skimage", "skimage"):
        found = made(pixels, expected.shape, preset="skimage")
        assert np.abs(found - expected).max() <= FLOAT32 / 255


@pytest.mark.parametrize("method", ["nearest", "linear", "area", "cubic", "lanczos4"])
def test_sixteen_bits_as_opencv(method: str) -> None:
    """It rounds to one of 65,536 levels, of which 257 are one grey level.

    Weights are rounded to 1/2048 here, as OpenCV itself does for images of 8 bits only.
    """
    for pixels, expected in cases("opencv", f"opencv-{method}"):
        if pixels.ndim == 2:
            said = {"resize": f"opencv/{method}", "scale": "none", "bits": 16}
            found = made(pixels, expected.shape, **said)
            assert np.abs(found * 257 - expected.astype(np.float64)).max() <= 24


@pytest.mark.parametrize("order", ["0", "1", "3"])
def test_sixteen_bits_as_scikit_image(order: str) -> None:
    for pixels, expected in cases("skimage", f"skimage-{order}"):
        if pixels.ndim == 2:
            said = {"resize": f"skimage/{order}", "scale": "0..1", "bits": 16}
            expected = (
                expected / 65535 if order == "0" else expected
            )  # only order 0 keeps the range
            assert np.abs(made(pixels, expected.shape, **said) - expected).max() <= FLOAT32 / 255


@pytest.mark.parametrize("library", ["keras", "tfkeras"])
def test_the_presets_of_keras_applications(library: str) -> None:
    """`preprocess_input` of each module, and the side of its images where the module says one."""
    names = []
    with np.load(TRAINING / f"{library}.npz") as found:
        for key in found.files:
            kind, _, name = key.partition("/")
            if kind == "applications":
                preset = f"keras-applications/{name}"
                tensor = made(found["in/24x24"], (24, 24, 3), preset=preset)
                np.testing.assert_array_equal(tensor, found[key])
                sizes = {(int(side), int(side)) for side in found[f"sizes/{name}"]}
                size = PRESETS[preset].size
                assert sizes == {size} or (size is None) == (len(sizes) > 1) or not sizes
                names.append(name)
    assert set(names) == set(APPLICATIONS) - (
        {"regnet", "resnet_rs"} if library == "keras" else set()
    )


def test_every_preset_is_valid() -> None:
    for name, preset in PRESETS.items():
        how = resolve(Preprocess(preset=name, size=preset.size or (9, 8)), (None, None, 3))
        for key, value in vars(preset).items():
            assert value is None or getattr(how, key) == value
        assert not set(how.assumed) & {key for key, value in vars(preset).items() if value}
