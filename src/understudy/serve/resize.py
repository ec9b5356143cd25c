"""Resizing as TensorFlow, OpenCV and scikit-image do it, with NumPy alone.

TensorFlow and scikit-image give numbers with a fraction, and OpenCV whole ones. How near this comes
to the libraries is in `docs/preprocess.md`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from . import axis

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .axis import Axis

    Pixels = NDArray[np.uint8]
    Numbers = NDArray[Any]
    Make = Callable[[int, int], Axis]


def resize(pixels: Pixels, method: str, height: int, width: int) -> Numbers:
    """Resize an image.

    Args:
        pixels: (H, W, C) of uint8, or of float32 from 0 to 255.
        method: one of `METHODS`.
        height: of the result.
        width: of the result.

    Returns:
        (height, width, C) of uint8, or of float32 from 0 to 255 (cubic and Lanczos kernels of
        TensorFlow go a little beyond). What is float32 stays so.
    """
    if pixels.shape[:2] == (height, width):
        return pixels
    return METHODS[method](pixels, height, width)


def _picked(pixels: Pixels, height: int, width: int, *, centred: bool) -> Pixels:
    rows = axis.nearest(pixels.shape[0], height, centred=centred)
    columns = axis.nearest(pixels.shape[1], width, centred=centred)
    return pixels[rows][:, columns]


def _summed(pixels: Numbers, height: int, width: int, make: Make) -> Numbers:
    """Along one axis after the other: first the one that makes the image smaller."""
    rows, columns = make(pixels.shape[0], height), make(pixels.shape[1], width)
    if height * pixels.shape[1] <= width * pixels.shape[0]:
        return _along_columns(_along_rows(pixels, rows), columns)
    return _along_rows(_along_columns(pixels, columns), rows)


def _along_rows(pixels: Numbers, rows: Axis) -> Numbers:
    """(H, W, C) -> (outputs, W, C), float32."""
    total = np.zeros((len(rows.indices), *pixels.shape[1:]), np.float32)
    for tap in range(rows.indices.shape[1]):
        total += rows.weights[:, tap, None, None] * pixels[rows.indices[:, tap]]
    return total


def _along_columns(pixels: Numbers, columns: Axis) -> Numbers:
    """(H, W, C) -> (H, outputs, C), float32."""
    total = np.zeros((pixels.shape[0], len(columns.indices), pixels.shape[2]), np.float32)
    for tap in range(columns.indices.shape[1]):
        total += columns.weights[:, tap, None] * pixels[:, columns.indices[:, tap]]
    return total


# --- OpenCV ---------------------------------------------------------------------------------------


def _opencv_two(pixels: Pixels, height: int, width: int, make: Make) -> Pixels:
    """Two pixels along each axis, in whole numbers and with OpenCV's shifts: the same bits."""
    if pixels.dtype != np.uint8:
        return _summed(pixels, height, width, make)
    rows, columns = make(pixels.shape[0], height), make(pixels.shape[1], width)
    across = np.rint(columns.weights * 2048).astype(np.int32)[:, :, None]
    down = np.rint(rows.weights * 2048).astype(np.int32)[:, :, None, None]
    lines, row_of = np.unique(rows.indices, return_inverse=True)  # no others are needed
    row_of = row_of.reshape(rows.indices.shape)
    needed = pixels[lines]
    wide = needed[:, columns.indices[:, 0]] * across[:, 0]
    wide += needed[:, columns.indices[:, 1]] * across[:, 1]
    wide >>= 4
    total = (wide[row_of[:, 0]] * down[:, 0]) >> 16
    total += (wide[row_of[:, 1]] * down[:, 1]) >> 16
    return ((total + 2) >> 2).astype(np.uint8)


def _opencv_kernel(pixels: Pixels, height: int, width: int, make: Make) -> Pixels:
    wide = _along_columns(pixels, make(pixels.shape[1], width))
    return _saturated(_along_rows(wide, make(pixels.shape[0], height)), pixels)


def _opencv_area(pixels: Pixels, height: int, width: int) -> Pixels:
    if height <= pixels.shape[0] and width <= pixels.shape[1]:
        means = _summed(pixels, height, width, axis.area)
        halved = pixels.shape[:2] == (2 * height, 2 * width)
        if halved and pixels.dtype == np.uint8:  # where a half is rounded up
            means = np.floor(means + 0.5)
        return _saturated(means, pixels)
    return _opencv_two(pixels, height, width, axis.grown)


def _saturated(numbers: Numbers, like: Pixels) -> Pixels:
    """What the image's type can hold: grey levels of whole numbers are rounded."""
    if like.dtype != np.uint8:
        return np.clip(numbers, 0, 255)
    return np.clip(np.rint(numbers), 0, 255).astype(np.uint8)


# --- scikit-image ---------------------------------------------------------------------------------


def _skimage(pixels: Pixels, height: int, width: int, *, order: int, blur: bool) -> Numbers:
    """Resize as `skimage.transform.resize(..., preserve_range=True)`: blur, then interpolate."""
    numbers: Numbers = pixels
    for along, outputs in ((0, height), (1, width)):
        length = pixels.shape[along]
        apply = _along_columns if along else _along_rows
        if blur and length > outputs:
            numbers = apply(numbers, axis.blurred(length, (length / outputs - 1) / 2))
        if order == 3:
            lines = np.moveaxis(numbers, along, 0).astype(np.float64)
            numbers = np.moveaxis(axis.spline_coefficients(lines), 0, along)
        numbers = apply(numbers, axis.splined(length, outputs, order))
    return np.clip(numbers, pixels.min(), pixels.max())


def _tensorflow(name: str, *, antialias: bool) -> Make:
    kernel, radius = axis.KERNELS[name]
    return partial(axis.sampled, kernel=kernel, radius=radius, antialias=antialias)


METHODS: Mapping[str, Callable[[Pixels, int, int], Numbers]] = {
    "tensorflow/nearest": partial(_picked, centred=True),
    "tensorflow/bilinear": partial(_summed, make=axis.linear),
    "tensorflow/bicubic": partial(_summed, make=axis.bicubic),
    "tensorflow/area": partial(_summed, make=axis.area),
    **{
        f"tensorflow/{name}": partial(_summed, make=_tensorflow(name, antialias=False))
        for name in ("lanczos3", "lanczos5", "mitchellcubic", "gaussian")
    },
    **{
        f"tensorflow/{name}+antialias": partial(_summed, make=_tensorflow(name, antialias=True))
        for name in axis.KERNELS
    },
    "opencv/nearest": partial(_picked, centred=False),
    "opencv/linear": partial(_opencv_two, make=partial(axis.fixed, kernel=axis.triangle, taps=2)),
    "opencv/area": _opencv_area,
    "opencv/cubic": partial(
        _opencv_kernel,
        make=partial(axis.fixed, kernel=partial(axis.cubic, a=-0.75), taps=4),
    ),
    "opencv/lanczos4": partial(
        _opencv_kernel,
        make=partial(axis.fixed, kernel=partial(axis.lanczos, radius=4), taps=8),
    ),
    "skimage/0": partial(_skimage, order=0, blur=False),
    "skimage/1": partial(_skimage, order=1, blur=False),
    "skimage/1+antialias": partial(_skimage, order=1, blur=True),
    "skimage/3": partial(_skimage, order=3, blur=False),
    "skimage/3+antialias": partial(_skimage, order=3, blur=True),
}
""""library/method" -> how."""
