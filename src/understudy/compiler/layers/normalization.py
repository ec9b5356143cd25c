"""Normalisation: with the statistics of training, or with those of the example itself."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..context import Context
from ..graph import Array, Lazy
from ..registry import Axes, Axis, OptionError, layer
from ..value import Value, channels_first

KERAS_EPSILON = 1e-7
"""`keras.backend.epsilon()`, unless somebody changed it."""


@layer("BatchNormalization")
def batch_normalization(
    ctx: Context,
    x: Value,
    *,
    axis: Axis = -1,
    epsilon: float = 1e-3,
    center: bool = True,
    scale: bool = True,
    renorm: bool = False,  # noqa: ARG001 changes the training alone
) -> Value:
    """BatchNormalization(axis=-1, epsilon=1e-3, center=True, scale=True).

    gamma (x - mean) / sqrt(variance + epsilon) + beta, along one axis.
    """
    axis = x.axis(axis)
    if not 1 <= axis < x.rank:
        raise OptionError(f"axis={axis} of an input with the shape {x.shape}")
    (size,) = _sizes(x, (axis,))
    if x.folded is None and x.order.index(axis) != 1:
        x = ctx.arrange(x, channels_first(x.rank, axis))
    ones, zeros = np.ones(size, np.float32), np.zeros(size, np.float32)
    parameters = {
        "gamma": ctx.weight("gamma", (size,)) if scale else Lazy.of(ones),
        "beta": ctx.weight("beta", (size,)) if center else Lazy.of(zeros),
        "moving_mean": ctx.weight("moving_mean", (size,)),
        "moving_variance": ctx.weight("moving_variance", (size,)),
    }
    names = [ctx.lazy(as_stored(x, lazy), role, str(x.folded)) for role, lazy in parameters.items()]
    return ctx.like(x, "BatchNormalization", *names, epsilon=epsilon)


@layer("LayerNormalization")
def layer_normalization(
    ctx: Context,
    x: Value,
    *,
    axis: Axes = (-1,),
    epsilon: float = 1e-3,
    center: bool = True,
    scale: bool = True,
    rms_scaling: bool = False,
) -> Value:
    """LayerNormalization(axis=-1, epsilon=1e-3, center=True, scale=True).

    gamma (x - mean) / sqrt(variance + epsilon) + beta, with the mean and the variance over the
    axes; with `rms_scaling`, gamma x / sqrt(variance + epsilon).
    """
    axes = own_axes(x, axis)
    gamma = _stored(ctx, x, "gamma", axis) if scale or rms_scaling else None
    beta = _stored(ctx, x, "beta", axis) if center and not rms_scaling else None
    if not rms_scaling and axes == tuple(range(axes[0], x.rank)):
        return _last_axes(ctx, x, axes, gamma, beta, epsilon)
    x = ctx.unfold(x)
    over = ctx.constant([x.at(axis) for axis in axes], "int64")
    centred = ctx.like(x, "Sub", ctx.add("ReduceMean", x.name, over, keepdims=1))
    square = ctx.add("Mul", centred.name, centred.name)
    variance = ctx.add("ReduceMean", square, over, keepdims=1)
    spread = ctx.add("Sqrt", ctx.add("Add", variance, ctx.constant(epsilon)))
    made = ctx.like(x if rms_scaling else centred, "Div", spread)
    if gamma is not None:
        made = ctx.like(made, "Mul", broadcast(ctx, made, gamma, axes, "gamma"))
    if beta is not None:
        made = ctx.like(made, "Add", broadcast(ctx, made, beta, axes, "beta"))
    return made


@layer("GroupNormalization")
def group_normalization(
    ctx: Context,
    x: Value,
    *,
    groups: int = 32,
    axis: Axis = -1,
    epsilon: float = 1e-3,
    center: bool = True,
    scale: bool = True,
) -> Value:
    """GroupNormalization(groups=32, axis=-1, epsilon=1e-3, center=True, scale=True).

    Each group of channels is normalised with its own mean and variance; -1: each channel.
    """
    (axis,) = own_axes(x, (axis,))
    (size,) = _sizes(x, (axis,))
    groups = size if groups == -1 else groups
    if groups < 1 or size % groups:
        raise OptionError(f"{size} channels in {groups} groups")
    x = ctx.arrange(x, channels_first(x.rank, axis))
    grouped = ctx.add("Reshape", x.name, ctx.constant([0, groups, -1], "int64"))
    ones, zeros = (ctx.constant(np.full(groups, value)) for value in (1, 0))
    normal = ctx.add("InstanceNormalization", grouped, ones, zeros, epsilon=epsilon)
    rest = [x.shape[axis] for axis in x.order[1:]]
    shape = ctx.add("Shape", x.name) if None in rest else ctx.constant([0, *rest], "int64")
    made = Value(ctx.add("Reshape", normal, shape), x.shape, x.dtype, x.order)
    if scale:
        gamma = ctx.weight("gamma", (size,))
        made = ctx.like(made, "Mul", broadcast(ctx, made, gamma, (axis,), "gamma"))
    if center:
        beta = ctx.weight("beta", (size,))
        made = ctx.like(made, "Add", broadcast(ctx, made, beta, (axis,), "beta"))
    return made


@layer("RMSNormalization")
def rms_normalization(
    ctx: Context, x: Value, *, axis: Axes = (-1,), epsilon: float = 1e-6
) -> Value:
    """RMSNormalization(axis=-1, epsilon=1e-6): scale x / sqrt(mean(x²) + epsilon).

    Keras broadcasts `scale` from the last axis on, so these alone make sense.
    """
    axes = own_axes(x, axis)
    if axes != tuple(range(axes[0], x.rank)):
        raise OptionError(f"axis={axis}: only the last axes can be compiled")
    factor = _stored(ctx, x, "scale", axis)
    x = x if x.folded is not None else ctx.unfold(x)
    over = ctx.constant([x.at(axis) for axis in axes], "int64")
    mean = ctx.add("ReduceMean", ctx.add("Mul", x.name, x.name), over, keepdims=1)
    root = ctx.add("Sqrt", ctx.add("Add", mean, ctx.constant(epsilon)))
    made = ctx.like(x, "Div", root)
    return ctx.like(made, "Mul", broadcast(ctx, made, factor, axes, "scale"))


@layer("UnitNormalization")
def unit_normalization(ctx: Context, x: Value, *, axis: Axes = (-1,)) -> Value:
    """UnitNormalization(axis=-1): x / max(norm(x), 1e-12)."""
    axes = own_axes(x, axis)
    over = ctx.constant([x.at(axis) for axis in axes], "int64")
    norm = ctx.add("ReduceL2", x.name, over, keepdims=1)
    return ctx.like(x, "Div", ctx.add("Max", norm, ctx.constant(1e-12)))


@layer("Normalization")
def normalization(
    ctx: Context,
    x: Value,
    *,
    axis: Axes | None = (-1,),
    mean: Any = None,
    variance: Any = None,
    invert: bool = False,
) -> Value:
    """Normalization(axis=-1, mean=None, variance=None, invert=False).

    (x - mean) / max(sqrt(variance), 1e-7), or the inverse of it. Mean and variance are options,
    or weights that Keras measured; there is one of each along the axes, or one in all.
    """
    axes = own_axes(x, axis) if axis else ()
    sizes = _sizes(x, axes)
    if mean is None and variance is None:
        centre, spread = ctx.weight("mean", sizes), ctx.weight("variance", sizes)
    else:
        centre, spread = _statistic(mean, sizes), _statistic(variance, sizes)
    spread = spread.map(sizes, lambda array: np.maximum(np.sqrt(array), np.float32(KERAS_EPSILON)))
    operators = ("Mul", spread, "Add", centre) if invert else ("Sub", centre, "Div", spread)
    made = x
    for op, lazy in zip(operators[::2], operators[1::2], strict=True):
        role = "mean" if lazy is centre else "spread"
        made = ctx.like(made, str(op), broadcast(ctx, made, lazy, axes, role))
    return made


def own_axes(x: Value, written: Sequence[int]) -> tuple[int, ...]:
    """Axes of one example, counted from the batch's 0, in order."""
    axes = tuple(sorted(x.axis(axis) for axis in written))
    if not axes or len(set(axes)) < len(axes) or not 1 <= axes[0] <= axes[-1] < x.rank:
        raise OptionError(f"axis={written} of an input with the shape {x.shape}")
    return axes


