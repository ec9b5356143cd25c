"""What operations take: tensors, and constants beside them.

An operand is a `Value`, or a plain Python constant: a number, a truth value, a list of these, or
`Size.BATCH` and `Size.FREE`, the sizes that a shape leaves open. Constants are computed here and
now; beside a tensor they become ONNX constants that lie in memory as the tensor does.

The first axis of every tensor is the batch, and stays it: what would mix or move it is refused,
because an answer must not depend on the other images.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..context import Context
from ..graph import Array, Shape
from ..registry import REGISTRY, OptionError
from ..value import Value

Operand = Any

MAX_CONSTANT = 1 << 20
"""More elements than a constant in an architecture has."""


class Size(enum.Enum):
    """A size that is not known before the model runs."""

    BATCH = "the batch"
    FREE = "free"

    def __repr__(self) -> str:
        return f"<{self.value}>"


FLOATS = frozenset({"float16", "float32", "float64"})
DTYPES = ("bool", "uint8", "int8", "int32", "int64", "float32")
"""What is computed with; all floats are float32."""


def dtype_of(written: Any) -> str:
    """A dtype as the frameworks write it, by NumPy's name."""
    if isinstance(written, dict):  # a serialised tf.DType
        config = written.get("config")
        written = config.get("name") if isinstance(config, dict) else None
    if isinstance(written, str):
        name = written.removeprefix("DT_").lower()
        name = {"float": "float32", "half": "float16", "double": "float64"}.get(name, name)
        if name in DTYPES or name in FLOATS:
            return name
    raise OptionError(f"the dtype {written!r} cannot be compiled")


def tensor(ctx: Context, x: Operand) -> Value:
    """A tensor, with any float as float32.

    Raises:
        OptionError: it is a constant.
    """
    if not isinstance(x, Value):
        raise OptionError(f"{x!r} is a constant, a tensor is needed")
    return ctx.cast(x, "float32") if x.dtype in FLOATS else x


def floats(ctx: Context, x: Operand) -> Value:
    """A tensor of floats.

    Raises:
        OptionError: it is a constant, or of another type.
    """
    value = tensor(ctx, x)
    if value.dtype != "float32":
        raise OptionError(f"it is called with {value.dtype}, floats are needed")
    return value


def tensors(ctx: Context, xs: Operand) -> list[Value]:
    """A list of tensors; one alone is a list of one."""
    items = xs if isinstance(xs, (list, tuple)) else [xs]
    if not items:
        raise OptionError("it is called without tensors")
    return [tensor(ctx, x) for x in items]


def constant(value: Operand) -> Array:
    """A constant's array, serialised arrays included.

    Raises:
        OptionError: it is a tensor, or holds something else than numbers.
    """
    if isinstance(value, dict) and value.get("class_name") in ("__numpy__", "__tensor__"):
        config = value.get("config")
        if isinstance(config, dict):
            return constant(config.get("value")).astype(dtype_of(config.get("dtype")))
    if isinstance(value, Value):
        raise OptionError("a constant is needed, it is called with a tensor")
    try:
        array = np.asarray(value)
    except ValueError:
        raise OptionError(f"{_short(value)} is not an array") from None
    if array.dtype.kind not in "bif" or array.size > MAX_CONSTANT:
        raise OptionError(f"{_short(value)} is not a constant that can be compiled")
    return array


def sizes(value: Operand) -> list[int | Size]:
    """A list of sizes, or one; `None` is a free one, as Keras 3 writes the batch."""
    items = value if isinstance(value, (list, tuple)) else [value]
    found: list[int | Size] = []
    for item in items:
        if isinstance(item, Size):
            found.append(item)
        elif item is None:
            found.append(Size.BATCH)
        else:
            found.append(whole(item))
    return found


def whole(value: Operand) -> int:
    """A whole number."""
    if isinstance(value, np.integer):
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise OptionError(f"{_short(value)} is not a whole number")
    return value


def number(value: Operand) -> float:
    """A number."""
    array = constant(value)
    if array.ndim or array.dtype.kind == "b":
        raise OptionError(f"{_short(value)} is not one number")
    return float(array)


def truth(value: Operand) -> bool:
    """True or false."""
    if not isinstance(value, (bool, int)) or value not in (0, 1):
        raise OptionError(f"{_short(value)} is neither true nor false")
    return bool(value)


def axis_of(x: Value, axis: Operand, *, rank: int | None = None) -> int:
    """An axis from 1 on; negative ones count from the end, lists of one are one.

    Args:
        x: whose axis it is.
        axis: as written.
        rank: of the tensor in which it counts, if that is not `x`.

    Raises:
        OptionError: there is no such axis, or it is the batch.
    """
    if isinstance(axis, (list, tuple)) and len(axis) == 1:
        axis = axis[0]
    rank = x.rank if rank is None else rank
    place = whole(axis)
    found = place + rank if place < 0 else place
    if not 0 <= found < rank:
        raise OptionError(f"axis {place} of a tensor with the shape {x.shape}")
    if found == 0:
        raise OptionError("it works along the batch, an answer would depend on other images")
    return found


def axes_of(x: Value, axis: Operand) -> tuple[int, ...]:
    """One or more axes, sorted; None, which means all of them, includes the batch."""
    if axis is None:
        raise OptionError("it works on all axes, the batch included: name the axes from 1 on")
    items = axis if isinstance(axis, (list, tuple)) else [axis]
    found = sorted(axis_of(x, item) for item in items)
    if len(set(found)) != len(found) or not found:
        raise OptionError(f"axis={axis!r} makes no sense")
    return tuple(found)


def beside(ctx: Context, x: Value, array: Array, dtype: str) -> str:
    """A constant that broadcasts against `x`, lying in memory as `x` does.

    The result has the shape of both; see `broadcast`.
    """
    if not array.ndim or array.size == 1:
        return ctx.constant(array.reshape(()), dtype)
    full = array.reshape((1,) * (x.rank - array.ndim) + array.shape)
    moved = full.transpose(x.order)
    lead = 0  # ONNX puts missing axes in front by itself
    while lead < moved.ndim and moved.shape[lead] == 1:
        lead += 1
    return ctx.constant(np.ascontiguousarray(moved.reshape(moved.shape[lead:])), dtype)


def broadcast(*shapes: Shape | Sequence[int]) -> Shape:
    """The shape that several have together (NumPy's rule).

    Raises:
        OptionError: they do not fit, or one without a batch has an axis where that is.
    """
    rank = max(len(shape) for shape in shapes)
    together: list[int | None] = [1] * rank
    for shape in shapes:
        for place, size in enumerate(shape, rank - len(shape)):
            if size == 1 or size == together[place]:
                continue
            if together[place] == 1:
                together[place] = size
            elif size is None or together[place] is None:
                together[place] = together[place] if size is None else size
                if place == 0:
                    raise OptionError("a constant has an axis where the batch is")
            else:
                raise OptionError(f"the shapes {' and '.join(map(str, shapes))} do not fit")
    return tuple(together)


def as_layer(ctx: Context, kind: str, *xs: Value, **options: Any) -> Value:
    """What a layer makes of tensors."""
    entry = REGISTRY.get(kind)
    if entry is None:
        raise OptionError(f"a tensor with the shape {xs[0].shape} cannot be compiled")
    value = entry.lower(ctx, *xs, **entry.parse(options))
    if not isinstance(value, Value):
        raise OptionError(f"{kind} gives several tensors")
    return value


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
