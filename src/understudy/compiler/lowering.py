"""The third step: Model -> Graph. Each layer's function adds its operators, one after the other.

All layers are checked before anything is lowered, and one error lists everything that cannot be
compiled. What a single layer computes is in `layers/`; the order of axes is kept here, by one
policy: `Context.arrange` transposes where a layer needs another order, and remembers that it did.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..errors import UnsupportedError, WeightsError
from ..keras import Activation, Call, Layer, Model, Ref
from .graph import Graph, Lazy, Node, Shape, Signature
from .registry import REGISTRY, OptionError
from .value import Order, Value, elements, plain

INPUT_KIND = "InputLayer"
INPUT_DTYPES = frozenset({"float16", "float32", "float64", "uint8", "int8", "int32", "int64"})
MAX_ELEMENTS = 1 << 31
"""More elements between two layers than any image model has, for one image."""

HINT_UNSUPPORTED = (
    "replace these layers in the model, or open an issue with the architecture's JSON"
)


def check(model: Model) -> tuple[str, ...]:
    """Everything in the model that cannot be compiled, one line each; empty if all can."""
    problems = []
    for layer in model.layers:
        if layer.kind == INPUT_KIND:
            problem = _input_problem(layer)
        else:
            problem = _problem(layer.kind, layer.config)
        if problem:
            problems.append(f"{layer.kind} {layer.name}: {problem}")
    return tuple(problems)


def lower(model: Model) -> Graph:
    """Compile every layer of a model to ONNX operators.

    Raises:
        UnsupportedError: it has layers or options that cannot be compiled; all are listed.
        WeightsError: a tensor is missing, or has a shape that the architecture does not fit.
    """
    problems = check(model)
    if problems:
        count = "one layer" if len(problems) == 1 else f"{len(problems)} layers"
        raise UnsupportedError(
            f"{count} cannot be compiled", hint=HINT_UNSUPPORTED, problems=problems
        )
    reserved = [port.name for port in (*model.inputs, *model.outputs)]
    context = Context(set(reserved))
    input_names = {port.ref.call: port.name for port in model.inputs}
    results: list[Value] = []
    inputs: list[Signature] = []
    for number, call in enumerate(model.calls):
        layer = model.layers[call.layer]
        if layer.kind == INPUT_KIND:
            signature, value = context.input(layer, input_names[number])
            inputs.append(signature)
        else:
            value = _lower_call(context, layer, call, results)
        results.append(value)
    outputs = [context.output(port.name, results[port.ref.call]) for port in model.outputs]
    ordered = {signature.name: signature for signature in inputs}
    return Graph(
        model.name,
        tuple(ordered[port.name] for port in model.inputs),
        tuple(outputs),
        tuple(context.nodes),
        dict(context.constants),
    )


def _problem(kind: str, config: Mapping[str, Any]) -> str | None:
    entry = REGISTRY.get(kind)
    if entry is None:
        return "this layer is not known"
    if config.get("dtype", "float32") != "float32":
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
    return None


def _activation_problem(activation: Activation) -> str | None:
    from .layers.activations import FUNCTIONS

    if activation.name in FUNCTIONS:
        return None
    if activation.name not in REGISTRY:
        return f"the activation {activation.name!r} is not known"
    return _problem(activation.name, activation.options)


def _input_problem(layer: Layer) -> str | None:
    shape = layer.config.get("shape")
    if not isinstance(shape, (list, tuple)):
        return "the architecture does not say the input's shape; save it from a built model"
    if layer.config["dtype"] not in INPUT_DTYPES:
        return f"inputs of dtype {layer.config['dtype']} cannot be compiled"
    if layer.config.get("sparse") or layer.config.get("ragged"):
        return "sparse and ragged inputs cannot be compiled"
    for size in shape:
        if size is not None and (not isinstance(size, int) or not 0 < size <= 1 << 20):
            return f"its shape {shape!r} makes no sense"
    return None


def _lower_call(context: Context, layer: Layer, call: Call, results: Sequence[Value]) -> Value:
    entry = REGISTRY[layer.kind]
    values = [_value(ref, layer, results) for ref in call.inputs]
    if call.named:
        unknown = ", ".join(f"{name}={value!r}" for name, value in call.named.items())
        raise _unsupported(layer, f"it is called with {unknown}")
    if not entry.many and len(values) != 1:
        raise _unsupported(layer, f"it is called with {len(values)} tensors, not one")
    context.layer = layer
    values = [context.cast(value, "float32") for value in values]
    try:
        value = entry.lower(context, *values, **entry.parse(layer.config))
    except OptionError as error:
        raise _unsupported(layer, str(error)) from None
    count = elements(value.shape)
    if count is not None and count > MAX_ELEMENTS:
        raise _unsupported(layer, f"its output has {count:,} elements for one image")
    if count is not None and any(size is not None and size < 1 for size in value.shape):
        raise _unsupported(layer, f"its output would have the shape {value.shape}")
    return value


def _value(ref: Ref, layer: Layer, results: Sequence[Value]) -> Value:
    if ref.output:
        raise _unsupported(layer, f"it takes output number {ref.output} of a layer that has one")
    return results[ref.call]


def _unsupported(layer: Layer, why: str) -> UnsupportedError:
    return UnsupportedError(
        "one layer cannot be compiled",
        hint=HINT_UNSUPPORTED,
        problems=(f"{layer.kind} {layer.name}: {why}",),
    )


@dataclass(slots=True)
class Context:
    """The graph while it is made, and the layer that is being lowered.

    Attributes:
        reserved: the names of the model's inputs and outputs, which nothing else may take.
        layer: the layer that is being lowered.
    """

    reserved: set[str]
    nodes: list[Node] = field(default_factory=list)
    constants: dict[str, Lazy] = field(default_factory=dict)
    layer: Layer | None = None
    _taken: set[str] = field(default_factory=set)
    _arranged: dict[tuple[str, Order], str] = field(default_factory=dict)
    _plain: dict[str, Value] = field(default_factory=dict)
    _shared: dict[tuple[str, bytes], str] = field(default_factory=dict)
    _weights: dict[tuple[str, ...], str] = field(default_factory=dict)

    # --- Adding to the graph ---

    def add(self, op: str, *inputs: str, outputs: int = 1, **attributes: Any) -> str:
        """Add an operator; the name of its first output, which alone is of use."""
        names = tuple(self._name(op) for _ in range(outputs))
        self.nodes.append(Node(op, inputs, names, attributes))
        return names[0]

    def like(self, value: Value, op: str, *more: str, **attributes: Any) -> Value:
        """Apply an operator that works element by element: the order of axes stays."""
        name = self.add(op, value.name, *more, **attributes)
        return Value(name, value.shape, value.dtype, value.order, value.folded)

    def constant(self, array: Any, dtype: str = "float32") -> str:
        """A small constant; equal ones are shared."""
        made = np.asarray(array, dtype)
        key = (f"{dtype}{made.shape}", made.tobytes())
        if key not in self._shared:
            name = self._unique("constant")
            self.constants[name] = Lazy.of(made)
            self._shared[key] = name
        return self._shared[key]

    def lazy(self, lazy: Lazy, role: str, variant: str = "") -> str:
        """A weight as a constant; a layer that is called twice shares it.

        Args:
            lazy: the array, as ONNX needs it.
            role: which weight of the layer it is.
            variant: tells apart different forms of the same weight.
        """
        layer = self._current()
        key = (*layer.path, role, variant)
        if key not in self._weights:
            name = self._unique(f"{layer.name}/{role}")
            self.constants[name] = lazy
            self._weights[key] = name
        return self._weights[key]

    def weight(self, role: str, shape: tuple[int, ...]) -> Lazy:
        """The layer's weight, which must have this shape.

        Raises:
            WeightsError: it is missing or has another shape.
        """
        layer = self._current()
        tensor = layer.weights.get(role)
        if tensor is None or tensor.shape != shape:
            where = f"{layer.name}/{role}"
            found = "the file has none" if tensor is None else f"found {tensor.shape}"
            source = f" ({tensor.path})" if tensor is not None and tensor.path != where else ""
            raise WeightsError(
                f"the weights do not fit the architecture: {where}{source} of {layer.kind} "
                f"should have the shape {shape}, {found}",
                hint="are these the weights of this architecture? Save both from one model",
            )
        if tensor.dtype == "float32":
            return Lazy(shape, "float32", tensor.read)
        return Lazy(shape, "float32", lambda: tensor.read().astype(np.float32))

    # --- The order of axes ---

    def arrange(self, value: Value, order: Order) -> Value:
        """The value with its axes in this order, transposed if it must be, once."""
        value = self.unfold(value)
        if value.order == order:
            return value
        key = (value.name, order)
        if key not in self._arranged:
            axes = [value.order.index(axis) for axis in order]
            self._arranged[key] = self.add("Transpose", value.name, perm=axes)
        return Value(self._arranged[key], value.shape, value.dtype, order)

    def plain(self, value: Value) -> Value:
        """The value as Keras sees it."""
        return self.arrange(value, plain(value.rank))

    def unfold(self, value: Value) -> Value:
        """The value with its elements in Keras' order, if it is a flattened one."""
        folded = value.folded
        if folded is None:
            return value
        if value.name not in self._plain:
            sizes = [folded.shape[axis] for axis in folded.order]
            apart = self.add("Reshape", value.name, self.constant([-1, *sizes], "int64"))
            axes = [0, *(folded.order.index(axis) + 1 for axis in range(len(sizes)))]
            moved = self.add("Transpose", apart, perm=axes)
            flat = self.add("Reshape", moved, self.constant([-1, math.prod(sizes)], "int64"))
            self._plain[value.name] = Value(flat, value.shape, value.dtype, plain(2))
        return self._plain[value.name]

    def agree(self, values: Sequence[Value]) -> list[Value]:
        """The values, all of one rank, in one order: the first that is not Keras' own."""
        if len({(value.order, value.folded) for value in values}) == 1:
            return list(values)
        unfolded = [self.unfold(value) for value in values]
        orders = [value.order for value in unfolded if not value.is_plain]
        order = orders[0] if orders else plain(values[0].rank)
        return [self.arrange(value, order) for value in unfolded]

    def cast(self, value: Value, dtype: str) -> Value:
        """The value in another dtype."""
        if value.dtype == dtype:
            return value
        name = self.add("Cast", value.name, to=dtype)
        return Value(name, value.shape, dtype, value.order, value.folded)

    # --- Ends ---

    def input(self, layer: Layer, name: str) -> tuple[Signature, Value]:
        """One of the model's inputs. The batch is free, whatever the file says."""
        shape: Shape = (None, *layer.config["shape"][1:])
        dtype = layer.config["dtype"]
        return Signature(name, shape, dtype), Value(name, shape, dtype, plain(len(shape)))

    def output(self, name: str, value: Value) -> Signature:
        """Give a value the name of one of the model's outputs, in Keras' order of axes."""
        value = self.plain(value)
        self.nodes.append(Node("Identity", (value.name,), (name,)))
        return Signature(name, value.shape, value.dtype)

    # --- Inside ---

    def _current(self) -> Layer:
        if self.layer is None:
            raise RuntimeError("no layer is being lowered")
        return self.layer

    def _name(self, op: str) -> str:
        return self._unique(f"{self.layer.name}/{op}" if self.layer is not None else op)

    def _unique(self, base: str) -> str:
        name, number = base, 1
        while name in self._taken or name in self.reserved:
            name = f"{base}_{number}"
            number += 1
        self._taken.add(name)
        return name
