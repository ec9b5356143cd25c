"""Resizing along one axis: which input pixels each output pixel is made of, and how much of each.

All methods of TensorFlow, OpenCV and scikit-image but splines are sums of this form, along one
axis after the other. Pure: sizes in, indices and weights out. The formulas are those of

- TensorFlow: `core/kernels/image/{scale_and_translate_op,resize_bicubic_op,image_resizer_state}`
- OpenCV: `modules/imgproc/src/resize.cpp`
- scikit-image: `skimage/transform/_warps.py`, and SciPy's `ndimage.zoom` below it
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.floating[Any]]
    Indices = NDArray[np.intp]
    Kernel = Callable[[Floats], Floats]


half, one = np.float32(0.5), np.float32(1.0)
"""Positions are computed in float32, as there: else those on an edge fall on the other side."""


@dataclass(frozen=True, slots=True)
class Axis:
    """How `length` input pixels become `len(indices)` output pixels.

    Attributes:
        indices: (outputs, taps): input pixels; each is in range.
        weights: (outputs, taps): float32. Where one is 0 its index means nothing.
    """

    indices: Indices
    weights: NDArray[np.float32]


def nearest(length: int, outputs: int, *, centred: bool) -> Indices:
    """The input pixel of each output pixel.

    Args:
        length: input pixels.
        outputs: output pixels.
        centred: pixels have their middle at a half, as in TensorFlow 2; else at their left end, as
            in OpenCV.
    """
    if centred:
        at = (_outputs(outputs) + half) * (np.float32(length) / np.float32(outputs))
    else:
        at = np.arange(outputs) * (1 / (outputs / length))
    indices: Indices = np.minimum(np.floor(at).astype(np.intp), length - 1)
    return indices


def sampled(length: int, outputs: int, kernel: Kernel, radius: float, *, antialias: bool) -> Axis:
    """TensorFlow's ScaleAndTranslate: a kernel that is as wide as an output pixel, if it must be.

    Weights beyond the image are left out, and the others add up to 1.
    """
    scale = one / (np.float32(outputs) / np.float32(length))
    wide = max(scale, one) if antialias else one
    reach = np.float32(radius) * wide
    at = (_outputs(outputs) + half) * scale
    first = np.ceil(at - reach - half).astype(np.intp)
    last = np.floor(at + reach - half).astype(np.intp)
    indices = first[:, None] + np.arange(int((last - first).max()) + 1)
    weights = kernel((indices.astype(np.float32) + half - at[:, None]) * (one / wide))
    return _normalised(indices, np.where(indices <= last[:, None], weights, 0), length)


def triangle(x: Floats) -> Floats:
    """The kernel of bilinear interpolation; its radius is 1."""
    return np.maximum(0.0, 1.0 - np.abs(x))


def lanczos(x: Floats, radius: int) -> Floats:
    """sin(pi x) sin(pi x / r) r / (pi x)^2."""
    return np.where(np.abs(x) < radius, np.sinc(x) * np.sinc(x / radius), 0.0)


def cubic(x: Floats, a: float) -> Floats:
    """Keys' kernel; its radius is 2."""
    x = np.abs(x)
    near = ((a + 2) * x - (a + 3)) * x * x + 1
    far = ((a * x - 5 * a) * x + 8 * a) * x - 4 * a
    return np.where(x < 1, near, np.where(x < 2, far, 0.0))


def mitchell(x: Floats) -> Floats:
    """Mitchell and Netravali's kernel with B = C = 1/3; its radius is 2."""
    x = np.abs(x)
    near = (7 / 6 * x - 2) * x * x + 8 / 9
    far = ((-7 / 18 * x + 2) * x - 10 / 3) * x + 16 / 9
    return np.where(x < 1, near, np.where(x < 2, far, 0.0))


def gaussian(x: Floats) -> Floats:
    """exp(-x^2 / 2 s^2) with s = 1/2; its radius is 1.5."""
    return np.where(np.abs(x) < 1.5, np.exp(-2.0 * x * x), 0.0)


def linear(length: int, outputs: int) -> Axis:
    """Bilinear interpolation between the middles of pixels; the outermost go on outwards."""
    at = _middles(length, outputs)
    below = np.floor(at)
    part = at - below
    indices = np.clip(below[:, None] + np.arange(2), 0, length - 1)
    return Axis(indices.astype(np.intp), _float32(np.stack([1 - part, part], axis=1)))


def bicubic(length: int, outputs: int) -> Axis:
    """TensorFlow's bicubic without antialias: positions are rounded to 1/1024 of a pixel."""
    at = _middles(length, outputs)
    below = np.floor(at)
    part = np.rint((at - below) * 1024) / 1024
    indices = below[:, None].astype(np.intp) + np.arange(-1, 3)
    weights = cubic(np.arange(-1, 3) - part[:, None], -0.5)
    return _normalised(indices, weights, length)


def area(length: int, outputs: int) -> Axis:
    """The mean over what an output pixel covers."""
    scale = np.float32(length) / np.float32(outputs)
    start, stop = _outputs(outputs) * scale, (_outputs(outputs) + one) * scale
    indices = np.floor(start).astype(np.intp)[:, None] + np.arange(math.ceil(length / outputs) + 1)
    low = np.maximum(indices, start[:, None])
    high = np.minimum(indices + 1, stop[:, None])
    weights = np.maximum(0.0, high - low) / scale
    return Axis(np.minimum(indices, length - 1), _float32(weights))


