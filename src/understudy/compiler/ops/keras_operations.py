"""Keras 3's operations: `keras.ops` called on symbolic tensors.

An operation is named by its module and class below `keras.src`; its options are those of the
class, its tensors come by position. (keras 3.15 `src/ops/*.py`; the TensorFlow backend where
backends differ.)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...keras import Activation
from ...keras.operations import bare_operation_class
from ..context import Context
from ..layers.activations import FUNCTIONS
from ..layers.bias import check_summand
from ..operations import Operation, register
from ..registry import OptionError
from ..value import Value
from .elementwise import (
    activation,
    binary,
    cast,
    clip,
    elu,
    expm1,
    filled,
    gelu,
    identity,
    leaky_relu,
    log1p,
    logical_not,
    not_equal,
    operator,
    power,
    relu_layer,
    rsqrt,
    signed,
    softmax_along,
    square,
    where,
)
from .image import (
    depth_to_space,
    keras_patches,
    keras_pooling,
    keras_resize,
    rgb_to_grayscale,
    space_to_depth,
)
from .linear import einsum, matmul
from .operand import Operand, constant, floats, number
from .reduction import (
    all_or_any,
    arg,
    cumulative_sum,
    deviation,
    normalize,
    reduction,
    variance,
)
from .shape import (
    concatenate,
    expand_dims,
    flip,
    move_axis,
    pad,
    repeat,
    reshape,
    split_at,
    squeeze,
    stack,
    swap_axes,
    take,
    tile,
    transpose,
    unstack,
)
from .slicing import get_item


def _row(lower: Callable[..., Any], **names: str) -> Operation:
    return Operation(lower, {theirs: ours for ours, theirs in names.items()})


def _celu(ctx: Context, x: Operand, alpha: Operand = 1.0) -> Value:
    """max(0, x) + min(0, alpha (exp(x / alpha) - 1))."""
    return ctx.like(floats(ctx, x), "Celu", alpha=number(alpha))


def _glu(ctx: Context, x: Operand, axis: Operand = -1) -> Value:
    value = floats(ctx, x)
    if axis not in (-1, value.rank - 1):
        raise OptionError(f"axis={axis!r}: only the last axis can be compiled")
    return FUNCTIONS["glu"](ctx, value, Activation("glu"))


def _shrink(name: str) -> Callable[..., Value]:
    def apply(ctx: Context, x: Operand, threshold: Operand = 0.5) -> Value:
        bound = number(threshold)
        bias = bound if name == "soft" else 0.0
        return ctx.like(floats(ctx, x), "Shrink", lambd=bound, bias=bias)

    return apply


def _threshold(ctx: Context, x: Operand, threshold: Operand, default_value: Operand) -> Value:
    """x where x > threshold, a constant elsewhere."""
    value = floats(ctx, x)
    above = ctx.like(value, "Greater", ctx.constant(number(threshold)))
    name = ctx.like(above, "Where", value.name, ctx.constant(number(default_value))).name
    return Value(name, value.shape, value.dtype, value.order, value.folded)


def _einsum(ctx: Context, *operands: Operand, subscripts: Operand) -> Value:
    """The equation is an option of the class."""
    return einsum(ctx, subscripts, *operands)


def _add(ctx: Context, x: Operand, y: Operand, bias_axis: str = "meant") -> Operand:
    """x + y; a constant may be taken for a bias (see `layers.bias`)."""
    if isinstance(x, Value) and not isinstance(y, Value):
        check_summand(x.shape, constant(y).shape, bias_axis)
    return binary("Add")(ctx, x, y)


_NUMPY: dict[str, Operation] = {
    "Add": _row(_add),
    "Subtract": _row(binary("Sub")),
    "Multiply": _row(binary("Mul")),
    "Divide": _row(binary("Div")),
    "TrueDivide": _row(binary("Div")),
    "Power": _row(power),
    "Negative": _row(signed("Neg")),
    "Maximum": _row(binary("Max")),
    "Minimum": _row(binary("Min")),
    "Absolute": _row(signed("Abs")),
    "Abs": _row(signed("Abs")),
    "Sign": _row(operator("Sign")),
    "Square": _row(square),
    "ZerosLike": _row(filled(0)),
    "OnesLike": _row(filled(1)),
    "Sqrt": _row(operator("Sqrt")),
    "Exp": _row(operator("Exp")),
    "Expm1": _row(expm1),
    "Log": _row(operator("Log")),
    "Log1p": _row(log1p),
    "Reciprocal": _row(operator("Reciprocal")),
    "Sin": _row(operator("Sin")),
    "Cos": _row(operator("Cos")),
    "Tanh": _row(activation("tanh")),
    "Floor": _row(operator("Floor")),
    "Ceil": _row(operator("Ceil")),
    "Clip": _row(clip, low="x_min", high="x_max"),
    "Copy": _row(identity),
    "Equal": _row(binary("Equal")),
    "NotEqual": _row(not_equal),
    "Greater": _row(binary("Greater")),
    "GreaterEqual": _row(binary("GreaterOrEqual")),
    "Less": _row(binary("Less")),
    "LessEqual": _row(binary("LessOrEqual")),
    "LogicalAnd": _row(binary("And")),
    "LogicalOr": _row(binary("Or")),
    "LogicalNot": _row(logical_not),
    "Where": _row(where),
    "Mean": _row(reduction("ReduceMean")),
    "Sum": _row(reduction("ReduceSum")),
    "Max": _row(reduction("ReduceMax")),
    "Min": _row(reduction("ReduceMin")),
    "Amax": _row(reduction("ReduceMax")),
    "Amin": _row(reduction("ReduceMin")),
    "Prod": _row(reduction("ReduceProd")),
    "Var": _row(variance),
    "Std": _row(deviation),
    "All": _row(all_or_any("All")),
    "Any": _row(all_or_any("Any")),
    "Argmax": _row(arg("ArgMax", "int32")),
    "Argmin": _row(arg("ArgMin", "int32")),
    "Cumsum": _row(cumulative_sum),
    "Reshape": _row(reshape, shape="newshape"),
    "Transpose": _row(transpose),
    "Swapaxes": _row(swap_axes),
    "Moveaxis": _row(move_axis),
    "ExpandDims": _row(expand_dims),
    "Squeeze": _row(squeeze),
    "Concatenate": _row(concatenate),
    "Stack": _row(stack),
    "Split": _row(split_at, places="indices_or_sections"),
    "Tile": _row(tile),
    "Repeat": _row(repeat),
    "Flip": _row(flip),
    "Take": _row(take),
    "Pad": _row(pad, paddings="pad_width"),
    "GetItem": _row(get_item),
    "Matmul": _row(matmul),
    "Einsum": _row(_einsum),
}

_NN: dict[str, Operation] = {
    "Relu": _row(activation("relu")),
    "Relu6": _row(activation("relu6")),
    "Sigmoid": _row(activation("sigmoid")),
    "SparseSigmoid": _row(activation("sparse_sigmoid")),
    "Softplus": _row(activation("softplus")),
    "Softsign": _row(activation("softsign")),
    "SparsePlus": _row(activation("sparse_plus")),
    "Silu": _row(activation("silu")),
    "LogSigmoid": _row(activation("log_sigmoid")),
    "LeakyRelu": _row(leaky_relu, alpha="negative_slope"),
    "HardSigmoid": _row(activation("hard_sigmoid")),
    "HardSilu": _row(activation("hard_silu")),
    "HardTanh": _row(activation("hard_tanh")),
    "HardShrink": _row(_shrink("hard")),
    "SoftShrink": _row(_shrink("soft")),
    "TanhShrink": _row(activation("tanh_shrink")),
    "Threshold": _row(_threshold),
    "Elu": _row(elu),
    "Selu": _row(activation("selu")),
    "Celu": _row(_celu),
    "Gelu": _row(gelu(default=True)),
    "Glu": _row(_glu),
    "Softmax": _row(softmax_along("Softmax")),
    "LogSoftmax": _row(softmax_along("LogSoftmax")),
    "Normalize": _row(normalize),
    "MaxPool": _row(keras_pooling("MaxPooling")),
    "AveragePool": _row(keras_pooling("AveragePooling")),
    "DepthToSpace": _row(depth_to_space),
    "SpaceToDepth": _row(space_to_depth),
}

_OTHERS: dict[str, Operation] = {
    "core.Cast": _row(cast),
    "core.StopGradient": _row(identity, x="variable"),
    "core.Unstack": _row(unstack),
    "math.Rsqrt": _row(rsqrt),
    "math.Erf": _row(operator("Erf")),
    "math.Logsumexp": _row(reduction("ReduceLogSumExp")),
    "image.Resize": _row(keras_resize),
    "image.RGBToGrayscale": _row(rgb_to_grayscale),
    "image.ExtractPatches": _row(keras_patches),
}

_BY_MODULE: dict[str, Operation] = {
    **{f"ops.numpy.{name}": operation for name, operation in _NUMPY.items()},
    **{f"ops.nn.{name}": operation for name, operation in _NN.items()},
    **{f"ops.{name}": operation for name, operation in _OTHERS.items()},
    "activations.activations.ReLU": _row(relu_layer),
}

register(_BY_MODULE)
# HDF5 files do not say the module. No two operations of Keras have the same class name.
register({bare_operation_class(name.rpartition(".")[2]): row for name, row in _BY_MODULE.items()})
