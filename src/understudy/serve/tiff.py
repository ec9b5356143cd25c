"""TIFFs: what Pillow reads otherwise than it is meant, and what its library says about it.

TIFF revision 6.0: PhotometricInterpretation 0 says that 0 is white, and BitsPerSample may be 12.
Pillow turns the former around for up to 8 bits, and gives the latter as 16-bit numbers up to 4095.
Its libtiff writes to stderr what is wrong with a damaged file, in every thread that reads one.
"""

from __future__ import annotations

import contextlib
import ctypes
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image, _imaging

from ..errors import ImageError
from .image import MORE_PAGES

if TYPE_CHECKING:
    from numpy.typing import NDArray

BITS, PHOTOMETRIC, SAMPLE_FORMAT = 258, 262, 339
WHITE_IS_ZERO = 0
SIGNED = 2


def load(image: Image.Image) -> Image.Image:
    """Decode the pixels: 0 is black, and of more than 8 bits 65535 is white.

    The image's `info` says whether more pages follow it in the file.

    Raises:
        ImageError: it is of signed numbers.
    """
    _silence()
    image.load()
    tags: Any = getattr(image, "tag_v2", {})
    loaded = _meant(image, tags)
    if getattr(tags, "next", 0):  # where the next page is; 0 after the last
        loaded.info[MORE_PAGES] = True
    return loaded


def _meant(image: Image.Image, tags: Any) -> Image.Image:
    if image.mode == "L" and _first(tags, SAMPLE_FORMAT) == SIGNED:
        raise ImageError(
            "its pixels are signed numbers, of which nobody says what is black and what is white",
            hint="save it with unsigned numbers of 8 or 16 bits",
        )
    if not image.mode.startswith("I;16"):
        return image
    is_short, is_inverted = _first(tags, BITS) == 12, tags.get(PHOTOMETRIC) == WHITE_IS_ZERO
    if not is_short and not is_inverted:
        return image
    levels: NDArray[Any] = np.asarray(image)
    if is_short:
        levels = (levels << 4) | (levels >> 8)  # 0 to 0, 4095 to 65535, within 1 of 65535/4095
    return Image.fromarray(65535 - levels if is_inverted else levels)


@cache
def _silence() -> None:
    """Take libtiff's own handler of errors away: Pillow raises what matters.

    Where libtiff is a part of Pillow's own library, its symbols are hidden, and it goes on.
    """
    with contextlib.suppress(AttributeError, OSError):
        ctypes.CDLL(_imaging.__file__).TIFFSetErrorHandler(None)


def _first(tags: Any, tag: int) -> object:
    found = tags.get(tag)
    return found[0] if isinstance(found, tuple) and found else found
