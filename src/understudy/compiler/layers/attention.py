"""Attention, AdditiveAttention, MultiHeadAttention and GroupQueryAttention.

Formulas are those of keras 3.15 `layers/attention`. Projections are matrix multiplications with
the heads side by side; the scale is multiplied into the query's.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from ..context import Context
from ..graph import Lazy
from ..registry import Axes, OptionError, Size, layer
from ..value import Value, plain
from .bias import BiasAxis, check_summand

HIDDEN = -1e9
"""What a score becomes where the mask hides it; its softmax is 0."""


@layer("Attention")
def attention(
    ctx: Context,
    *xs: Value,
    use_scale: bool = False,
    score_mode: Literal["dot", "concat"] = "dot",
    causal: bool = False,
    use_causal_mask: bool = False,
    return_attention_scores: bool = False,
) -> tuple[Value, ...]:
    """Attention(use_scale=False, score_mode="dot")([query, value, key]).

    softmax(query key^T) value, with a scale; or with the sum of tanh(query + key) as scores.
    """
    query, value, key = _three(ctx, xs)
    if score_mode == "dot":
        axes = [*range(key.rank - 2), key.rank - 1, key.rank - 2]
        scores = ctx.add("MatMul", query.name, ctx.add("Transpose", key.name, perm=axes))
        if use_scale:
            scores = ctx.add("Mul", scores, ctx.lazy(ctx.weight("scale", ()), "scale"))
    else:
        both = _sums(ctx, query, key)
        if use_scale:
            both = ctx.add("Mul", both, ctx.lazy(ctx.weight("scale", ()), "scale"))
        last = ctx.constant([-1], "int64")
        scores = ctx.add("ReduceSum", ctx.add("Tanh", both), last, keepdims=0)
        weight = ctx.lazy(ctx.weight("concat_score_weight", ()), "concat_score_weight")
        scores = ctx.add("Mul", scores, weight)
    hidden = causal or use_causal_mask
    return _attended(ctx, scores, query, value, hidden, return_attention_scores)


@layer("AdditiveAttention")
def additive_attention(
    ctx: Context,
    *xs: Value,
    use_scale: bool = True,
    causal: bool = False,
    use_causal_mask: bool = False,
    return_attention_scores: bool = False,
) -> tuple[Value, ...]:
    """AdditiveAttention(use_scale=True)([query, value, key]).

    softmax(sum(scale tanh(query + key))) value.
    """
    query, value, key = _three(ctx, xs)
    curve = ctx.add("Tanh", _sums(ctx, query, key))
    if use_scale:
        scale = ctx.weight("scale", (query.shape[-1] or 0,))
        curve = ctx.add("Mul", curve, ctx.lazy(scale, "scale"))
    scores = ctx.add("ReduceSum", curve, ctx.constant([-1], "int64"), keepdims=0)
    hidden = causal or use_causal_mask
    return _attended(ctx, scores, query, value, hidden, return_attention_scores)


def _three(ctx: Context, xs: Sequence[Value]) -> tuple[Value, Value, Value]:
    """Query, value and key, as they are given: the key is the value where there is none."""
    if len(xs) not in (2, 3):
        raise OptionError(f"it is called with {len(xs)} tensors, not with query, value and key")
    query, value, *more = [ctx.plain(x) for x in xs]
    key = more[0] if more else value
    if query.rank < 3 or value.rank != query.rank or key.rank != query.rank:
        raise OptionError(f"query {query.shape}, value {value.shape} and key {key.shape}")
    return query, value, key


def _sums(ctx: Context, query: Value, key: Value) -> str:
    """query + key for every pair of steps: (batch, query's, key's, features)."""
    before = ctx.add("Unsqueeze", query.name, ctx.constant([-2], "int64"))
    after = ctx.add("Unsqueeze", key.name, ctx.constant([-3], "int64"))
    return ctx.add("Add", before, after)


def _attended(
    ctx: Context, scores: str, query: Value, value: Value, causal: bool, with_scores: bool
) -> tuple[Value, ...]:
    if causal:
        seen = _seen(ctx, query.shape[-2], value.shape[-2], causal, None)
        scores = ctx.add("Where", seen, scores, ctx.constant(HIDDEN))
    weights = ctx.add("Softmax", scores, axis=-1)
    shape = (*query.shape[:-1], value.shape[-1])
    output = Value(ctx.add("MatMul", weights, value.name), shape, query.dtype, plain(query.rank))
    if not with_scores:
        return (output,)
    pairs = (*query.shape[:-1], value.shape[-2])
    return output, Value(weights, pairs, query.dtype, plain(query.rank))


def _seen(
    ctx: Context, rows: int | None, columns: int | None, causal: bool, window: int | None
) -> str:
    """What each step sees: none after it if causal; with a window, those that are near."""
    if rows is None or columns is None:
        raise OptionError("a causal mask or a window needs known numbers of steps")
    distance = np.arange(rows)[:, None] - np.arange(columns)[None, :]
    seen = distance >= 0 if causal else np.ones_like(distance, bool)
    if window is not None:
        seen &= np.abs(distance) < window
    return ctx.constant(seen, "bool")


# --- Several heads ------------------------------------------------------------------------------


@layer("MultiHeadAttention")
def multi_head_attention(
    ctx: Context,
    query: Value,
    *more: Value,
    num_heads: Size,
    key_dim: Size,
    value_dim: Size | None = None,
    use_bias: bool = True,
    use_gate: bool = False,
    output_shape: Axes | None = None,
    attention_axes: Axes | None = None,
    sliding_window: Size | None = None,
    query_shape: Any = None,  # noqa: ARG001 the tensors have it
    key_shape: Any = None,  # noqa: ARG001
    value_shape: Any = None,  # noqa: ARG001
    flash_attention: Any = None,  # noqa: ARG001 another way to compute the same
    value: Value | None = None,
    key: Value | None = None,
    attention_mask: Value | None = None,
    use_causal_mask: bool = False,
    return_attention_scores: bool = False,
    bias_axis: BiasAxis = "meant",
) -> tuple[Value, ...]:
    """MultiHeadAttention(num_heads, key_dim, value_dim=None, …)(query, value, key=None)."""
    heads = Heads(
        num_heads, num_heads, key_dim, value_dim or key_dim, use_bias, use_gate, bias_axis
    )
    mask = Mask(attention_mask, use_causal_mask, sliding_window)
    tensors = _called(ctx, query, more, value, key)
    return _heads(ctx, tensors, heads, mask, output_shape, attention_axes, return_attention_scores)


@layer("GroupQueryAttention")
def group_query_attention(
    ctx: Context,
    query: Value,
    *more: Value,
    head_dim: Size,
    num_query_heads: Size,
    num_key_value_heads: Size,
    use_bias: bool = True,
    use_gate: bool = False,
    sliding_window: Size | None = None,
    flash_attention: Any = None,  # noqa: ARG001 another way to compute the same
    value: Value | None = None,
    key: Value | None = None,
    attention_mask: Value | None = None,
    use_causal_mask: bool = False,
    return_attention_scores: bool = False,
    bias_axis: BiasAxis = "meant",
) -> tuple[Value, ...]:
    """GroupQueryAttention(head_dim, num_query_heads, num_key_value_heads, …)(query, value, key).

    Several heads of the query share one of the key and the value.
    """
    if num_query_heads % num_key_value_heads:
        raise OptionError(f"{num_query_heads} heads share {num_key_value_heads}")
    heads = Heads(
        num_query_heads, num_key_value_heads, head_dim, head_dim, use_bias, use_gate, bias_axis
    )
    mask = Mask(attention_mask, use_causal_mask, sliding_window)
    tensors = _called(ctx, query, more, value, key)
    if query.rank != 3:
        raise OptionError(f"its query has the shape {query.shape}, a sequence is needed")
    return _heads(ctx, tensors, heads, mask, None, None, return_attention_scores)


@dataclass(frozen=True, slots=True)
class Heads:
    """The sizes of the projections; `shared` is the number of heads of key and value."""

    count: int
    shared: int
    key: int
    value: int
    use_bias: bool
    use_gate: bool
    bias_axis: str


@dataclass(frozen=True, slots=True)
class Mask:
    """What is not to be seen."""

    tensor: Value | None
    causal: bool
    window: int | None


Three = tuple[Value, Value, Value]


def _called(
    ctx: Context, query: Value, more: Sequence[Value], value: Value | None, key: Value | None
) -> Three:
    """Query, value and key, which come by position or by name."""
    if len(more) > 2 or (more and value is not None) or (len(more) > 1 and key is not None):
        raise OptionError(f"it is called with {len(more) + 1} tensors")
    if more:
        value = more[0]
    if len(more) > 1:
        key = more[1]
    if value is None:
        raise OptionError("it is called without a value")
    return _three(ctx, [query, value, *([] if key is None else [key])])


def _heads(
    ctx: Context,
    tensors: Three,
    heads: Heads,
    mask: Mask,
    output_shape: tuple[int, ...] | None,
    attention_axes: tuple[int, ...] | None,
    with_scores: bool,
) -> tuple[Value, ...]:
    """Attention of several heads over some of the axes; the other axes are as the batch."""
    query, value, key = tensors
    axes = _axes(query, attention_axes)
    if query.rank > 3:
        _known(tensors)
        if mask != Mask(None, False, None) or with_scores:
            raise OptionError("masks and scores over more than one axis cannot be compiled")
    count, depth = heads.count, heads.value
    scale = 1 / math.sqrt(heads.key)
    queries = _apart(
        ctx, _project(ctx, query, "query", heads, heads.key, scale), query, axes, count
    )
    keys = _apart(ctx, _project(ctx, key, "key", heads, heads.key), key, axes, count)
    values = _apart(ctx, _project(ctx, value, "value", heads, depth), value, axes, count)
    turned = ctx.add("Transpose", keys, perm=(0, 1, 3, 2))
    scores = _masked(ctx, ctx.add("MatMul", queries, turned), mask, query, value)
    weights = ctx.add("Softmax", scores, axis=-1)
    joined = _together(ctx, ctx.add("MatMul", weights, values), query, axes, count, depth)
    if heads.use_gate:
        gate = ctx.add("Sigmoid", _project(ctx, query, "gate", heads, depth))
        joined = ctx.add("Mul", joined, gate)
    sizes = output_shape or (query.shape[-1] or 0,)
    output = _output(ctx, joined, heads, sizes, query)
    if not with_scores:
        return (output,)
    pairs = (query.shape[0], count, query.shape[1], value.shape[1])
    return output, Value(weights, pairs, query.dtype, plain(4))


def _axes(query: Value, written: tuple[int, ...] | None) -> tuple[int, ...]:
    """The axes over which it looks: all but the batch and the features, if none are given."""
    if written is None:
        return tuple(range(1, query.rank - 1))
    axes = tuple(axis + query.rank if axis < 0 else axis for axis in written)
    if not axes or sorted(set(axes)) != list(axes) or not 1 <= axes[0] <= axes[-1] < query.rank - 1:
        raise OptionError(f"attention_axes={written} of a query with the shape {query.shape}")
    return axes


def _known(tensors: Three) -> None:
    for tensor in tensors:
        if None in tensor.shape[1:]:
            raise OptionError(f"a tensor of the shape {tensor.shape}, its sizes must be known")


def _project(
    ctx: Context, x: Value, part: str, heads: Heads, depth: int, scale: float = 1.0
) -> str:
    """x kernel + bias, all heads side by side: (…, heads x depth)."""
    features = x.shape[-1]
    if features is None:
        raise OptionError(f"a tensor of the shape {x.shape}, the last size must be known")
    count = heads.shared if part in ("key", "value") else heads.count
    repeats = heads.count // count

    def spread(lazy: Lazy, shape: tuple[int, ...]) -> Lazy:
        return lazy.map(
            shape,
            lambda a: (np.repeat(a, repeats, axis=-2) * np.float32(scale)).reshape(shape),
        )

    width = heads.count * depth
    kernel = spread(ctx.weight(f"{part}/kernel", (features, count, depth)), (features, width))
    name = ctx.add("MatMul", x.name, ctx.lazy(kernel, f"{part}/kernel"))
    if not heads.use_bias:
        return name
    check_summand((*x.shape[:-1], count, depth), (count, depth), heads.bias_axis)
    bias = spread(ctx.weight(f"{part}/bias", (count, depth)), (width,))
    return ctx.add("Add", name, ctx.lazy(bias, f"{part}/bias"))


def _order(rank: int, axes: tuple[int, ...]) -> tuple[int, ...]:
    """The projection's axes as the batch and its like, heads, what is looked over, features."""
    rest = [axis for axis in range(1, rank - 1) if axis not in axes]
    return (0, *rest, rank - 1, *axes, rank)


