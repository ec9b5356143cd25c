"""`"decode": "fast"`: by how much JPEGs are shrunk, and how near the tensors stay."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any, get_args

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from understudy.release.preprocess import Fit, Preprocess
from understudy.release.resolve import Resolved, resolve
from understudy.serve import decode
from understudy.serve.image import memory_for
from understudy.serve.prepare import Place, empty_batch, prepare
from understudy.serve.reduction import reduction

from .makers import encoded, photo, turned

Array = NDArray[Any]
FAST = replace(resolve(None, (24, 32, 3)), decode="fast")
"""An image becomes 32 wide and 24 high."""


def picture(width: int, height: int) -> Image.Image:
    """As smooth as a photograph is, and different everywhere."""
    rough = np.random.default_rng(3).integers(0, 256, (9, 12, 3)).astype(np.uint8)
    return Image.fromarray(rough).resize((width, height), Image.Resampling.BICUBIC)


def tensor(source: Any, how: Resolved) -> Array:
    place = Place("image", empty_batch(how, 1), 0)
    assert prepare(source, how, place).error is None
    return place.batch[0] * 255


def off(data: bytes, how: Resolved = FAST) -> float:
    """How many grey levels the fast tensor is off in the mean."""
    return float(np.abs(tensor(data, how) - tensor(data, replace(how, decode="exact"))).mean())


@pytest.mark.parametrize(
    ("size", "fit", "factor"),
    [
        ((4000, 3000), "stretch", 8),
        ((384, 288), "stretch", 8),
        ((383, 288), "stretch", 4),
        ((384, 287), "stretch", 4),
        ((192, 144), "stretch", 4),
        ((96, 72), "stretch", 2),
        ((95, 72), "stretch", 1),
        ((1, 5000), "stretch", 1),
        ((384, 20), "stretch", 1),
        ((384, 20), "crop", 1),
        ((384, 20), "crop_to_aspect_ratio", 1),
        ((384, 20), "pad_to_aspect_ratio", 8),
        ((20, 144), "resize_with_pad", 4),
    ],
)
def test_by_how_much(size: tuple[int, int], fit: Any, factor: int) -> None:
    assert reduction(size, replace(FAST, fit=fit)) == factor


@pytest.mark.parametrize(("side", "factor"), [(24, 8), (25, 4), (48, 4), (49, 2)])
def test_what_is_cut_out_later_counts_by_the_shorter_side(side: int, factor: int) -> None:
    assert reduction((500, 288), replace(FAST, fit="center_crop", shorter_side=side)) == factor


@pytest.mark.parametrize("kind", ["RGB", "L", "CMYK"])
@pytest.mark.parametrize("progressive", [False, True])
def test_the_tensors_are_nearly_the_same(kind: str, progressive: bool) -> None:
    data = encoded(picture(640, 480).convert(kind), "JPEG", quality=90, progressive=progressive)
    assert 0 < off(data) < 2


@pytest.mark.parametrize("color", ["rgb", "bgr", "grayscale", "rgba"])
@pytest.mark.parametrize("size", [(640, 480), (637, 473), (1001, 333)])
def test_whatever_the_colours_and_sizes(color: Any, size: tuple[int, int]) -> None:
    channels = {"grayscale": 1, "rgba": 4}.get(color, 3)
    how = resolve(Preprocess(color=color, decode="fast"), (24, 32, channels))
    assert 0 < off(encoded(picture(*size), "JPEG", quality=90), how) < 2


@pytest.mark.parametrize("fit", get_args(Fit))
@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("size", [(800, 520), (797, 523)])
def test_whatever_the_fit_and_however_it_lies(
    fit: Fit, orientation: int, size: tuple[int, int]
) -> None:
    side = 36 if fit == "center_crop" else None
    data = turned(picture(*size), orientation)
    assert 0 < off(data, replace(FAST, fit=fit, shorter_side=side)) < 1


def test_a_picture_on_its_side_is_measured_upright() -> None:
    asked = []

    def note(size: tuple[int, int]) -> int:
        asked.append(size)
        return 4

    data = turned(picture(640, 320), 6)
    assert decode(data, reduction=note).size == (80, 160)
    assert decode(data, reduction=note, orientation="ignore").size == (160, 80)
    assert asked == [(320, 640), (640, 320)]


def test_what_fills_up_the_last_blocks_is_not_shown() -> None:
    """Width and height end 1 pixel after a block: an eighth of a pixel, not a whole one."""
    data = encoded(picture(8 * 60 + 1, 8 * 45 + 1), "JPEG", quality=90)
    small = decode(data, reduction=lambda _: 8)
    assert small.size == (60, 45)
    exact = decode(data).resize(small.size, Image.Resampling.BOX)
    naive = Image.open(io.BytesIO(data))
    naive.draft("RGB", (60, 45))
    assert naive.size == (61, 46)
    shifted = naive.resize(small.size, Image.Resampling.BOX)
    away = [np.abs(np.asarray(i, float) - np.asarray(exact)).mean() for i in (small, shifted)]
    assert away[0] < 1.5
    assert away[1] > 2 * away[0]


def test_two_pictures_in_one_file_are_a_jpeg_too() -> None:
    """Phones write them: the second is a depth map, or the other half of a stereo picture."""
    data = encoded(picture(640, 480), "MPO", save_all=True, append_images=[picture(64, 48)])
    assert Image.open(io.BytesIO(data)).format == "MPO"
    assert decode(data, reduction=lambda _: 8).size == (80, 60)
    assert decode(data).size == (640, 480)
    assert memory_for(data) == 640 * 480 * 10


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF", "BMP", "GIF"])
def test_other_formats_are_as_they_were(kind: str) -> None:
    assert off(encoded(picture(640, 480), kind)) == 0


def test_so_are_small_jpegs_pillow_images_and_arrays() -> None:
    assert off(encoded(photo(), "JPEG")) == 0
    data = encoded(picture(640, 480), "JPEG")
    opened = Image.open(io.BytesIO(data))
    whole = tensor(data, replace(FAST, decode="exact"))
    assert np.array_equal(tensor(opened, FAST), whole)
    assert opened.size == (640, 480)
    assert np.array_equal(tensor(np.asarray(opened), FAST), whole)


def test_a_release_records_it_only_where_it_is_said() -> None:
    exact = resolve(None, (24, 32, 3))
    assert exact.decode == "exact"
    assert "decode" not in exact.to_json()
    fast = resolve(Preprocess(decode="fast"), (24, 32, 3))
    assert fast.to_json()["decode"] == "fast"
    assert (Resolved.from_json(fast.to_json()), Resolved.from_json(exact.to_json())) == (
        fast,
        exact,
    )