def broadcast(ctx: Context, x: Value, vector: Lazy, axes: Sequence[int], role: str) -> str:
    """A weight along some axes of `x`, as a constant that fits to how `x` lies."""
    if x.folded is not None:
        return ctx.lazy(as_stored(x, vector), role, str(x.folded))
    wide = vector.reshape(*(x.shape[axis] or 0 if axis in axes else 1 for axis in range(x.rank)))
    return ctx.lazy(wide.transpose(*x.order), role, str(x.order))


def as_stored(x: Value, vector: Lazy) -> Lazy:
    """One value a feature, in the order in which the flattened `x` lies in memory."""
    folded = x.folded
    if folded is None or math.prod(vector.shape) == 1:
        return vector

    def reorder(array: Array) -> Array:
        return array.reshape(folded.shape).transpose(folded.order).reshape(-1)

    return vector.map(vector.shape, reorder)


def _last_axes(
    ctx: Context,
    x: Value,
    axes: tuple[int, ...],
    gamma: Lazy | None,
    beta: Lazy | None,
    epsilon: float,
) -> Value:
    """ONNX's own operator."""
    x = x if x.folded is not None else ctx.plain(x)
    sizes = _sizes(x, axes)
    ones = Lazy.of(np.ones(sizes, np.float32))
    inputs = [
        ctx.lazy(as_stored(x, lazy.reshape(*sizes)), role, str(x.folded))
        for role, lazy in (("gamma", ones if gamma is None else gamma), ("beta", beta))
        if lazy is not None
    ]
    return ctx.like(x, "LayerNormalization", *inputs, axis=axes[0], epsilon=epsilon)


