"""Dense, and the layers that do nothing at inference."""

from __future__ import annotations

from typing import Any

from ...keras import Activation
from ..graph import Array
from ..lowering import Context
from ..registry import OptionError, Size, layer
from ..value import Value, plain
from .activations import activate

LINEAR = Activation("linear")


@layer("Dense")
def dense(
    ctx: Context,
    x: Value,
    *,
    units: Size,
    activation: Activation = LINEAR,
    use_bias: bool = True,
    input_dim: Any = None,  # noqa: ARG001 the shape says it
) -> Value:
    """Dense(units, activation=None, use_bias=True): x kernel + bias, along the last axis.

    The kernel's rows are put in the order in which a flattened input lies in memory, so that
    nothing has to be transposed when the model runs.
    """
    size = x.shape[-1]
    if x.rank < 2 or size is None:
        raise OptionError(f"its input has the shape {x.shape}, the last size must be known")
    kernel = ctx.weight("kernel", (size, units))
    bias = ctx.lazy(ctx.weight("bias", (units,)), "bias") if use_bias else None
    if x.rank == 2:
        folded = x.folded
        if folded is not None:

            def reorder(array: Array) -> Array:
                apart = array.reshape(*folded.shape, units)
                axes = (*folded.order, len(folded.order))
                return apart.transpose(axes).reshape(size, units)

            kernel = kernel.map(kernel.shape, reorder)
        inputs = [ctx.lazy(kernel, "kernel", str(folded)), *([bias] if bias else [])]
        name = ctx.add("Gemm", x.name, *inputs)
    else:
        x = ctx.plain(x)
        name = ctx.add("MatMul", x.name, ctx.lazy(kernel, "kernel"))
        if bias:
            name = ctx.add("Add", name, bias)
    value = Value(name, (*x.shape[:-1], units), x.dtype, plain(x.rank))
    return activate(ctx, value, activation)


@layer(
    "ActivityRegularization",
    "AlphaDropout",
    "Dropout",
    "GaussianDropout",
    "GaussianNoise",
    "SpatialDropout2D",
)
def only_in_training(
    _: Context,
    x: Value,
    *,
    rate: Any = None,  # noqa: ARG001
    noise_shape: Any = None,  # noqa: ARG001
    seed: Any = None,  # noqa: ARG001
    stddev: Any = None,  # noqa: ARG001
    data_format: Any = None,  # noqa: ARG001
    l1: Any = None,  # noqa: ARG001
    l2: Any = None,  # noqa: ARG001
) -> Value:
    """Dropout(rate, …) and the others that change nothing at inference."""
    return x
