"""SimpleRNN, LSTM and GRU, and what is made of them: RNN with several cells, and Bidirectional.

Signatures and states as Keras has them; how a cell goes over a sequence is in `steps`. A stateful
layer begins with zeros, as after loading: an answer must not depend on the images before.
"""

from __future__ import annotations

from typing import Literal

from ...keras import Activation, Part
from ..context import Context
from ..registry import REGISTRY, OptionError, Size, layer
from ..value import Value
from .cells import GATES, Cell, Result
from .steps import run

TANH, SIGMOID = Activation("tanh"), Activation("sigmoid")

States = tuple[Value, ...] | Value | None
"""The `initial_state` of a call."""


@layer("SimpleRNN")
def simple_rnn(
    ctx: Context,
    x: Value,
    *states: Value,
    units: Size,
    activation: Activation = TANH,
    use_bias: bool = True,
    return_sequences: bool = False,
    return_state: bool = False,
    go_backwards: bool = False,
    stateful: bool = False,  # noqa: ARG001 see the module
    time_major: bool = False,
    initial_state: States = None,
) -> tuple[Value, ...]:
    """SimpleRNN(units, activation="tanh", use_bias=True, return_sequences=False, …).

    h = activation(x kernel + bias + h recurrent_kernel).
    """
    refuse(time_major=time_major)
    cell = Cell("SimpleRNN", units, activation, activation, use_bias)
    result = run(ctx, x, cell, given_states(states, initial_state), go_backwards)
    return returned(ctx, result, return_sequences, return_state, go_backwards)


@layer("LSTM", "CuDNNLSTM")
def lstm(
    ctx: Context,
    x: Value,
    *states: Value,
    units: Size,
    activation: Activation = TANH,
    recurrent_activation: Activation = SIGMOID,
    use_bias: bool = True,
    return_sequences: bool = False,
    return_state: bool = False,
    go_backwards: bool = False,
    stateful: bool = False,  # noqa: ARG001 see the module
    time_major: bool = False,
    initial_state: States = None,
) -> tuple[Value, ...]:
    """LSTM(units, activation="tanh", recurrent_activation="sigmoid", use_bias=True, …).

    i, f, o = recurrent_activation(x W + h U + b); g = activation(x W + h U + b);
    c = f c + i g; h = o activation(c).
    """
    refuse(time_major=time_major)
    cell = Cell("LSTM", units, activation, recurrent_activation, use_bias)
    result = run(ctx, x, cell, given_states(states, initial_state), go_backwards)
    return returned(ctx, result, return_sequences, return_state, go_backwards)


@layer("GRU")
def gru(
    ctx: Context,
    x: Value,
    *states: Value,
    units: Size,
    activation: Activation = TANH,
    recurrent_activation: Activation = SIGMOID,
    use_bias: bool = True,
    reset_after: bool = False,
    return_sequences: bool = False,
    return_state: bool = False,
    go_backwards: bool = False,
    stateful: bool = False,  # noqa: ARG001 see the module
    time_major: bool = False,
    initial_state: States = None,
) -> tuple[Value, ...]:
    """GRU(units, activation="tanh", recurrent_activation="sigmoid", reset_after=True, …).

    z, r = recurrent_activation(x W + h U + b); h' = activation(x W + b + r (h U + b')), or
    activation(x W + b + (r h) U) without reset_after; h = z h + (1 - z) h'. Versions that leave
    reset_after out of the file do not have it.
    """
    refuse(time_major=time_major)
    cell = Cell("GRU", units, activation, recurrent_activation, use_bias, reset_after)
    result = run(ctx, x, cell, given_states(states, initial_state), go_backwards)
    return returned(ctx, result, return_sequences, return_state, go_backwards)


@layer("CuDNNGRU")
def cudnn_gru(
    ctx: Context,
    x: Value,
    *states: Value,
    units: Size,
    return_sequences: bool = False,
    return_state: bool = False,
    go_backwards: bool = False,
    stateful: bool = False,  # noqa: ARG001 see the module
    time_major: bool = False,
    initial_state: States = None,
) -> tuple[Value, ...]:
    """CuDNNGRU(units, return_sequences=False, …): GRU with its defaults and reset_after."""
    refuse(time_major=time_major)
    cell = Cell("GRU", units, TANH, SIGMOID, use_bias=True, reset_after=True)
    result = run(ctx, x, cell, given_states(states, initial_state), go_backwards)
    return returned(ctx, result, return_sequences, return_state, go_backwards)


@layer("RNN")
def rnn(
    ctx: Context,
    x: Value,
    *,
    cells: tuple[Part, ...],
    return_sequences: bool = False,
    return_state: bool = False,
    go_backwards: bool = False,
    stateful: bool = False,  # noqa: ARG001 see the module
    time_major: bool = False,
) -> Value:
    """RNN([cell, cell, …], return_sequences=False, …): as many layers, one after the other.

    A cell sees only what the one before it gives at the same step. (keras 3.15
    `StackedRNNCells.call`.)
    """
    refuse(time_major=time_major)
    if return_state:
        raise OptionError("the states of several cells cannot be compiled")
    for number, part in enumerate(cells):
        if part.kind not in GATES:
            raise OptionError(f"its cell {part.kind} {part.name} cannot be compiled")
        options = REGISTRY[part.kind].parse(part.config)
        options |= {"go_backwards": go_backwards, "return_sequences": True}
        last = number == len(cells) - 1
        if last and not return_sequences:
            options["return_sequences"] = False
        with ctx.inside(f"cells/{number}"):
            (x,) = _lowered(ctx, x, part.kind, (), options)
        if go_backwards and options["return_sequences"] and not last:
            x = ctx.flip(x, 1)
    return x


