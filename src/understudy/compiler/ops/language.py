"""The language in which a person says what a layer computes: `x / 127.5 - 1`.

An expression is arithmetic on `x` (`x0`, `x1`, … where a layer takes several tensors), slices of
it, and calls of the functions in the table. It is parsed by Python's own parser, every node is
checked against a list of what is allowed, and it is never evaluated by Python: each node becomes
operators of the graph. Axes are counted as NumPy does, the batch is axis 0.
"""

from __future__ import annotations

import ast
import inspect
import math
import operator
import re
from collections.abc import Callable, Sequence
from typing import Any

from ...errors import InputError
from ..context import Context
from ..registry import OptionError
from ..value import Value
from . import elementwise, image, reduction, shape
from .operand import Operand, Size, floats, number, tensor
from .slicing import ELLIPSIS, NEW_AXIS, Cut, item_of

MAX_LENGTH = 500
MAX_DEPTH = 40

FUNCTIONS: dict[str, Callable[..., Operand]] = {}


def function(lower: Callable[..., Operand]) -> Callable[..., Operand]:
    """Put a function into the language, under its own name without underscores around."""
    FUNCTIONS[lower.__name__.strip("_")] = lower
    return lower


for _name in ("relu", "relu6", "sigmoid", "tanh", "softplus", "softsign", "selu", "mish", "silu"):
    FUNCTIONS[_name] = elementwise.activation(_name)
FUNCTIONS |= {
    "swish": FUNCTIONS["silu"],
    "hard_swish": elementwise.activation("hard_silu"),
    "gelu": elementwise.gelu(default=False),
    "exp": elementwise.operator("Exp"),
    "log": elementwise.operator("Log"),
    "sqrt": elementwise.operator("Sqrt"),
    "abs": elementwise.signed("Abs"),
    "maximum": elementwise.binary("Max"),
    "minimum": elementwise.binary("Min"),
    "softmax": elementwise.softmax_along("Softmax"),
    "mean": reduction.reduction("ReduceMean"),
    "sum": reduction.reduction("ReduceSum"),
    "max": reduction.reduction("ReduceMax"),
    "min": reduction.reduction("ReduceMin"),
    "std": reduction.deviation,
    "var": reduction.variance,
    "transpose": shape.transpose,
    "squeeze": shape.squeeze,
    "expand_dims": shape.expand_dims,
    "depth_to_space": image.depth_to_space,
    "space_to_depth": image.space_to_depth,
    "rgb_to_grayscale": image.rgb_to_grayscale,
    "standardize": image.standardize,
}


@function
def hard_sigmoid(ctx: Context, x: Operand, slope: Operand) -> Value:
    """clip(slope x + 0.5, 0, 1): 0.2 in Keras 1 and 2, 1/6 in Keras 3."""
    return ctx.like(floats(ctx, x), "HardSigmoid", alpha=number(slope), beta=0.5)


@function
def leaky_relu(ctx: Context, x: Operand, slope: Operand) -> Value:
    """x where x > 0, slope x elsewhere."""
    return elementwise.leaky_relu(ctx, x, slope)


@function
def elu(ctx: Context, x: Operand, alpha: Operand = 1.0) -> Value:
    """x where x > 0, alpha (exp(x) - 1) elsewhere."""
    return elementwise.elu(ctx, x, alpha)


@function
def clip(ctx: Context, x: Operand, low: Operand, high: Operand) -> Value:
    """min(max(x, low), high)."""
    return elementwise.clip(ctx, x, low, high)


@function
def l2_normalize(ctx: Context, x: Operand, axis: Operand) -> Value:
    """x / sqrt(max(sum(x²), 1e-12)), as TensorFlow and `keras.backend` have it."""
    return reduction.l2_normalize(ctx, x, axis)


@function
def resize(ctx: Context, x: Operand, h: Operand, w: Operand, method: Operand = "bilinear") -> Value:
    """`tf.image.resize` of TensorFlow 2."""
    return image.resize(ctx, x, [h, w], method)


