"""Pooling over windows, and over whole images. Averages never count the padding."""

from __future__ import annotations

from ..context import Context
from ..registry import DataFormat, OptionError, Padding, Pair, Single, Triple, Windows, layer
from ..value import Value, plain
from .spatial import Sizes, image_shape, image_sizes, reduce_axes, spatial, window


@layer("MaxPooling1D")
def max_pooling1d(
    ctx: Context,
    x: Value,
    *,
    pool_size: Single = (2,),
    strides: Single | None = None,
    padding: Windows = "valid",
    data_format: DataFormat = "channels_last",
) -> Value:
    """MaxPooling1D(pool_size=2, strides=None, padding="valid", data_format=None)."""
    return _pool(ctx, x, "MaxPool", pool_size, strides, padding, data_format)


@layer("MaxPooling2D")
def max_pooling2d(
    ctx: Context,
    x: Value,
    *,
    pool_size: Pair = (2, 2),
    strides: Pair | None = None,
    padding: Windows = "valid",
    data_format: DataFormat = "channels_last",
) -> Value:
    """MaxPooling2D(pool_size=(2, 2), strides=None, padding="valid", data_format=None)."""
    return _pool(ctx, x, "MaxPool", pool_size, strides, padding, data_format)


@layer("MaxPooling3D")
def max_pooling3d(
    ctx: Context,
    x: Value,
    *,
    pool_size: Triple = (2, 2, 2),
    strides: Triple | None = None,
    padding: Padding = "valid",
    data_format: DataFormat = "channels_last",
) -> Value:
    """MaxPooling3D(pool_size=(2, 2, 2), strides=None, padding="valid", data_format=None)."""
    return _pool(ctx, x, "MaxPool", pool_size, strides, padding, data_format)


@layer("AveragePooling1D")
def average_pooling1d(
    ctx: Context,
    x: Value,
    *,
    pool_size: Single = (2,),
    strides: Single | None = None,
    padding: Windows = "valid",
    data_format: DataFormat = "channels_last",
) -> Value:
    """AveragePooling1D(pool_size=2, strides=None, padding="valid", data_format=None)."""
    return _pool(ctx, x, "AveragePool", pool_size, strides, padding, data_format)


@layer("AveragePooling2D")
def average_pooling2d(
    ctx: Context,
    x: Value,
    *,
    pool_size: Pair = (2, 2),
    strides: Pair | None = None,
    padding: Windows = "valid",
    data_format: DataFormat = "channels_last",
) -> Value:
    """AveragePooling2D(pool_size=(2, 2), strides=None, padding="valid", data_format=None)."""
    return _pool(ctx, x, "AveragePool", pool_size, strides, padding, data_format)


@layer("AveragePooling3D")
def average_pooling3d(
    ctx: Context,
    x: Value,
    *,
    pool_size: Triple = (2, 2, 2),
    strides: Triple | None = None,
    padding: Padding = "valid",
    data_format: DataFormat = "channels_last",
) -> Value:
    """AveragePooling3D(pool_size=(2, 2, 2), strides=None, padding="valid", data_format=None)."""
    return _pool(ctx, x, "AveragePool", pool_size, strides, padding, data_format)


@layer("GlobalAveragePooling1D")
def global_average_pooling1d(
    ctx: Context,
    x: Value,
    *,
    data_format: DataFormat = "channels_last",
    keepdims: bool = False,
) -> Value:
    """GlobalAveragePooling1D(data_format=None, keepdims=False)."""
    return _pool_all(ctx, x, 1, "ReduceMean", data_format, keepdims)


@layer("GlobalAveragePooling2D")
def global_average_pooling2d(
    ctx: Context,
    x: Value,
    *,
    data_format: DataFormat = "channels_last",
    keepdims: bool = False,
) -> Value:
    """GlobalAveragePooling2D(data_format=None, keepdims=False)."""
    return _pool_all(ctx, x, 2, "ReduceMean", data_format, keepdims)


@layer("GlobalAveragePooling3D")
def global_average_pooling3d(
    ctx: Context,
    x: Value,
    *,
    data_format: DataFormat = "channels_last",
    keepdims: bool = False,
) -> Value:
    """GlobalAveragePooling3D(data_format=None, keepdims=False)."""
    return _pool_all(ctx, x, 3, "ReduceMean", data_format, keepdims)


@layer("GlobalMaxPooling1D")
def global_max_pooling1d(
    ctx: Context,
    x: Value,
    *,
    data_format: DataFormat = "channels_last",
    keepdims: bool = False,
) -> Value:
    """GlobalMaxPooling1D(data_format=None, keepdims=False)."""
    return _pool_all(ctx, x, 1, "ReduceMax", data_format, keepdims)


@layer("GlobalMaxPooling2D")
def global_max_pooling2d(
    ctx: Context,
    x: Value,
    *,
    data_format: DataFormat = "channels_last",
    keepdims: bool = False,
) -> Value:
    """GlobalMaxPooling2D(data_format=None, keepdims=False)."""
    return _pool_all(ctx, x, 2, "ReduceMax", data_format, keepdims)


@layer("GlobalMaxPooling3D")
def global_max_pooling3d(
    ctx: Context,
    x: Value,
    *,
    data_format: DataFormat = "channels_last",
    keepdims: bool = False,
) -> Value:
    """GlobalMaxPooling3D(data_format=None, keepdims=False)."""
    return _pool_all(ctx, x, 3, "ReduceMax", data_format, keepdims)


def _pool(
    ctx: Context,
    x: Value,
    op: str,
    pool_size: Sizes,
    strides: Sizes | None,
    padding: str,
    data_format: str,
) -> Value:
    x = spatial(ctx, x, data_format, len(pool_size))
    steps = strides or pool_size
    sizes, attributes = window(image_sizes(x), pool_size, steps, padding)
    if "auto_pad" in attributes and any(k < s for k, s in zip(pool_size, steps, strict=True)):
        # onnxruntime would find a negative padding for some sizes, and give up.
        raise OptionError("its input has a free size, and its windows lie apart")
    name = ctx.add(op, x.name, **attributes)
    return Value(name, image_shape(x, sizes, x.shape[x.order[1]]), x.dtype, x.order)


def _pool_all(
    ctx: Context, x: Value, dimensions: int, op: str, data_format: str, keepdims: bool
) -> Value:
    x = spatial(ctx, x, data_format, dimensions)
    name = reduce_axes(ctx, op, x, range(2, x.rank), keepdims=keepdims)
    channels = x.shape[x.order[1]]
    if keepdims:
        return Value(name, image_shape(x, (1,) * dimensions, channels), x.dtype, x.order)
    return Value(name, (x.shape[0], channels), x.dtype, plain(2))
