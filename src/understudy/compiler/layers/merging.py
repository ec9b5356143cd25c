"""Layers that make one tensor of several."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from ..graph import Shape
from ..lowering import Context
from ..registry import Axis, OptionError, layer
from ..value import Value


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
    _same_rank(xs)
    agreed = ctx.agree(xs)
    if len({value.shape for value in agreed}) > 1:  # a flattened value cannot be broadcast
        agreed = [ctx.unfold(value) for value in agreed]
    return agreed


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
