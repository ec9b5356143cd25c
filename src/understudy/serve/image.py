"""From whatever a person has, a file, bytes, an array, to a decoded 8-bit Pillow image.

Rules this file keeps:
- Only the formats of `FORMATS` are tried, chosen by the first bytes, never by the name; and only
  the one codec that is needed is imported.
- The pixels are counted from the header, before anything of that size is allocated.
- Every failure is one ImageError. Pillow's codecs raise nearly anything on damaged files.
- No warning of Pillow's gets out.
- Colours become what `Image.convert` makes of them, as Keras' `load_img` does it
  (keras/src/utils/image_utils.py): an alpha channel is dropped, unless a background is named; CMYK
  is converted without profiles. The one exception is 16-bit grey, which `convert` would cut off,
  and which is scaled by 255/65535 here.

It knows nothing of models: the colour mode is all it is told.
"""

from __future__ import annotations

import importlib
import io
import os
import re
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from ..errors import ImageError
from .quiet import quiet
from .scans import count_scans, has_one_scan

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from ..release.preprocess import Alpha, Bits, Color, Orientation

    Source = str | os.PathLike[str] | bytes | bytearray | memoryview | Image.Image | NDArray[Any]
    """What can be classified: a path, an encoded image, a Pillow image, or an array of uint8."""

    Reduction = Callable[[tuple[int, int]], int]
    """(width, height) of an upright picture -> by how much it is shrunk: 1, 2, 4 or 8."""

MAX_PIXELS = 100_000_000
"""Decoded, this is 400 MB in Pillow. The largest phone photographs in use have 50 megapixels."""

FORMATS: tuple[tuple[str, str, re.Pattern[bytes]], ...] = (
    ("JPEG", "PIL.JpegImagePlugin", re.compile(rb"\xff\xd8\xff")),
    ("PNG", "PIL.PngImagePlugin", re.compile(rb"\x89PNG\r\n\x1a\n")),
    ("WEBP", "PIL.WebPImagePlugin", re.compile(rb"RIFF....WEBP", re.DOTALL)),
    ("TIFF", "PIL.TiffImagePlugin", re.compile(rb"II[*+]\0|MM\0[*+]")),
    ("BMP", "PIL.BmpImagePlugin", re.compile(rb"BM")),
    ("GIF", "PIL.GifImagePlugin", re.compile(rb"GIF8[79]a")),
)
"""Pillow's name, the module that registers it, how a file begins. Of several frames or pages the
first is taken."""

JPEGS = frozenset({"JPEG", "MPO"})
"""Pillow's names; the second has more than one picture in a file."""

MAX_SCANS = 100
"""Of a JPEG. Encoders write about ten. A scan can be a dozen bytes long, and costs a pass over
all pixels; libjpeg-turbo's djpeg has `-maxscans` for that."""

HEADS = (1 << 12, 1 << 17)
"""So many bytes hold the header of a JPEG, without and with a small picture in it."""

HINT_DAMAGED = "copy or download it again, or open it elsewhere and save it"
HINT = "it takes JPEG, PNG, WebP, TIFF, BMP and GIF; open the file elsewhere and save it as one"

BYTES_A_PIXEL = {"JPEG": 10, "MPO": 10, "WEBP": 17}
OTHER_BYTES_A_PIXEL = 9
"""Measured with Pillow 13: the peak of decoding, turning upright and converting. A progressive JPEG
has its coefficients in memory, and libwebp gives the image three times."""

MODES: dict[Color, str] = {"rgb": "RGB", "bgr": "RGB", "grayscale": "L", "rgba": "RGBA"}
"""Pillow's mode for each colour; reversing to BGR is the tensor's business."""

UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""EXIF's orientation tag -> what turns the image upright; as in Pillow's `ImageOps.exif_transpose`,
which would also write the tags anew, and fails where they are damaged."""

ON_THEIR_SIDES = frozenset({5, 6, 7, 8})
"""Where the stored width is the height of the picture."""

ORIENTATION_TAG = 0x0112

MORE_PAGES = "more pages"
"""A key of a decoded image's `info`: the file goes on after this page."""


