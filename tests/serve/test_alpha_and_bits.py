"""Transparency in front of a colour, and grey levels of 16 bits."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from PIL import Image

from understudy.serve import decode

from .makers import encoded, photo

GREY16 = np.arange(256 * 3, dtype=np.uint16).reshape(24, 32) * 85


def pasted(image: Image.Image, background: str) -> Image.Image:
    """What people write: a background, and the image through its own alpha channel."""
    behind = Image.new("RGB", image.size, background)
    behind.paste(image, mask=image.split()[3])
    return behind


@pytest.mark.parametrize("background", ["white", "black"])
@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP"])
def test_an_image_in_front_of_a_colour(background: Any, kind: str) -> None:
    image = photo(mode="RGBA")
    options = {"lossless": True, "exact": True} if kind == "WEBP" else {}
    found = decode(encoded(image, kind, **options), alpha=background)
    np.testing.assert_array_equal(found, pasted(image, background))
    grey = decode(image, color="grayscale", alpha=background)
    np.testing.assert_array_equal(grey, pasted(image, background).convert("L"))
    whole = Image.new("RGBA", image.size, background)
    composite = np.asarray(Image.alpha_composite(whole, image).convert("RGB"), np.int16)
    assert np.abs(composite - np.asarray(found)).max() <= 1


def test_the_colours_stay_unless_a_background_is_named() -> None:
    image = photo(mode="RGBA")
    np.testing.assert_array_equal(decode(encoded(image, "PNG")), image.convert("RGB"))


def test_a_palette_and_a_grey_image_with_transparency() -> None:
    palette = Image.new("P", (2, 1))
    palette.putpalette([10, 20, 30, 40, 50, 60])
    palette.putpixel((1, 0), 1)
    file = encoded(palette, "PNG", transparency=1)
    assert np.asarray(decode(file, alpha="white")).tolist() == [[[10, 20, 30], [255, 255, 255]]]
    grey = Image.new("LA", (2, 1), (100, 0))
    assert not np.asarray(decode(grey, color="grayscale", alpha="black")).any()


def test_without_transparency_nothing_changes() -> None:
    for mode in ("RGB", "L", "P", "CMYK"):
        image = photo().convert(mode)
        np.testing.assert_array_equal(decode(image, alpha="white"), decode(image))


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
@pytest.mark.parametrize("color", ["grayscale", "rgb", "bgr"])
def test_sixteen_bits_keep_a_fraction(kind: str, color: Any) -> None:
    found = decode(encoded(Image.fromarray(GREY16), kind), color=color, bits=16)
    assert found.mode == "F"
    np.testing.assert_array_equal(found, GREY16 / np.float32(257))


def test_sixteen_bits_of_the_other_order() -> None:
    image = Image.frombytes("I;16B", GREY16.shape[::-1], GREY16.astype(">u2").tobytes())
    np.testing.assert_array_equal(decode(image, bits=16), GREY16 / np.float32(257))


def test_eight_bits_are_rounded_and_other_images_the_same() -> None:
    file = encoded(Image.fromarray(GREY16), "PNG")
    np.testing.assert_array_equal(decode(file, color="grayscale"), np.rint(GREY16 / 257))
    np.testing.assert_array_equal(decode(photo(), bits=16), decode(photo()))
