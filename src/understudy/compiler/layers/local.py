"""Locally connected layers: convolutions with a kernel of its own for each output pixel."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np

from ...keras import Activation
from ..context import Context
from ..graph import Array
from ..registry import DataFormat, OptionError, Pair, Single, Size, layer
from ..value import Value
from .activations import activate
from .convolution import LINEAR
from .interpolation import MOST_ELEMENTS
from .spatial import Sizes, channels_of, image_shape, known_sizes, spatial, window


@layer("LocallyConnected1D")
def locally_connected1d(
    ctx: Context,
    x: Value,
    *,
    filters: Size,
    kernel_size: Single,
    strides: Single = (1,),
    padding: Literal["valid"] = "valid",  # noqa: ARG001 the only one
    data_format: DataFormat = "channels_last",
    activation: Activation = LINEAR,
    use_bias: bool = True,
    implementation: Literal[1] = 1,  # noqa: ARG001 others store another kernel
) -> Value:
    """LocallyConnected1D(filters, kernel_size, strides=1, padding="valid", …)."""
    value = _local(ctx, x, filters, kernel_size, strides, data_format, use_bias)
    return activate(ctx, value, activation)


@layer("LocallyConnected2D")
def locally_connected2d(
    ctx: Context,
    x: Value,
    *,
    filters: Size,
    kernel_size: Pair,
    strides: Pair = (1, 1),
    padding: Literal["valid"] = "valid",  # noqa: ARG001 the only one
    data_format: DataFormat = "channels_last",
    activation: Activation = LINEAR,
    use_bias: bool = True,
    implementation: Literal[1] = 1,  # noqa: ARG001 others store another kernel
) -> Value:
    """LocallyConnected2D(filters, kernel_size, strides=(1, 1), padding="valid", …)."""
    value = _local(ctx, x, filters, kernel_size, strides, data_format, use_bias)
    return activate(ctx, value, activation)


def _local(
    ctx: Context,
    x: Value,
    filters: int,
    kernel_size: Sizes,
    strides: Sizes,
    data_format: str,
    use_bias: bool,
) -> Value:
    """Each output's window, gathered, times its own kernel (tf.keras `backend.local_conv`).

    A kernel's rows are the window's elements, in the order in which the data format has them.
    """
    x = spatial(ctx, x, data_format, len(kernel_size))
    channels, sizes = channels_of(x), known_sizes(x)
    out, _ = window(sizes, kernel_size, strides, "valid")
    grown = tuple(size or 0 for size in out)
    if any(size < 1 for size in grown):
        raise OptionError(f"its input has the shape {x.shape}, smaller than the kernel")
    places, area = math.prod(grown), math.prod(kernel_size)
    if places * area > MOST_ELEMENTS:
        raise OptionError(f"{places:,} windows of {area:,} pixels are too many")
    kernel = ctx.weight("kernel", (places, area * channels, filters))
    if data_format == "channels_last":

        def by_channel(array: Array) -> Array:
            apart = array.reshape(places, area, channels, filters)
            return apart.transpose(0, 2, 1, 3).reshape(kernel.shape)

        kernel = kernel.map(kernel.shape, by_channel)
    flat = ctx.add("Reshape", x.name, ctx.constant([0, channels, -1], "int64"))
    taken = ctx.constant(_windows(sizes, grown, kernel_size, strides), "int64")
    windows = ctx.add("Gather", flat, taken, axis=2)  # batch, channels, places, area
    moved = ctx.add("Transpose", windows, perm=(2, 0, 1, 3))
    rows = ctx.add("Reshape", moved, ctx.constant([places, -1, area * channels], "int64"))
    product = ctx.add("MatMul", rows, ctx.lazy(kernel, "kernel"))
    name = ctx.add("Transpose", product, perm=(1, 2, 0))
    name = ctx.add("Reshape", name, ctx.constant([0, filters, *grown], "int64"))
    if use_bias:
        bias = ctx.weight("bias", (*grown, filters))
        if data_format == "channels_last":
            bias = bias.transpose(len(grown), *range(len(grown)))
        else:  # Keras only reads its elements as if they were in this order (`bias_add`)
            bias = bias.reshape(filters, *grown)
        name = ctx.add("Add", name, ctx.lazy(bias, "bias"))
    return Value(name, image_shape(x, grown, filters), x.dtype, x.order)


def _windows(sizes: Sizes, out: Sizes, kernel: Sizes, strides: Sizes) -> Array:
    """For each output (rows) the pixels that it sees (columns), as numbers from 0."""
    pixels = np.arange(math.prod(sizes)).reshape(sizes)
    views = np.lib.stride_tricks.sliding_window_view(pixels, kernel)
    stepped = views[tuple(slice(None, None, stride) for stride in strides)]
    return stepped.reshape(math.prod(out), math.prod(kernel))