@layer("Bidirectional")
def bidirectional(
    ctx: Context,
    x: Value,
    *states: Value,
    layer: Part,
    backward_layer: Part | None = None,
    merge_mode: Literal["concat", "sum", "ave", "mul"] | None = "concat",
    initial_state: States = None,
) -> tuple[Value, ...]:
    """Bidirectional(layer, merge_mode="concat", backward_layer=None).

    The second layer runs backwards in time; its sequence is turned round before they are merged.
    """
    given = given_states(states, initial_state)
    if len(given) % 2:
        raise OptionError(f"it is called with {len(given)} states")
    forward_options, backward_options = _directions(layer, backward_layer)
    half = len(given) // 2
    with ctx.inside("forward_layer"):
        forward = _lowered(ctx, x, layer.kind, given[:half], forward_options)
    with ctx.inside("backward_layer"):
        kind = (backward_layer or layer).kind
        backward = _lowered(ctx, x, kind, given[half:], backward_options)
    one, other = forward[0], backward[0]
    if forward_options.get("return_sequences"):
        other = ctx.flip(other, 1)
    merged = _merged(ctx, one, other, merge_mode)
    return (*merged, *forward[1:], *backward[1:])


def _directions(
    layer: Part, backward_layer: Part | None
) -> tuple[dict[str, object], dict[str, object]]:
    """The options of both layers. Without a second one, it is the first, the other way round."""
    for part in (layer, backward_layer or layer):
        if part.kind not in DIRECTED:
            raise OptionError(f"{part.kind} {part.name} cannot be compiled in it")
    forward = REGISTRY[layer.kind].parse(layer.config)
    if backward_layer is not None:
        backward = REGISTRY[backward_layer.kind].parse(backward_layer.config)
    else:
        backward = {**forward, "go_backwards": not forward.get("go_backwards", False)}
    for option in ("return_sequences", "return_state"):
        if bool(forward.get(option)) != bool(backward.get(option)):
            raise OptionError(f"its two layers differ in {option}")
    if bool(forward.get("go_backwards")) == bool(backward.get("go_backwards")):
        raise OptionError("both of its layers run in the same direction")
    return forward, backward


DIRECTED = frozenset(
    {"SimpleRNN", "LSTM", "GRU", "CuDNNLSTM", "CuDNNGRU", "RNN"}
    | {f"ConvLSTM{dimensions}D" for dimensions in (1, 2, 3)}
)
"""What a Bidirectional may hold."""


def _lowered(
    ctx: Context, x: Value, kind: str, states: tuple[Value, ...], options: dict[str, object]
) -> tuple[Value, ...]:
    if states and not REGISTRY[kind].many:
        raise OptionError(f"its {kind} is called with states")
    lowered = REGISTRY[kind].lower(ctx, x, *states, **options)
    return lowered if isinstance(lowered, tuple) else (lowered,)


def _merged(ctx: Context, one: Value, other: Value, mode: str | None) -> tuple[Value, ...]:
    if mode is None:
        return one, other
    one, other = ctx.agree((one, other))
    if mode == "concat":
        axis = one.rank - 1
        if one.shape[:-1] != other.shape[:-1]:
            raise OptionError(f"shapes {one.shape} and {other.shape} do not fit")
        size = (one.shape[-1] or 0) + (other.shape[-1] or 0)
        name = ctx.add("Concat", one.name, other.name, axis=one.at(axis))
        return (Value(name, (*one.shape[:-1], size), one.dtype, one.order),)
    if one.shape != other.shape:
        raise OptionError(f"shapes {one.shape} and {other.shape} do not fit")
    operators = {"sum": "Add", "mul": "Mul", "ave": "Mean"}
    return (ctx.like(one, operators[mode], other.name),)


def returned(
    ctx: Context, result: Result, sequences: bool, states: bool, backwards: bool
) -> tuple[Value, ...]:
    """What Keras gives of a result: the last output or all, in the order of computing."""
    output = result.states[0]
    if sequences:
        output = ctx.flip(result.sequence, 1) if backwards else result.sequence
    return (output, *(result.states if states else ()))


def given_states(positional: tuple[Value, ...], named: States) -> tuple[Value, ...]:
    """The initial states of a call, which come in the list of tensors or by name."""
    by_name = () if named is None else named if isinstance(named, tuple) else (named,)
    if positional and by_name:
        raise OptionError("it is called with states twice")
    return positional or by_name


def refuse(*, time_major: bool) -> None:
    """Refuse what no recurrent layer can be compiled with."""
    if time_major:
        raise OptionError("time_major=True cannot be compiled")
