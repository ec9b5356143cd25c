"""Goldens whose inputs were scaled by statistics: which, is found with the way of resizing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from understudy.delivery.matching import settle
from understudy.errors import ReleaseError
from understudy.release.preprocess import Preprocess
from understudy.release.resolve import resolve

from .test_matching import PREPARE, SIZE, photos, png, way

TRAINING = Path(__file__).parents[1] / "serve" / "training"
IMAGES = [png(pixels) for pixels in photos(3)]


def inputs_of(**said: Any) -> Any:
    how = way(**said)
    return np.stack([PREPARE(image, how) for image in IMAGES])


STATISTICS: list[tuple[dict[str, Any], tuple[str, ...]]] = [
    ({"scale": "0..1", "mean": (0.5, 0.25, 0.75), "std": (0.2, 0.3, 0.25)},
     ('"mean": [0.5, 0.25, 0.75]', '"std": [0.2, 0.3, 0.25]')),
    ({"scale": "none", "mean": (128.0,), "std": (128.0,)},
     ('"scale": "none"', '"mean": [128.0]', '"std": [128.0]')),
    ({"scale": "none", "mean": (110.5, 101.0, 95.25), "std": (60.0, 61.5, 70.0)},
     ('"scale": "none"', '"mean": [110.5, 101.0, 95.25]', '"std": [60.0, 61.5, 70.0]')),
    ({"scale": "none", "mean": (110.5, 101.0, 95.25)},
     ('"scale": "none"', '"mean": [110.5, 101.0, 95.25]')),
    ({"scale": "none", "std": (300.0,)}, ('"scale": "none"', '"std": [300.0]')),
    ({"scale": "none", "standardize": "per_image_standardization"},
     ('"scale": "none"', '"standardize": "per_image_standardization"')),
    ({"scale": "none", "standardize": "samplewise_center"},
     ('"scale": "none"', '"standardize": "samplewise_center"')),
    ({"scale": "0..1", "standardize": "samplewise_center"},
     ('"standardize": "samplewise_center"',)),
]  # fmt: skip


@pytest.mark.parametrize(
    ("resize", "color", "fit"),
    [("tensorflow/bilinear", "rgb", "stretch"), ("pillow/bicubic", "bgr", "crop")],
)
@pytest.mark.parametrize(("said", "notes"), STATISTICS)
def test_what_nobody_said_is_found(
    said: dict[str, Any], notes: tuple[str, ...], resize: Any, color: Any, fit: Any
) -> None:
    inputs = inputs_of(**said, resize=resize, color=color, fit=fit)
    found, told = settle(way(), IMAGES, inputs, PREPARE, "goldens.npz")
    assert (found.resize, found.color, found.fit) == (resize, color, fit)
    assert [note for note in told if note.split('"')[1] in ("scale", "standardize", "mean", "std")
            ] == list(notes)  # fmt: skip
    same = np.stack([PREPARE(image, found) for image in IMAGES])
    np.testing.assert_allclose(same, inputs, atol=1e-5 * max(1, float(np.abs(inputs).max())))


def test_a_scale_that_is_said_is_not_changed_but_the_numbers_are_told() -> None:
    inputs = inputs_of(scale="0..1", mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225))
    with pytest.raises(ReleaseError, match="do not become its inputs") as caught:
        settle(way(scale="-1..1"), IMAGES, inputs, PREPARE, "goldens.npz")
    assert '"scale": "torch"' in caught.value.hint
    inputs = inputs_of(scale="0..1", mean=(0.5, 0.25, 0.75), std=(0.25,))
    with pytest.raises(ReleaseError) as caught:
        settle(way(scale="0..1"), IMAGES, inputs, PREPARE, "goldens.npz")
    assert 'say "mean": [0.5, 0.25, 0.75], "std": [0.25] in' in caught.value.hint


def test_numbers_that_are_said_wrong() -> None:
    inputs = inputs_of(scale="0..1")
    with pytest.raises(ReleaseError) as caught:
        settle(way(scale="0..1", mean=(0.5,), std=(0.5,)), IMAGES, inputs, PREPARE, "goldens.npz")
    assert 'say no "mean", no "std" in' in caught.value.hint


@pytest.mark.parametrize("method", ["pillow/bilinear", "pillow/bicubic"])
def test_a_centre_crop_as_torchvision(method: Any) -> None:
    said: dict[str, Any] = {"fit": "center_crop", "shorter_side": 23, "resize": method}
    numbers = {"scale": "0..1", "mean": (0.5,), "std": (0.25,)}
    for scale in ({"scale": "torch"}, numbers):
        found, _ = settle(way(), IMAGES, inputs_of(**said, **scale), PREPARE, "goldens.npz")
        assert (found.fit, found.shorter_side, found.resize) == ("center_crop", 23, method)


def test_a_reducing_gap() -> None:
    inputs = inputs_of(resize="pillow/lanczos", reducing_gap=2.0, scale="0..1")
    found, told = settle(way(), IMAGES, inputs, PREPARE, "goldens.npz")
    assert (found.resize, found.reducing_gap) == ("pillow/lanczos", 2.0)
    assert '"reducing_gap": 2.0' in told


def test_a_background_and_sixteen_bits_are_told() -> None:
    """They have defaults, which may have been said: so they are not changed."""
    pixels = np.dstack([photos(1)[0], np.linspace(0, 255, 90 * 120).reshape(90, 120)])
    image = png(pixels.astype(np.uint8))
    inputs = PREPARE(image, way(alpha="white"))[None]
    with pytest.raises(ReleaseError) as caught:
        settle(way(), [image], inputs, PREPARE, "goldens.npz")
    assert '"alpha": "white"' in caught.value.hint
    grey = png((photos(1)[0][:, :, 0].astype(np.uint16) * 256) + 100)
    how = resolve(Preprocess(bits=16), SIZE)
    with pytest.raises(ReleaseError) as caught:
        settle(resolve(None, SIZE), [grey], PREPARE(grey, how)[None], PREPARE, "goldens.npz")
    assert '"bits": 16' in caught.value.hint


@pytest.mark.parametrize(
    ("made_by", "told"),
    [
        ("per_image", '"standardize": "per_image_standardization"'),
        ("samplewise_center", '"standardize": "samplewise_center"'),
        ("samplewise_std_normalization", '"standardize": "'),
        ("featurewise", '"std": [60.0, 61.5, 70.0]'),
        ("normalization", '"mean": [110.5, 101.0, 95.25]'),
    ],
)
def test_what_real_libraries_made(made_by: str, told: str) -> None:
    with np.load(TRAINING / "keras.npz") as found:
        pixels, wanted = found["in/37x51"], found[f"{made_by}/37x51"]
    how = resolve(None, pixels.shape)
    chosen, notes = settle(how, [png(pixels)], wanted[None], PREPARE, "goldens.npz")
    assert told in ", ".join(notes)
    assert np.abs(PREPARE(png(pixels), chosen) - wanted).max() < 1e-4
