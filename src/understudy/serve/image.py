"""From whatever a person has, a file, bytes, an array, to a decoded 8-bit Pillow image.

Rules this file keeps:
- Only the formats of `FORMATS` are tried, chosen by the first bytes, never by the name; and only
  the one codec that is needed is imported.
- The pixels are counted from the header, before anything of that size is allocated.
- Every failure is one ImageError. Pillow's codecs raise nearly anything on damaged files.
- No warning of Pillow's gets out.
- Colours become what `Image.convert` makes of them, as Keras' `load_img` does it
  (keras/src/utils/image_utils.py): an alpha channel is dropped, not composited; CMYK is converted
  without profiles. The one exception is 16-bit grey, which `convert` would cut off, and which is
  scaled by 255/65535 here.

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

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..release.preprocess import Color, Orientation

    Source = str | os.PathLike[str] | bytes | bytearray | memoryview | Image.Image | NDArray[Any]
    """What can be classified: a path, an encoded image, a Pillow image, or an array of uint8."""

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

HINT_DAMAGED = "copy or download it again, or open it elsewhere and save it"
HINT = "it takes JPEG, PNG, WebP, TIFF, BMP and GIF; open the file elsewhere and save it as one"

BYTES_A_PIXEL = {"JPEG": 10, "WEBP": 17}
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

ORIENTATION_TAG = 0x0112


def decode(
    source: Source, *, color: Color = "rgb", orientation: Orientation = "exif"
) -> Image.Image:
    """Decode `source` to a Pillow image of mode RGB, L or RGBA, turned upright if asked for.

    A TIFF is turned upright always, because Pillow does so while loading.

    Raises:
        ImageError: it is no image, is damaged, too large, or has no 8-bit equivalent.
    """
    with quiet():
        try:
            image = _opened(source)
            if orientation == "exif":
                image = _upright(image)
            return _converted(image, MODES[color])
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


def _opened(source: Source) -> Image.Image:
    if isinstance(source, Image.Image):
        _check_size(source.size)
        source.load()
        return source
    if isinstance(source, np.ndarray):
        return _from_array(source)
    if isinstance(source, bytes | bytearray | memoryview):
        return _loaded(io.BytesIO(source))
    if not isinstance(source, str | os.PathLike):
        raise ImageError(
            f"a {type(source).__name__} is no image",
            hint="give a path, the file's bytes, a Pillow image, or an array of uint8",
        )
    path = Path(source)
    if path.exists() and not path.is_file():  # opening a pipe would wait for ever
        raise ImageError("it is not a file", hint="give an image, or expand a folder first")
    try:
        with path.open("rb") as file:
            return _loaded(file)
    except FileNotFoundError:
        raise ImageError("there is no such file", hint="check the path") from None
    except PermissionError:
        raise ImageError("it may not be read", hint="check its permissions") from None


def _loaded(file: IO[bytes]) -> Image.Image:
    image = _begun(file)
    _check_size(image.size)
    image.load()
    return image


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


def _upright(image: Image.Image) -> Image.Image:
    try:
        orientation = image.getexif().get(ORIENTATION_TAG, 1)
    except Exception:  # damaged tags are no reason to refuse the picture; viewers show it as it is
        return image
    turn = UPRIGHT.get(orientation) if isinstance(orientation, int) else None
    return image if turn is None else image.transpose(turn)


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
