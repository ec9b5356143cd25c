"""TimeDistributed: the time steps become further images of the batch, and become steps again."""

from __future__ import annotations

from ..context import Context
from ..registry import OptionError, layer
from ..value import Value, plain


@layer("TimeToBatch")
def time_to_batch(ctx: Context, x: Value) -> Value:
    """(batch, time, …) -> (batch x time, …): what TimeDistributed's layer is called with."""
    if x.rank < 3:
        raise OptionError(f"its input has the shape {x.shape}, time steps are needed")
    x = ctx.plain(x)
    rest = x.shape[2:]
    if None not in rest:
        shape = ctx.constant([-1, *rest], "int64")
    else:
        tail = ctx.add("Shape", x.name, start=2)
        shape = ctx.add("Concat", ctx.constant([-1], "int64"), tail, axis=0)
    return Value(ctx.add("Reshape", x.name, shape), (None, *rest), x.dtype, plain(x.rank - 1))


@layer("BatchToTime")
def batch_to_time(ctx: Context, x: Value, *sequence: Value) -> Value:
    """(batch x time, …) -> (batch, time, …), as the second tensor has batch and time."""
    (before,) = sequence
    x = ctx.plain(x)
    batch, time = before.shape[:2]
    rest = x.shape[1:]
    if time is not None and None not in rest:
        shape = ctx.constant([-1, time, *rest], "int64")
    else:
        head = ctx.add("Shape", ctx.plain(before).name, end=2)
        shape = ctx.add("Concat", head, ctx.add("Shape", x.name, start=1), axis=0)
    return Value(
        ctx.add("Reshape", x.name, shape), (batch, time, *rest), x.dtype, plain(x.rank + 1)
    )
