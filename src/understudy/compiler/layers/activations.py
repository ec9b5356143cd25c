"""Activation functions, and the layers that are one.

Formulas are those of `keras.activations` (Keras 3.15); where an ONNX operator computes the same,
its defaults are given in full only where they differ from Keras'.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ...keras import Activation
from ..context import Context
from ..registry import REGISTRY, Axis, OptionError, Sizes, layer
from ..value import Value

Function = Callable[[Context, Value, Activation], Value]


def activate(ctx: Context, x: Value, activation: Activation) -> Value:
    """Apply an activation, a function or a layer, to a value."""
    function = FUNCTIONS.get(activation.name)
    if function is not None:
        return function(ctx, x, activation)
    entry = REGISTRY[activation.name]
    made = entry.lower(ctx, x, **entry.parse(activation.options))
    return made if isinstance(made, Value) else made[0]


def _operator(op: str, **attributes: float) -> Function:
    def apply(ctx: Context, x: Value, _: Activation) -> Value:
        return ctx.like(x, op, **attributes)

    return apply


def _linear(_: Context, x: Value, __: Activation) -> Value:
    return x


def _relu6(ctx: Context, x: Value, _: Activation) -> Value:
    return clip(ctx, x, 0.0, 6.0)


def _silu(ctx: Context, x: Value, _: Activation) -> Value:
    """x * sigmoid(x)."""
    return ctx.like(x, "Mul", ctx.like(x, "Sigmoid").name)


def _gelu(ctx: Context, x: Value, _: Activation) -> Value:
    """x * P(X <= x), X ~ N(0, 1), exactly: Keras' default is approximate=False."""
    return ctx.like(x, "Gelu")


def _hard_sigmoid(ctx: Context, x: Value, activation: Activation) -> Value:
    """max(0, min(1, slope x + 0.5)): slope 1/6 in Keras 3, 0.2 before."""
    slope = float(activation.options.get("slope", 1 / 6))
    return ctx.like(x, "HardSigmoid", alpha=slope, beta=0.5)


def _log_sigmoid(ctx: Context, x: Value, _: Activation) -> Value:
    """log(sigmoid(x)) = -softplus(-x)."""
    return ctx.like(ctx.like(ctx.like(x, "Neg"), "Softplus"), "Neg")


def _tanh_shrink(ctx: Context, x: Value, _: Activation) -> Value:
    """x - tanh(x)."""
    return ctx.like(x, "Sub", ctx.like(x, "Tanh").name)


def _hard_tanh(ctx: Context, x: Value, _: Activation) -> Value:
    return clip(ctx, x, -1.0, 1.0)


def _squareplus(ctx: Context, x: Value, _: Activation) -> Value:
    """(x + sqrt(x^2 + 4)) / 2."""
    square = ctx.like(ctx.like(x, "Mul", x.name), "Add", ctx.constant(4.0))
    return ctx.like(ctx.like(x, "Add", ctx.like(square, "Sqrt").name), "Mul", ctx.constant(0.5))


def _sparse_plus(ctx: Context, x: Value, _: Activation) -> Value:
    """0 where x <= -1, (x + 1)^2 / 4 between, x where x >= 1."""
    one = ctx.constant(1.0)
    shifted = ctx.like(clip(ctx, x, -1.0, None), "Add", one)
    curve = ctx.like(ctx.like(shifted, "Mul", shifted.name), "Mul", ctx.constant(0.25))
    return ctx.like(ctx.like(x, "Less", one), "Where", curve.name, x.name)


def _sparsemax(ctx: Context, x: Value, _: Activation) -> Value:
    """max(x - tau, 0) along the last axis, with Keras' own tau.

    Keras adds up the running sums of the supporting values, where Martins and Astudillo (2016)
    take the last of them (keras 3.15 `backend.tensorflow.nn.sparsemax`). Models were trained
    with what Keras computes.
    """
    x = ctx.plain(x)
    size = x.shape[-1]
    if size is None:
        raise OptionError("sparsemax needs a known size")
    ordered = ctx.add("TopK", x.name, ctx.constant([size], "int64"), outputs=2)
    sums = ctx.add("CumSum", ordered, ctx.constant(-1, "int64"))
    one, last = ctx.constant(1.0), ctx.constant([-1], "int64")
    ranks = ctx.constant([float(rank) for rank in range(1, size + 1)])
    bound = ctx.add("Div", ctx.add("Sub", sums, one), ranks)
    support = ctx.add("Cast", ctx.add("Greater", ordered, bound), to="float32")
    total = ctx.add("ReduceSum", ctx.add("Mul", support, sums), last, keepdims=1)
    number = ctx.add("ReduceSum", support, last, keepdims=1)
    tau = ctx.add("Div", ctx.add("Sub", total, one), number)
    return ctx.like(ctx.like(x, "Sub", tau), "Relu")


