"""Locally connected layers: convolutions with a kernel of its own for each output pixel.

`implementation` says how Keras computes and stores the same: 1 as a kernel for each window, 2 as a
matrix of all input by all output pixels, 3 as those numbers of that matrix which count. (keras 2.15
`locally_connected_utils.py`, `conv_utils.conv_kernel_idxs`.)
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from ...keras import Activation
from ..context import Context
from ..graph import Array
from ..registry import DataFormat, OptionError, Padding, Pair, Single, Size, layer
from ..value import Value
from .activations import activate
from .convolution import LINEAR
from .interpolation import MOST_ELEMENTS
from .spatial import Sizes, channels_of, image_shape, known_sizes, spatial


@layer("LocallyConnected1D")
def locally_connected1d(
    ctx: Context,
    x: Value,
    *,
    filters: Size,
    kernel_size: Single,
    strides: Single = (1,),
    padding: Padding = "valid",
    data_format: DataFormat = "channels_last",
    activation: Activation = LINEAR,
    use_bias: bool = True,
    implementation: Literal[1, 2, 3] = 1,
) -> Value:
    """LocallyConnected1D(filters, kernel_size, strides=1, padding="valid", …)."""
    stored = Stored(implementation, padding, data_format == "channels_last")
    value = _local(ctx, x, filters, kernel_size, strides, stored, use_bias)
    return activate(ctx, value, activation)


@layer("LocallyConnected2D")
def locally_connected2d(
    ctx: Context,
    x: Value,
    *,
    filters: Size,
    kernel_size: Pair,
    strides: Pair = (1, 1),
    padding: Padding = "valid",
    data_format: DataFormat = "channels_last",
    activation: Activation = LINEAR,
    use_bias: bool = True,
    implementation: Literal[1, 2, 3] = 1,
) -> Value:
    """LocallyConnected2D(filters, kernel_size, strides=(1, 1), padding="valid", …)."""
    stored = Stored(implementation, padding, data_format == "channels_last")
    value = _local(ctx, x, filters, kernel_size, strides, stored, use_bias)
    return activate(ctx, value, activation)


@dataclass(frozen=True, slots=True)
class Stored:
    """How the kernels are stored."""

    implementation: int
    padding: str
    channels_last: bool


def _local(
    ctx: Context,
    x: Value,
    filters: int,
    kernel_size: Sizes,
    strides: Sizes,
    stored: Stored,
    use_bias: bool,
) -> Value:
    """Each output's window, gathered, times its own kernel (tf.keras `backend.local_conv`)."""
    x = spatial(ctx, x, "channels_last" if stored.channels_last else "channels_first", len(strides))
    channels, sizes = channels_of(x), known_sizes(x)
    grown, pixels = _windows(sizes, kernel_size, strides, stored)
    places, area = pixels.shape
    kernel = ctx.weight("kernel", _stored_shape(sizes, grown, channels, filters, pixels, stored))
    shape = (places, channels * area, filters)

    def by_window(array: Array) -> Array:
        numbers = _KERNELS[stored.implementation](array, pixels, channels, filters, stored)
        return numbers.reshape(shape)

    flat = ctx.add("Reshape", x.name, ctx.constant([0, channels, -1], "int64"))
    taken = ctx.constant(np.maximum(pixels, 0), "int64")
    windows = ctx.add("Gather", flat, taken, axis=2)  # batch, channels, places, area
    moved = ctx.add("Transpose", windows, perm=(2, 0, 1, 3))
    rows = ctx.add("Reshape", moved, ctx.constant([places, -1, area * channels], "int64"))
    product = ctx.add("MatMul", rows, ctx.lazy(kernel.map(shape, by_window), "kernel"))
    name = ctx.add("Transpose", product, perm=(1, 2, 0))
    name = ctx.add("Reshape", name, ctx.constant([0, filters, *grown], "int64"))
    if use_bias:
        bias = ctx.weight("bias", (*grown, filters))
        if stored.channels_last:
            bias = bias.transpose(len(grown), *range(len(grown)))
        else:  # Keras only reads its elements as if they were in this order (`bias_add`)
            bias = bias.reshape(filters, *grown)
        name = ctx.add("Add", name, ctx.lazy(bias, "bias"))
    return Value(name, image_shape(x, grown, filters), x.dtype, x.order)


