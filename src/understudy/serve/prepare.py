"""One image's way into its row of a batch: decoded, resized, scaled, timed, or refused."""

from __future__ import annotations

import os
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import ImageError
from .image import decode
from .tensor import write

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..release.resolve import Resolved
    from .image import Source


@dataclass(frozen=True)
class Place:
    """Where one image's tensor goes: a row of a batch, which other images share."""

    name: str | int
    batch: NDArray[Any]
    row: int


@dataclass(frozen=True)
class Prepared:
    """A place whose image was written there, or, with an error, was not."""

    place: Place
    decode_ms: float = 0.0
    preprocess_ms: float = 0.0
    error: ImageError | None = None


def empty_batch(how: Resolved, size: int) -> NDArray[Any]:
    """Room for `size` images; its numbers mean nothing until they are written."""
    return np.empty((size, *how.shape), how.dtype)


def prepare(image: Source, how: Resolved, place: Place) -> Prepared:
    """Decode `image` and write its tensor into its place."""
    started = perf_counter()
    try:
        decoded = decode(image, color=how.color, orientation=how.orientation)
    except ImageError as error:
        return Prepared(place, error=error)
    between = perf_counter()
    write(decoded, how, place.batch[place.row])
    finished = perf_counter()
    return Prepared(place, (between - started) * 1000, (finished - between) * 1000)


def name_of(image: Source, index: int) -> str | int:
    """What a result calls the image: its path, or else its index."""
    return os.fspath(image) if isinstance(image, str | os.PathLike) else index
