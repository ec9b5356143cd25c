"""Normalisation with the statistics of training."""

from __future__ import annotations

import numpy as np

from ..graph import Array, Lazy
from ..lowering import Context
from ..registry import Axis, OptionError, layer
from ..value import Value, channels_first


@layer("BatchNormalization")
def batch_normalization(
    ctx: Context,
    x: Value,
    *,
    axis: Axis = -1,
    epsilon: float = 1e-3,
    center: bool = True,
    scale: bool = True,
    renorm: bool = False,
) -> Value:
    """BatchNormalization(axis=-1, epsilon=1e-3, center=True, scale=True).

    gamma (x - mean) / sqrt(variance + epsilon) + beta, along one axis.
    """
    if renorm:
        raise OptionError("renorm=True is not supported")
    axis = x.axis(axis)
    if not 1 <= axis < x.rank:
        raise OptionError(f"axis={axis} of an input with the shape {x.shape}")
    size = x.shape[axis]
    if size is None:
        raise OptionError("its input has a free size along the axis")
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


def as_stored(x: Value, vector: Lazy) -> Lazy:
    """One value a feature, in the order in which the flattened `x` lies in memory."""
    folded = x.folded
    if folded is None:
        return vector

    def reorder(array: Array) -> Array:
        return array.reshape(folded.shape).transpose(folded.order).reshape(-1)

    return vector.map(vector.shape, reorder)