def _apart(ctx: Context, name: str, x: Value, axes: tuple[int, ...], count: int) -> str:
    """(batch, …, heads x depth) -> (batch, heads, steps, depth)."""
    name = ctx.add("Reshape", name, ctx.constant([*[0] * (x.rank - 1), count, -1], "int64"))
    name = ctx.add("Transpose", name, perm=_order(x.rank, axes))
    if x.rank == 3:
        return name
    steps = math.prod(x.shape[axis] or 0 for axis in axes)
    rest = x.rank - 2 - len(axes)
    if not rest:
        return ctx.add("Reshape", name, ctx.constant([0, count, steps, -1], "int64"))
    depth_last = ctx.add("Shape", name, start=-1)
    shape = ctx.add("Concat", ctx.constant([-1, count, steps], "int64"), depth_last, axis=0)
    return ctx.add("Reshape", name, shape)


def _together(
    ctx: Context, name: str, x: Value, axes: tuple[int, ...], count: int, depth: int
) -> str:
    """(batch, heads, steps, depth) -> (batch, …, heads x depth), as the query lies."""
    order = _order(x.rank, axes)
    if x.rank > 3:
        sizes = [count if axis == x.rank - 1 else x.shape[axis] or 0 for axis in order[1:-1]]
        name = ctx.add("Reshape", name, ctx.constant([-1, *sizes, depth], "int64"))
    back = tuple(order.index(axis) for axis in range(x.rank + 1))
    name = ctx.add("Transpose", name, perm=back)
    return ctx.add("Reshape", name, ctx.constant([*[0] * (x.rank - 1), count * depth], "int64"))


