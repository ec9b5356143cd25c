"""The third step: Model -> Graph. Each layer's function adds its operators, one after the other.

All layers are checked before anything is lowered, and one error lists everything that cannot be
compiled. What a single layer computes is in `layers/`; the graph while it is made is a `Context`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..errors import UnsupportedError
from ..keras import Activation, Call, Layer, Model, Part, Ref
from ..keras.model import find_refs
from .context import Context
from .custom import custom_problem, how_to_say, is_custom
from .fitting import Wanted, check_fit
from .graph import Graph, Signature
from .masks import mask_problems
from .operations import OPERATIONS, call_arguments
from .registry import REGISTRY, OptionError
from .value import Value, elements

INPUT_KIND = "InputLayer"
INPUT_DTYPES = frozenset({"float16", "float32", "float64", "uint8", "int8", "int32", "int64"})
POLICIES = frozenset(
    {"float16", "bfloat16", "float32", "float64", "mixed_float16", "mixed_bfloat16"}
)
"""Dtype policies of layers that are all computed in float32, as precisely or more so."""

MAX_ELEMENTS = 1 << 31
"""More elements between two layers than any image model has, for one image."""

HINT_UNSUPPORTED = (
    "replace these layers in the model, let Keras itself run it (`push --engine keras`), or open an"
    " issue with the architecture's JSON"
)
HINT_CUSTOM = (
    "an EXPRESSION is arithmetic on x, e.g. 'x / 127.5 - 1' or 'clip(x, 0, 6)'; or let Keras itself"
    " run the model (`push --engine keras`)"
)


def check(model: Model) -> tuple[str, ...]:
    """Everything in the model that cannot be compiled, one line each; empty if all can."""
    problems = []
    for layer in model.layers:
        if layer.kind == INPUT_KIND:
            problem = _input_problem(layer)
        elif is_custom(layer):
            problem = custom_problem(layer)
        else:
            problem = _problem(layer.kind, layer.config)
        if problem:
            problems.append(f"{layer.kind} {layer.name}: {problem}")
    return (*problems, *mask_problems(model))


def lower(model: Model) -> Graph:
    """Compile every layer of a model to ONNX operators.

    Raises:
        UnsupportedError: it has layers or options that cannot be compiled; all are listed.
        WeightsError: the weights do not fit the architecture; all that do not are listed.
    """
    graph, wanted = outline(model)
    check_fit(model, wanted)
    return graph


def outline(model: Model) -> tuple[Graph, tuple[Wanted, ...]]:
    """The graph of a model whose weights may be missing, and the weights that it needs.

    Raises:
        UnsupportedError: it has layers or options that cannot be compiled; all are listed.
    """
    problems = check(model)
    if problems:
        count = "one layer" if len(problems) == 1 else f"{len(problems)} layers"
        custom = any("EXPRESSION" in problem for problem in problems)
        hint = HINT_CUSTOM if custom else HINT_UNSUPPORTED
        raise UnsupportedError(f"{count} cannot be compiled", hint=hint, problems=problems)
    reserved = [port.name for port in (*model.inputs, *model.outputs)]
    context = Context(set(reserved))
    input_names = {port.ref.call: port.name for port in model.inputs}
    results: list[tuple[Any, ...]] = []
    inputs: list[Signature] = []
    for number, call in enumerate(model.calls):
        layer = model.layers[call.layer]
        if layer.kind == INPUT_KIND:
            signature, value = context.input(layer, input_names[number])
            inputs.append(signature)
            results.append((value,))
        else:
            results.append(_lower_call(context, layer, call, results))
    outputs = [
        context.output(port.name, _value(port.ref, model.layer_of(port.ref), results))
        for port in model.outputs
    ]
    ordered = {signature.name: signature for signature in inputs}
    graph = Graph(
        model.name,
        tuple(ordered[port.name] for port in model.inputs),
        tuple(outputs),
        tuple(context.nodes),
        dict(context.constants),
    )
    return graph, tuple(context.wanted.values())


def _problem(kind: str, config: Mapping[str, Any]) -> str | None:
    if kind in OPERATIONS:
        return None  # its arguments are those of the call
    entry = REGISTRY.get(kind)
    if entry is None:
        return "this layer is not known"
    if config.get("dtype", "float32") not in POLICIES:
        return f"its dtype policy {config['dtype']} cannot be compiled"
    try:
        options = entry.parse(config)
    except OptionError as error:
        return str(error)
    for value in options.values():
        if isinstance(value, Activation):
            problem = _activation_problem(value)
            if problem:
                return problem
        for part in value if isinstance(value, tuple) else (value,):
            problem = _problem(part.kind, part.config) if isinstance(part, Part) else None
            if problem:
                return f"its {part.kind} {part.name}: {problem}"
    return None


def _activation_problem(activation: Activation) -> str | None:
    from .layers.activations import FUNCTIONS

    if activation.name in FUNCTIONS:
        return None
    if activation.name not in REGISTRY:
        return f"the activation {activation.name!r} is not known; {how_to_say(activation.name)}"
    return _problem(activation.name, activation.options)


def _input_problem(layer: Layer) -> str | None:
    shape = layer.config.get("shape")
    if not isinstance(shape, (list, tuple)):
        return (
            "the architecture does not say the input's shape; write "
            '"batch_input_shape": [null, height, width, channels] into the first layer\'s options '
            "in architecture.json, or save it from a built model"
        )
    if layer.config["dtype"] not in INPUT_DTYPES:
        return f"inputs of dtype {layer.config['dtype']} cannot be compiled"
    if layer.config.get("sparse") or layer.config.get("ragged"):
        return "sparse and ragged inputs cannot be compiled"
    for size in shape:
        if size is not None and (not isinstance(size, int) or not 0 < size <= 1 << 20):
            return f"its shape {shape!r} makes no sense"
    return None


def _lower_call(
    context: Context, layer: Layer, call: Call, results: Sequence[tuple[Any, ...]]
) -> tuple[Any, ...]:
    """All results of one call: values, or constants where an operation gives these."""
    context.layer = layer
    try:
        if layer.kind in OPERATIONS:
            found = _lower_operation(context, layer, call, results)
        else:
            found = _lower_layer(context, layer, call, results)
    except OptionError as error:
        raise _unsupported(layer, str(error)) from None
    for value in found:
        if isinstance(value, Value):
            _check_size(layer, value)
    return found


def _lower_layer(
    context: Context, layer: Layer, call: Call, results: Sequence[tuple[Any, ...]]
) -> tuple[Any, ...]:
    entry = REGISTRY[layer.kind]
    values = [_value(ref, layer, results) for ref in _positional(call)]
    options = dict(layer.config)
    tensors: dict[str, Any] = {}
    for name, value in call.named.items():
        if isinstance(value, list) and value and all(leaf is None for leaf in _leaves(value)):
            continue  # Keras 3.0 notes the masks of several tensors, which have none
        if name in entry.tensors:
            tensors[name] = _tensors(name, value, layer, results)
        elif any(find_refs(value)) or (name not in entry.options and value is not None):
            raise OptionError(f"it is called with {name}={value!r}")
        else:
            options[name] = value
    if (not entry.many and len(values) != 1) or not values:
        raise OptionError(f"it is called with {len(values)} tensors, not one")
    if not entry.integers:
        values = [context.cast(value, "float32") for value in values]
    lowered = entry.lower(context, *values, **entry.parse(options), **tensors)
    return lowered if isinstance(lowered, tuple) else (lowered,)


def _positional(call: Call) -> list[Ref]:
    """The tensors that a layer is called with. A gap would give the later ones other meanings."""
    leaves = list(_leaves(call.arguments))
    while leaves and (leaves[-1] is None or leaves[-1] is False):
        leaves.pop()
    for leaf in leaves:
        if not isinstance(leaf, Ref):
            raise OptionError(f"it is called with {leaf!r} where a tensor is needed")
    return leaves


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, (list, tuple)):
        for item in value:
            yield from _leaves(item)
    else:
        yield value


def _tensors(
    name: str, value: Any, layer: Layer, results: Sequence[tuple[Any, ...]]
) -> Value | tuple[Value, ...]:
    """The tensors of a call argument: one, or those of a list."""
    if isinstance(value, Ref):
        return _value(value, layer, results)
    leaves = list(_leaves(value))
    if not isinstance(value, (list, tuple)) or not all(isinstance(leaf, Ref) for leaf in leaves):
        raise OptionError(f"it is called with {name}={value!r}, tensors are needed")
    return tuple(_value(leaf, layer, results) for leaf in leaves)


def _lower_operation(
    context: Context, layer: Layer, call: Call, results: Sequence[tuple[Any, ...]]
) -> tuple[Any, ...]:
    def resolve(value: Any) -> Any:
        if isinstance(value, Ref):
            return _result(value, layer, results)
        if isinstance(value, Mapping):
            return {name: resolve(item) for name, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [resolve(item) for item in value]
        return value

    arguments, named = call_arguments(layer.kind, layer.config, call.arguments, call.named)
    return OPERATIONS[layer.kind].call(context, resolve(arguments), resolve(named))


def _check_size(layer: Layer, value: Value) -> None:
    count = elements(value.shape)
    if count is not None and count > MAX_ELEMENTS:
        raise _unsupported(layer, f"its output has {count:,} elements for one image")
    if count is not None and any(size is not None and size < 1 for size in value.shape):
        raise _unsupported(layer, f"its output would have the shape {value.shape}")


def _result(ref: Ref, layer: Layer, results: Sequence[tuple[Any, ...]]) -> Any:
    found = results[ref.call]
    if ref.output >= len(found):
        raise _unsupported(layer, f"it takes output number {ref.output} of {len(found)}")
    return found[ref.output]


def _value(ref: Ref, layer: Layer, results: Sequence[tuple[Any, ...]]) -> Value:
    found = _result(ref, layer, results)
    if not isinstance(found, Value):
        raise _unsupported(layer, f"{found!r} is a constant, a tensor is needed")
    return found


def _unsupported(layer: Layer, why: str) -> UnsupportedError:
    return UnsupportedError(
        "one layer cannot be compiled",
        hint=HINT_UNSUPPORTED,
        problems=(f"{layer.kind} {layer.name}: {why}",),
    )
