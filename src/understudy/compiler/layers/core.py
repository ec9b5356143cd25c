"""Dense."""

from __future__ import annotations

from typing import Any

from ...keras import Activation
from ..context import Context
from ..graph import Array
from ..registry import OptionError, Size, layer
from ..value import Value
from .activations import activate
from .quantized import Quantization, descaled, rounded

LINEAR = Activation("linear")


@layer("Dense")
def dense(
    ctx: Context,
    x: Value,
    *,
    units: Size,
    activation: Activation = LINEAR,
    use_bias: bool = True,
    quantization: Quantization | None = None,
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
    if x.rank > 2 and x.order[-1] != x.rank - 1:
        x = ctx.plain(x)
    start, scale = x.name, None
    if quantization == "int8":
        start, scale = rounded(ctx, x, [-1])
    if x.rank == 2:
        folded = x.folded
        if folded is not None:

            def reorder(array: Array) -> Array:
                apart = array.reshape(*folded.shape, units)
                axes = (*folded.order, len(folded.order))
                return apart.transpose(axes).reshape(size, units)

            kernel = kernel.map(kernel.shape, reorder)
        name = ctx.lazy(kernel, "kernel", str(folded))
        if quantization is None:
            name = ctx.add("Gemm", start, name, *([bias] if bias else []))
        else:
            name = ctx.add("MatMul", start, name)
    else:
        name = ctx.add("MatMul", start, ctx.lazy(kernel, "kernel"))
    if quantization is not None:
        kernel_scale = ctx.weight("kernel_scale", (units,))
        name = descaled(ctx, name, ctx.lazy(kernel_scale, "kernel_scale"), scale)
    if bias and (x.rank > 2 or quantization is not None):
        name = ctx.add("Add", name, bias)
    value = Value(name, (*x.shape[:-1], units), x.dtype, x.order)
    return activate(ctx, value, activation)
