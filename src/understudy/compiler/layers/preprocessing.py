"""Layers that prepare what goes into a model: scaled pixels, words, categories, masks."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from ..context import Context
from ..graph import Array
from ..registry import OptionError, Size, layer
from ..value import Value
from .normalization import constant_array


@layer("Rescaling")
def rescaling(ctx: Context, x: Value, *, scale: Any, offset: Any = 0.0) -> Value:
    """Rescaling(scale, offset=0.0): x scale + offset.

    Both may be arrays, which broadcast from the last axis on. With channels first everywhere,
    Keras 3 takes a list of scales as one for each channel.
    """
    factor, more = constant_array(scale), constant_array(offset)
    if factor.ndim == 1 and factor.size > 1 and x.rank == 4 and x.shape[-1] != factor.size:
        factor = factor.reshape(-1, 1, 1)
    for op, array, nothing in (("Mul", factor, 1.0), ("Add", more, 0.0)):
        if not (array == nothing).all():
            x = _apply(ctx, x, op, array)
    return x


def _apply(ctx: Context, x: Value, op: str, array: Array) -> Value:
    if array.size == 1:
        return ctx.like(x, op, ctx.constant(array.reshape(())))
    if array.ndim > x.rank or not all(
        one in (1, size) for one, size in zip(array.shape[::-1], x.shape[::-1], strict=False)
    ):
        raise OptionError(f"{array.shape} values for an input with the shape {x.shape}")
    x = ctx.unfold(x)
    wide = array.reshape((1,) * (x.rank - array.ndim) + array.shape)
    return ctx.like(x, op, ctx.constant(np.ascontiguousarray(wide.transpose(x.order))))


@layer("Embedding", integers=True)
def embedding(
    ctx: Context,
    x: Value,
    *,
    input_dim: Size,
    output_dim: Size,
    mask_zero: bool = False,  # noqa: ARG001 `masks` refuses it where it matters
    input_length: Any = None,  # noqa: ARG001 the shape says it
    sparse: bool = False,  # noqa: ARG001 for training
    weights: Any = None,  # noqa: ARG001 the file has them
) -> Value:
    """Embedding(input_dim, output_dim, …): a row of the table for each number."""
    x = ctx.plain(x)
    table = ctx.lazy(ctx.weight("embeddings", (input_dim, output_dim)), "embeddings")
    numbers = x if x.dtype in ("int32", "int64") else ctx.cast(x, "int64")
    name = ctx.add("Gather", table, numbers.name)
    return Value(name, (*x.shape, output_dim), "float32", (*x.order, x.rank))


@layer("CategoryEncoding", integers=True)
def category_encoding(
    ctx: Context,
    x: Value,
    *,
    num_tokens: Size,
    output_mode: Literal["one_hot", "multi_hot", "count"] = "multi_hot",
    sparse: Literal[False] = False,  # noqa: ARG001 such a tensor is none of ONNX
    axis_of_one: Literal["dropped", "unknown"] = "dropped",
) -> Value:
    """CategoryEncoding(num_tokens, output_mode="multi_hot"): a column for each number.

    1 in the columns of an example's numbers; with `count`, how often each is there.
    (keras 3.15 `utils.numerical_utils.encode_categorical_inputs`.)
    """
    count = x.shape[1] if x.rank == 2 else None
    if count is None or (output_mode == "one_hot" and count != 1):
        raise OptionError(f"output_mode={output_mode!r} of an input with the shape {x.shape}")
    if output_mode == "one_hot" and axis_of_one == "unknown":
        raise OptionError("whether its axis of size 1 stays depends on the version of Keras")
    numbers = ctx.cast(ctx.plain(x), "int64").name
    apart = ctx.add("Unsqueeze", numbers, ctx.constant([-1], "int64"))
    same = ctx.add("Equal", apart, ctx.constant(np.arange(num_tokens), "int64"))
    marks = ctx.add("Cast", same, to="float32")
    over = "ReduceSum" if output_mode == "count" else "ReduceMax"
    name = ctx.add(over, marks, ctx.constant([1], "int64"), keepdims=0)
    return Value(name, (x.shape[0], num_tokens), "float32", (0, 1))


@layer("Masking")
def masking(ctx: Context, x: Value, *, mask_value: float = 0.0) -> Value:
    """Masking(mask_value=0.0): steps that are this value everywhere become 0.

    That the layers after it shall leave such steps out is what `masks` looks at.
    """
    x = ctx.unfold(x)
    last = ctx.constant([x.at(-1)], "int64")
    same = ctx.add("Equal", x.name, ctx.constant(mask_value))
    other = ctx.add("Cast", ctx.add("Not", same), to="float32")
    return ctx.like(x, "Mul", ctx.add("ReduceMax", other, last, keepdims=1))
