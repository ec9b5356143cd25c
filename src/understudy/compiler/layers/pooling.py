"""Pooling over windows, and over whole images. Averages never count the padding."""

from __future__ import annotations

from ..lowering import Context
from ..registry import DataFormat, Padding, Pair, layer
from ..value import Value, plain
from .spatial import channel_axis, image_shape, image_sizes, spatial, window


@layer("MaxPooling2D")
def max_pooling2d(
    ctx: Context,
    x: Value,
    *,
    pool_size: Pair = (2, 2),
    strides: Pair | None = None,
    padding: Padding = "valid",
    data_format: DataFormat = "channels_last",
) -> Value:
    """MaxPooling2D(pool_size=(2, 2), strides=None, padding="valid", data_format=None)."""
    return _pool(ctx, x, "MaxPool", pool_size, strides, padding, data_format)


@layer("AveragePooling2D")
def average_pooling2d(
    ctx: Context,
    x: Value,
    *,
    pool_size: Pair = (2, 2),
    strides: Pair | None = None,
    padding: Padding = "valid",
    data_format: DataFormat = "channels_last",
) -> Value:
    """AveragePooling2D(pool_size=(2, 2), strides=None, padding="valid", data_format=None)."""
    return _pool(ctx, x, "AveragePool", pool_size, strides, padding, data_format)


@layer("GlobalAveragePooling2D")
def global_average_pooling2d(
    ctx: Context,
    x: Value,
    *,
    data_format: DataFormat = "channels_last",
    keepdims: bool = False,
) -> Value:
    """GlobalAveragePooling2D(data_format=None, keepdims=False)."""
    return _pool_all(ctx, x, "ReduceMean", data_format, keepdims)


@layer("GlobalMaxPooling2D")
def global_max_pooling2d(
    ctx: Context,
    x: Value,
    *,
    data_format: DataFormat = "channels_last",
    keepdims: bool = False,
) -> Value:
    """GlobalMaxPooling2D(data_format=None, keepdims=False)."""
    return _pool_all(ctx, x, "ReduceMax", data_format, keepdims)


def _pool(
    ctx: Context,
    x: Value,
    op: str,
    pool_size: tuple[int, int],
    strides: tuple[int, int] | None,
    padding: str,
    data_format: str,
) -> Value:
    x = spatial(ctx, x, data_format)
    sizes, attributes = window(image_sizes(x), pool_size, strides or pool_size, padding)
    name = ctx.add(op, x.name, **attributes)
    channels = x.shape[channel_axis(data_format)]
    return Value(name, image_shape(x, sizes, channels or 0), x.dtype, x.order)


def _pool_all(ctx: Context, x: Value, op: str, data_format: str, keepdims: bool) -> Value:
    x = spatial(ctx, x, data_format)
    name = ctx.add(op, x.name, ctx.constant([2, 3], "int64"), keepdims=int(keepdims))
    channels = x.shape[channel_axis(data_format)]
    if keepdims:
        return Value(name, image_shape(x, (1, 1), channels or 0), x.dtype, x.order)
    return Value(name, (x.shape[0], channels), x.dtype, plain(2))
