"""Products of tensors."""

from __future__ import annotations

import numpy as np

from ..context import Context
from ..graph import Shape
from ..registry import OptionError
from ..value import Value, plain
from .operand import Operand, broadcast, constant, floats, truth


def matmul(
    ctx: Context,
    x: Operand,
    y: Operand,
    transpose_x: Operand = False,
    transpose_y: Operand = False,
) -> Value:
    """Matrix products over the last two axes; one of both may be a constant matrix."""
    if isinstance(x, Value) and isinstance(y, Value):
        left = ctx.plain(_turned(floats(ctx, x), truth(transpose_x)))
        right = ctx.plain(_turned(floats(ctx, y), truth(transpose_y)))
        if left.rank != right.rank or left.rank < 3:
            raise OptionError(f"a product of {left.shape} and {right.shape} mixes the batch")
        shape = (*broadcast(left.shape[:-2], right.shape[:-2]), left.shape[-2], right.shape[-1])
        _fit(left.shape[-1], right.shape[-2])
        return Value(ctx.add("MatMul", left.name, right.name), shape, "float32", plain(len(shape)))
    if not isinstance(x, Value):
        raise OptionError("a constant times a tensor cannot be compiled")
    if truth(transpose_x) and x.rank < 3:
        raise OptionError("it moves the batch")
    left = ctx.plain(_turned(floats(ctx, x), truth(transpose_x)))
    matrix = constant(y)
    if matrix.ndim != 2 or left.rank < 2:
        raise OptionError("a constant matrix is needed")
    matrix = np.ascontiguousarray(matrix.T if truth(transpose_y) else matrix)
    _fit(left.shape[-1], matrix.shape[0])
    name = ctx.add("MatMul", left.name, ctx.constant(matrix))
    return Value(name, (*left.shape[:-1], matrix.shape[1]), "float32", plain(left.rank))


def tensordot(ctx: Context, x: Operand, y: Operand, axes: Operand) -> Value:
    """The last axis of a tensor with the first of a constant matrix."""
    last = x.rank - 1 if isinstance(x, Value) else 0
    if axes not in (1, [[last], [0]], [[-1], [0]], [last, 0], [-1, 0]):
        raise OptionError(f"axes={axes!r} cannot be compiled")
    return matmul(ctx, x, y)


def einsum(ctx: Context, equation: Operand, *operands: Operand) -> Value:
    """Einsum of tensors; the batch must be the first letter of each and stay apart."""
    xs = list(operands[0]) if len(operands) == 1 and isinstance(operands[0], list) else operands
    if not isinstance(equation, str):
        raise OptionError("the equation is not a text")
    terms, arrow, result = equation.replace(" ", "").partition("->")
    letters = terms.split(",")
    if not arrow or "." in equation or len(letters) != len(xs):
        raise OptionError(f"the equation {equation!r} cannot be compiled")
    sizes: dict[str, int | None] = {}
    values = []
    batch = result[:1]
    for term, x in zip(letters, xs, strict=True):
        value = ctx.plain(floats(ctx, x))
        if value.rank != len(term) or len(set(term)) != len(term):
            raise OptionError(f"{equation!r} of a tensor with the shape {value.shape}")
        if not batch or term[0] != batch or batch in term[1:]:
            raise OptionError(f"{equation!r} mixes the batch")
        for letter, size in zip(term, value.shape, strict=True):
            if sizes.setdefault(letter, size) != size:
                raise OptionError(f"{equation!r}: {letter!r} has the sizes {sizes[letter]}, {size}")
        values.append(value)
    if len(set(result)) != len(result) or not set(result) <= set(sizes):
        raise OptionError(f"the equation {equation!r} makes no sense")
    name = ctx.add("Einsum", *(v.name for v in values), equation=f"{','.join(letters)}->{result}")
    shape: Shape = tuple(sizes[letter] for letter in result)
    return Value(name, shape, "float32", plain(len(result)))


def _turned(x: Value, turn: bool) -> Value:
    """The last two axes exchanged, seen anew."""
    if not turn:
        return x
    if x.rank < 3:
        raise OptionError("it moves the batch")
    seen = (*range(x.rank - 2), x.rank - 1, x.rank - 2)
    shape = tuple(x.shape[axis] for axis in seen)
    return Value(x.name, shape, x.dtype, tuple(seen.index(axis) for axis in x.order))


def _fit(left: int | None, right: int | None) -> None:
    if left is None or left != right:
        raise OptionError(f"a product along the sizes {left} and {right}")