def decode(
    source: Source,
    *,
    color: Color = "rgb",
    orientation: Orientation = "exif",
    alpha: Alpha = "drop",
    bits: Bits = 8,
    reduction: Reduction | None = None,
) -> Image.Image:
    """Decode `source` to a Pillow image of mode RGB, L or RGBA, turned upright if asked for.

    A TIFF is turned upright always, because Pillow does so while loading.

    Args:
        source: what to decode.
        color: what the model takes.
        orientation: "exif" turns a photograph upright by its orientation tag.
        alpha: what becomes of transparency; "white" and "black" show through it.
        bits: with 16, a grey image of 16 bits becomes one of mode F, with levels from 0 to 255 and
            a fraction.
        reduction: how much smaller an encoded JPEG may become while it is decoded; the image then
            has that part of its size, rounded. Without it, and for all else, every pixel is kept.

    Raises:
        ImageError: it is no image, is damaged, too large, or has no 8-bit equivalent.
    """
    with quiet():
        try:
            opened = _opened(source, color, orientation, reduction)
            image = _upright(opened) if orientation == "exif" else opened
            if alpha != "drop" and image.has_transparency_data and image.mode[0] != "I":
                image = _composited(image, alpha)
            image = _with_bits(image, bits, MODES[color])
            if MORE_PAGES in opened.info:
                image.info[MORE_PAGES] = True  # new images do not know it
            return image
        except ImageError:
            raise
        except MemoryError as error:
            raise ImageError(
                "there is not enough memory to decode it", hint="shrink the image"
            ) from error
        except Exception as error:  # what the codecs raise is not bounded; see the rules
            raise ImageError(f"it cannot be decoded{_why(error)}", hint=HINT_DAMAGED) from error


def memory_for(data: bytes) -> int:
    """About how many bytes decoding takes at its worst, by the header; 0 if that cannot be read."""
    with quiet():
        try:
            image = _begun(io.BytesIO(data))
        except Exception:  # `decode` says what is wrong
            return 0
    width, height = image.size
    return width * height * BYTES_A_PIXEL.get(image.format or "", OTHER_BYTES_A_PIXEL)


def _opened(
    source: Source, color: Color, orientation: Orientation, reduction: Reduction | None
) -> Image.Image:
    if isinstance(source, Image.Image):
        _check_size(source.size)
        return _pixels(source)
    if isinstance(source, np.ndarray):
        return _from_array(source)
    if isinstance(source, bytes | bytearray | memoryview):
        return _loaded(io.BytesIO(source), color, orientation, reduction)
    if not isinstance(source, str | os.PathLike):
        raise ImageError(
            f"a {type(source).__name__} is no image",
            hint="give a path, the file's bytes, a Pillow image, or an array of uint8",
        )
    path = Path(source)
    if not path.is_file() and path.exists():  # opening a pipe would wait for ever
        raise ImageError("it is not a file", hint="give an image, or expand a folder first")
    try:
        with path.open("rb") as file:
            return _loaded(file, color, orientation, reduction)
    except FileNotFoundError:
        raise ImageError("there is no such file", hint="check the path") from None
    except PermissionError:
        raise ImageError("it may not be read", hint="check its permissions") from None


def _loaded(
    file: IO[bytes], color: Color, orientation: Orientation, reduction: Reduction | None
) -> Image.Image:
    image = _begun(file)
    _check_size(image.size)
    if image.format in JPEGS:
        _check_scans(file)
    if reduction is not None and image.format in JPEGS:
        turned = orientation == "exif" and _orientation(image) in ON_THEIR_SIDES
        factor = reduction(image.size[::-1] if turned else image.size)
        if factor > 1:
            return _reduced(image, MODES[color], factor)
    return _pixels(image)


def _pixels(image: Image.Image) -> Image.Image:
    """Decode every pixel."""
    if image.format == "TIFF":
        from .tiff import load  # few people have them

        image = load(image)
    else:
        image.load()
    return image if image.mode != "La" else image.convert("LA")  # which converts to all others


