"""One image's way into its row of a batch: decoded, resized, scaled, timed, or refused."""

from __future__ import annotations

import os
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import ImageError
from .image import MORE_PAGES, decode
from .tensor import write

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL import Image

    from ..release.resolve import Resolved
    from .image import Source

    Size = tuple[int, int]


FIRST_PAGE = "the file has more pages; this is the first"


@dataclass(frozen=True)
class Place:
    """Where one image's tensor goes: a row of a batch, which other images share."""

    name: str | int
    batch: NDArray[Any]
    row: int


@dataclass(frozen=True)
class Prepared:
    """A place whose image was written there, or, with an error, was not; with a note, in part."""

    place: Place
    decode_ms: float = 0.0
    preprocess_ms: float = 0.0
    error: ImageError | None = None
    note: str | None = None


def empty_batch(how: Resolved, size: int) -> NDArray[Any]:
    """Room for `size` images; its numbers mean nothing until they are written."""
    return np.empty((size, *how.shape), how.dtype)


def decode_as(image: Source, how: Resolved) -> tuple[Image.Image, Size]:
    """Decode `image` in the way that the release records.

    Returns:
        the picture, upright, and the (width, height) of all of its pixels: with `fast` it may have
        fewer.

    Raises:
        ImageError: the image cannot be used.
    """
    whole: list[Size] = []

    def shrink(size: Size) -> int:
        from .reduction import reduction  # only where it is asked for

        whole.append(size)
        return reduction(size, how)

    decoded = decode(
        image,
        color=how.color,
        orientation=how.orientation,
        alpha=how.alpha,
        bits=how.bits,
        reduction=shrink if how.decode == "fast" else None,
    )
    return decoded, whole[0] if whole else decoded.size


def prepare(image: Source, how: Resolved, place: Place) -> Prepared:
    """Decode `image` and write its tensor into its place."""
    started = perf_counter()
    try:
        decoded, whole = decode_as(image, how)
        between = perf_counter()
        write(decoded, how, place.batch[place.row], whole)
    except ImageError as error:
        return Prepared(place, error=error)
    finished = perf_counter()
    note = FIRST_PAGE if MORE_PAGES in decoded.info else None
    return Prepared(place, (between - started) * 1000, (finished - between) * 1000, note=note)


def name_of(image: Source, index: int) -> str | int:
    """What a result calls the image: its path, or else its index."""
    return os.fspath(image) if isinstance(image, str | os.PathLike) else index
