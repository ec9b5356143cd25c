"""Every kind of file that people have, against the samples it was made of, and against Pillow."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from understudy.errors import ImageError
from understudy.serve import decode

from .kinds import bmp, filled, grey_levels, packed, png, samples, tiff
from .makers import encoded, photo

Samples = NDArray[Any]


def rgb(data: bytes) -> Samples:
    return np.asarray(decode(data))


def grey(data: bytes) -> Samples:
    return np.asarray(decode(data, color="grayscale"))


def straight(data: bytes, mode: str = "RGB") -> Samples:
    """What a person writes."""
    return np.asarray(Image.open(io.BytesIO(data)).convert(mode))


# --- PNG ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("interlaced", [False, True])
@pytest.mark.parametrize("bits", [1, 2, 4, 8, 16])
def test_grey_png(bits: int, interlaced: bool) -> None:
    found = samples(bits)
    expected = grey_levels(found, bits)
    data = png(found, bits, 0, interlaced=interlaced)
    assert (grey(data) == expected[:, :, 0]).all()
    assert (rgb(data) == expected).all()


PALETTE = samples(8, 3, width=16, height=16).reshape(256, 3)


@pytest.mark.parametrize("transparent", [None, b"\0", bytes(range(0, 256, 16))])
@pytest.mark.parametrize("interlaced", [False, True])
@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_palette_png(bits: int, interlaced: bool, transparent: bytes | None) -> None:
    found = samples(bits)
    before = [(b"PLTE", PALETTE[: 1 << bits].astype(np.uint8).tobytes())]
    if transparent is not None:
        before.append((b"tRNS", transparent[: 1 << bits]))
    data = png(found, bits, 3, before=before, interlaced=interlaced)
    assert (rgb(data) == PALETTE[found[:, :, 0]]).all()
    if transparent is not None:
        opacity = np.full(256, 255)
        opacity[: len(transparent)] = list(transparent)
        assert (np.asarray(decode(data, color="rgba"))[:, :, 3] == opacity[found[:, :, 0]]).all()


@pytest.mark.parametrize("interlaced", [False, True])
@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize(("kind", "channels"), [(2, 3), (4, 2), (6, 4)])
def test_png_with_several_channels(kind: int, channels: int, bits: int, interlaced: bool) -> None:
    """Of 16 bits Pillow takes the upper 8: at most one grey level less than rounded."""
    found = samples(bits, channels)
    data = png(found, bits, kind, interlaced=interlaced)
    levels = (found >> (bits - 8)).astype(np.uint8)
    expected = levels[:, :, [0, 0, 0]] if channels == 2 else levels[:, :, :3]
    assert (rgb(data) == expected).all()
    rounded = grey_levels(found, bits).astype(int)
    assert np.abs(rounded - levels).max() <= 1
    if channels != 3:
        assert (np.asarray(decode(data, color="rgba"))[:, :, 3] == levels[:, :, -1]).all()


# --- TIFF -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("stored", [{}, {"tile": 16}, {"deflated": True}])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("white_is_zero", [False, True])
@pytest.mark.parametrize("bits", [1, 2, 4, 8, 16])
def test_grey_tiff(bits: int, white_is_zero: bool, order: Any, stored: dict[str, Any]) -> None:
    found = samples(bits, width=32, height=20)
    data = tiff(found, bits, 0 if white_is_zero else 1, order=order, **stored)
    if (bits, white_is_zero, order) == (16, True, ">"):
        with pytest.raises(ImageError, match="of an unsupported kind: unknown pixel mode"):
            decode(data)
        return
    expected = grey_levels(found, bits)[:, :, 0]
    assert (grey(data) == (255 - expected if white_is_zero else expected)).all()


@pytest.mark.parametrize("alpha", [1, 2])
def test_grey_tiff_with_alpha(alpha: int) -> None:
    """1: the levels were multiplied with their opacity."""
    found = samples(8, 2)
    found[:, :, 1] = np.maximum(found[:, :, 1], found[:, :, 0])
    data = tiff(found, 8, 1, tags={338: [alpha]})
    given = found[:, :, 0] if alpha == 2 else _divided(found)
    assert np.abs(grey(data).astype(int) - given).max() <= 1
    opacity = np.asarray(decode(data, color="rgba"))[:, :, 3]
    assert (opacity == found[:, :, 1]).all()


def _divided(found: Samples) -> Samples:
    return np.rint(found[:, :, 0] * 255 / np.maximum(found[:, :, 1], 1)).astype(int)


@pytest.mark.parametrize("order", ["<", ">"])
def test_grey_tiff_of_twelve_bits(order: Any) -> None:
    """Microscopes write them: black is 0, white is 4095."""
    found = samples(12, width=32, height=20)
    ones = (found[:, :, 0][:, :, None] >> np.arange(11, -1, -1)) & 1
    lines = np.packbits(ones.astype(np.uint8).reshape(20, -1), axis=1)
    whole = tiff(lines[:, :, None].astype(np.uint32), 8, 1, order=order)
    data = _with_tags(whole, order, {256: 32, 258: 12})
    if order == ">":
        with pytest.raises(ImageError, match="of an unsupported kind: unknown pixel mode"):
            decode(data)
        return
    assert (grey(data) == grey_levels(found, 12)[:, :, 0]).all()


def _with_tags(data: bytes, order: str, tags: dict[int, int]) -> bytes:
    """Change numbers in the directory of a TIFF."""
    big: Any = "big" if order == ">" else "little"
    made = bytearray(data)
    place = int.from_bytes(made[4:8], big)
    for number in range(int.from_bytes(made[place : place + 2], big)):
        entry = place + 2 + 12 * number
        tag = int.from_bytes(made[entry : entry + 2], big)
        if tag in tags:
            size = 2 if int.from_bytes(made[entry + 2 : entry + 4], big) == 3 else 4
            made[entry + 8 : entry + 8 + size] = tags[tag].to_bytes(size, big)
    return bytes(made)


@pytest.mark.parametrize("stored", [{}, {"tile": 16}, {"deflated": True}])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("bits", [8, 16])
def test_colour_tiff(bits: int, order: Any, stored: dict[str, Any]) -> None:
    """Of 16 bits Pillow takes the upper 8, as it does of PNG."""
    found = samples(bits, 3, width=32, height=20)
    data = tiff(found, bits, 2, order=order, **stored)
    assert (rgb(data) == found >> (bits - 8)).all()


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("bits", [8, 16])
def test_colour_tiff_with_alpha(bits: int, order: Any) -> None:
    found = samples(bits, 4)
    data = tiff(found, bits, 2, order=order, tags={338: [2]})
    assert (rgb(data) == (found >> (bits - 8))[:, :, :3]).all()
    assert (np.asarray(decode(data, color="rgba")) == found >> (bits - 8)).all()


@pytest.mark.parametrize("bits", [8, 16])
def test_cmyk_tiff(bits: int) -> None:
    found = samples(bits, 4)
    eight = Image.fromarray((found >> (bits - 8)).astype(np.uint8), "CMYK")
    assert (rgb(tiff(found, bits, 5)) == np.asarray(eight.convert("RGB"))).all()


@pytest.mark.parametrize(
    "compression", ["raw", "tiff_lzw", "tiff_adobe_deflate", "packbits", "zstd", "lzma"]
)
def test_compressions_without_loss(compression: str) -> None:
    image = photo()
    assert (rgb(encoded(image, "TIFF", compression=compression)) == np.asarray(image)).all()


def test_grey_of_sixteen_bits_in_lzw() -> None:
    found = samples(16, width=32, height=20)
    image = Image.fromarray(found[:, :, 0].astype(np.uint16))
    data = encoded(image, "TIFF", compression="tiff_lzw")
    assert (grey(data) == grey_levels(found, 16)[:, :, 0]).all()


@pytest.mark.parametrize("compression", ["group3", "group4"])
def test_scanned_pages(compression: str) -> None:
    image = photo(mode="1")
    assert (grey(encoded(image, "TIFF", compression=compression)) == np.asarray(image) * 255).all()


@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_jpeg_in_tiff(mode: str) -> None:
    data = encoded(photo(mode=mode), "TIFF", compression="jpeg")
    assert (rgb(data) == straight(data)).all()
    assert np.abs(rgb(data).astype(int) - np.asarray(photo(mode=mode).convert("RGB"))).mean() < 40


def test_tiff_with_a_palette() -> None:
    image = photo().quantize(16)
    assert (rgb(encoded(image, "TIFF")) == np.asarray(image.convert("RGB"))).all()


def test_of_pages_the_first() -> None:
    data = encoded(photo(), "TIFF", save_all=True, append_images=[photo(seed=2), photo(8, 8)])
    assert (rgb(data) == np.asarray(photo())).all()


@pytest.mark.parametrize(
    ("bits", "tags"), [(16, {339: [2]}), (32, {339: [1]}), (32, {339: [3]}), (8, {339: [2]})]
)
def test_signed_and_long_numbers_are_refused(bits: int, tags: Any) -> None:
    with pytest.raises(ImageError) as caught:
        decode(tiff(samples(min(bits, 31)), bits, 1, tags=tags))
    assert "\n" not in caught.value.what


# --- BMP ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("top_down", [False, True])
@pytest.mark.parametrize("bits", [1, 4, 8])
def test_bmp_with_a_palette(bits: int, top_down: bool) -> None:
    found = samples(bits)
    colours = [tuple(map(int, colour)) for colour in PALETTE[: 1 << bits]]
    rows = packed(found if top_down else found[::-1], bits)
    data = bmp((19, -13 if top_down else 13), bits, filled(rows), palette=colours)  # type: ignore[arg-type]
    assert (rgb(data) == PALETTE[found[:, :, 0]]).all()


@pytest.mark.parametrize("top_down", [False, True])
@pytest.mark.parametrize("bits", [24, 32])
def test_bmp_of_three_bytes_and_four(bits: int, top_down: bool) -> None:
    found = samples(8, 3)
    stored = found[:, :, ::-1] if bits == 24 else np.dstack([found[:, :, ::-1], found[:, :, :1]])
    rows = packed(stored if top_down else stored[::-1], 8)
    data = bmp((19, -13 if top_down else 13), bits, filled(rows))
    assert (rgb(data) == found).all()


def test_bmp_of_four_bytes_with_alpha() -> None:
    found = samples(8, 4)
    rows = packed(found[::-1, :, [2, 1, 0, 3]], 8)
    masks = (0xFF0000, 0xFF00, 0xFF, 0xFF000000)
    data = bmp((19, 13), 32, filled(rows), compression=3, masks=masks)
    assert (np.asarray(decode(data, color="rgba")) == found).all()


@pytest.mark.parametrize(("shares", "masks"), [((5, 5, 5), ()), ((5, 6, 5), (0xF800, 0x7E0, 0x1F))])
def test_bmp_of_two_bytes(shares: tuple[int, int, int], masks: tuple[int, ...]) -> None:
    parts = [samples(share)[:, :, 0] for share in shares]
    red, green, blue = parts
    stored = (red << (shares[1] + shares[2])) | (green << shares[2]) | blue
    rows = packed(stored[::-1, :, None], 16, "<")
    data = bmp((19, 13), 16, filled(rows), compression=3 if masks else 0, masks=masks)
    expected = np.stack([p * 255 // ((1 << s) - 1) for p, s in zip(parts, shares, strict=True)], -1)
    assert (rgb(data) == expected).all()


def test_bmp_in_runs() -> None:
    found = samples(8) >> 5
    rows = b"".join(
        b"".join(bytes((1, int(value))) for value in line[:, 0]) + b"\0\0" for line in found[::-1]
    )
    colours = [tuple(map(int, colour)) for colour in PALETTE]
    data = bmp((19, 13), 8, rows + b"\0\1", compression=1, palette=colours)  # type: ignore[arg-type]
    assert (rgb(data) == PALETTE[found[:, :, 0]]).all()


# --- JPEG, GIF, WebP ------------------------------------------------------------------------------


def test_cmyk_jpegs_are_inverted_as_adobe_writes_them() -> None:
    colours = Image.new("RGB", (64, 64), (200, 60, 30)).convert("CMYK")
    data = encoded(colours, "JPEG", quality=95)
    assert b"Adobe" in data
    assert np.abs(rgb(data).astype(int) - (200, 60, 30)).max() <= 3
    assert (rgb(data) == straight(data)).all()


def test_ycck_jpeg() -> None:
    """The same with Adobe's transform 2: the decoder gives CMYK of it."""
    data = encoded(photo(64, 64).convert("CMYK"), "JPEG", quality=95)
    place = data.index(b"Adobe") + 11
    changed = data[:place] + b"\2" + data[place + 1 :]
    assert (rgb(changed) == straight(changed)).all()
    assert (rgb(changed) != rgb(data)).any()


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"restart_marker_rows": 1}])
@pytest.mark.parametrize("mode", ["RGB", "L"])
@pytest.mark.parametrize("subsampling", [0, 1, 2])
def test_jpeg(mode: str, options: dict[str, Any], subsampling: int) -> None:
    image = photo(64, 48, mode)
    data = encoded(image, "JPEG", quality=95, subsampling=subsampling, **options)
    assert (rgb(data) == straight(data)).all()
    assert np.abs(grey(data).astype(int) - np.asarray(image.convert("L"))).mean() < 10


def test_gif_with_a_transparent_first_frame() -> None:
    frames = [photo(seed=seed).quantize(16) for seed in (1, 2)]
    data = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:], transparency=3)
    assert (rgb(data) == np.asarray(frames[0].convert("RGB"))).all()
    opaque = np.asarray(frames[0]) != 3
    assert (np.asarray(decode(data, color="rgba"))[:, :, 3] == opaque * 255).all()


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_webp_without_loss(mode: str) -> None:
    image = photo(mode=mode)
    data = encoded(image, "WEBP", lossless=True, exact=True)
    assert (rgb(data) == np.asarray(image.convert("RGB"))).all()
    if mode == "RGBA":
        assert (np.asarray(decode(data, color="rgba")) == np.asarray(image)).all()


def test_webp_that_moves() -> None:
    frames = [photo(seed=seed) for seed in (1, 2)]
    data = encoded(frames[0], "WEBP", save_all=True, append_images=frames[1:], lossless=True)
    assert (rgb(data) == np.asarray(frames[0])).all()
    lossy = encoded(frames[0], "WEBP", save_all=True, append_images=frames[1:], quality=90)
    assert (rgb(lossy) == straight(lossy)).all()
