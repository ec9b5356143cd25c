"""Operations element by element: arithmetic, comparisons, choices, casts, activations."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ...keras import Activation
from ..context import Context
from ..layers.activations import FUNCTIONS, activate, softmax
from ..registry import OptionError
from ..value import Value
from .operand import (
    FLOATS,
    Operand,
    Size,
    axis_of,
    beside,
    broadcast,
    constant,
    dtype_of,
    floats,
    number,
    sizes,
    tensor,
    truth,
)

Unary = Callable[..., Value]

# --- One tensor ---------------------------------------------------------------------------------


def operator(op: str, **attributes: Any) -> Unary:
    """An operation that is one ONNX operator on floats."""

    def apply(ctx: Context, x: Operand) -> Value:
        return ctx.like(floats(ctx, x), op, **attributes)

    return apply


def activation(name: str) -> Unary:
    """An operation that is one of Keras' activation functions."""

    def apply(ctx: Context, x: Operand) -> Value:
        return FUNCTIONS[name](ctx, floats(ctx, x), Activation(name))

    return apply


def signed(op: str) -> Unary:
    """An operator that keeps whole numbers what they are."""

    def apply(ctx: Context, x: Operand) -> Value:
        value = tensor(ctx, x)
        if value.dtype not in ("float32", "int32", "int64"):
            raise OptionError(f"it is called with {value.dtype}")
        return ctx.like(value, op)

    return apply


def square(ctx: Context, x: Operand) -> Value:
    """x * x."""
    value = floats(ctx, x)
    return ctx.like(value, "Mul", value.name)


def rsqrt(ctx: Context, x: Operand) -> Value:
    """1 / sqrt(x)."""
    return ctx.like(ctx.like(floats(ctx, x), "Sqrt"), "Reciprocal")


def log1p(ctx: Context, x: Operand) -> Value:
    """log(1 + x)."""
    return ctx.like(ctx.like(floats(ctx, x), "Add", ctx.constant(1.0)), "Log")


def expm1(ctx: Context, x: Operand) -> Value:
    """exp(x) - 1."""
    return ctx.like(ctx.like(floats(ctx, x), "Exp"), "Sub", ctx.constant(1.0))


def logical_not(ctx: Context, x: Operand) -> Value:
    """Not x."""
    value = tensor(ctx, x)
    if value.dtype != "bool":
        raise OptionError(f"it is called with {value.dtype}, not with truth values")
    return ctx.like(value, "Not")


def identity(ctx: Context, x: Operand) -> Operand:
    """The tensor itself: stopping gradients, copying, naming."""
    return tensor(ctx, x) if isinstance(x, Value) else x


def cast(ctx: Context, x: Operand, dtype: Operand) -> Operand:
    """Another dtype. To whole numbers, fractions are cut off, as in C.

    What is float16 is rounded to it, and computed with as float32 from there on.
    """
    target = dtype_of(dtype)
    if target in FLOATS:
        rounded = ctx.cast(x, target) if target == "float16" and isinstance(x, Value) else x
        x, target = rounded, "float32"
    if not isinstance(x, Value):
        if isinstance(x, Size) or (isinstance(x, list) and any(isinstance(i, Size) for i in x)):
            return x  # a shape
        return constant(x).astype(target).tolist()
    value = tensor(ctx, x)
    if value.dtype == "float32" and target in ("uint8", "int8"):
        raise OptionError(f"a cast from floats to {target} cannot be compiled")
    return ctx.cast(value, target)


def clip(ctx: Context, x: Operand, low: Operand = None, high: Operand = None) -> Value:
    """min(max(x, low), high) with numbers as bounds."""
    value = floats(ctx, x)
    bounds = ["" if bound is None else ctx.constant(number(bound)) for bound in (low, high)]
    return ctx.like(value, "Clip", *bounds)


def filled(content: float) -> Unary:
    """An operation that gives the same number for every element."""

    def apply(ctx: Context, x: Operand, dtype: Any = None) -> Value:
        value = ctx.like(floats(ctx, x), "Clip", ctx.constant(content), ctx.constant(content))
        return value if dtype is None else ctx.cast(value, dtype_of(dtype))

    return apply


# --- Activations with arguments -----------------------------------------------------------------


def softmax_along(op: str) -> Unary:
    """Softmax or LogSoftmax along an axis."""

    def apply(ctx: Context, x: Operand, axis: Operand = -1) -> Value:
        value = floats(ctx, x)
        return softmax(ctx, value, axis_of(value, -1 if axis is None else axis), op)

    return apply


