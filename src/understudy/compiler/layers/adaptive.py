"""Pooling to a given number of windows, whatever the input's size (Keras 3.13 and newer).

Window i of n along an axis of size s is from floor(i s / n) to ceil((i + 1) s / n), computed in
float32 as Keras does (keras 3.15 `backend.tensorflow.nn._compute_static_gather_indices`).
"""

from __future__ import annotations

import numpy as np

from ..context import Context
from ..graph import Array
from ..registry import DataFormat, Pair, Single, Triple, layer
from ..value import Value
from .interpolation import along, check_matrix
from .spatial import Sizes, image_shape, known_sizes, spatial


@layer("AdaptiveAveragePooling1D")
def adaptive_average_pooling1d(
    ctx: Context, x: Value, *, output_size: Single, data_format: DataFormat = "channels_last"
) -> Value:
    """AdaptiveAveragePooling1D(output_size, data_format=None)."""
    return _average(ctx, x, output_size, data_format)


@layer("AdaptiveAveragePooling2D")
def adaptive_average_pooling2d(
    ctx: Context, x: Value, *, output_size: Pair, data_format: DataFormat = "channels_last"
) -> Value:
    """AdaptiveAveragePooling2D(output_size, data_format=None)."""
    return _average(ctx, x, output_size, data_format)


@layer("AdaptiveAveragePooling3D")
def adaptive_average_pooling3d(
    ctx: Context, x: Value, *, output_size: Triple, data_format: DataFormat = "channels_last"
) -> Value:
    """AdaptiveAveragePooling3D(output_size, data_format=None)."""
    return _average(ctx, x, output_size, data_format)


@layer("AdaptiveMaxPooling1D")
def adaptive_max_pooling1d(
    ctx: Context, x: Value, *, output_size: Single, data_format: DataFormat = "channels_last"
) -> Value:
    """AdaptiveMaxPooling1D(output_size, data_format=None)."""
    return _maximum(ctx, x, output_size, data_format)


@layer("AdaptiveMaxPooling2D")
def adaptive_max_pooling2d(
    ctx: Context, x: Value, *, output_size: Pair, data_format: DataFormat = "channels_last"
) -> Value:
    """AdaptiveMaxPooling2D(output_size, data_format=None)."""
    return _maximum(ctx, x, output_size, data_format)


@layer("AdaptiveMaxPooling3D")
def adaptive_max_pooling3d(
    ctx: Context, x: Value, *, output_size: Triple, data_format: DataFormat = "channels_last"
) -> Value:
    """AdaptiveMaxPooling3D(output_size, data_format=None)."""
    return _maximum(ctx, x, output_size, data_format)


def _average(ctx: Context, x: Value, output_size: Sizes, data_format: str) -> Value:
    """Each window's mean is a product with a constant matrix, axis by axis."""
    x = spatial(ctx, x, data_format, len(output_size))
    sizes = known_sizes(x)
    name = x.name
    for axis, (size, count) in enumerate(zip(sizes, output_size, strict=True), 2):
        if size != count:
            check_matrix(count, size)
            name = along(ctx, name, axis, x.rank, _means(*windows(size, count), size))
    return Value(name, image_shape(x, output_size, x.shape[x.order[1]]), x.dtype, x.order)


def _maximum(ctx: Context, x: Value, output_size: Sizes, data_format: str) -> Value:
    """Windows of one axis have at most two sizes: two poolings, of which the right are taken."""
    x = spatial(ctx, x, data_format, len(output_size))
    sizes = known_sizes(x)
    name = x.name
    for axis, (size, count) in enumerate(zip(sizes, output_size, strict=True), 2):
        if size == count:
            continue
        starts, ends = windows(size, count)
        lengths = ends - starts
        pooled, offsets, total = [], np.zeros_like(starts), 0
        for length in sorted({int(length) for length in lengths}):
            kernel = [1] * len(output_size)
            kernel[axis - 2] = length
            ones = [1] * len(output_size)
            pooled.append(ctx.add("MaxPool", name, kernel_shape=kernel, strides=ones))
            offsets[lengths == length] = total
            total += size - length + 1
        name = pooled[0] if len(pooled) == 1 else ctx.add("Concat", *pooled, axis=axis)
        name = ctx.add("Gather", name, ctx.constant(starts + offsets, "int64"), axis=axis)
    return Value(name, image_shape(x, output_size, x.shape[x.order[1]]), x.dtype, x.order)


def windows(size: int, count: int) -> tuple[Array, Array]:
    """Where each window starts and ends."""
    numbers = np.arange(count + 1, dtype=np.float32)
    bounds = numbers * np.float32(size) / np.float32(count)
    starts = np.minimum(np.floor(bounds[:-1]).astype(np.int64), size - 1)
    ends = np.minimum(np.ceil(bounds[1:]).astype(np.int64), size)
    return starts, ends


def _means(starts: Array, ends: Array, size: int) -> Array:
    """The matrix (windows, size) that takes the mean of each window."""
    places = np.arange(size)
    inside = (places >= starts[:, None]) & (places < ends[:, None])
    return np.asarray(inside / (ends - starts)[:, None], np.float32)
