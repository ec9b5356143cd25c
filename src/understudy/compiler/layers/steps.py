"""A recurrent cell over a sequence, by ONNX's operators; they have the gates in another order.

Where a cell has an activation that they do not know, the steps are written out (`unrolled`).
A sequence lies time first, as ONNX needs it: (time, batch, features).
"""

from __future__ import annotations

import numpy as np

from ...keras import Activation
from ..context import Context
from ..graph import Array, Lazy
from ..registry import OptionError
from ..value import Order, Value, plain
from .cells import GATES, Cell, Result, Weights
from .unrolled import unroll

TIME_FIRST: Order = (1, 0, 2)

ONNX_ACTIVATIONS: dict[str, tuple[str, float | None, float | None]] = {
    "tanh": ("Tanh", None, None),
    "sigmoid": ("Sigmoid", None, None),
    "relu": ("Relu", None, None),
    "linear": ("Affine", 1.0, 0.0),
    "softsign": ("Softsign", None, None),
    "leaky_relu": ("LeakyRelu", 0.2, None),
    "elu": ("Elu", 1.0, None),
}
"""Keras' activation -> ONNX's, with its alpha and beta (ONNX specification, LSTM)."""

ONNX_GATES = {"SimpleRNN": (0,), "GRU": (0, 1, 2), "LSTM": (0, 3, 1, 2)}
"""The numbers of Keras' gates in ONNX's order: of i f c o as i o f c, of z r h as z r h.

(ONNX specification, LSTM and GRU; keras 3.15 `LSTMCell.call`, `GRUCell.call`.)
"""

OPERATORS = {"SimpleRNN": "RNN", "GRU": "GRU", "LSTM": "LSTM"}


def run(ctx: Context, x: Value, cell: Cell, states: tuple[Value, ...], backwards: bool) -> Result:
    """One cell over all time steps; what it gives lies in the sequence's own order of time."""
    if x.rank != 3 or x.shape[2] is None:
        raise OptionError(f"its input has the shape {x.shape}, a sequence is needed")
    count = 2 if cell.kind == "LSTM" else 1
    if states and len(states) != count:
        raise OptionError(f"it is called with {len(states)} states, it has {count}")
    if any(state.shape[1:] != (cell.units,) for state in states):
        shapes = ", ".join(str(state.shape) for state in states)
        raise OptionError(f"states of the shapes {shapes}, it has {cell.units} units")
    weights = Weights.of(ctx, cell, x.shape[2])
    x = ctx.arrange(x, TIME_FIRST)
    states = tuple(ctx.plain(state) for state in states)
    activations = [_onnx_activation(a) for a in _activations(cell)]
    if any(activation is None for activation in activations):
        return unroll(ctx, x, cell, states, backwards, weights)
    return _operator(ctx, x, cell, states, backwards, weights)


def _operator(
    ctx: Context,
    x: Value,
    cell: Cell,
    states: tuple[Value, ...],
    backwards: bool,
    weights: Weights,
) -> Result:
    """One ONNX LSTM, GRU or RNN."""
    kernel, recurrent = (
        _gates_first(lazy, cell.kind) for lazy in (weights.kernel, weights.recurrent)
    )
    inputs = [x.name, ctx.lazy(kernel, "kernel", "onnx"), ctx.lazy(recurrent, "recurrent_kernel")]
    inputs.append(ctx.lazy(_joint_bias(cell, weights), "bias", "onnx") if cell.use_bias else "")
    if states:
        zero = ctx.constant([0], "int64")
        inputs.append("")
        inputs += [ctx.add("Unsqueeze", state.name, zero) for state in states]
    while inputs[-1] == "":
        inputs.pop()
    chosen = [_onnx_activation(a) or ("", None, None) for a in _activations(cell)]
    attributes: dict[str, object] = {"hidden_size": cell.units}
    if [name for name, _, _ in chosen] != ONNX_DEFAULTS[cell.kind]:
        attributes["activations"] = [name for name, _, _ in chosen]
        alphas = [alpha for _, alpha, _ in chosen if alpha is not None]
        betas = [beta for _, _, beta in chosen if beta is not None]
        attributes |= {"activation_alpha": alphas} if alphas else {}
        attributes |= {"activation_beta": betas} if betas else {}
    if backwards:
        attributes["direction"] = "reverse"
    if cell.kind == "GRU" and cell.reset_after:
        attributes["linear_before_reset"] = 1
    count = 3 if cell.kind == "LSTM" else 2
    names = ctx.add_all(OPERATORS[cell.kind], *inputs, outputs=count, **attributes)
    sequence = ctx.add("Squeeze", names[0], ctx.constant([1], "int64"))
    batch, time, _ = x.shape
    last = tuple(
        Value(
            ctx.add("Squeeze", name, ctx.constant([0], "int64")),
            (batch, cell.units),
            x.dtype,
            plain(2),
        )
        for name in names[1:]
    )
    return Result(Value(sequence, (batch, time, cell.units), x.dtype, TIME_FIRST), last)


ONNX_DEFAULTS = {
    "SimpleRNN": ["Tanh"],
    "GRU": ["Sigmoid", "Tanh"],
    "LSTM": ["Sigmoid", "Tanh", "Tanh"],
}
"""The activations of ONNX's operators where none are given."""


def _activations(cell: Cell) -> list[Activation]:
    if cell.kind == "SimpleRNN":
        return [cell.activation]
    if cell.kind == "GRU":
        return [cell.recurrent_activation, cell.activation]
    return [cell.recurrent_activation, cell.activation, cell.activation]


def _onnx_activation(activation: Activation) -> tuple[str, float | None, float | None] | None:
    if activation.name == "hard_sigmoid":
        return "HardSigmoid", float(activation.options.get("slope", 1 / 6)), 0.5
    return None if activation.options else ONNX_ACTIVATIONS.get(activation.name)


def _gates_first(kernel: Lazy, kind: str) -> Lazy:
    """(inputs, gates x units) -> (1, gates x units, inputs), the gates in ONNX's order."""
    inputs, width = kernel.shape

    def change(array: Array) -> Array:
        gates = np.split(array, GATES[kind], axis=1)
        return np.concatenate([gates[number] for number in ONNX_GATES[kind]], axis=1).T[None]

    return kernel.map((1, width, inputs), change)


def _joint_bias(cell: Cell, weights: Weights) -> Lazy:
    """ONNX's bias: the input's, then the state's, each with the gates in ONNX's order."""
    width = GATES[cell.kind] * cell.units
    bias, more = weights.bias, weights.recurrent_bias
    if bias is None:
        raise RuntimeError("the cell has no bias")

    def in_order(array: Array) -> list[Array]:
        gates = np.split(array, GATES[cell.kind])
        return [gates[number] for number in ONNX_GATES[cell.kind]]

    def make() -> Array:
        state = np.zeros(width, np.float32) if more is None else more.make()
        return np.concatenate([*in_order(bias.make()), *in_order(state)])[None]

    return Lazy((1, 2 * width), "float32", make)