def _masked(ctx: Context, scores: str, mask: Mask, query: Value, value: Value) -> str:
    seen = []
    if mask.causal or mask.window is not None:
        seen = [_seen(ctx, query.shape[1], value.shape[1], mask.causal, mask.window)]
    if mask.tensor is not None:
        tensor = ctx.plain(mask.tensor)
        if tensor.rank not in (2, 3, 4):
            raise OptionError(f"an attention mask of the shape {tensor.shape}")
        name = tensor.name if tensor.dtype == "bool" else ctx.add("Cast", tensor.name, to="bool")
        for _ in range(4 - tensor.rank):
            name = ctx.add("Unsqueeze", name, ctx.constant([-3], "int64"))
        seen.append(name)
    if not seen:
        return scores
    both = ctx.add("And", *seen) if len(seen) > 1 else seen[0]
    return ctx.add("Where", both, scores, ctx.constant(HIDDEN))


def _output(ctx: Context, name: str, heads: Heads, sizes: tuple[int, ...], query: Value) -> Value:
    """The last projection, of all heads at once."""
    width = math.prod(sizes)
    kernel = ctx.weight("output/kernel", (heads.count, heads.value, *sizes))
    flat = kernel.reshape(heads.count * heads.value, width)
    name = ctx.add("MatMul", name, ctx.lazy(flat, "output/kernel"))
    if heads.use_bias:
        check_summand((*query.shape[:-1], *sizes), sizes, heads.bias_axis)
        bias = ctx.weight("output/bias", sizes).reshape(width)
        name = ctx.add("Add", name, ctx.lazy(bias, "output/bias"))
    shape = (*query.shape[:-1], *sizes)
    if len(sizes) > 1:
        name = ctx.add("Reshape", name, ctx.constant([*[0] * (query.rank - 1), *sizes], "int64"))
    return Value(name, shape, query.dtype, plain(len(shape)))
