"""Operations that move, add or drop elements and axes."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

from ..context import Context
from ..layers.margins import ALMOST_ZERO
from ..registry import OptionError
from ..value import Order, Value, elements, plain
from .operand import (
    Operand,
    Size,
    as_layer,
    axes_of,
    axis_of,
    constant,
    number,
    sizes,
    tensor,
    tensors,
    whole,
)

MAX_PARTS = 4096
"""More tensors than an operation makes of one."""


def shape_of(_: Context, x: Operand) -> list[int | Size]:
    """The sizes of a tensor; the batch and free ones are not known."""
    if not isinstance(x, Value):
        raise OptionError("the shape of a constant cannot be compiled")
    known = [Size.FREE if size is None else size for size in x.shape]
    return [Size.BATCH, *known[1:]]


def reshape(ctx: Context, x: Operand, shape: Operand) -> Operand:
    """The same elements in another shape; the batch stays in front."""
    if not isinstance(x, Value):
        raise OptionError("a constant cannot be reshaped")
    value = tensor(ctx, x)
    target = sizes(shape)
    free = [place for place, size in enumerate(target) if size == -1]
    if Size.FREE in target or Size.BATCH in target[1:] or len(free) > 1 or not target:
        raise OptionError(f"a reshape to {target!r} cannot be compiled")
    count = elements(value.shape)
    rest = [size for size in target[1:] if isinstance(size, int)]
    if any(size < 1 and size != -1 for size in rest):
        raise OptionError(f"a reshape to {target!r} cannot be compiled")
    known = math.prod(size for size in rest if size != -1)
    if count is None:
        raise OptionError(f"its input has the shape {value.shape}, the sizes must be known")
    if target[0] is Size.BATCH:
        if (free and count % known) or (not free and count != known):
            raise OptionError(f"{value.shape} does not fit into {target!r}")
        full = [count // known if size == -1 else size for size in rest]
    elif target[0] == -1:
        # -1 is the batch where the rest is one example. Otherwise parts of examples become
        # examples of their own, or images are mixed.
        if count != known:
            raise OptionError(f"a reshape of {value.shape} to {target!r} moves the batch")
        full = rest
    else:
        raise OptionError(f"a reshape to {target!r} fixes the size of the batch")
    return reshaped(ctx, value, tuple(full))


def reshaped(ctx: Context, x: Value, shape: tuple[int, ...]) -> Value:
    """One example in another shape of known sizes."""
    x = ctx.plain(x)
    name = ctx.add("Reshape", x.name, ctx.constant([-1, *shape], "int64"))
    return Value(name, (x.shape[0], *shape), x.dtype, plain(len(shape) + 1))


def flatten(ctx: Context, x: Operand) -> Value:
    """Each example in one row."""
    return as_layer(ctx, "Flatten", tensor(ctx, x))


def transpose(ctx: Context, x: Operand, axes: Operand = None) -> Value:
    """The axes in another order. Nothing moves: the order is only seen anew."""
    value = ctx.unfold(tensor(ctx, x))
    if axes is None:
        raise OptionError("it moves the batch: name the order of the axes, 0 first")
    seen = [whole(axis) for axis in (axes if isinstance(axes, (list, tuple)) else [axes])]
    seen = [axis + value.rank if axis < 0 else axis for axis in seen]
    if sorted(seen) != list(range(value.rank)):
        raise OptionError(f"the order {axes!r} of a tensor with the shape {value.shape}")
    if seen[0] != 0:
        raise OptionError("it moves the batch away from the front")
    return _seen(value, tuple(seen))


def swap_axes(ctx: Context, x: Operand, axis1: Operand, axis2: Operand) -> Value:
    """Two axes change places."""
    value = ctx.unfold(tensor(ctx, x))
    one, two = axis_of(value, axis1), axis_of(value, axis2)
    seen = list(range(value.rank))
    seen[one], seen[two] = two, one
    return _seen(value, tuple(seen))


def move_axis(ctx: Context, x: Operand, source: Operand, destination: Operand) -> Value:
    """One axis goes to another place, the others keep their order."""
    value = ctx.unfold(tensor(ctx, x))
    start, end = axis_of(value, source), axis_of(value, destination)
    seen = [axis for axis in range(value.rank) if axis != start]
    seen.insert(end, start)
    return _seen(value, tuple(seen))


def _seen(x: Value, seen: Order) -> Value:
    shape = tuple(x.shape[axis] for axis in seen)
    return Value(x.name, shape, x.dtype, tuple(seen.index(axis) for axis in x.order))


def expand_dims(ctx: Context, x: Operand, axis: Operand) -> Value:
    """A new axis of size 1."""
    value = ctx.unfold(tensor(ctx, x))
    places = axis if isinstance(axis, (list, tuple)) else [axis]
    for place in places:
        value = unsqueezed(ctx, value, axis_of(value, place, rank=value.rank + 1))
    return value


def unsqueezed(ctx: Context, x: Value, axis: int) -> Value:
    """A new axis of size 1 before `axis`; in memory at its place, or last where it moved."""
    order = [old + (old >= axis) for old in x.order]
    where = axis if x.is_plain else x.rank
    order.insert(where, axis)
    name = ctx.add("Unsqueeze", x.name, ctx.constant([where], "int64"))
    return Value(name, (*x.shape[:axis], 1, *x.shape[axis:]), x.dtype, tuple(order))


def squeeze(ctx: Context, x: Operand, axis: Operand = None) -> Value:
    """Without these axes of size 1."""
    value = ctx.unfold(tensor(ctx, x))
    if axis is None or axis == []:
        raise OptionError("it squeezes every axis of size 1, a batch of one included")
    axes = axes_of(value, axis)
    if any(value.shape[place] != 1 for place in axes):
        raise OptionError(f"axis={axis!r} of a tensor with the shape {value.shape} is not 1 long")
    return squeezed(ctx, value, axes)


def squeezed(ctx: Context, x: Value, axes: tuple[int, ...]) -> Value:
    """Without these axes, which have one element."""
    places = sorted(x.at(axis) for axis in axes)
    name = ctx.add("Squeeze", x.name, ctx.constant(places, "int64"))
    left = [axis for axis in range(x.rank) if axis not in axes]
    order = tuple(left.index(axis) for axis in x.order if axis in left)
    return Value(name, tuple(x.shape[axis] for axis in left), x.dtype, order)


def concatenate(ctx: Context, xs: Operand, axis: Operand = 0) -> Operand:
    """Tensors one after the other along an axis; lists of sizes become one list."""
    items = list(xs) if isinstance(xs, (list, tuple)) else [xs]
    if not any(isinstance(item, Value) for item in items):
        return [size for item in items for size in sizes(item)]
    values = tensors(ctx, items)
    _same_dtype(values)
    return as_layer(ctx, "Concatenate", *values, axis=axis_of(values[0], axis))


def stack(ctx: Context, xs: Operand, axis: Operand = 0) -> Operand:
    """Tensors of one shape along a new axis; sizes become a list of sizes."""
    items = list(xs) if isinstance(xs, (list, tuple)) else [xs]
    if not any(isinstance(item, Value) for item in items):
        return [size for item in items for size in sizes(item)]
    values = tensors(ctx, items)
    _same_dtype(values)
    if len({value.shape for value in values}) > 1:
        raise OptionError("tensors of different shapes cannot be stacked")
    agreed = ctx.agree([ctx.unfold(value) for value in values])
    place = axis_of(agreed[0], axis, rank=agreed[0].rank + 1)
    apart = [unsqueezed(ctx, value, place) for value in agreed]
    return apart[0] if len(apart) == 1 else as_layer(ctx, "Concatenate", *apart, axis=place)


def _same_dtype(values: list[Value]) -> None:
    if len({value.dtype for value in values}) > 1:
        raise OptionError("tensors of different dtypes")


def split(ctx: Context, x: Operand, parts: Operand, axis: Operand = 0) -> tuple[Value, ...]:
    """Several tensors along an axis: a number of equal ones, or their sizes."""
    value = ctx.unfold(tensor(ctx, x))
    place = axis_of(value, axis)
    size = value.shape[place]
    if size is None:
        raise OptionError(f"axis {place} of a tensor with the shape {value.shape} is free")
    if isinstance(parts, (list, tuple)):
        lengths = [whole(part) for part in parts]
        if lengths.count(-1) == 1:
            lengths[lengths.index(-1)] = size - sum(lengths) - 1
    else:
        count = whole(parts)
        if not 0 < count <= MAX_PARTS or size % count:
            raise OptionError(f"{size} elements cannot be split into {count} equal parts")
        lengths = [size // count] * count
    if sum(lengths) != size or min(lengths) < 1:
        raise OptionError(f"{size} elements cannot be split into {lengths}")
    if len(lengths) == 1:
        return (value,)
    names = ctx.add_all(
        "Split",
        value.name,
        ctx.constant(lengths, "int64"),
        outputs=len(lengths),
        axis=value.at(place),
    )
    return tuple(
        Value(
            name,
            (*value.shape[:place], length, *value.shape[place + 1 :]),
            value.dtype,
            value.order,
        )
        for name, length in zip(names, lengths, strict=True)
    )


def split_at(ctx: Context, x: Operand, places: Operand, axis: Operand = 0) -> tuple[Value, ...]:
    """NumPy's and Keras 3's split: a number of equal parts, or the places between them."""
    if not isinstance(places, (list, tuple)):
        return split(ctx, x, places, axis)
    value = tensor(ctx, x)
    size = value.shape[axis_of(value, axis)] or 0
    ends = [0, *(whole(place) for place in places), size]
    return split(ctx, x, [end - start for start, end in itertools.pairwise(ends)], axis)


def unstack(
    ctx: Context, x: Operand, num: Operand = None, axis: Operand = 0
) -> tuple[Operand, ...]:
    """One tensor for each place along an axis, without that axis."""
    if not isinstance(x, Value):
        return tuple(sizes(x))
    value = tensor(ctx, x)
    place = axis_of(value, axis)
    size = value.shape[place]
    if size is None or (num is not None and whole(num) != size):
        raise OptionError(f"axis {place} of a tensor with the shape {value.shape}")
    return tuple(squeezed(ctx, part, (place,)) for part in split(ctx, value, size, place))


def pad(
    ctx: Context,
    x: Operand,
    paddings: Operand,
    mode: Operand = "constant",
    constant_values: Operand = 0,
) -> Value:
    """Elements around: a constant, or the tensor's own mirrored (`reflect`)."""
    value = ctx.unfold(tensor(ctx, x))
    pairs = constant(paddings)
    if pairs.ndim == 2 and len(pairs) == 1:
        pairs = pairs.repeat(value.rank, axis=0)
    if pairs.shape != (value.rank, 2) or pairs.dtype.kind != "i" or pairs.min() < 0:
        raise OptionError(f"paddings={paddings!r} of a tensor with the shape {value.shape}")
    if pairs[0].any():
        raise OptionError("it pads the batch")
    how = str(mode).lower()
    if how not in ("constant", "reflect"):
        raise OptionError(f"mode={mode!r} cannot be compiled")
    if how == "reflect" and any(
        size is None or max(pair) >= size
        for size, pair in zip(value.shape[1:], pairs[1:].tolist(), strict=True)
    ):
        raise OptionError(f"it mirrors more than there is of {value.shape}")
    if not pairs.any():
        return value
    moved = pairs[list(value.order)].T.reshape(-1)
    inputs = [value.name, ctx.constant(moved, "int64")]
    if how == "constant":
        fill = 0.0 if constant_values is None else number(constant_values)
        if not fill and value.dtype == "float32":
            fill = ALMOST_ZERO
        inputs.append(ctx.constant(fill, value.dtype))
    name = ctx.add("Pad", *inputs, mode=how)
    shape = tuple(
        None if size is None else size + int(sum(pair))
        for size, pair in zip(value.shape, pairs.tolist(), strict=True)
    )
    return Value(name, shape, value.dtype, value.order)


