"""Quantised layers (`model.quantize("int8")`): whole numbers are multiplied, and scaled afterwards.

As Keras does, the input is rounded when the model runs, to steps of its largest value / 127, and
the kernel is stored rounded. ONNX has no operator with this rounding; the same numbers are
multiplied as float32, which holds every whole number below 2^24. A value that lies between two
steps may fall to the other side than in Keras, by what float32 differs in the layers before.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from ..context import Context
from ..value import Value

Quantization = Literal["int8", "int8 weights"]

LARGEST = 127.0
EPSILON = 1e-7


def rounded(ctx: Context, x: Value, axes: Sequence[int]) -> tuple[str, str]:
    """The input as whole numbers from -127 to 127, and what it was multiplied with.

    scale = 127 / (max |x| + 1e-7) along the axes. (keras 3.15 `quantizers.abs_max_quantize`.)
    """
    size = ctx.add("Abs", x.name)
    largest = ctx.add("ReduceMax", size, ctx.constant(list(axes), "int64"), keepdims=1)
    bounded = ctx.add("Add", largest, ctx.constant(EPSILON))
    scale = ctx.add("Div", ctx.constant(LARGEST), bounded)
    steps = ctx.add("Round", ctx.add("Mul", x.name, scale))
    return ctx.add("Clip", steps, ctx.constant(-LARGEST), ctx.constant(LARGEST)), scale


def descaled(ctx: Context, name: str, kernel_scale: str, scale: str | None) -> str:
    """The product divided by both scales; without the input's, by the kernel's."""
    if scale is not None:
        kernel_scale = ctx.add("Mul", kernel_scale, scale)
    return ctx.add("Div", name, kernel_scale)