def fixed(length: int, outputs: int, kernel: Kernel, taps: int) -> Axis:
    """OpenCV's kernels of 2, 4 and 8 taps, which never grow wider than the input's pixels.

    Weights are rounded to 1/2048. Beyond the image the outermost pixels go on.
    """
    at = ((np.arange(outputs) + 0.5) * (1 / (outputs / length)) - 0.5).astype(np.float32)
    below = np.floor(at)
    offsets = np.arange(taps) - (taps // 2 - 1)
    weights = kernel(offsets - (at - below).astype(np.float64)[:, None])
    weights /= weights.sum(axis=1, keepdims=True)
    indices = np.clip(below[:, None] + offsets, 0, length - 1).astype(np.intp)
    return Axis(indices, _float32(np.rint(weights * 2048) / 2048))


def grown(length: int, outputs: int) -> Axis:
    """OpenCV's INTER_AREA where an image does not become smaller: each output pixel is of two."""
    scale = 1 / (outputs / length)
    number = np.arange(outputs)
    below = np.floor(number * scale)
    part = (number + 1) - (below + 1) / scale
    part = np.where(part <= 0, 0.0, part - np.floor(part))
    indices = np.clip(below[:, None] + np.arange(2), 0, length - 1).astype(np.intp)
    weights = np.rint(np.stack([1 - part, part], axis=1) * 2048) / 2048
    return Axis(indices, _float32(weights))


KERNELS: Mapping[str, tuple[Kernel, float]] = {
    "bilinear": (triangle, 1.0),
    "bicubic": (lambda x: cubic(x, -0.5), 2.0),
    "lanczos3": (lambda x: lanczos(x, 3), 3.0),
    "lanczos5": (lambda x: lanczos(x, 5), 5.0),
    "mitchellcubic": (mitchell, 2.0),
    "gaussian": (gaussian, 1.5),
}
"""TensorFlow's names -> kernel and radius, for `sampled`."""


def mirrored(indices: Indices, length: int) -> Indices:
    """Indices beyond the image, reflected at the middle of the outermost pixel."""
    if length == 1:
        return np.zeros_like(indices)
    period = 2 * length - 2
    indices = np.abs(indices) % period
    return np.where(indices < length, indices, period - indices)


def splined(length: int, outputs: int, order: int) -> Axis:
    """SciPy's `zoom` of order 0, 1 or 3, with `grid_mode` and the mode `mirror`.

    Order 3 takes the coefficients of a spline, which `spline_coefficients` makes of pixels.
    """
    at = (np.arange(outputs) + 0.5) * (length / outputs) - 0.5
    first = np.floor(at + 0.5) if order == 0 else np.floor(at) - (order - 1) // 2
    indices = first[:, None].astype(np.intp) + np.arange(order + 1)
    away = indices - at[:, None]
    kernels: Mapping[int, Kernel] = {0: np.ones_like, 1: triangle, 3: _b_spline}
    return Axis(mirrored(indices, length), _float32(kernels[order](away)))


def blurred(length: int, sigma: float) -> Axis:
    """SciPy's `gaussian_filter` along an axis, with the mode `mirror`."""
    radius = int(4.0 * sigma + 0.5)
    offsets = np.arange(-radius, radius + 1)
    weights = np.exp(-0.5 / max(sigma, 1e-30) ** 2 * offsets**2) if radius else np.ones(1)
    indices = mirrored(np.arange(length)[:, None] + offsets, length)
    return Axis(indices, _float32(np.broadcast_to(weights / weights.sum(), indices.shape)))


def spline_coefficients(pixels: NDArray[np.float64]) -> NDArray[np.float64]:
    """The cubic spline through pixels, along the first axis, mirrored at its ends.

    Unser, Aldroubi and Eden, B-spline signal processing (1993), as SciPy's `spline_filter1d`: one
    pole, a pass forwards and one backwards.

    Args:
        pixels: (length, ...).
    """
    length = len(pixels)
    if length == 1:
        return pixels
    pole = math.sqrt(3.0) - 2.0
    found = pixels * (1 - pole) * (1 - 1 / pole)
    powers = pole ** np.arange(length)
    # mirrored sum: c+(0) = (s0 + z^(n-1) s(n-1) + sum z^k (1 + z^(2n-2-2k)) s_k) / (1 - z^(2n-2))
    weights = powers + pole ** (2.0 * length - 2 - np.arange(length))
    weights[0], weights[-1] = 1.0, powers[-1]
    found[0] = np.tensordot(weights, found, 1) / (1 - pole ** (2 * length - 2))
    for row in range(1, length):
        found[row] += pole * found[row - 1]
    found[-1] = (pole * found[-2] + found[-1]) * pole / (pole * pole - 1)
    for row in range(length - 2, -1, -1):
        found[row] = pole * (found[row + 1] - found[row])
    return found


def _b_spline(x: Floats) -> Floats:
    x = np.abs(x)
    near = (x * x * (x - 2) * 3 + 4) / 6
    return np.where(x < 1, near, np.where(x < 2, (2 - x) ** 3 / 6, 0.0))


def _outputs(count: int) -> NDArray[np.float32]:
    return np.arange(count, dtype=np.float32)


def _middles(length: int, outputs: int) -> NDArray[np.float32]:
    """Where the middle of each output pixel is, between the middles of the input's."""
    return (_outputs(outputs) + half) * (np.float32(length) / np.float32(outputs)) - half


def _normalised(indices: Indices, weights: Floats, length: int) -> Axis:
    weights = np.where((indices >= 0) & (indices < length), weights, 0.0)
    return Axis(
        np.clip(indices, 0, length - 1), _float32(weights / weights.sum(axis=1, keepdims=True))
    )


def _float32(weights: Floats) -> NDArray[np.float32]:
    return weights.astype(np.float32)