def tile(ctx: Context, x: Operand, repeats: Operand) -> Value:
    """The whole tensor several times along each axis."""
    value = ctx.unfold(tensor(ctx, x))
    times = [whole(time) for time in (repeats if isinstance(repeats, (list, tuple)) else [repeats])]
    times = [1] * (value.rank - len(times)) + times
    if len(times) != value.rank or times[0] != 1 or min(times) < 1:
        raise OptionError(f"{repeats!r} times a tensor with the shape {value.shape}")
    if max(times) == 1:
        return value
    name = ctx.add("Tile", value.name, ctx.constant([times[a] for a in value.order], "int64"))
    shape = tuple(
        None if size is None else size * time for size, time in zip(value.shape, times, strict=True)
    )
    return Value(name, shape, value.dtype, value.order)


def repeat(ctx: Context, x: Operand, repeats: Operand, axis: Operand = None) -> Value:
    """Each element several times along an axis."""
    value = ctx.unfold(tensor(ctx, x))
    if axis is None:
        raise OptionError("it flattens the batch: name an axis from 1 on")
    place, times = axis_of(value, axis), whole(repeats)
    size = value.shape[place]
    if size is None or not 1 <= times <= MAX_PARTS:
        raise OptionError(f"{times} times axis {place} of a tensor with the shape {value.shape}")
    return gathered(ctx, value, [n for n in range(size) for _ in range(times)], place)


