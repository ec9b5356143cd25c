"""Resizing along one axis as a constant matrix, for every interpolation that Keras has.

`matrix(method, size, count)` has a row for each output and a column for each input; a resize of
an image is one product for its rows and one for its columns. That is what TensorFlow computes,
in float32 and with its tables: the formulas are those of its kernels `resize_bicubic_op.cc`,
`resize_area_op.cc`, and `scale_and_translate_op.cc` with `sampling_kernels.cc`.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from ..context import Context
from ..graph import Array
from ..registry import OptionError

MOST_ELEMENTS = 1 << 24
"""A larger matrix than any resize of images needs."""

TABLE = 1024
"""How finely TensorFlow tabulates the cubic: distances are rounded to 1/1024."""


def check_matrix(count: int, size: int) -> None:
    """Refuse sizes for which a matrix would be too large."""
    if count * size > MOST_ELEMENTS:
        raise OptionError(f"from {size:,} to {count:,} is too large a change of size")


def matrix(method: str, size: int, count: int, *, antialias: bool = False) -> Array:
    """The matrix (count, size) that resizes one axis from `size` to `count`."""
    check_matrix(count, size)
    if method == "bicubic" and not antialias:
        return _cubic(size, count)
    if method == "area":
        return _area(size, count)
    radius, kernel = KERNELS[method]
    return _sampled(size, count, radius, kernel, antialias)


def nearest(size: int, count: int) -> Array:
    """Which input each output is: floor((i + 0.5) size / count), in float32.

    (TensorFlow `resize_nearest_neighbor_op.cc` with half_pixel_centers.)
    """
    scale = np.float32(size) / np.float32(count)
    places = np.floor((np.arange(count, dtype=np.float32) + np.float32(0.5)) * scale)
    made: Array = np.clip(places, 0, size - 1).astype(np.int64)
    return made


def along(ctx: Context, name: str, axis: int, rank: int, rows: Array) -> str:
    """Multiply one axis of a tensor with a matrix (outputs, inputs)."""
    if axis == rank - 1:
        return ctx.add("MatMul", name, ctx.constant(rows.T))
    if axis == rank - 2:
        return ctx.add("MatMul", ctx.constant(rows), name)
    letters = "abcdefgh"[:rank]
    made = letters.replace(letters[axis], "z")
    equation = f"{letters},z{letters[axis]}->{made}"
    return ctx.add("Einsum", name, ctx.constant(rows), equation=equation)


def _cubic(size: int, count: int) -> Array:
    """Keys' cubic with a = -0.5; what lies outside the image has no weight."""
    scale = np.float32(size) / np.float32(count)
    half = np.float32(0.5)
    places = (np.arange(count, dtype=np.float32) + half) * scale - half
    first = np.floor(places).astype(np.int64)
    offsets = np.rint((places - first.astype(np.float32)) * np.float32(TABLE)) / TABLE
    made = np.zeros((count, size), np.float32)
    for step in (-1, 0, 1, 2):
        weights = _keys(np.abs(step - offsets))
        columns = first + step
        inside = (columns >= 0) & (columns < size)
        made[np.flatnonzero(inside), columns[inside]] += weights[inside].astype(np.float32)
    return _normalised(made)


def _area(size: int, count: int) -> Array:
    """How much of each input lies in each output's window."""
    scale = np.float32(size) / np.float32(count)
    numbers = np.arange(count, dtype=np.float32)
    starts, ends = (numbers * scale)[:, None], ((numbers + 1) * scale)[:, None]
    places = np.arange(size, dtype=np.float32)
    after = places + 1 > ends
    share = np.where(
        places < starts,
        np.where(after, scale, places + 1 - starts),
        np.where(after, ends - places, np.float32(1)),
    )
    reached = (places >= np.floor(starts)) & (places < np.ceil(ends))
    return np.asarray(np.where(reached, share / scale, 0), np.float32)


def _sampled(
    size: int,
    count: int,
    radius: float,
    kernel: Callable[[Array], Array],
    antialias: bool,
) -> Array:
    """A kernel around each output's place; widened where the image shrinks, if `antialias`."""
    inverse = np.float32(1) / (np.float32(count) / np.float32(size))
    wide = max(inverse, np.float32(1)) if antialias else np.float32(1)
    half = np.float32(0.5)
    places = (np.arange(count, dtype=np.float32) + half) * inverse
    reach = np.float32(radius) * wide
    starts = np.clip(np.ceil(places - reach - half), 0, size - 1)[:, None]
    ends = np.clip(np.floor(places + reach - half), 0, size - 1)[:, None]
    columns = np.arange(size, dtype=np.float32)
    distances = np.abs(columns + half - places[:, None]) / wide
    inside = (columns >= starts) & (columns <= ends)
    return _normalised(np.where(inside, kernel(distances), 0).astype(np.float32))


def _normalised(rows: Array) -> Array:
    """Every row divided by its sum, unless that is nothing."""
    sums = rows.sum(axis=1, keepdims=True)
    some = np.abs(sums) >= 1000 * np.finfo(np.float32).tiny
    return np.asarray(np.where(some, rows / np.where(some, sums, 1), rows), np.float32)


def _triangle(x: Array) -> Array:
    return np.asarray(np.maximum(1 - x, 0))


def _keys(x: Array) -> Array:
    near = (1.5 * x - 2.5) * x * x + 1
    far = ((-0.5 * x + 2.5) * x - 4) * x + 2
    return np.where(x >= 2, 0, np.where(x >= 1, far, near))


def _mitchell(x: Array) -> Array:
    near = (7 / 6 * x - 2) * x * x + 8 / 9
    far = ((-7 / 18 * x + 2) * x - 10 / 3) * x + 16 / 9
    return np.where(x >= 2, 0, np.where(x >= 1, far, near))


def _gaussian(x: Array) -> Array:
    """Standard deviation 0.5, cut off at three of them."""
    return np.where(x >= 1.5, 0, np.exp(-x * x / (2 * 0.5**2)))


def _lanczos(radius: int) -> Callable[[Array], Array]:
    def kernel(x: Array) -> Array:
        safe = np.where(x <= 1e-3, 1, x) * math.pi
        value = radius * np.sin(safe) * np.sin(safe / radius) / (safe * safe)
        return np.where(x > radius, 0, np.where(x <= 1e-3, 1, value))

    return kernel


KERNELS: dict[str, tuple[float, Callable[[Array], Array]]] = {
    "bilinear": (1, _triangle),
    "bicubic": (2, _keys),
    "mitchellcubic": (2, _mitchell),
    "gaussian": (1.5, _gaussian),
    "lanczos3": (3, _lanczos(3)),
    "lanczos5": (5, _lanczos(5)),
}
"""Interpolation -> how far its kernel reaches, and the kernel's value at a distance."""
