"""ConvLSTM1D, 2D and 3D: an LSTM whose multiplications are convolutions.

The input's convolution is done for all time steps at once, the state's step by step.
Formulas are those of keras 3.15 `ConvLSTMCell.call`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ...keras import Activation
from ..context import Context
from ..registry import Axes, DataFormat, OptionError, Padding, Size, layer
from ..value import Value
from .activations import activate
from .cells import Result
from .recurrent import SIGMOID, TANH, States, given_states, refuse, returned
from .spatial import Sizes, window
from .unrolled import known_steps, steps_of

GATES = 4


@layer("ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D")
def conv_lstm(
    ctx: Context,
    x: Value,
    *states: Value,
    filters: Size,
    kernel_size: Axes,
    strides: Axes = (1,),
    padding: Padding = "valid",
    data_format: DataFormat = "channels_last",
    dilation_rate: Axes = (1,),
    activation: Activation = TANH,
    recurrent_activation: Activation = SIGMOID,
    use_bias: bool = True,
    return_sequences: bool = False,
    return_state: bool = False,
    go_backwards: bool = False,
    stateful: bool = False,  # noqa: ARG001 as in `recurrent`
    time_major: bool = False,
    initial_state: States = None,
) -> tuple[Value, ...]:
    """ConvLSTM2D(filters, kernel_size, strides=1, padding="valid", data_format=None, …)."""
    refuse(time_major=time_major)
    dimensions = x.rank - 3
    first = data_format == "channels_first"
    cell = _Cell(
        filters,
        _along(kernel_size, dimensions),
        _along(strides, dimensions),
        padding,
        _along(dilation_rate, dimensions),
        activation,
        recurrent_activation,
        use_bias,
        (0, 2, *range(3, x.rank)) if first else (0, x.rank - 1, *range(2, x.rank - 1)),
    )
    given = given_states(states, initial_state)
    return returned(
        ctx, _run(ctx, x, cell, given, go_backwards), return_sequences, return_state, go_backwards
    )


def _along(sizes: tuple[int, ...], dimensions: int) -> Sizes:
    """One size for each axis."""
    along = sizes * dimensions if len(sizes) == 1 else sizes
    if not 1 <= dimensions <= 3 or len(along) != dimensions or min(along) < 1:
        raise OptionError(f"sizes {sizes} along {dimensions} axes")
    return along


@dataclass(frozen=True, slots=True)
class _Cell:
    """What one step computes.

    Attributes:
        order: one step's axes in memory, as the sequence has them: batch, channels, the rest.
    """

    filters: int
    kernel_size: Sizes
    strides: Sizes
    padding: str
    dilation_rate: Sizes
    activation: Activation
    recurrent_activation: Activation
    use_bias: bool
    order: tuple[int, ...]


def _run(ctx: Context, x: Value, cell: _Cell, states: tuple[Value, ...], backwards: bool) -> Result:
    steps = known_steps(x)
    if len(states) not in (0, 2):
        raise OptionError(f"it is called with {len(states)} states, it has 2")
    order = (1, *cell.order)
    x = ctx.arrange(x, order)
    batch, channels, *sizes = (x.shape[axis] for axis in cell.order)
    if channels is None or None in sizes:
        raise OptionError(f"its input has the shape {x.shape}, its sizes must be known")
    known = tuple(size for size in sizes if size is not None)
    out, attributes = window(
        known, cell.kernel_size, cell.strides, cell.padding, cell.dilation_rate
    )
    projected = _projected(ctx, x.name, cell, [channels, *known], attributes)
    shape = [steps, -1, GATES * cell.filters, *(size or 0 for size in out)]
    projected = ctx.add("Reshape", projected, ctx.constant(shape, "int64"))
    zero = ctx.constant([0], "int64")
    sized = dict(zip(cell.order, (batch, cell.filters, *out), strict=True))
    step_shape = tuple(sized[axis] for axis in sorted(sized))
    step_order = tuple(sorted(cell.order).index(axis) for axis in cell.order)
    if any(state.shape[1:] != step_shape[1:] for state in states):
        raise OptionError(f"its states must have the shape {step_shape}")
    now = tuple(ctx.arrange(state, step_order).name for state in states)
    outputs: dict[int, str] = {}
    for number, part in steps_of(ctx, projected, steps, backwards):
        now = _step(ctx, cell, ctx.add("Squeeze", part, zero), now, step_shape, step_order)
        outputs[number] = ctx.add("Unsqueeze", now[0], zero)
    sequence = ctx.add("Concat", *(outputs[number] for number in range(steps)), axis=0)
    return Result(
        Value(sequence, (batch, steps, *step_shape[1:]), x.dtype, order),
        tuple(Value(name, step_shape, x.dtype, step_order) for name in now),
    )


def _projected(
    ctx: Context, name: str, cell: _Cell, shape: list[int], attributes: dict[str, Any]
) -> str:
    """The input's part of all four gates, for every step: steps and batch are one axis."""
    channels = shape[0]
    kernel = ctx.weight("kernel", (*cell.kernel_size, channels, GATES * cell.filters))
    inputs = [ctx.lazy(kernel.transpose(*_onnx(cell)), "kernel")]
    if cell.use_bias:
        inputs.append(ctx.lazy(ctx.weight("bias", (GATES * cell.filters,)), "bias"))
    folded = ctx.add("Reshape", name, ctx.constant([-1, *shape], "int64"))
    return ctx.add("Conv", folded, *inputs, **attributes)


def _onnx(cell: _Cell) -> tuple[int, ...]:
    """(rows, columns, in, out) -> (out, in, rows, columns), for any number of axes."""
    dimensions = len(cell.kernel_size)
    return (dimensions + 1, dimensions, *range(dimensions))


def _step(
    ctx: Context,
    cell: _Cell,
    total: str,
    states: tuple[str, ...],
    shape: tuple[int | None, ...],
    order: tuple[int, ...],
) -> tuple[str, ...]:
    """The states after a step. Without states before, they are zero."""

    def active(name: str, activation: Activation) -> str:
        result = activate(ctx, Value(name, shape, "float32", order), activation)
        if result.shape != shape or result.order != order:
            raise OptionError(f"its activation {activation.name} cannot be compiled in it")
        return result.name

    if states:
        size = (*cell.kernel_size, cell.filters, GATES * cell.filters)
        recurrent = ctx.weight("recurrent_kernel", size).transpose(*_onnx(cell))
        ones = (1,) * len(cell.kernel_size)
        _, attributes = window(ones, cell.kernel_size, ones, "same")
        inner = ctx.add("Conv", states[0], ctx.lazy(recurrent, "recurrent_kernel"), **attributes)
        total = ctx.add("Add", total, inner)
    i, f, g, o = ctx.add_all("Split", total, outputs=GATES, axis=1, num_outputs=GATES)
    c = ctx.add("Mul", active(i, cell.recurrent_activation), active(g, cell.activation))
    if states:
        c = ctx.add("Add", ctx.add("Mul", active(f, cell.recurrent_activation), states[1]), c)
    h = ctx.add("Mul", active(o, cell.recurrent_activation), active(c, cell.activation))
    return h, c