def _reduced(image: Image.Image, mode: str, factor: int) -> Image.Image:
    """Decode a JPEG to a part of its width and height.

    The decoder rounds sizes up: the last row and column then show what was added to fill up the
    file's last blocks. They are resampled away, or the whole picture would be shifted a little.
    """
    width, height = image.size
    image.draft(mode, (width // factor, height // factor))
    image.load()
    if width % factor == 0 and height % factor == 0:
        return image
    box = (0, 0, width / factor, height / factor)
    size = (round(width / factor), round(height / factor))
    return image.resize(size, Image.Resampling.LANCZOS, box)


def _begun(file: IO[bytes]) -> Image.Image:
    """Read the header only."""
    head = file.read(16)
    if not head:
        raise ImageError("it is empty (0 bytes)", hint="copy the file again")
    name, module = _recognised(head)
    file.seek(0)
    importlib.import_module(module)
    factory, _ = Image.OPEN[name]
    try:
        return factory(file, "")
    except (MemoryError, Image.DecompressionBombError):
        raise
    except Exception as error:  # what the codecs raise is not bounded; see the rules
        raise ImageError(
            f"its {name} header is damaged, cut short or of an unsupported kind{_why(error)}",
            hint=HINT_DAMAGED,
        ) from error


def _recognised(head: bytes) -> tuple[str, str]:
    for name, module, beginning in FORMATS:
        if beginning.match(head):
            return name, module
    shown = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in head[:12])
    raise ImageError(f'it is not an image: it begins with "{shown}"', hint=HINT)


def _check_size(size: tuple[int, int]) -> None:
    width, height = size
    if width < 1 or height < 1:
        raise ImageError(f"it has no pixels ({width} x {height})", hint="save the image again")
    if width * height > MAX_PIXELS:
        raise ImageError(
            f"it has {width} x {height} pixels; the limit is {MAX_PIXELS // 1_000_000} megapixels",
            hint="shrink it, or cut out the part that matters",
        )


def _check_scans(file: IO[bytes]) -> None:
    for size in HEADS:
        file.seek(0)
        if has_one_scan(file.read(size)):
            return
    file.seek(0)
    if count_scans(file.read(), MAX_SCANS) > MAX_SCANS:
        raise ImageError(
            f"it has more than {MAX_SCANS} scans", hint="open it elsewhere and save it again"
        )


def _from_array(array: NDArray[Any]) -> Image.Image:
    pixels = array[:, :, 0] if array.ndim == 3 and array.shape[2] == 1 else array
    colored = pixels.ndim == 3 and pixels.shape[2] in (3, 4)
    if pixels.dtype != np.uint8 or not (pixels.ndim == 2 or colored):
        raise ImageError(
            f"an array of {array.dtype} with shape {array.shape} is no image",
            hint="an image is uint8, (H, W), (H, W, 1), (H, W, 3) in RGB order or (H, W, 4);"
            " use predict() for tensors that are scaled already",
        )
    _check_size((pixels.shape[1], pixels.shape[0]))
    return Image.fromarray(np.ascontiguousarray(pixels))


def _orientation(image: Image.Image) -> int:
    """EXIF's number, 1 where there is none."""
    try:
        orientation = image.getexif().get(ORIENTATION_TAG, 1)
    except Exception:  # damaged tags are no reason to refuse the picture; viewers show it as it is
        return 1
    return orientation if isinstance(orientation, int) else 1


def _upright(image: Image.Image) -> Image.Image:
    turn = UPRIGHT.get(_orientation(image))
    return image if turn is None else image.transpose(turn)


def _composited(image: Image.Image, background: str) -> Image.Image:
    """The image as it looks in front of one colour, rounded as Pillow's `paste` does it."""
    image = image.convert("RGBA")
    behind = Image.new("RGB", image.size, background)
    behind.paste(image, mask=image.getchannel("A"))
    return behind


def _with_bits(image: Image.Image, bits: Bits, mode: str) -> Image.Image:
    if bits == 16 and image.mode.startswith("I;16"):
        return Image.fromarray(np.asarray(image).astype(np.float32) / np.float32(257))
    return _converted(image, mode)


def _converted(image: Image.Image, mode: str) -> Image.Image:
    if image.mode.startswith("I;16"):
        image = Image.fromarray(_eight_bits(np.asarray(image)))
    elif image.mode in ("I", "F"):
        raise ImageError(
            "its pixels are 32-bit numbers, of which nobody says what is black and what is white",
            hint="save it with 8 or 16 bits a pixel",
        )
    return image if image.mode == mode else image.convert(mode)


def _eight_bits(grey: NDArray[Any]) -> NDArray[np.uint8]:
    """16-bit grey levels v as round(v * 255 / 65535) = round(v / 257).

    In whole numbers (255 v + 32895) >> 16 is the same for all 65,536 of them.
    """
    wide = grey.astype(np.uint32)
    wide *= 255
    wide += 32895
    wide >>= 16
    return wide.astype(np.uint8)


def _why(error: Exception) -> str:
    """Pillow's own words, where these are words; a KeyError's or struct.error's help nobody."""
    worded = isinstance(error, OSError | SyntaxError | ValueError | Image.DecompressionBombError)
    if not worded or str(error) == str(error.__cause__):  # wrapped as it was
        return ""
    return f": {' '.join((getattr(error, 'strerror', None) or str(error)).split())[:200]}"
