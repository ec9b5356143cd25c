"""Parts of tensors: `x[:, 1:, ::2, ..., None]` and TensorFlow's StridedSlice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..context import Context
from ..registry import OptionError
from ..value import Value
from .operand import Operand, Size, constant, sizes, tensor, whole
from .shape import squeezed, unsqueezed

_FAR = 1 << 62


@dataclass(frozen=True, slots=True)
class Cut:
    """A Python slice."""

    start: int | None
    stop: int | None
    step: int | None

    @property
    def is_whole(self) -> bool:
        """Whether it takes everything."""
        return self.start is None and self.stop is None and self.step in (None, 1)


class Mark(str):
    """An ellipsis or a new axis among slices."""


ELLIPSIS, NEW_AXIS = Mark("..."), Mark("None")


def get_item(ctx: Context, x: Operand, key: Operand) -> Operand:
    """`x[key]`: slices, whole numbers, `...` and `None`, as the frameworks serialise them."""
    items = key if isinstance(key, (list, tuple)) else [key]
    parsed = [_parse(item) for item in items]
    if isinstance(x, Value):
        return item_of(ctx, tensor(ctx, x), parsed)
    return _of_sizes(sizes(x), parsed)


def strided_slice(
    ctx: Context,
    x: Operand,
    begin: Operand,
    end: Operand,
    strides: Operand,
    begin_mask: int = 0,
    end_mask: int = 0,
    ellipsis_mask: int = 0,
    new_axis_mask: int = 0,
    shrink_axis_mask: int = 0,
) -> Operand:
    """TensorFlow's StridedSlice: bit i of a mask says how entry i is meant."""
    begins, ends, steps = ([whole(n) for n in constant(v).tolist()] for v in (begin, end, strides))
    items: list[Any] = []
    if not len(begins) == len(ends) == len(steps):
        raise OptionError(f"begin={begins}, end={ends}, strides={steps} differ in length")
    for place, (start, stop, step) in enumerate(zip(begins, ends, steps, strict=True)):
        bit = 1 << place
        if ellipsis_mask & bit:
            items.append(ELLIPSIS)
        elif new_axis_mask & bit:
            items.append(NEW_AXIS)
        elif shrink_axis_mask & bit:
            items.append(start)
        else:
            items.append(
                Cut(
                    None if begin_mask & bit else start,
                    None if end_mask & bit else stop,
                    step,
                )
            )
    if isinstance(x, Value):
        return item_of(ctx, tensor(ctx, x), items)
    return _of_sizes(sizes(x), items)


def part(ctx: Context, x: Operand, begin: Operand, size: Operand) -> Value:
    """`tf.slice`: from `begin`, `size` elements; -1 takes the rest."""
    value = tensor(ctx, x)
    starts, counts = sizes(begin), sizes(size)
    if len(starts) != value.rank or len(counts) != value.rank:
        raise OptionError(f"begin={begin!r}, size={size!r} of {value.shape}")
    cuts: list[Any] = []
    for place, (start, count) in enumerate(zip(starts, counts, strict=True)):
        if isinstance(start, Size) or (isinstance(count, Size) and (place or start)):
            raise OptionError("it depends on a size that is not known before the model runs")
        stop = None if isinstance(count, Size) or count == -1 else start + count
        cuts.append(Cut(start or None, stop, 1))
    return item_of(ctx, value, cuts)


def _parse(item: Any) -> Any:
    """One entry of a subscript."""
    if item is None:
        return NEW_AXIS
    if isinstance(item, Mapping):
        if item.get("class_name") == "__ellipsis__":
            return ELLIPSIS
        inner = item.get("config") if item.get("class_name") == "__slice__" else item
        if isinstance(inner, Mapping) and {"start", "stop", "step"} == set(inner):
            numbers = (inner[name] for name in ("start", "stop", "step"))
            return Cut(*(None if n is None else whole(n) for n in numbers))
    if isinstance(item, Value):
        raise OptionError("places that are computed cannot be compiled")
    return whole(item)


