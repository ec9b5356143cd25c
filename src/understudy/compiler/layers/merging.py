"""Layers that make one tensor of several."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from ..context import Context
from ..graph import Shape
from ..registry import Axes, Axis, OptionError, layer
from ..value import Value, plain


@layer("Add")
def add(ctx: Context, *xs: Value) -> Value:
    """Add()([a, b, …])."""
    return _fold(ctx, "Add", xs)


@layer("Subtract")
def subtract(ctx: Context, *xs: Value) -> Value:
    """Subtract()([a, b])."""
    if len(xs) != 2:
        raise OptionError(f"it takes two tensors, not {len(xs)}")
    return _fold(ctx, "Sub", xs)


@layer("Multiply")
def multiply(ctx: Context, *xs: Value) -> Value:
    """Multiply()([a, b, …])."""
    return _fold(ctx, "Mul", xs)


@layer("Maximum")
def maximum(ctx: Context, *xs: Value) -> Value:
    """Maximum()([a, b, …])."""
    return _at_once(ctx, "Max", xs)


@layer("Minimum")
def minimum(ctx: Context, *xs: Value) -> Value:
    """Minimum()([a, b, …])."""
    return _at_once(ctx, "Min", xs)


@layer("Average")
def average(ctx: Context, *xs: Value) -> Value:
    """Average()([a, b, …])."""
    return _at_once(ctx, "Mean", xs)


@layer("Concatenate")
def concatenate(ctx: Context, *xs: Value, axis: Axis = -1) -> Value:
    """Concatenate(axis=-1)([a, b, …])."""
    _same_rank(xs)
    agreed = [ctx.unfold(value) for value in ctx.agree(xs)]
    first = agreed[0]
    axis = first.axis(axis)
    if not 1 <= axis < first.rank:
        raise OptionError(f"axis={axis} of inputs with the shape {first.shape}")
    sizes = [value.shape[axis] for value in agreed]
    known = [size for size in sizes if size is not None]
    total = sum(known) if len(known) == len(sizes) else None
    for left, right in itertools.pairwise(agreed):
        rest = [
            (a, b)
            for i, (a, b) in enumerate(zip(left.shape, right.shape, strict=True))
            if i != axis
        ]
        if any(a is not None and b is not None and a != b for a, b in rest):
            raise OptionError(f"shapes {left.shape} and {right.shape} do not fit along {axis}")
    if len(agreed) == 1:
        return first
    name = ctx.add("Concat", *(value.name for value in agreed), axis=first.at(axis))
    shape = (*first.shape[:axis], total, *first.shape[axis + 1 :])
    return Value(name, shape, first.dtype, first.order)


@layer("Dot")
def dot(ctx: Context, *xs: Value, axes: Axes, normalize: bool = False) -> Value:
    """Dot(axes, normalize=False)([a, b]): products, summed along one axis of each.

    The result has the first tensor's other axes, then the second's; of two vectors it is one
    number. With `normalize` both have the norm 1 along the axis first.
    """
    if len(xs) != 2 or not all(2 <= x.rank <= 3 for x in xs):
        shapes = ", ".join(str(x.shape) for x in xs)
        raise OptionError(f"two tensors of two or three axes can be compiled, not {shapes}")
    pair = list(axes) if len(axes) == 2 else [axes[0]] * 2
    left, right = (ctx.plain(x) for x in xs)
    along = [x.axis(axis) for x, axis in zip((left, right), pair, strict=True)]
    for x, axis in zip((left, right), along, strict=True):
        if not 1 <= axis < x.rank:
            raise OptionError(f"axes={axes} of an input with the shape {x.shape}")
    _broadcast_size(*(x.shape[axis] for x, axis in zip((left, right), along, strict=True)))
    if normalize:
        left, right = (_unit(ctx, x, at) for x, at in zip((left, right), along, strict=True))
    letters = [
        "".join("z" if axis == at else letter for axis, letter in enumerate(names))
        for names, at in (("bij"[: left.rank], along[0]), ("bkl"[: right.rank], along[1]))
    ]
    rest = [names.replace("z", "")[1:] for names in letters]
    kept = [
        size
        for x, at in zip((left, right), along, strict=True)
        for axis, size in enumerate(x.shape)
        if axis not in (0, at)
    ]
    name = ctx.add(
        "Einsum", left.name, right.name, equation=f"{','.join(letters)}->b{''.join(rest)}"
    )
    if not kept:
        name = ctx.add("Unsqueeze", name, ctx.constant([1], "int64"))
    shape = (left.shape[0], *(kept or [1]))
    return Value(name, shape, left.dtype, plain(len(shape)))


def _unit(ctx: Context, x: Value, axis: int) -> Value:
    """The value with the norm 1 along an axis (Keras' epsilon, 1e-7, for one that is zero)."""
    norm = ctx.add("ReduceL2", x.name, ctx.constant([axis], "int64"), keepdims=1)
    return ctx.like(x, "Div", ctx.add("Max", norm, ctx.constant(1e-7)))


def _fold(ctx: Context, op: str, xs: Sequence[Value]) -> Value:
    """((a op b) op c), and so on."""
    agreed = _agreed(ctx, xs)
    result = agreed[0]
    for value in agreed[1:]:
        name = ctx.add(op, result.name, value.name)
        shape = _broadcast(result.shape, value.shape)
        result = Value(name, shape, result.dtype, result.order, result.folded)
    return result


def _at_once(ctx: Context, op: str, xs: Sequence[Value]) -> Value:
    agreed = _agreed(ctx, xs)
    shape = agreed[0].shape
    for value in agreed[1:]:
        shape = _broadcast(shape, value.shape)
    name = ctx.add(op, *(value.name for value in agreed))
    return Value(name, shape, agreed[0].dtype, agreed[0].order, agreed[0].folded)


def _agreed(ctx: Context, xs: Sequence[Value]) -> list[Value]:
    if not xs:
        raise OptionError("it is called without tensors")
    rank = max(value.rank for value in xs)
    agreed = ctx.agree([_with_rank(ctx, value, rank) for value in xs])
    if len({value.shape for value in agreed}) > 1:  # a flattened value cannot be broadcast
        agreed = [ctx.unfold(value) for value in agreed]
    return agreed


def _with_rank(ctx: Context, x: Value, rank: int) -> Value:
    """The value with axes of size 1 after the batch, which Keras adds to get equal ranks.

    (keras 3.15 `layers.merging.base_merge.Merge.call`; Keras 1 and 2 the same.)
    """
    if x.rank == rank:
        return x
    if x.rank < 2:
        raise OptionError("a tensor with nothing but the batch axis")
    x = ctx.plain(x)
    axes = list(range(1, 1 + rank - x.rank))
    name = ctx.add("Unsqueeze", x.name, ctx.constant(axes, "int64"))
    return Value(name, (x.shape[0], *(1 for _ in axes), *x.shape[1:]), x.dtype, plain(rank))


def _same_rank(xs: Sequence[Value]) -> None:
    if not xs:
        raise OptionError("it is called without tensors")
    if len({value.rank for value in xs}) > 1:
        shapes = ", ".join(str(value.shape) for value in xs)
        raise OptionError(f"tensors with different numbers of axes: {shapes}")


def _broadcast(a: Shape, b: Shape) -> Shape:
    return tuple(_broadcast_size(x, y) for x, y in zip(a, b, strict=True))


def _broadcast_size(a: int | None, b: int | None) -> int | None:
    if a == b or b == 1:
        return a
    if a == 1:
        return b
    if a is None or b is None:
        return b if a is None else a
    raise OptionError(f"sizes {a} and {b} do not fit")