def _windows(
    sizes: Sizes, kernel: Sizes, strides: Sizes, stored: Stored
) -> tuple[Sizes, npt.NDArray[np.int64]]:
    """The output's sizes, and for each output (rows) the pixels that it sees (columns).

    Pixels are numbers from 0; -1 is none. `same` has half a window before the first pixel.
    """
    if stored.padding == "valid":
        before = (0,) * len(kernel)
        grown = tuple(
            (n - size) // stride + 1 for n, size, stride in zip(sizes, kernel, strides, strict=True)
        )
    elif stored.implementation == 1:
        raise OptionError("padding='same' with implementation=1, which Keras does not have")
    else:
        before = tuple(size // 2 for size in kernel)
        grown = tuple(-(-n // stride) for n, stride in zip(sizes, strides, strict=True))
    if any(size < 1 for size in grown):
        raise OptionError(f"its input has the sizes {sizes}, smaller than the kernel")
    places, area = math.prod(grown), math.prod(kernel)
    if places * area > MOST_ELEMENTS:
        raise OptionError(f"{places:,} windows of {area:,} pixels are too many")
    pixels = np.zeros((*grown, *kernel), np.int64)
    outside = np.zeros((*grown, *kernel), bool)
    rank = len(sizes)
    for axis, (n, size, stride) in enumerate(zip(sizes, kernel, strides, strict=True)):
        at = np.arange(grown[axis])[:, None] * stride - before[axis] + np.arange(size)
        shape = [1] * (2 * rank)
        shape[axis], shape[rank + axis] = at.shape
        at = at.reshape(shape)
        pixels = pixels * n + at
        outside |= (at < 0) | (at >= n)
    return grown, np.where(outside, -1, pixels).reshape(places, area)


def _stored_shape(
    sizes: Sizes,
    grown: Sizes,
    channels: int,
    filters: int,
    pixels: npt.NDArray[np.int64],
    stored: Stored,
) -> tuple[int, ...]:
    if stored.implementation == 1:
        return (pixels.shape[0], pixels.shape[1] * channels, filters)
    if stored.implementation == 3:
        return (int((pixels >= 0).sum()) * channels * filters,)
    if stored.channels_last:
        return (*sizes, channels, *grown, filters)
    return (channels, *sizes, filters, *grown)


def _of_windows(
    array: Array, pixels: npt.NDArray[np.int64], channels: int, filters: int, stored: Stored
) -> Array:
    """A kernel's rows are the window's elements, in the order in which the data format has them."""
    places, area = pixels.shape
    if not stored.channels_last:
        return array
    return array.reshape(places, area, channels, filters).transpose(0, 2, 1, 3)


def _of_matrix(
    array: Array, pixels: npt.NDArray[np.int64], channels: int, filters: int, stored: Stored
) -> Array:
    places, _ = pixels.shape
    if stored.channels_last:
        matrix = array.reshape(-1, channels, places, filters)
    else:
        matrix = array.reshape(channels, -1, filters, places).transpose(1, 0, 3, 2)
    kernels = matrix[np.maximum(pixels, 0), :, np.arange(places)[:, None], :]
    kernels = np.where((pixels >= 0)[:, :, None, None], kernels, np.float32(0))
    return kernels.transpose(0, 2, 1, 3)


def _of_numbers(
    array: Array, pixels: npt.NDArray[np.int64], channels: int, filters: int, stored: Stored
) -> Array:
    """Sorted by the output's place in memory, then by the input's."""
    places, area = pixels.shape
    count = int(pixels.max()) + 1  # or more: only the order counts
    place, channel, _, filter_ = np.indices((places, channels, area, filters), sparse=True)
    pixel = pixels[:, None, :, None]
    if stored.channels_last:
        start, end = pixel * channels + channel, place * filters + filter_
    else:
        start, end = channel * count + pixel, filter_ * places + place
    start, end = np.broadcast_arrays(start, end)
    inside = np.broadcast_to(pixel >= 0, start.shape).ravel().nonzero()[0]
    order = np.lexsort((start.ravel()[inside], end.ravel()[inside]))
    kernels = np.zeros(start.size, np.float32)
    kernels[inside[order]] = array
    return kernels


_KERNELS = {1: _of_windows, 2: _of_matrix, 3: _of_numbers}
"""Implementation -> what makes kernels of what is stored: (places, channels, area, filters)."""