def item_of(ctx: Context, x: Value, items: list[Any]) -> Value:
    """A part of a tensor: `Cut`s, whole numbers, an `ELLIPSIS`, `NEW_AXIS`.

    Raises:
        OptionError: there is no such part, or it takes the batch apart.
    """
    for item in items:
        numbers = (item.start, item.stop, item.step) if isinstance(item, Cut) else (item,)
        for entry in numbers:
            if entry is not None and not isinstance(entry, Mark):
                whole(entry)
    if items.count(ELLIPSIS) > 1:
        raise OptionError("more than one ellipsis")
    used = sum(not isinstance(item, Mark) for item in items)
    if used > x.rank:
        raise OptionError(f"{used} indices of a tensor with the shape {x.shape}")
    if ELLIPSIS not in items:
        items = [*items, ELLIPSIS]
    where = items.index(ELLIPSIS)
    rest = [Cut(None, None, None)] * (x.rank - used)
    items = [*items[:where], *rest, *items[where + 1 :]]
    value = ctx.unfold(x)
    cuts: dict[int, Cut] = {}
    dropped: list[int] = []
    added: list[int] = []  # the new axes, by their place in the result
    axis = place = 0
    for item in items:
        if isinstance(item, Mark):
            added.append(place)
            place += 1
            continue
        if isinstance(item, Cut):
            if not item.is_whole:
                cuts[axis] = item
            place += 1
        else:
            size = value.shape[axis]
            if size is not None and not -size <= item < size:
                raise OptionError(f"there is no place {item} along axis {axis} of {x.shape}")
            cuts[axis] = Cut(item, item + 1 if item != -1 else None, 1)
            dropped.append(axis)
        axis += 1
    if 0 in cuts or (added and added[0] == 0):
        raise OptionError("it takes some images of the batch, or moves the batch")
    value = sliced(ctx, value, cuts)
    if dropped:
        value = squeezed(ctx, value, tuple(dropped))
    for place in added:
        value = unsqueezed(ctx, value, place)
    return value


def sliced(ctx: Context, x: Value, cuts: Mapping[int, Cut]) -> Value:
    """The slices of some axes, which stay."""
    if not cuts:
        return x
    shape = list(x.shape)
    rows = []
    for axis, cut in cuts.items():
        size, step = x.shape[axis], cut.step or 1
        if step == 0:
            raise OptionError("a step of 0")
        if size is None:
            shape[axis] = _free_size(cut)
            start = cut.start if cut.start is not None else (0 if step > 0 else _FAR)
            stop = cut.stop if cut.stop is not None else (_FAR if step > 0 else -_FAR)
        else:
            start, stop, step = slice(cut.start, cut.stop, cut.step).indices(size)
            shape[axis] = len(range(start, stop, step))
            if not shape[axis]:
                raise OptionError(f"it takes nothing of axis {axis} of {x.shape}")
            stop = -_FAR if stop < 0 else stop
        rows.append((start, stop, x.at(axis), step))
    columns = [ctx.constant(column, "int64") for column in zip(*rows, strict=True)]
    name = ctx.add("Slice", x.name, *columns)  # starts, stops, axes, steps
    return Value(name, tuple(shape), x.dtype, x.order)


def _free_size(cut: Cut) -> int | None:
    """What is known of a slice of a free size: one element, or nothing."""
    start = cut.start
    return 1 if start is not None and start != -1 and cut.stop == start + 1 else None


def _of_sizes(found: list[int | Size], items: list[Any]) -> Operand:
    """A part of a shape."""
    if len(items) != 1:
        raise OptionError("a shape has one axis")
    (item,) = items
    if isinstance(item, Cut):
        return found[item.start : item.stop : item.step]
    if isinstance(item, Mark) or not -len(found) <= item < len(found):
        raise OptionError(f"a shape with {len(found)} sizes has no {item}")
    return found[item]