@function
def reshape(ctx: Context, x: Operand, sizes: Operand) -> Operand:
    """The sizes of one example, as Keras' Reshape has them."""
    wanted = list(sizes) if isinstance(sizes, (list, tuple)) else [sizes]
    return shape.reshape(ctx, x, [Size.BATCH, *wanted])


@function
def permute(ctx: Context, x: Operand, dims: Operand) -> Value:
    """The order of one example's axes, counted from 1, as Keras' Permute has it."""
    wanted = list(dims) if isinstance(dims, (list, tuple)) else [dims]
    return shape.transpose(ctx, x, [0, *wanted])


@function
def concat(ctx: Context, xs: Operand, axis: Operand = -1) -> Operand:
    """Tensors after each other, `concat([x0, x1], -1)`."""
    return shape.concatenate(ctx, xs, axis)


@function
def flip(ctx: Context, x: Operand, axis: Operand) -> Value:
    """The elements in reverse order along axes."""
    return shape.flip(ctx, x, axis)


# --- Checking -----------------------------------------------------------------------------------

_BINARY: dict[type[ast.operator], tuple[Callable[..., Any], Callable[..., Operand]]] = {
    ast.Add: (operator.add, elementwise.binary("Add")),
    ast.Sub: (operator.sub, elementwise.binary("Sub")),
    ast.Mult: (operator.mul, elementwise.binary("Mul")),
    ast.Div: (operator.truediv, elementwise.binary("Div")),
    ast.Pow: (math.pow, elementwise.power),
}
_INPUT = re.compile(r"x(\d{0,2})")


def parse(text: str) -> ast.expr:
    """The tree of an expression.

    Raises:
        InputError: it is too long or too deep, or uses anything that the language has not.
    """
    if len(text) > MAX_LENGTH:
        raise _wrong(text, f"it is longer than {MAX_LENGTH} characters")
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        said = error.msg if isinstance(error, SyntaxError) else str(error)
        raise _wrong(text, said or "it cannot be parsed") from None
    _check(text, tree, 0)
    return tree


