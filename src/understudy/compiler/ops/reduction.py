"""Operations that make one value of many along axes; never along the batch."""

from __future__ import annotations

from collections.abc import Callable

from ..context import Context
from ..layers.spatial import reduce_axes
from ..registry import OptionError
from ..value import Value
from .operand import Operand, axes_of, axis_of, floats, number, tensor, truth, whole

Reduction = Callable[..., Value]


def reduction(op: str) -> Reduction:
    """An ONNX reduction of floats."""

    def apply(ctx: Context, x: Operand, axis: Operand = None, keepdims: Operand = False) -> Value:
        value = floats(ctx, x)
        return reduce(ctx, op, value, axes_of(value, axis), keepdims=truth(keepdims))

    return apply


def variance(ctx: Context, x: Operand, axis: Operand = None, keepdims: Operand = False) -> Value:
    """The mean of the squared distances from the mean."""
    value = ctx.unfold(floats(ctx, x))
    axes = axes_of(value, axis)
    mean = reduce(ctx, "ReduceMean", value, axes, keepdims=True)
    apart = ctx.like(value, "Sub", mean.name)
    squares = ctx.like(apart, "Mul", apart.name)
    return reduce(ctx, "ReduceMean", squares, axes, keepdims=truth(keepdims))


def deviation(ctx: Context, x: Operand, axis: Operand = None, keepdims: Operand = False) -> Value:
    """The square root of the variance."""
    return ctx.like(variance(ctx, x, axis, keepdims), "Sqrt")


def l2_normalize(ctx: Context, x: Operand, axis: Operand = None, epsilon: Operand = 1e-12) -> Value:
    """x / sqrt(max(sum(x^2), epsilon)) (tf.math.l2_normalize)."""
    value = ctx.unfold(floats(ctx, x))
    total = reduce(ctx, "ReduceSumSquare", value, axes_of(value, axis), keepdims=True)
    bounded = ctx.like(total, "Max", ctx.constant(number(epsilon)))
    return ctx.like(value, "Div", ctx.like(bounded, "Sqrt").name)


def normalize(
    ctx: Context, x: Operand, axis: Operand = -1, order: Operand = 2, epsilon: Operand = None
) -> Value:
    """x / max(norm(x), epsilon), epsilon 1e-7 (keras 3.15 `ops.nn._normalize`).

    For the order 2, Keras bounds the sum of squares by epsilon squared.
    """
    bound = 1e-7 if epsilon is None else number(epsilon)
    if whole(order) == 2:
        return l2_normalize(ctx, x, axis, bound * bound)
    if whole(order) != 1:
        raise OptionError(f"order={order} cannot be compiled")
    value = ctx.unfold(floats(ctx, x))
    total = reduce(ctx, "ReduceL1", value, axes_of(value, axis), keepdims=True)
    return ctx.like(value, "Div", ctx.like(total, "Max", ctx.constant(bound)).name)


def arg(op: str, dtype: str) -> Reduction:
    """ArgMax or ArgMin, the first of equals, with the framework's dtype."""

    def apply(ctx: Context, x: Operand, axis: Operand = None, keepdims: Operand = False) -> Value:
        value = ctx.unfold(floats(ctx, x))
        if axis is None:
            raise OptionError("it works on all axes, the batch included: name an axis from 1 on")
        place, kept = axis_of(value, axis), truth(keepdims)
        name = ctx.add(op, value.name, axis=value.at(place), keepdims=int(kept))
        return ctx.cast(_reduced(value, name, (place,), kept, "int64"), dtype)

    return apply


def cumulative_sum(ctx: Context, x: Operand, axis: Operand = None) -> Value:
    """The sums of all elements up to each along an axis."""
    value = ctx.unfold(floats(ctx, x))
    place = axis_of(value, axis)
    return ctx.like(value, "CumSum", ctx.constant(value.at(place), "int64"))


def all_or_any(op: str) -> Reduction:
    """Whether all, or any, are true."""
    reduced = {"All": "ReduceMin", "Any": "ReduceMax"}[op]

    def apply(ctx: Context, x: Operand, axis: Operand = None, keepdims: Operand = False) -> Value:
        value = tensor(ctx, x)
        if value.dtype != "bool":
            raise OptionError(f"it is called with {value.dtype}, not with truth values")
        numbers = ctx.cast(value, "float32")
        found = reduce(ctx, reduced, numbers, axes_of(value, axis), keepdims=truth(keepdims))
        return ctx.cast(found, "bool")

    return apply


def reduce(ctx: Context, op: str, x: Value, axes: tuple[int, ...], *, keepdims: bool) -> Value:
    """An ONNX reduction along Keras' axes; the order of the others stays."""
    x = ctx.unfold(x)
    places = sorted(x.at(axis) for axis in axes)
    name = reduce_axes(ctx, op, x, places, keepdims=keepdims)
    return _reduced(x, name, axes, keepdims, x.dtype)


def _reduced(x: Value, name: str, axes: tuple[int, ...], keepdims: bool, dtype: str) -> Value:
    if keepdims:
        shape = tuple(1 if axis in axes else size for axis, size in enumerate(x.shape))
        return Value(name, shape, dtype, x.order)
    left = [axis for axis in range(x.rank) if axis not in axes]
    order = tuple(left.index(axis) for axis in x.order if axis in left)
    return Value(name, tuple(x.shape[axis] for axis in left), dtype, order)