def gelu(default: bool) -> Unary:
    """Gelu, with the framework's default of `approximate`."""

    def apply(ctx: Context, x: Operand, approximate: Operand = default) -> Value:
        value = floats(ctx, x)
        if truth(approximate):
            return ctx.like(value, "Gelu", approximate="tanh")
        return ctx.like(value, "Gelu")

    return apply


def leaky_relu(ctx: Context, x: Operand, alpha: Operand = 0.2) -> Value:
    """x where x > 0, alpha x elsewhere."""
    return ctx.like(floats(ctx, x), "LeakyRelu", alpha=number(alpha))


def elu(ctx: Context, x: Operand, alpha: Operand = 1.0) -> Value:
    """x where x > 0, alpha (exp(x) - 1) elsewhere."""
    return ctx.like(floats(ctx, x), "Elu", alpha=number(alpha))


def silu(ctx: Context, x: Operand, beta: Operand = 1.0) -> Value:
    """x sigmoid(beta x)."""
    value, factor = floats(ctx, x), number(beta)
    scaled = value if factor == 1.0 else ctx.like(value, "Mul", ctx.constant(factor))
    return ctx.like(value, "Mul", ctx.like(scaled, "Sigmoid").name)


def relu_layer(
    ctx: Context,
    x: Operand,
    negative_slope: Operand = 0.0,
    max_value: Operand = None,
    threshold: Operand = 0.0,
) -> Value:
    """Keras 3's `activations.relu` with arguments: the ReLU layer's function."""
    options = {"negative_slope": negative_slope, "max_value": max_value, "threshold": threshold}
    return activate(ctx, floats(ctx, x), Activation("ReLU", options))


# --- Two tensors, or a tensor and a constant ----------------------------------------------------

_STATIC: dict[str, Callable[[Any, Any], Any]] = {
    "Add": np.add,
    "Sub": np.subtract,
    "Mul": np.multiply,
    "Div": np.true_divide,
    "FloorDiv": np.floor_divide,
    "Max": np.maximum,
    "Min": np.minimum,
}
"""What can be computed of constants, which are sizes mostly."""

_TO_BOOL = frozenset({"Equal", "Less", "LessOrEqual", "Greater", "GreaterOrEqual"})
_LOGICAL = frozenset({"And", "Or", "Xor"})


def binary(op: str) -> Callable[..., Operand]:
    """An ONNX operator on two tensors, or on a tensor and a constant."""

    def apply(ctx: Context, x: Operand, y: Operand) -> Operand:
        if not isinstance(x, Value) and not isinstance(y, Value):
            return _of_constants(op, x, y)
        left, right, like, dtype = _paired(ctx, op, x, y)
        name = ctx.add(op, left, right)
        if op in _TO_BOOL:
            dtype = "bool"
        return Value(name, like.shape, dtype, like.order, like.folded)

    return apply


def not_equal(ctx: Context, x: Operand, y: Operand) -> Value:
    """x != y."""
    return ctx.like(tensor(ctx, binary("Equal")(ctx, x, y)), "Not")


def power(ctx: Context, x: Operand, y: Operand) -> Value:
    """x to the power of y."""
    if isinstance(x, Value) and not isinstance(y, Value) and number_or_none(y) == 2.0:
        return square(ctx, x)
    left, right, like, dtype = _paired(ctx, "Pow", x, y)
    if dtype != "float32":
        raise OptionError(f"powers of {dtype} cannot be compiled")
    return Value(ctx.add("Pow", left, right), like.shape, dtype, like.order, like.folded)


def squared_difference(ctx: Context, x: Operand, y: Operand) -> Value:
    """(x - y)^2."""
    return square(ctx, binary("Sub")(ctx, x, y))


def floor_divide(_: Context, x: Operand, y: Operand) -> Operand:
    """Whole sizes only: floor(x / y) of floats jumps where rounding differs."""
    if isinstance(x, Value) or isinstance(y, Value):
        raise OptionError("a floor division of tensors cannot be compiled")
    return _of_constants("FloorDiv", x, y)


def add_all(ctx: Context, xs: Operand) -> Operand:
    """The sum of a list of tensors."""
    if not isinstance(xs, (list, tuple)):
        return tensor(ctx, xs)
    total = xs[0]
    for x in xs[1:]:
        total = binary("Add")(ctx, total, x)
    return total


def bias_add(ctx: Context, x: Operand, bias: Operand, data_format: Operand = None) -> Value:
    """x + bias, one value a channel."""
    value, array = floats(ctx, x), constant(bias)
    if array.ndim != 1:
        raise OptionError("a bias with one axis is needed")
    if isinstance(data_format, str) and data_format.upper().startswith("NC"):
        array = array.reshape(-1, *[1] * (value.rank - 2))
    elif data_format not in (None, "NHWC", "NWC", "NDHWC", "channels_last"):
        raise OptionError(f"data_format={data_format!r} cannot be compiled")
    return tensor(ctx, binary("Add")(ctx, value, array))


