"""Nodes of TensorFlow's graph, as tf.keras 1.13 to 2.3 keep them in a `TensorFlowOpLayer`.

Their inputs come by position, constants among them; their attributes by name. (The ops'
definitions are in tensorflow `core/ops/*.cc`.)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..context import Context
from ..operations import NODE_PREFIX, Operation, register
from ..registry import OptionError
from ..value import Value
from .elementwise import (
    activation,
    add_all,
    bias_add,
    binary,
    cast,
    expm1,
    filled,
    identity,
    leaky_relu,
    log1p,
    logical_not,
    not_equal,
    operator,
    power,
    rsqrt,
    signed,
    softmax_along,
    square,
    squared_difference,
    where,
)
from .image import depth_to_space, pooling, resize_points, space_to_depth
from .linear import matmul
from .operand import Operand, dtype_of, truth, whole
from .reduction import all_or_any, arg, cumulative_sum, reduction
from .shape import (
    concatenate,
    expand_dims,
    flip,
    pad,
    reshape,
    shape_of,
    split,
    squeeze,
    stack,
    take,
    tile,
    transpose,
    unstack,
)
from .slicing import part, strided_slice

IGNORED = frozenset(
    {
        "T",
        "Index",
        "N",
        "SrcT",
        "Tdim",
        "Tidx",
        "Tindices",
        "Tlen",
        "Tmultiples",
        "Tpaddings",
        "Tparams",
        "Taxis",
        "Tperm",
        "Tshape",
        "Truncate",
        "batch_dims",
        "explicit_paddings",
        "incompatible_shape_error",
        "num_split",
        "out_type",
        "output_type",
        "validate_indices",
    }
)
"""Types, which the tensors have themselves, and counts of inputs."""


def _row(lower: Callable[..., Any], **names: str) -> Operation:
    return Operation(lower, {theirs: ours for ours, theirs in names.items()}, IGNORED)


def _last(lower: Callable[..., Any]) -> Callable[..., Any]:
    """For nodes that take any number of tensors, and then an axis."""

    def apply(ctx: Context, *values: Operand) -> Any:
        return lower(ctx, list(values[:-1]), values[-1])

    return apply


def _all(lower: Callable[..., Any]) -> Callable[..., Any]:
    """For nodes that take any number of tensors."""

    def apply(ctx: Context, *values: Operand, axis: Operand = None) -> Any:
        return lower(ctx, list(values)) if axis is None else lower(ctx, list(values), axis)

    return apply


def _split(ctx: Context, axis: Operand, x: Operand, num_split: Operand = None) -> Any:
    """Split: the axis comes first."""
    return split(ctx, x, num_split, axis)


def _squeeze(ctx: Context, x: Operand, squeeze_dims: Operand = None) -> Value:
    """Squeeze: no dims are all dims."""
    return squeeze(ctx, x, squeeze_dims or None)


def _cast(ctx: Context, x: Operand, DstT: Operand) -> Operand:
    return cast(ctx, x, dtype_of(DstT))


def _gather(ctx: Context, x: Operand, indices: Operand, axis: Operand = 0) -> Value:
    return take(ctx, x, indices, axis)


def _arg(op: str) -> Callable[..., Value]:
    lower = arg(op, "int64")

    def apply(ctx: Context, x: Operand, axis: Operand) -> Value:
        return lower(ctx, x, axis)

    return apply


def _pad(ctx: Context, x: Operand, paddings: Operand, constant_values: Operand = 0) -> Value:
    return pad(ctx, x, paddings, "constant", constant_values)


def _mirror_pad(ctx: Context, x: Operand, paddings: Operand, mode: Operand) -> Value:
    return pad(ctx, x, paddings, mode)


def _unpack(ctx: Context, x: Operand, num: Operand, axis: Operand = 0) -> Any:
    return unstack(ctx, x, whole(num), axis)


def _batch_matmul(
    ctx: Context, x: Operand, y: Operand, adj_x: Operand = False, adj_y: Operand = False
) -> Value:
    return matmul(ctx, x, y, adj_x, adj_y)


def _cumsum(
    ctx: Context, x: Operand, axis: Operand, exclusive: Operand = False, reverse: Operand = False
) -> Value:
    if truth(exclusive) or truth(reverse):
        raise OptionError("exclusive and reverse sums cannot be compiled")
    return cumulative_sum(ctx, x, axis)


def _select(ctx: Context, condition: Operand, x: Operand, y: Operand) -> Value:
    """Select: unlike SelectV2, it does not broadcast."""
    value = where(ctx, condition, x, y)
    if any(isinstance(item, Value) and item.shape != value.shape for item in (condition, x, y)):
        raise OptionError("tensors of different shapes")
    return value


_KEPT = {"keepdims": "keep_dims"}

_NODES: dict[str, Operation] = {
    "Add": _row(binary("Add")),
    "AddV2": _row(binary("Add")),
    "Sub": _row(binary("Sub")),
    "Mul": _row(binary("Mul")),
    "RealDiv": _row(binary("Div")),
    "Pow": _row(power),
    "Neg": _row(signed("Neg")),
    "AddN": _row(_all(add_all)),
    "Maximum": _row(binary("Max")),
    "Minimum": _row(binary("Min")),
    "SquaredDifference": _row(squared_difference),
    "Abs": _row(signed("Abs")),
    "Sign": _row(operator("Sign")),
    "Square": _row(square),
    "ZerosLike": _row(filled(0)),
    "OnesLike": _row(filled(1)),
    "Sqrt": _row(operator("Sqrt")),
    "Rsqrt": _row(rsqrt),
    "Exp": _row(operator("Exp")),
    "Expm1": _row(expm1),
    "Log": _row(operator("Log")),
    "Log1p": _row(log1p),
    "Reciprocal": _row(operator("Reciprocal")),
    "Erf": _row(operator("Erf")),
    "Sin": _row(operator("Sin")),
    "Cos": _row(operator("Cos")),
    "Floor": _row(operator("Floor")),
    "Ceil": _row(operator("Ceil")),
    "Round": _row(operator("Round")),
    "Equal": _row(binary("Equal")),
    "NotEqual": _row(not_equal),
    "Greater": _row(binary("Greater")),
    "GreaterEqual": _row(binary("GreaterOrEqual")),
    "Less": _row(binary("Less")),
    "LessEqual": _row(binary("LessOrEqual")),
    "LogicalAnd": _row(binary("And")),
    "LogicalOr": _row(binary("Or")),
    "LogicalNot": _row(logical_not),
    "Select": _row(_select),
    "SelectV2": _row(where),
    "Relu": _row(activation("relu")),
    "Relu6": _row(activation("relu6")),
    "Elu": _row(activation("elu")),
    "Selu": _row(activation("selu")),
    "LeakyRelu": _row(leaky_relu),
    "Softplus": _row(activation("softplus")),
    "Softsign": _row(activation("softsign")),
    "Tanh": _row(activation("tanh")),
    "Sigmoid": _row(activation("sigmoid")),
    "Softmax": _row(softmax_along("Softmax")),
    "LogSoftmax": _row(softmax_along("LogSoftmax")),
    "Mean": _row(reduction("ReduceMean"), **_KEPT),
    "Sum": _row(reduction("ReduceSum"), **_KEPT),
    "Max": _row(reduction("ReduceMax"), **_KEPT),
    "Min": _row(reduction("ReduceMin"), **_KEPT),
    "Prod": _row(reduction("ReduceProd"), **_KEPT),
    "All": _row(all_or_any("All"), **_KEPT),
    "Any": _row(all_or_any("Any"), **_KEPT),
    "Cumsum": _row(_cumsum),
    "ArgMax": _row(_arg("ArgMax")),
    "ArgMin": _row(_arg("ArgMin")),
    "Identity": _row(identity),
    "IdentityN": _row(lambda _, *xs: xs),
    "StopGradient": _row(identity),
    "Cast": _row(_cast),
    "Shape": _row(shape_of),
    "Reshape": _row(reshape),
    "Transpose": _row(transpose),
    "ExpandDims": _row(expand_dims),
    "Squeeze": _row(_squeeze),
    "ConcatV2": _row(_last(concatenate)),
    "Pack": _row(_all(stack)),
    "Unpack": _row(_unpack),
    "Split": Operation(_split, {}, IGNORED - {"num_split"}),
    "SplitV": _row(split),
    "Tile": _row(tile),
    "ReverseV2": _row(flip),
    "GatherV2": _row(_gather),
    "Pad": _row(_pad),
    "PadV2": _row(_pad),
    "MirrorPad": _row(_mirror_pad),
    "Slice": _row(part),
    "StridedSlice": _row(strided_slice),
    "MatMul": _row(matmul, transpose_x="transpose_a", transpose_y="transpose_b"),
    "BatchMatMul": _row(_batch_matmul),
    "BatchMatMulV2": _row(_batch_matmul),
    "BiasAdd": _row(bias_add),
    "DepthToSpace": _row(depth_to_space),
    "SpaceToDepth": _row(space_to_depth),
    "MaxPool": _row(pooling("MaxPooling2D")),
    "AvgPool": _row(pooling("AveragePooling2D")),
    "ResizeBilinear": _row(resize_points("bilinear")),
    "ResizeNearestNeighbor": _row(resize_points("nearest")),
}

register({f"{NODE_PREFIX}{name}": operation for name, operation in _NODES.items()})
