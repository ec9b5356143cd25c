"""Layers that ship inside `keras.applications`."""

from __future__ import annotations

from ..context import Context
from ..registry import OptionError, Size, layer
from ..value import Value
from .merging import add
from .normalization import broadcast


@layer("LayerScale")
def layer_scale(
    ctx: Context,
    x: Value,
    *,
    init_values: float,  # noqa: ARG001 what training began with
    projection_dim: Size,
) -> Value:
    """LayerScale(init_values, projection_dim) of ConvNeXt: x gamma, along the last axis."""
    if x.shape[-1] != projection_dim:
        raise OptionError(f"its input has the shape {x.shape}, not {projection_dim} channels")
    gamma = ctx.weight("gamma", (projection_dim,))
    return ctx.like(x, "Mul", broadcast(ctx, x, gamma, (x.rank - 1,), "gamma"))


@layer("StochasticDepth")
def stochastic_depth(_: Context, x: Value, *, drop_path_rate: float) -> Value:  # noqa: ARG001
    """StochasticDepth(drop_path_rate) of ConvNeXt: nothing, at inference."""
    return x


@layer("CustomScaleLayer")
def custom_scale_layer(ctx: Context, *xs: Value, scale: float) -> Value:
    """CustomScaleLayer(scale)([a, b]) of InceptionResNetV2: a + b scale."""
    if len(xs) != 2:
        raise OptionError(f"it takes two tensors, not {len(xs)}")
    return add(ctx, xs[0], ctx.like(xs[1], "Mul", ctx.constant(scale)))