def _stored(ctx: Context, x: Value, role: str, written: Sequence[int]) -> Lazy:
    """A weight that has one place for each place along the axes.

    tf.keras gives it the axes' sizes as the axes are written, Keras 3 as they are sorted before
    the negative ones are counted from the end; both then read its elements as if it had the
    axes' own order.
    """
    shapes = [_sizes(x, tuple(map(x.axis, axes))) for axes in (written, sorted(written))]
    found = ctx.stored_shape(role)
    return ctx.weight(role, shapes[1] if found == shapes[1] else shapes[0])


def _sizes(x: Value, axes: Sequence[int]) -> tuple[int, ...]:
    sizes = tuple(size for size in (x.shape[axis] for axis in axes) if size is not None)
    if len(sizes) < len(axes):
        raise OptionError(f"its input with the shape {x.shape} has a free size along the axes")
    return sizes


def _statistic(written: Any, sizes: tuple[int, ...]) -> Lazy:
    """A mean or a variance that is an option: a number, nested lists, or a NumPy array."""
    array = constant_array(written)
    try:
        wide = array if array.size == math.prod(sizes) else np.broadcast_to(array, sizes)
    except ValueError:
        raise OptionError(f"{array.shape} values for the sizes {sizes}") from None
    return Lazy.of(wide.reshape(sizes))


def constant_array(written: Any) -> Array:
    """An option that is a number or an array: lists, or Keras 3's form of a NumPy array."""
    if isinstance(written, dict):
        config = written.get("config", written)
        written = config.get("value") if isinstance(config, dict) else None
    try:
        array = np.asarray(written, np.float32)
    except (TypeError, ValueError):
        raise OptionError(f"{written!r:.60} are no numbers") from None
    if array.size > 1 << 24 or not np.isfinite(array).all():
        raise OptionError(f"{written!r:.60} are no finite numbers")
    return array
