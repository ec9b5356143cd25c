"""Layers that only move, add or drop elements."""

from __future__ import annotations

import math

from ..context import Context
from ..registry import DataFormat, OptionError, Size, Sizes, layer
from ..value import Folded, Order, Value, channels_first, elements, plain
from .spatial import reduce_axes


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
    count = elements(x.shape)
    if count is not None and target_shape in ((-1,), (count,)):
        return flatten(ctx, x)
    x = ctx.plain(x)
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
    order = plain(len(shape) + 1)
    if len(shape) > 2 and all(size == 1 for size in shape[:-1]):
        # One pixel lies the same in every order: what follows is a convolution, as a rule.
        order = channels_first(len(order), len(shape))
    # ONNX's 0 takes the batch as it is; its -1 is then still free for Keras' own.
    sizes = [0, *(target_shape[axis - 1] for axis in order[1:])]
    name = _unreduced(ctx, x, order) or ctx.add("Reshape", x.name, ctx.constant(sizes, "int64"))
    return Value(name, (x.shape[0], *shape), x.dtype, order)


def _unreduced(ctx: Context, x: Value, order: Order) -> str | None:
    """A mean or maximum over all pixels that is made one pixel again, without a Reshape."""
    maker = ctx.maker(x.name)
    if x.rank != 2 or order == plain(len(order)) or maker is None:
        return None
    if maker.op not in ("ReduceMean", "ReduceMax") or maker.attributes.get("keepdims") != 0:
        return None
    if ctx.constants[maker.inputs[1]].make().tolist() != list(range(2, len(order))):
        return None
    whole = Value(maker.inputs[0], (None,) * len(order), x.dtype, order)
    return reduce_axes(ctx, maker.op, whole, range(2, len(order)), keepdims=True)


@layer("Permute")
def permute(ctx: Context, x: Value, *, dims: Sizes) -> Value:
    """Permute(dims): axes are counted from 1. Nothing moves: the order is only seen anew."""
    if sorted(dims) != list(range(1, x.rank)):
        raise OptionError(f"dims={dims} of an input with the shape {x.shape}")
    x = ctx.unfold(x)
    seen = (0, *dims)
    shape = tuple(x.shape[axis] for axis in seen)
    return Value(x.name, shape, x.dtype, tuple(seen.index(axis) for axis in x.order))


@layer("RepeatVector")
def repeat_vector(ctx: Context, x: Value, *, n: Size) -> Value:
    """RepeatVector(n): (batch, features) -> (batch, n, features)."""
    x = ctx.plain(x)
    if x.rank != 2:
        raise OptionError(f"its input has the shape {x.shape}, a vector is needed")
    apart = ctx.add("Unsqueeze", x.name, ctx.constant([1], "int64"))
    name = ctx.add("Expand", apart, ctx.constant([1, n, 1], "int64"))
    return Value(name, (x.shape[0], n, x.shape[1]), x.dtype, plain(3))
