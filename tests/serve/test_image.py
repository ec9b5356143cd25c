"""Encoded images, real ones of every kind, become what Pillow and Keras' load_img make of them."""

from __future__ import annotations

import io
import os
import threading
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageOps

from understudy.errors import ImageError
from understudy.serve import decode
from understudy.serve.image import MAX_PIXELS, _eight_bits, memory_for

from .makers import encoded, photo, png, turned


def straight(data: bytes, mode: str = "RGB") -> Image.Image:
    """What a person writes; with Pillow's warnings, which `decode` must not let out."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return Image.open(io.BytesIO(data)).convert(mode)


def assert_same(found: Image.Image, expected: Image.Image) -> None:
    assert (found.mode, found.size) == (expected.mode, expected.size)
    assert found.tobytes() == expected.tobytes()


def palette_with_transparency(kind: str, transparency: Any) -> bytes:
    return encoded(photo().quantize(16), kind, transparency=transparency)


def jpeg_pages(count: int) -> bytes:
    return encoded(photo(), "TIFF", save_all=True, append_images=[photo(seed=2)] * (count - 1))


def with_scans(count: int) -> bytes:
    """A progressive JPEG whose last scan comes again, until there are so many."""
    data = encoded(photo(), "JPEG", progressive=True)
    more = count - data.count(b"\xff\xda")
    last = data[data.rindex(b"\xff\xda") : -2]
    return data[:-2] + last * more + data[-2:]


FILES = {
    "jpeg": encoded(photo(), "JPEG"),
    "jpeg progressive": encoded(photo(), "JPEG", progressive=True),
    "jpeg grey": encoded(photo(mode="L"), "JPEG"),
    "jpeg cmyk": encoded(photo(mode="CMYK"), "JPEG"),
    "png": encoded(photo(), "PNG"),
    "png alpha": encoded(photo(mode="RGBA"), "PNG"),
    "png grey alpha": encoded(photo(mode="LA"), "PNG"),
    "png one bit": encoded(photo(mode="1"), "PNG"),
    "png palette": encoded(photo().quantize(16), "PNG"),
    "png palette one transparent": palette_with_transparency("PNG", 3),
    "png palette many transparent": palette_with_transparency("PNG", bytes(range(16))),
    "png transparent colour": encoded(photo(), "PNG", transparency=(1, 2, 3)),
    "gif": encoded(photo(), "GIF"),
    "gif transparent": palette_with_transparency("GIF", 3),
    "gif animated": encoded(photo(), "GIF", save_all=True, append_images=[photo(seed=2)]),
    "webp": encoded(photo(), "WEBP"),
    "webp lossless alpha": encoded(photo(mode="RGBA"), "WEBP", lossless=True),
    "tiff": encoded(photo(), "TIFF"),
    "tiff lzw": encoded(photo(), "TIFF", compression="tiff_lzw"),
    "tiff cmyk": encoded(photo(mode="CMYK"), "TIFF"),
    "tiff pages": jpeg_pages(3),
    "bmp": encoded(photo(), "BMP"),
    "bmp grey": encoded(photo(mode="L"), "BMP"),
}


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize(
    ("color", "mode"), [("rgb", "RGB"), ("bgr", "RGB"), ("grayscale", "L"), ("rgba", "RGBA")]
)
def test_is_what_pillow_makes(name: str, color: Any, mode: str) -> None:
    assert_same(decode(FILES[name], color=color), straight(FILES[name], mode))


def test_the_name_does_not_matter(tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    path.write_bytes(FILES["png"])
    assert_same(decode(path), photo())
    assert_same(decode(str(path)), photo())


@pytest.mark.parametrize("wrap", [bytes, bytearray, memoryview])
def test_takes_bytes_of_any_kind(wrap: Any) -> None:
    assert_same(decode(wrap(FILES["png"])), photo())


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_turns_a_photograph_upright(orientation: int, kind: str) -> None:
    data = turned(photo(), orientation, kind)
    expected = ImageOps.exif_transpose(Image.open(io.BytesIO(data)))
    assert_same(decode(data), expected)
    assert_same(decode(data, orientation="ignore"), straight(data))
    assert_same(decode(Image.open(io.BytesIO(data))), expected)


@pytest.mark.parametrize("exif", [b"Exif\0\0junk", b"Exif\0\0II*\0\x08\0\0\0\xff\xff", b"x"])
def test_damaged_tags_do_not_refuse_the_picture(exif: bytes) -> None:
    data = encoded(photo(), "JPEG", exif=exif)
    assert_same(decode(data), straight(data))


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_sixteen_bit_grey_is_scaled_not_cut(kind: str) -> None:
    levels = np.linspace(0, 65535, 40 * 30, dtype=np.uint16).reshape(30, 40)
    data = encoded(Image.fromarray(levels), kind)
    expected = np.rint(levels / 257).astype(np.uint8)
    assert (np.asarray(decode(data, color="grayscale")) == expected).all()
    assert (np.asarray(decode(data)) == expected[:, :, None]).all()


def test_sixteen_bit_big_endian() -> None:
    levels = np.array([[0, 257, 65535]], ">u2")
    tiff = (
        b"MM\0*\0\0\0\x0e" + levels.tobytes() + b"\0\x07"
        b"\x01\0\0\x03\0\0\0\x01\0\x03\0\0\x01\x01\0\x03\0\0\0\x01\0\x01\0\0"
        b"\x01\x02\0\x03\0\0\0\x01\0\x10\0\0\x01\x03\0\x03\0\0\0\x01\0\x01\0\0"
        b"\x01\x06\0\x03\0\0\0\x01\0\x01\0\0\x01\x11\0\x04\0\0\0\x01\0\0\0\x08"
        b"\x01\x17\0\x04\0\0\0\x01\0\0\0\x06\0\0\0\0"
    )
    assert np.asarray(decode(tiff, color="grayscale")).tolist() == [[0, 1, 255]]


def test_every_sixteen_bit_level_is_rounded_right() -> None:
    levels = np.arange(65536, dtype=np.uint16)
    assert (_eight_bits(levels) == np.rint(levels / 257)).all()


@pytest.mark.parametrize(
    ("array", "mode"),
    [
        (np.asarray(photo()), "RGB"),
        (np.asarray(photo(mode="RGBA")), "RGBA"),
        (np.asarray(photo(mode="L")), "L"),
        (np.asarray(photo(mode="L"))[:, :, None], "L"),
        (np.asarray(photo())[::2, ::-1], "RGB"),
    ],
)
def test_takes_arrays_of_grey_levels(array: np.ndarray[Any, Any], mode: str) -> None:
    flat = array[:, :, 0] if mode == "L" and array.ndim == 3 else array
    expected = Image.fromarray(np.ascontiguousarray(flat)).convert("RGB")
    assert_same(decode(array), expected)


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((4, 4, 3), np.float32),
        np.zeros((4, 4), np.uint16),
        np.zeros((4, 4), bool),
        np.zeros((4, 4, 2), np.uint8),
        np.zeros((1, 4, 4, 3), np.uint8),
        np.zeros(4, np.uint8),
        np.zeros((), np.uint8),
    ],
)
def test_other_arrays_are_refused(array: np.ndarray[Any, Any]) -> None:
    with pytest.raises(ImageError, match="is no image") as caught:
        decode(array)
    assert "uint8" in caught.value.hint
    assert "predict()" in caught.value.hint


def test_a_pillow_image_is_not_changed() -> None:
    image = photo().quantize(16)
    image.info["transparency"] = bytes(range(16))
    before = image.copy()
    decode(image)
    assert_same(image, before)
    assert image.info == before.info


BROKEN: dict[str, tuple[Any, str]] = {
    "nothing": (b"", "empty (0 bytes)"),
    "text": (b"Dear Sir or Madam", 'not an image: it begins with "Dear Sir or'),
    "a line break in it": (b"\n\n\n", "not an image"),
    "pdf": (b"%PDF-1.7", "not an image"),
    "a format that is not listed": (encoded(photo(), "TGA"), "not an image"),
    "postscript": (b"%!PS-Adobe-3.0 EPSF-3.0\n", "not an image"),
    "a signature and no more": (b"\x89PNG\r\n\x1a\n", "PNG header is damaged"),
    "a header that lies": (b"GIF89a" + b"\0" * 3, "GIF header is damaged"),
    "a kind that Pillow does not know": (png(1, 1, 7, 3, b"\0\0"), "of an unsupported kind"),
    "truncated jpeg": (FILES["jpeg"][:600], "JPEG header is damaged, cut short"),
    "truncated jpeg data": (encoded(photo(400, 300), "JPEG")[:9000], "file is truncated"),
    "truncated png": (FILES["png"][: len(FILES["png"]) // 2], "decoded: "),
    "truncated webp": (FILES["webp"][:60], "WEBP header is damaged, cut short"),
    "truncated tiff": (FILES["tiff"][:100], ""),
    "truncated bmp": (FILES["bmp"][:100], "decoded: "),
    "truncated gif": (FILES["gif"][:800], "decoded: "),
    "no pixels": (Image.new("RGB", (0, 5)), "no pixels (0 x 5)"),
    "an empty array": (np.zeros((0, 4, 3), np.uint8), "no pixels (4 x 0)"),
    "a png of no width": (png(0, 5, 8, 0, b""), ""),
    "a bomb": (png(30_000, 30_000, 8, 2, b""), "30000 x 30000 pixels; the limit is 100 meg"),
    "a small bomb": (png(10_001, 10_000, 8, 0, b""), "10001 x 10000 pixels"),
    "many scans": (with_scans(101), "it has more than 100 scans"),
    "floats": (encoded(Image.new("F", (3, 3)), "TIFF"), "32-bit numbers"),
    "integers": (encoded(Image.new("I", (3, 3)), "TIFF"), "32-bit numbers"),
    "none": (None, "a NoneType is no image"),
    "a list": ([1, 2], "a list is no image"),
    "a missing file": ("/no/such/file.jpg", "no such file"),
    "a folder": ("/", "not a file"),
    "a null character": ("a\0b", ""),
    "a long name": ("x" * 5000, ""),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_images_are_one_clear_error(name: str) -> None:
    source, what = BROKEN[name]
    with pytest.raises(ImageError) as caught:
        decode(source)
    assert what in caught.value.what
    assert "\n" not in caught.value.what
    assert caught.value.hint


def test_as_many_scans_as_are_allowed() -> None:
    assert_same(decode(with_scans(100)), straight(with_scans(100)))


def test_what_is_damaged_is_not_told_on_stderr(capfd: pytest.CaptureFixture[str]) -> None:
    """libtiff writes there by itself."""
    data = encoded(photo(), "TIFF", compression="tiff_adobe_deflate")
    with pytest.raises(ImageError, match="cannot be decoded"):
        decode(data[:8] + b"\xff" * 40 + data[48:])
    assert capfd.readouterr().err == ""


def test_a_pipe_does_not_hang(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.jpg"
    os.mkfifo(pipe)
    with pytest.raises(ImageError, match="not a file"):
        decode(pipe)


def test_the_limit_is_ours_not_pillows() -> None:
    pillows = Image.MAX_IMAGE_PIXELS
    assert pillows is not None
    assert pillows < MAX_PIXELS, "so Pillow would warn of this one"
    data = encoded(Image.new("1", (10_000, 10_000)), "PNG")
    assert decode(data, color="grayscale").size == (10_000, 10_000)


def test_threads_leave_the_filters_as_they_were() -> None:
    before = list(warnings.filters)
    threads = [
        threading.Thread(target=lambda: [decode(data) for data in FILES.values()]) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert list(warnings.filters) == before
    with pytest.warns(UserWarning, match="ours"):
        warnings.warn("ours", stacklevel=1)


@pytest.mark.parametrize(
    ("kind", "bytes_a_pixel"), [("JPEG", 10), ("WEBP", 17), ("PNG", 9), ("BMP", 9), ("GIF", 9)]
)
def test_the_memory_for_decoding_is_told_by_the_header(kind: str, bytes_a_pixel: int) -> None:
    assert memory_for(encoded(photo(40, 30), kind)) == 40 * 30 * bytes_a_pixel


@pytest.mark.parametrize("data", [b"", b"junk", b"\x89PNG\r\n\x1a\n", b"BM"])
def test_what_has_no_header_is_left_to_decoding(data: bytes) -> None:
    assert memory_for(data) == 0