def take(ctx: Context, x: Operand, indices: Operand, axis: Operand = None) -> Value:
    """The elements at constant places along an axis."""
    value = ctx.unfold(tensor(ctx, x))
    if axis is None:
        raise OptionError("it flattens the batch: name an axis from 1 on")
    place = axis_of(value, axis)
    wanted = constant(indices)
    if wanted.dtype.kind != "i" or wanted.ndim > 1:
        raise OptionError(f"indices={indices!r} cannot be compiled")
    if wanted.ndim == 0:
        return squeezed(ctx, gathered(ctx, value, [int(wanted)], place), (place,))
    return gathered(ctx, value, wanted.tolist(), place)


def gathered(ctx: Context, x: Value, indices: list[int], axis: int) -> Value:
    """The elements at these places along an axis."""
    size = x.shape[axis]
    if size is None or not indices or not all(-size <= index < size for index in indices):
        raise OptionError(f"places {indices!r} along axis {axis} of {x.shape}")
    positive = [index % size for index in indices]
    name = ctx.add("Gather", x.name, ctx.constant(positive, "int64"), axis=x.at(axis))
    shape = (*x.shape[:axis], len(indices), *x.shape[axis + 1 :])
    return Value(name, shape, x.dtype, x.order)


def flip_image(axis: int) -> Callable[..., Value]:
    """Images upside down (axis 1), or mirrored (axis 2)."""

    def apply(ctx: Context, x: Operand) -> Value:
        if not isinstance(x, Value) or x.rank != 4:
            raise OptionError("images are needed")
        return flip(ctx, x, axis)

    return apply


def matrix_transpose(ctx: Context, x: Operand) -> Value:
    """The last two axes change places."""
    return swap_axes(ctx, x, -2, -1)


def flip(ctx: Context, x: Operand, axis: Operand = None) -> Value:
    """The elements in reverse order along axes."""
    from .slicing import Cut, sliced

    value = ctx.unfold(tensor(ctx, x))
    return sliced(ctx, value, {axis: Cut(None, None, -1) for axis in axes_of(value, axis)})