def _check(text: str, node: ast.AST, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise _wrong(text, "it is nested too deeply")
    if isinstance(node, ast.Name):
        if not _INPUT.fullmatch(node.id):
            raise _wrong(text, f"{node.id} is not known; the input is x, or x0, x1, …")
        return
    if isinstance(node, ast.Constant):
        if not _is_constant(node.value):
            raise _wrong(text, f"{node.value!r} is not a number")
        return
    if isinstance(node, ast.BinOp) and type(node.op) not in _BINARY:
        raise _wrong(text, "of operators, + - * / ** are known")
    if isinstance(node, ast.UnaryOp) and not isinstance(node.op, (ast.USub, ast.UAdd)):
        raise _wrong(text, "of operators, + - * / ** are known")
    if isinstance(node, ast.Call):
        _check_call(text, node)
        parts: list[ast.AST] = [*node.args, *(keyword.value for keyword in node.keywords)]
    elif isinstance(node, (ast.BinOp, ast.UnaryOp, ast.Tuple, ast.List, ast.Subscript, ast.Slice)):
        parts = [
            part
            for part in ast.iter_child_nodes(node)
            if not isinstance(part, (ast.operator, ast.unaryop, ast.expr_context))
        ]
    else:
        raise _wrong(text, f"{ast.unparse(node)} is not part of the language")
    for part in parts:
        _check(text, part, depth + 1)


def _check_call(text: str, node: ast.Call) -> None:
    name = node.func.id if isinstance(node.func, ast.Name) else ast.unparse(node.func)
    known = FUNCTIONS.get(name)
    if known is None:
        raise _wrong(text, f"there is no function {name}; there are {', '.join(sorted(FUNCTIONS))}")
    named = {keyword.arg: keyword for keyword in node.keywords if keyword.arg is not None}
    if len(named) != len(node.keywords) or any(isinstance(arg, ast.Starred) for arg in node.args):
        raise _wrong(text, "* and ** are not part of the language")
    try:
        inspect.signature(known).bind(None, *node.args, **named)
    except TypeError as error:
        raise _wrong(text, f"{name}: {error}") from None


def _is_constant(value: Any) -> bool:
    if isinstance(value, str):
        return value.isidentifier()
    return value is None or value is ... or isinstance(value, (bool, int, float))


def _wrong(text: str, why: str) -> InputError:
    shown = text if len(text) <= 60 else f"{text[:57]}..."
    return InputError(
        f"the expression {shown!r} cannot be used: {why}",
        hint="write arithmetic on x, e.g. 'x / 127.5 - 1', 'clip(x, 0, 6)' or 'x[..., ::-1]'",
    )


# --- Lowering -----------------------------------------------------------------------------------


def evaluate(ctx: Context, text: str, xs: Sequence[Value]) -> Value:
    """Add the operators of an expression to the graph; its value.

    Raises:
        OptionError: it does not fit the tensors.
    """
    found = _evaluate(ctx, parse(text), xs)
    if not isinstance(found, Value):
        raise OptionError(f"the expression {text!r} gives no tensor")
    return found


def _evaluate(ctx: Context, node: ast.AST | None, xs: Sequence[Value]) -> Any:
    if node is None:
        return None
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.Name):
        return _input(node.id, xs)
    if isinstance(node, (ast.Tuple, ast.List)):
        return [_evaluate(ctx, item, xs) for item in node.elts]
    if isinstance(node, ast.Slice):
        return Cut(*(_evaluate(ctx, part, xs) for part in (node.lower, node.upper, node.step)))
    if isinstance(node, ast.Subscript):
        return _item(ctx, node, xs)
    if isinstance(node, ast.UnaryOp):
        operand = _evaluate(ctx, node.operand, xs)
        if isinstance(node.op, ast.UAdd):
            return operand
        if isinstance(operand, Value):
            return elementwise.signed("Neg")(ctx, operand)
        return _computed(operator.neg, operand)
    if isinstance(node, ast.BinOp):
        compute, lower = _BINARY[type(node.op)]
        left, right = _evaluate(ctx, node.left, xs), _evaluate(ctx, node.right, xs)
        if isinstance(left, Value) or isinstance(right, Value):
            return lower(ctx, left, right)
        return _computed(compute, left, right)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        arguments = [_evaluate(ctx, item, xs) for item in node.args]
        named = {str(item.arg): _evaluate(ctx, item.value, xs) for item in node.keywords}
        return FUNCTIONS[node.func.id](ctx, *arguments, **named)
    raise OptionError(f"{ast.unparse(node)} is not part of the language")


def _input(name: str, xs: Sequence[Value]) -> Value:
    if name == "x" and len(xs) == 1:
        return xs[0]
    place = int(name[1:]) if name != "x" else len(xs)
    if place >= len(xs):
        takes = "x" if len(xs) == 1 else f"x0 to x{len(xs) - 1}"
        raise OptionError(f"the expression has {name}, the layer is called with {takes}")
    return xs[place]


def _item(ctx: Context, node: ast.Subscript, xs: Sequence[Value]) -> Value:
    value = tensor(ctx, _evaluate(ctx, node.value, xs))
    key = _evaluate(ctx, node.slice, xs)
    items = key if isinstance(key, list) else [key]
    marks = [NEW_AXIS if item is None else ELLIPSIS if item is ... else item for item in items]
    return item_of(ctx, value, marks)


def _computed(compute: Callable[..., Any], *numbers: Any) -> Any:
    """Arithmetic of numbers alone, in floats where it could grow."""
    if any(isinstance(n, bool) or not isinstance(n, (int, float)) for n in numbers):
        raise OptionError(f"arithmetic with {', '.join(map(repr, numbers))}")
    try:
        return compute(*numbers)
    except (ArithmeticError, ValueError) as error:
        raise OptionError(f"its numbers make no sense: {error}") from None
