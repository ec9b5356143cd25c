"""Recurrent cells written out step by step, for activations that ONNX's operators do not know.

Formulas are those of keras 3.15 `SimpleRNNCell.call`, `LSTMCell.call` and `GRUCell.call`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ...keras import Activation
from ..context import Context
from ..graph import Lazy
from ..registry import OptionError
from ..value import Value, plain
from .activations import activate
from .cells import Cell, Result, Weights

MAX_STEPS = 512
"""More steps than this would make a graph of tens of thousands of operators."""


def known_steps(x: Value) -> int:
    """The number of time steps, where it must be known.

    Raises:
        OptionError: it is free, or too large to write the steps out.
    """
    steps = x.shape[1]
    if steps is None:
        raise OptionError("its input has a free number of time steps")
    if steps > MAX_STEPS:
        raise OptionError(
            f"{steps} time steps, more than {MAX_STEPS}, would have to be written out"
        )
    return steps


def steps_of(ctx: Context, name: str, steps: int, backwards: bool) -> list[tuple[int, str]]:
    """The slices of a tensor along its first axis, in the order of computing."""
    if steps == 1:
        return [(0, name)]
    sizes = ctx.constant([1] * steps, "int64")
    parts = list(enumerate(ctx.add_all("Split", name, sizes, outputs=steps, axis=0)))
    return parts[::-1] if backwards else parts


def unroll(
    ctx: Context,
    x: Value,
    cell: Cell,
    states: Sequence[Value],
    backwards: bool,
    weights: Weights,
) -> Result:
    """A cell over a sequence that lies time first, each step with operators of its own."""
    steps = known_steps(x)
    batch, time, _ = x.shape
    projected = ctx.add("MatMul", x.name, ctx.lazy(weights.kernel, "kernel", "steps"))
    if weights.bias is not None:
        projected = ctx.add("Add", projected, ctx.lazy(weights.bias, "bias", "steps"))
    step = _Step(ctx, cell, weights, batch)
    zero = ctx.constant([0], "int64")
    now = [ctx.add("Unsqueeze", state.name, zero) for state in states] or step.zeros(x)
    outputs: dict[int, str] = {}
    for number, part in steps_of(ctx, projected, steps, backwards):
        now = step.compute(part, now)
        outputs[number] = now[0]
    sequence = ctx.add("Concat", *(outputs[number] for number in range(steps)), axis=0)
    last = tuple(
        Value(ctx.add("Squeeze", name, zero), (batch, cell.units), x.dtype, plain(2))
        for name in now
    )
    return Result(Value(sequence, (batch, time, cell.units), x.dtype, (1, 0, 2)), last)


@dataclass(frozen=True, slots=True)
class _Step:
    """One step of a cell. All tensors are (1, batch, features)."""

    ctx: Context
    cell: Cell
    weights: Weights
    batch: int | None

    def zeros(self, x: Value) -> list[str]:
        """The states before the first step."""
        ctx = self.ctx
        batch = ctx.add("Shape", x.name, start=1, end=2)
        one, units = ctx.constant([1], "int64"), ctx.constant([self.cell.units], "int64")
        shape = ctx.add("Concat", one, batch, units, axis=0)
        state = ctx.add("Expand", ctx.constant(0.0), shape)
        return [state] * (2 if self.cell.kind == "LSTM" else 1)

    def compute(self, projected: str, states: list[str]) -> list[str]:
        """The states after a step, from the input's part of the sum and the states before."""
        if self.cell.kind == "LSTM":
            return self._lstm(projected, *states)
        if self.cell.kind == "GRU":
            return [self._gru(projected, *states)]
        total = self.ctx.add("Add", projected, self._times(states[0], self.weights.recurrent))
        return [self._activate(total, self.cell.activation)]

    def _lstm(self, projected: str, h: str, c: str) -> list[str]:
        ctx, cell = self.ctx, self.cell
        total = ctx.add("Add", projected, self._times(h, self.weights.recurrent))
        if self.weights.recurrent_bias is not None:
            total = ctx.add("Add", total, ctx.lazy(self.weights.recurrent_bias, "bias", "state"))
        i, f, g, o = self._split(total, 4)
        i, f, o = (self._activate(gate, cell.recurrent_activation) for gate in (i, f, o))
        kept = ctx.add("Mul", f, c)
        c = ctx.add("Add", kept, ctx.add("Mul", i, self._activate(g, cell.activation)))
        return [ctx.add("Mul", o, self._activate(c, cell.activation)), c]

    def _gru(self, projected: str, h: str) -> str:
        ctx, cell, units = self.ctx, self.cell, self.cell.units
        x_z, x_r, x_h = self._split(projected, 3)
        if cell.reset_after:
            inner = self._times(h, self.weights.recurrent)
            if self.weights.recurrent_bias is not None:
                inner = ctx.add(
                    "Add", inner, ctx.lazy(self.weights.recurrent_bias, "bias", "state")
                )
            h_z, h_r, h_h = self._split(inner, 3)
        else:
            gates = self.weights.recurrent.map(
                (units, 2 * units), lambda array: array[:, : 2 * units]
            )
            h_z, h_r = self._split(self._times(h, gates, "gates"), 2)
        z = self._activate(ctx.add("Add", x_z, h_z), cell.recurrent_activation)
        r = self._activate(ctx.add("Add", x_r, h_r), cell.recurrent_activation)
        if cell.reset_after:
            h_h = ctx.add("Mul", r, h_h)
        else:
            new = self.weights.recurrent.map((units, units), lambda array: array[:, 2 * units :])
            h_h = self._times(ctx.add("Mul", r, h), new, "new")
        candidate = self._activate(ctx.add("Add", x_h, h_h), cell.activation)
        difference = ctx.add("Sub", h, candidate)  # z h + (1 - z) h' = h' + z (h - h')
        return ctx.add("Add", candidate, ctx.add("Mul", z, difference))

    def _times(self, name: str, kernel: Lazy, variant: str = "steps") -> str:
        return self.ctx.add("MatMul", name, self.ctx.lazy(kernel, "recurrent_kernel", variant))

    def _split(self, name: str, count: int) -> tuple[str, ...]:
        return self.ctx.add_all("Split", name, outputs=count, axis=2, num_outputs=count)

    def _activate(self, name: str, activation: Activation) -> str:
        value = Value(name, (1, self.batch, self.cell.units), "float32", plain(3))
        result = activate(self.ctx, value, activation)
        if result.shape != value.shape or not result.is_plain:
            raise OptionError(f"its activation {activation.name} changes the shape")
        return result.name