def _glu(ctx: Context, x: Value, _: Activation) -> Value:
    """a * sigmoid(b), a and b the halves along the last axis."""
    x = ctx.plain(x)
    size = x.shape[-1]
    if size is None or size % 2:
        raise OptionError(f"glu needs an even last size, not {size}")
    start, middle, end = (ctx.constant([n * size // 2], "int64") for n in range(3))
    axis = ctx.constant([-1], "int64")
    left = ctx.add("Slice", x.name, start, middle, axis)
    right = ctx.add("Slice", x.name, middle, end, axis)
    name = ctx.add("Mul", left, ctx.add("Sigmoid", right))
    return Value(name, (*x.shape[:-1], size // 2), x.dtype, x.order)


def _softmax(op: str) -> Function:
    def apply(ctx: Context, x: Value, _: Activation) -> Value:
        return softmax(ctx, x, -1, op)

    return apply


FUNCTIONS: dict[str, Function] = {
    "linear": _linear,
    "relu": _operator("Relu"),
    "relu6": _relu6,
    "leaky_relu": _operator("LeakyRelu", alpha=0.2),
    "elu": _operator("Elu"),
    "selu": _operator("Selu"),
    "celu": _operator("Celu"),
    "gelu": _gelu,
    "silu": _silu,
    "mish": _operator("Mish"),
    "tanh": _operator("Tanh"),
    "sigmoid": _operator("Sigmoid"),
    "hard_sigmoid": _hard_sigmoid,
    "hard_silu": _operator("HardSwish"),
    "hard_tanh": _hard_tanh,
    "hard_shrink": _operator("Shrink", lambd=0.5),
    "soft_shrink": _operator("Shrink", lambd=0.5, bias=0.5),
    "tanh_shrink": _tanh_shrink,
    "log_sigmoid": _log_sigmoid,
    "squareplus": _squareplus,
    "sparse_plus": _sparse_plus,
    "sparse_sigmoid": _operator("HardSigmoid", alpha=0.5, beta=0.5),
    "sparsemax": _sparsemax,
    "glu": _glu,
    "exponential": _operator("Exp"),
    "softplus": _operator("Softplus"),
    "softsign": _operator("Softsign"),
    "softmax": _softmax("Softmax"),
    "log_softmax": _softmax("LogSoftmax"),
}
"""Activation function by its newest Keras name -> what applies it."""


def softmax(ctx: Context, x: Value, axis: int, op: str = "Softmax") -> Value:
    """Softmax over one of Keras' axes."""
    if x.rank < 2:
        raise OptionError("softmax needs more than the batch axis")
    x = ctx.unfold(x)
    return ctx.like(x, op, axis=x.at(axis))


def clip(ctx: Context, x: Value, low: float | None, high: float | None) -> Value:
    """min(max(x, low), high), either of which may be absent."""
    bounds = ["" if bound is None else ctx.constant(bound) for bound in (low, high)]
    return ctx.like(x, "Clip", *bounds)


@layer("Activation")
def activation_layer(ctx: Context, x: Value, *, activation: Activation) -> Value:
    """Activation(activation)."""
    return activate(ctx, x, activation)


@layer("ReLU")
def relu(
    ctx: Context,
    x: Value,
    *,
    max_value: float | None = None,
    negative_slope: float | None = 0.0,
    threshold: float | None = 0.0,
) -> Value:
    """ReLU(max_value=None, negative_slope=0.0, threshold=0.0).

    f(x) = max_value where x >= max_value; x where threshold < x < max_value;
    negative_slope (x - threshold) elsewhere (keras `activations.relu`, which computes x where
    x > threshold; the documentation says >=).
    """
    slope, start = negative_slope or 0.0, threshold or 0.0
    if not slope and not start:
        return ctx.like(x, "Relu") if max_value is None else clip(ctx, x, 0.0, max_value)
    if not start and max_value is None:
        return ctx.like(x, "LeakyRelu", alpha=slope)
    bound = ctx.constant(start)
    above = ctx.like(x, "Greater", bound)
    below = ctx.like(ctx.like(x, "Sub", bound), "Mul", ctx.constant(slope))
    kept = x if max_value is None else clip(ctx, x, None, max_value)
    return ctx.like(above, "Where", kept.name, below.name)


@layer("LeakyReLU")
def leaky_relu(ctx: Context, x: Value, *, negative_slope: float = 0.3) -> Value:
    """LeakyReLU(negative_slope=0.3)."""
    return ctx.like(x, "LeakyRelu", alpha=negative_slope)


@layer("ELU")
def elu(ctx: Context, x: Value, *, alpha: float = 1.0) -> Value:
    """ELU(alpha=1.0)."""
    return ctx.like(x, "Elu", alpha=alpha)


@layer("ThresholdedReLU")
def thresholded_relu(ctx: Context, x: Value, *, theta: float = 1.0) -> Value:
    """ThresholdedReLU(theta=1.0): x where x > theta, 0 elsewhere."""
    return ctx.like(x, "ThresholdedRelu", alpha=theta)


@layer("Softmax")
def softmax_layer(ctx: Context, x: Value, *, axis: Axis = -1) -> Value:
    """Softmax(axis=-1)."""
    return softmax(ctx, x, axis)


@layer("PReLU")
def prelu(ctx: Context, x: Value, *, shared_axes: Sizes | None = None) -> Value:
    """PReLU(shared_axes=None): x where x >= 0, alpha x elsewhere; alpha is a weight.

    Alpha has the shape of one example, with 1 at the shared axes.
    """
    x = ctx.unfold(x)
    sizes = list(x.shape[1:])
    for axis in shared_axes or ():
        if not 1 <= axis < x.rank:
            raise OptionError(f"shared_axes={shared_axes}: the axes are from 1 to {x.rank - 1}")
        sizes[axis - 1] = 1
    if any(size is None for size in sizes):
        raise OptionError("its input has a free size, along which alpha is not shared")
    alpha = ctx.weight("alpha", tuple(size for size in sizes if size is not None))
    batch_first = x.order[0] == 0  # a recurrent layer's steps come before
    order = [axis - 1 for axis in x.order[1:]] if batch_first else list(x.order)
    shape = alpha.shape if batch_first else (1, *alpha.shape)
    moved = alpha.map(
        tuple(shape[axis] for axis in order),
        lambda array: np.ascontiguousarray(array.reshape(shape).transpose(order)),
    )
    return ctx.like(x, "PRelu", ctx.lazy(moved, "alpha", str(x.order)))
