"""The tensor is, bit by bit, that of the code that people write by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageOps

from understudy.release.resolve import CHANNELS
from understudy.serve import Preprocess, decode, resolve
from understudy.serve.prepare import Place, prepare
from understudy.serve.tensor import METHODS, write

from .makers import photo

SIZES = [(8, 6), (33, 17), (1, 1), (30, 40), (97, 41)]
KERAS = {
    "none": None,
    "0..1": "unit",
    "-1..1": "tf",
    "caffe": "caffe",
    "tf": "tf",
    "torch": "torch",
}


def keras(x: NDArray[np.float32], mode: str | None) -> NDArray[np.float32]:
    """keras/src/applications/imagenet_utils.py, _preprocess_numpy_input, channels_last."""
    if mode == "unit":
        return x / 255.0
    if mode == "tf":
        x /= 127.5
        x -= 1.0
    elif mode == "torch":
        x /= 255.0
        for channel, (mean, std) in enumerate(
            zip([0.485, 0.456, 0.406], [0.229, 0.224, 0.225], strict=True)
        ):
            x[..., channel] -= mean
            x[..., channel] /= std
    elif mode == "caffe":
        x = x[..., ::-1]
        for channel, mean in enumerate([103.939, 116.779, 123.68]):
            x[..., channel] -= mean
    return x


def by_hand(image: Image.Image, color: str, size: tuple[int, int], method: Any) -> Any:
    mode = {"grayscale": "L", "rgba": "RGBA"}.get(color, "RGB")
    height, width = size
    array = np.asarray(image.convert(mode).resize((width, height), method), dtype=np.float32)
    array = array[:, :, None] if array.ndim == 2 else array
    return (array[:, :, ::-1] if color == "bgr" else array).copy()


def written(image: Image.Image, shape: Any, **options: Any) -> NDArray[Any]:
    said = Preprocess(**options.pop("said"))
    how = resolve(said, shape, **options)
    batch = np.full((3, *how.shape), 77, how.dtype)
    write(decode(image, color=how.color), how, batch[1])
    assert (batch[0] == 77).all()
    assert (batch[2] == 77).all()
    return batch[1]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("color", CHANNELS)
def test_resizes_as_pillow(size: tuple[int, int], method: Any, color: Any) -> None:
    image = photo(mode="RGBA")
    said = {"color": color, "resize": method, "scale": "0..1"}
    found = written(image, (*size, CHANNELS[color]), said=said)
    assert np.array_equal(found, by_hand(image, color, size, METHODS[method]) / 255.0)


@pytest.mark.parametrize("size", [*SIZES, (9, 8), (100, 67)])
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("sides", [(40, 30), (30, 40), (64, 64), (101, 33), (7, 97), (1, 50)])
def test_crops_as_pillow(size: tuple[int, int], method: Any, sides: tuple[int, int]) -> None:
    image = photo(*sides)
    found = written(image, (*size, 3), said={"fit": "crop", "resize": method, "scale": "none"})
    fitted = ImageOps.fit(image.convert("RGB"), size[::-1], METHODS[method])
    assert np.array_equal(found, np.asarray(fitted))


@pytest.mark.parametrize("color", ["rgb", "bgr"])
@pytest.mark.parametrize(("scale", "mode"), KERAS.items())
def test_scales_as_keras(color: Any, scale: Any, mode: str | None) -> None:
    image = photo(300, 200)
    found = written(image, (64, 48, 3), said={"color": color, "scale": scale})
    expected = keras(by_hand(image, color, (64, 48), Image.Resampling.BILINEAR), mode)
    assert expected.dtype == found.dtype == np.float32
    assert np.array_equal(found, expected)


@pytest.mark.parametrize(("scale", "mode"), KERAS.items())
def test_every_grey_level_of_every_channel(scale: Any, mode: str | None) -> None:
    levels = np.repeat(np.arange(256, dtype=np.uint8), 3).reshape(16, 16, 3)
    found = written(Image.fromarray(levels), (16, 16, 3), said={"scale": scale})
    assert np.array_equal(found, keras(levels.astype(np.float32), mode))


@pytest.mark.parametrize(("scale", "mode"), KERAS.items())
def test_channels_first(scale: Any, mode: str | None) -> None:
    image = photo()
    said = {"scale": scale, "color": "bgr"}
    found = written(image, (3, 9, 8), said=said, data_format="channels_first")
    expected = keras(by_hand(image, "bgr", (9, 8), Image.Resampling.BILINEAR), mode)
    assert np.array_equal(found, expected.transpose(2, 0, 1))


def test_grey_without_a_channel_axis() -> None:
    found = written(photo(), (9, 8), said={})
    expected = by_hand(photo(), "grayscale", (9, 8), Image.Resampling.BILINEAR)[:, :, 0] / 255.0
    assert np.array_equal(found, expected)


def test_grey_levels_for_a_model_of_uint8() -> None:
    found = written(photo(), (9, 8, 3), said={}, dtype="uint8")
    assert found.dtype == np.uint8
    assert np.array_equal(found, by_hand(photo(), "rgb", (9, 8), Image.Resampling.BILINEAR))


@pytest.mark.parametrize("method", [method for method in METHODS if method != "pillow/nearest"])
@pytest.mark.parametrize("gap", [1.0, 2.0, 3.0])
def test_reduces_before_it_resizes_as_pillow(method: Any, gap: float) -> None:
    image = photo(300, 200)
    found = written(
        image, (20, 31, 3), said={"resize": method, "reducing_gap": gap, "scale": "none"}
    )
    expected = image.resize((31, 20), METHODS[method], reducing_gap=gap)
    assert np.array_equal(found, expected)


def test_a_reducing_gap_makes_a_difference() -> None:
    said = {"resize": "pillow/bilinear", "scale": "none"}
    plain = written(photo(300, 200), (20, 31, 3), said=said)
    assert not np.array_equal(
        plain, written(photo(300, 200), (20, 31, 3), said=said | {"reducing_gap": 1.0})
    )


def test_sixteen_bits_of_grey_for_three_channels() -> None:
    grey = np.arange(72, dtype=np.uint16).reshape(9, 8) * 900
    said = {"scale": "caffe", "bits": 16}
    how = resolve(Preprocess(**said), (9, 8, 3))
    out = np.empty(how.shape, np.float32)
    write(decode(Image.fromarray(grey), bits=16), how, out)
    levels = np.repeat((grey / np.float32(257))[:, :, None], 3, 2)
    assert np.array_equal(out, keras(levels, "caffe"))


@pytest.mark.parametrize("sides", [(1, 60_000), (60_000, 1)])
def test_an_image_too_narrow_to_be_cropped_is_an_error(sides: tuple[int, int]) -> None:
    how = resolve(Preprocess(fit="center_crop", shorter_side=256), (8, 8, 3))
    batch = np.empty((1, *how.shape), np.float32)
    done = prepare(Image.new("RGB", sides), how, Place("image", batch, 0))
    assert done.error is not None
    assert "too narrow" in done.error.what
    assert "\n" not in done.error.what
