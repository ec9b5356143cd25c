"""Layers that only move, add or drop elements."""

from __future__ import annotations

import math

from ..lowering import Context
from ..registry import DataFormat, Margins, OptionError, Sizes, layer
from ..value import Folded, Value, elements, plain
from .spatial import channel_axis, image_shape, image_sizes, spatial


@layer("Flatten")
def flatten(ctx: Context, x: Value, *, data_format: DataFormat = "channels_last") -> Value:
    """Flatten(data_format=None).

    With channels first, Keras moves the channels to the end before it flattens. A value that
    lies in another order is flattened as it lies; what takes it knows (`Value.folded`).
    """
    x = ctx.unfold(x)
    if x.rank == 1:
        name = ctx.add("Reshape", x.name, ctx.constant([-1, 1], "int64"))
        return Value(name, (x.shape[0], 1), x.dtype, plain(2))
    if x.rank == 2:
        return x
    if data_format == "channels_first":  # from here on, seen as channels last
        moved = [0, *range(2, x.rank), 1]
        x = Value(
            x.name,
            tuple(x.shape[axis] for axis in moved),
            x.dtype,
            tuple(moved.index(axis) for axis in x.order),
        )
    count = elements(x.shape)
    if count is None or x.order[0] != 0:
        x = ctx.plain(x)
        name = ctx.add("Flatten", x.name, axis=1)
        return Value(name, (x.shape[0], count), x.dtype, plain(2))
    # A flattening of an image of one pixel or one channel has one order only.
    sizes = tuple(size or 0 for size in x.shape[1:])
    name = ctx.add("Flatten", x.name, axis=1)
    wide = [axis for axis in x.order[1:] if sizes[axis - 1] > 1]
    folded = None
    if wide != sorted(wide):
        folded = Folded(sizes, tuple(axis - 1 for axis in x.order[1:]))
    return Value(name, (x.shape[0], count), x.dtype, plain(2), folded)


@layer("Reshape")
def reshape(ctx: Context, x: Value, *, target_shape: Sizes) -> Value:
    """Reshape(target_shape): at most one size is -1."""
    x = ctx.plain(x)
    count = elements(x.shape)
    shape: tuple[int | None, ...] = target_shape
    if -1 in target_shape:
        rest = math.prod(size for size in target_shape if size != -1)
        if target_shape.count(-1) > 1 or rest <= 0:
            raise OptionError(f"target_shape={target_shape} makes no sense")
        if count is not None and count % rest:
            raise OptionError(f"{count} elements do not fit into {target_shape}")
        unknown = None if count is None else count // rest
        shape = tuple(unknown if size == -1 else size for size in target_shape)
    elif count is not None and count != math.prod(target_shape):
        raise OptionError(f"{count} elements do not fit into {target_shape}")
    # ONNX's 0 takes the batch as it is; its -1 is then still free for Keras' own.
    name = ctx.add("Reshape", x.name, ctx.constant([0, *target_shape], "int64"))
    return Value(name, (x.shape[0], *shape), x.dtype, plain(len(shape) + 1))


@layer("Permute")
def permute(ctx: Context, x: Value, *, dims: Sizes) -> Value:
    """Permute(dims): axes are counted from 1. Nothing moves: the order is only seen anew."""
    if sorted(dims) != list(range(1, x.rank)):
        raise OptionError(f"dims={dims} of an input with the shape {x.shape}")
    x = ctx.unfold(x)
    seen = (0, *dims)
    shape = tuple(x.shape[axis] for axis in seen)
    return Value(x.name, shape, x.dtype, tuple(seen.index(axis) for axis in x.order))


@layer("ZeroPadding2D")
def zero_padding2d(
    ctx: Context,
    x: Value,
    *,
    padding: Margins = ((1, 1), (1, 1)),
    data_format: DataFormat = "channels_last",
) -> Value:
    """ZeroPadding2D(padding=(1, 1), data_format=None)."""
    x = spatial(ctx, x, data_format)
    (top, bottom), (left, right) = padding
    rows, columns = image_sizes(x)
    sizes = (
        None if rows is None else rows + top + bottom,
        None if columns is None else columns + left + right,
    )
    if not any((top, bottom, left, right)):
        return x
    pads = ctx.constant([0, 0, top, left, 0, 0, bottom, right], "int64")
    name = ctx.add("Pad", x.name, pads)
    channels = x.shape[channel_axis(data_format)]
    return Value(name, image_shape(x, sizes, channels or 0), x.dtype, x.order)


@layer("Cropping2D")
def cropping2d(
    ctx: Context,
    x: Value,
    *,
    cropping: Margins = ((0, 0), (0, 0)),
    data_format: DataFormat = "channels_last",
) -> Value:
    """Cropping2D(cropping=((0, 0), (0, 0)), data_format=None)."""
    x = spatial(ctx, x, data_format)
    (top, bottom), (left, right) = cropping
    rows, columns = image_sizes(x)
    sizes = (
        None if rows is None else rows - top - bottom,
        None if columns is None else columns - left - right,
    )
    end = (1 << 62, 1 << 62)
    stops = [-cut if cut else far for cut, far in zip((bottom, right), end, strict=True)]
    name = ctx.add(
        "Slice",
        x.name,
        ctx.constant([top, left], "int64"),
        ctx.constant(stops, "int64"),
        ctx.constant([2, 3], "int64"),
    )
    channels = x.shape[channel_axis(data_format)]
    return Value(name, image_shape(x, sizes, channels or 0), x.dtype, x.order)