def where(ctx: Context, condition: Operand, x: Operand, y: Operand) -> Value:
    """x where the condition holds, y elsewhere; any of the three may be a constant."""
    if not isinstance(condition, Value):
        raise OptionError("a constant condition cannot be compiled")
    flags = tensor(ctx, condition)
    if flags.dtype != "bool":
        raise OptionError(f"its condition is {flags.dtype}, not truth values")
    values = [tensor(ctx, item) for item in (x, y) if isinstance(item, Value)]
    _one_rank([flags, *values])
    dtype = _common(values, [item for item in (x, y) if not isinstance(item, Value)])
    agreed = iter(ctx.agree([ctx.unfold(v) for v in [flags, *values]]))
    first = next(agreed)
    shapes = [first.shape]
    names = []
    for item in (x, y):
        if isinstance(item, Value):
            value = ctx.cast(next(agreed), dtype)
            names.append(value.name)
            shapes.append(value.shape)
        else:
            array = constant(item)
            _fits(first, array.ndim)
            names.append(beside(ctx, first, array, dtype))
            shapes.append(array.shape)
    name = ctx.add("Where", first.name, *names)
    return Value(name, broadcast(*shapes), dtype, first.order)


def number_or_none(value: Operand) -> float | None:
    """A number, or None for every other constant."""
    return float(value) if isinstance(value, (int, float)) else None


def _of_constants(op: str, x: Operand, y: Operand) -> Operand:
    compute = _STATIC.get(op)
    operands = [sizes(item) if _has_size(item) else item for item in (x, y)]
    if compute is None or any(_has_size(item) for item in operands):
        raise OptionError("it computes with sizes that are not known before the model runs")
    return compute(constant(x), constant(y)).tolist()


def _has_size(value: Operand) -> bool:
    items = value if isinstance(value, (list, tuple)) else [value]
    return any(isinstance(item, Size) for item in items)


def _paired(ctx: Context, op: str, x: Operand, y: Operand) -> tuple[str, str, Value, str]:
    """The names of two operands that are put in one order, a value like the result, its dtype."""
    values = [tensor(ctx, item) for item in (x, y) if isinstance(item, Value)]
    dtype = _common(values, [item for item in (x, y) if not isinstance(item, Value)])
    if op in _LOGICAL and dtype != "bool":
        raise OptionError(f"it is called with {dtype}, not with truth values")
    if op == "Div" and dtype != "float32":
        dtype = "float32"
    if dtype not in ("float32", "int32", "int64") and op not in _LOGICAL:
        raise OptionError(f"arithmetic with {dtype} cannot be compiled")
    values = [ctx.cast(value, dtype) for value in values]
    if len(values) == 2:
        _one_rank(values)
        left, right = ctx.agree(values)
        if left.shape != right.shape and left.folded is not None:
            left, right = ctx.unfold(left), ctx.unfold(right)
        shape = broadcast(left.shape, right.shape)
        return left.name, right.name, Value("", shape, dtype, left.order, left.folded), dtype
    value = values[0]
    array = constant(y if isinstance(x, Value) else x)
    _fits(value, array.ndim)
    if array.size > 1 and value.folded is not None:
        value = ctx.unfold(value)
    other = beside(ctx, value, array, dtype)
    like = Value("", broadcast(value.shape, array.shape), dtype, value.order, value.folded)
    names = (value.name, other) if isinstance(x, Value) else (other, value.name)
    return (*names, like, dtype)


def _one_rank(values: Sequence[Value]) -> None:
    if len({value.rank for value in values}) > 1:
        shapes = ", ".join(str(value.shape) for value in values)
        raise OptionError(f"tensors with different numbers of axes: {shapes}")


def _fits(x: Value, rank: int) -> None:
    if rank > x.rank:
        raise OptionError(f"a constant with more axes than the tensor, which has {x.shape}")


def _common(values: list[Value], constants: list[Operand]) -> str:
    """The dtype in which two operands meet: floats win; a whole constant takes the tensor's."""
    found = {value.dtype for value in values}
    kinds = {constant(item).dtype.kind for item in constants}
    if "b" in kinds and (found - {"bool"} or kinds != {"b"}):
        raise OptionError("a truth value among numbers cannot be compiled")
    if "float32" in found or "f" in kinds:
        return "float32"
    if len(found) > 1:
        raise OptionError(f"tensors of different dtypes: {', '.join(sorted(found))}")
    return found.pop() if found else "bool" if "b" in kinds else "int32"
