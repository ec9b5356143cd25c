"""A recurrent cell: what one step computes, and its weights in Keras' order of gates."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...keras import Activation
from ..context import Context
from ..graph import Array, Lazy
from ..value import Value

GATES = {"SimpleRNN": 1, "GRU": 3, "LSTM": 4}
"""How many gates a cell has; their weights lie side by side."""


@dataclass(frozen=True, slots=True)
class Cell:
    """What one step computes.

    Attributes:
        kind: `SimpleRNN`, `LSTM` or `GRU`.
        units: the size of its state.
        activation, recurrent_activation, use_bias: as in Keras.
        reset_after: a GRU whose reset gate is applied after the multiplication.
    """

    kind: str
    units: int
    activation: Activation
    recurrent_activation: Activation
    use_bias: bool
    reset_after: bool = False


@dataclass(frozen=True, slots=True)
class Result:
    """What a cell gives over a sequence.

    Attributes:
        sequence: all outputs, in the order of the input's time.
        states: the states after the last step that was computed; the first is the output.
    """

    sequence: Value
    states: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Weights:
    """A cell's weights in Keras' order of gates.

    Attributes:
        kernel: (features, gates x units).
        recurrent: (units, gates x units).
        bias: (gates x units), what is added to the input's part; None without bias.
        recurrent_bias: the same for the state's part, where the cell has one.
    """

    kernel: Lazy
    recurrent: Lazy
    bias: Lazy | None
    recurrent_bias: Lazy | None

    @classmethod
    def of(cls, ctx: Context, cell: Cell, features: int) -> Weights:
        """The weights of the layer that is being lowered."""
        gates, units = GATES[cell.kind], cell.units
        width = gates * units
        kernel = ctx.weight("kernel", (features, width))
        recurrent = ctx.weight("recurrent_kernel", (units, width))
        if not cell.use_bias:
            return cls(kernel, recurrent, None, None)
        cudnn = cell.kind == "LSTM" or cell.reset_after  # the cells that it has
        if cudnn and ctx.stored_shape("bias") == (2 * width,):
            return cls._of_cudnn(kernel, recurrent, ctx.weight("bias", (2 * width,)), gates)
        if not cell.reset_after:
            return cls(kernel, recurrent, ctx.weight("bias", (width,)), None)
        both = ctx.weight("bias", (2, width))
        return cls(
            kernel,
            recurrent,
            both.map((width,), lambda array: array[0]),
            both.map((width,), lambda array: array[1]),
        )

    @classmethod
    def _of_cudnn(cls, kernel: Lazy, recurrent: Lazy, bias: Lazy, gates: int) -> Weights:
        """cuDNN's weights: each gate's kernels lie transposed, and there are two biases.

        A layer made on a GPU leaves them in the file, whichever class reads it. (keras 2.3
        `saving.preprocess_weights_for_loading`.)
        """

        def turned(array: Array) -> Array:
            parts = np.split(array, gates, axis=1)
            return np.hstack([part.reshape(part.shape[::-1]).T for part in parts])

        def transposed(array: Array) -> Array:
            return np.hstack([part.T for part in np.split(array, gates, axis=1)])

        width = kernel.shape[1]
        return cls(
            kernel.map(kernel.shape, turned),
            recurrent.map(recurrent.shape, transposed),
            bias.map((width,), lambda array: array[:width]),
            bias.map((width,), lambda array: array[width:]),
        )
