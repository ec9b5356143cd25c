"""TensorFlow's functions, as tf.keras 2.4 to 2.15 call them in a `TFOpLambda`.

A function is named as `tf.` has it; where it takes its tensor first, that comes by position, and
all the rest by name. (tensorflow 2.15 `python/ops`; what Python operators call is in
`math_ops.py`, `_OverrideBinaryOperatorHelper`.)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..operations import Operation, register
from ..registry import OptionError
from .elementwise import (
    activation,
    add_all,
    bias_add,
    binary,
    cast,
    clip,
    elu,
    expm1,
    filled,
    floor_divide,
    gelu,
    identity,
    leaky_relu,
    log1p,
    logical_not,
    not_equal,
    operator,
    power,
    rsqrt,
    signed,
    silu,
    softmax_along,
    square,
    squared_difference,
    where,
)
from .image import (
    crop,
    depth_to_space,
    extract_patches,
    pooling,
    preprocess,
    resize,
    rgb_to_grayscale,
    space_to_depth,
    standardize,
)
from .linear import matmul, tensordot
from .reduction import (
    all_or_any,
    arg,
    cumulative_sum,
    deviation,
    l2_normalize,
    reduction,
    variance,
)
from .shape import (
    concatenate,
    expand_dims,
    flatten,
    flip,
    flip_image,
    matrix_transpose,
    pad,
    repeat,
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
from .slicing import get_item, part

IGNORED = frozenset({"name", "conjugate", "out_type", "validate_indices", "var"})
"""Names, and what makes no difference for constant indices and real numbers."""


def _row(lower: Callable[..., Any], **names: str) -> Operation:
    """A row; `ours="theirs"` where the argument has another name."""
    return Operation(lower, {theirs: ours for ours, theirs in names.items()}, IGNORED)


def _functions() -> dict[str, Operation]:
    sums = {"x": "input_tensor", "keepdims": "keepdims"}
    rows = {
        # Arithmetic: Python's operators, and the functions.
        "__operators__.add": _row(binary("Add")),
        "math.add": _row(binary("Add")),
        "math.subtract": _row(binary("Sub")),
        "math.multiply": _row(binary("Mul")),
        "math.truediv": _row(binary("Div")),
        "math.divide": _row(binary("Div")),
        "math.pow": _row(power),
        "compat.v1.floor_div": _row(floor_divide),
        "math.floordiv": _row(floor_divide),
        "math.negative": _row(signed("Neg")),
        "math.add_n": _row(add_all, xs="inputs"),
        "math.maximum": _row(binary("Max")),
        "math.minimum": _row(binary("Min")),
        "math.squared_difference": _row(squared_difference),
        "math.abs": _row(signed("Abs")),
        "math.sign": _row(operator("Sign")),
        "math.square": _row(square),
        "math.sqrt": _row(operator("Sqrt")),
        "math.rsqrt": _row(rsqrt),
        "math.exp": _row(operator("Exp")),
        "math.expm1": _row(expm1),
        "math.log": _row(operator("Log")),
        "math.log1p": _row(log1p),
        "math.reciprocal": _row(operator("Reciprocal")),
        "math.erf": _row(operator("Erf")),
        "math.sin": _row(operator("Sin")),
        "math.cos": _row(operator("Cos")),
        "math.floor": _row(operator("Floor")),
        "math.ceil": _row(operator("Ceil")),
        "math.round": _row(operator("Round")),
        "zeros_like": _row(filled(0), x="input"),
        "ones_like": _row(filled(1), x="input"),
        "clip_by_value": _row(clip, x="t", low="clip_value_min", high="clip_value_max"),
        # Comparisons and choices.
        "math.equal": _row(binary("Equal")),
        "math.not_equal": _row(not_equal),
        "math.greater": _row(binary("Greater")),
        "math.greater_equal": _row(binary("GreaterOrEqual")),
        "math.less": _row(binary("Less")),
        "math.less_equal": _row(binary("LessOrEqual")),
        "math.logical_and": _row(binary("And")),
        "math.logical_or": _row(binary("Or")),
        "math.logical_not": _row(logical_not),
        "where": _row(where),
        # Activations.
        "nn.relu": _row(activation("relu"), x="features"),
        "nn.relu6": _row(activation("relu6"), x="features"),
        "nn.elu": _row(elu, x="features"),
        "nn.selu": _row(activation("selu"), x="features"),
        "nn.leaky_relu": _row(leaky_relu, x="features"),
        "nn.gelu": _row(gelu(default=False), x="features"),
        "nn.silu": _row(silu, x="features"),
        "nn.softmax": _row(softmax_along("Softmax"), x="logits"),
        "nn.log_softmax": _row(softmax_along("LogSoftmax"), x="logits"),
        "compat.v1.nn.softmax": _row(softmax_along("Softmax"), x="logits"),
        "compat.v1.nn.log_softmax": _row(softmax_along("LogSoftmax"), x="logits"),
        "nn.softsign": _row(activation("softsign"), x="features"),
        "math.softplus": _row(activation("softplus"), x="features"),
        "math.tanh": _row(activation("tanh")),
        "math.sigmoid": _row(activation("sigmoid")),
        # Along axes.
        "math.reduce_mean": _row(reduction("ReduceMean"), **sums),
        "math.reduce_sum": _row(reduction("ReduceSum"), **sums),
        "math.reduce_max": _row(reduction("ReduceMax"), **sums),
        "math.reduce_min": _row(reduction("ReduceMin"), **sums),
        "math.reduce_prod": _row(reduction("ReduceProd"), **sums),
        "math.reduce_std": _row(deviation, **sums),
        "math.reduce_variance": _row(variance, **sums),
        "math.reduce_logsumexp": _row(reduction("ReduceLogSumExp"), **sums),
        "math.reduce_euclidean_norm": _row(reduction("ReduceL2"), **sums),
        "math.reduce_all": _row(all_or_any("All"), **sums),
        "math.reduce_any": _row(all_or_any("Any"), **sums),
        "math.argmax": _row(arg("ArgMax", "int64"), x="input"),
        "math.argmin": _row(arg("ArgMin", "int64"), x="input"),
        "math.cumsum": _row(cumulative_sum),
        "math.l2_normalize": _row(l2_normalize),
        # Shapes.
        "identity": _row(identity, x="input"),
        "stop_gradient": _row(identity, x="input"),
        "convert_to_tensor": _row(identity, x="value"),
        "cast": _row(cast),
        "compat.v1.shape": _row(shape_of, x="input"),
        "shape": _row(shape_of, x="input"),
        "reshape": _row(reshape, x="tensor"),
        "keras.backend.batch_flatten": _row(flatten),
        "keras.applications.preprocess_input": _row(preprocess),
        "compat.v1.transpose": _row(transpose, x="a", axes="perm"),
        "transpose": _row(transpose, x="a", axes="perm"),
        "linalg.matrix_transpose": _row(matrix_transpose, x="a"),
        "expand_dims": _row(expand_dims, x="input"),
        "compat.v1.squeeze": _row(squeeze, x="input"),
        "squeeze": _row(squeeze, x="input"),
        "concat": _row(concatenate, xs="values"),
        "stack": _row(stack, xs="values"),
        "unstack": _row(unstack, x="value"),
        "split": _row(split, x="value", parts="num_or_size_splits"),
        "tile": _row(tile, x="input", repeats="multiples"),
        "repeat": _row(repeat, x="input"),
        "reverse": _row(flip, x="tensor"),
        "compat.v1.gather": _row(_gather, x="params"),
        "gather": _row(_gather, x="params"),
        "compat.v1.pad": _row(pad, x="tensor"),
        "pad": _row(pad, x="tensor"),
        "slice": _row(part, x="input_"),
        "__operators__.getitem": _row(get_item, key="slice_spec"),
        # Products and images.
        "linalg.matmul": _row(
            matmul, x="a", y="b", transpose_x="transpose_a", transpose_y="transpose_b"
        ),
        "tensordot": _row(tensordot, x="a", y="b"),
        "nn.bias_add": _row(bias_add, x="value"),
        "nn.depth_to_space": _row(depth_to_space, x="input"),
        "nn.space_to_depth": _row(space_to_depth, x="input"),
        "image.resize": _row(resize, x="images"),
        "image.rgb_to_grayscale": _row(rgb_to_grayscale, x="images"),
        "image.per_image_standardization": _row(standardize, x="image"),
        "image.crop_to_bounding_box": _row(crop, x="image"),
        "image.flip_left_right": _row(flip_image(2), x="image"),
        "image.flip_up_down": _row(flip_image(1), x="image"),
        "image.extract_patches": _row(extract_patches, x="images"),
    }
    for name in ("max_pool", "max_pool2d", "avg_pool", "avg_pool2d"):
        kind = "MaxPooling2D" if name.startswith("max") else "AveragePooling2D"
        rows[f"nn.{name}"] = _row(pooling(kind), x="input")
        rows[f"compat.v1.nn.{name}"] = _row(pooling(kind), x="value")
    return rows


def _gather(ctx: Any, x: Any, indices: Any, axis: Any = None, batch_dims: Any = 0) -> Any:
    """`tf.gather` at constant places; its axis is 0, the batch, unless it is given."""
    if batch_dims not in (0, None):
        raise OptionError(f"batch_dims={batch_dims!r} cannot be compiled")
    return take(ctx, x, indices, axis)


register({f"tf.{name}": operation for name, operation in _functions().items()})
