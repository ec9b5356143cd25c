"""What a model's files are, in numbers that people ask for; pure, from the canonical model."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, replace

from ..errors import InputError, ProblemsError, UnsupportedError
from ..keras import Model, Origin
from .compile import Compiled, compile_model, final_activation, precision_notes
from .graph import Signature
from .lowering import INPUT_KIND, outline
from .report import LoadedTensor, load_report


@dataclass(frozen=True, slots=True)
class LayerSummary:
    """One layer: its name with those of the models around it, its class, its parameters."""

    name: str
    kind: str
    parameters: int


@dataclass(frozen=True, slots=True)
class Inspection:
    """A model as its files describe it.

    Attributes:
        name: the model's own name.
        origin: format, Keras version and backend, as far as the files say.
        layers: in the order in which they are computed; inputs are not among them.
        parameters: the number of weights that the layers use.
        inputs, outputs: None if the model cannot be compiled: then their shapes are not known.
        activation: what the first output ends with.
        operators: the number of ONNX operators by name; empty if it cannot be compiled.
        problems: why it cannot be compiled, a line each; empty if it can.
        needs_weights: only the architecture was given; with weights it may be compiled.
        tensors: what became of every tensor in the files.
        notes: what had to be assumed.
    """

    name: str
    origin: Origin
    layers: tuple[LayerSummary, ...]
    parameters: int
    inputs: tuple[Signature, ...] | None
    outputs: tuple[Signature, ...] | None
    activation: str | None
    operators: dict[str, int]
    problems: tuple[str, ...]
    needs_weights: bool
    tensors: tuple[LoadedTensor, ...]
    notes: tuple[str, ...]


def inspect(model: Model, origin: Origin) -> Inspection:
    """Describe a model, and try to compile it."""
    try:
        return describe(model, origin, compile_model(model))
    except ProblemsError as error:
        return _describe(model, origin, None, error.problems or (error.what,))
    except InputError as error:
        return _describe(model, origin, None, (error.what,))


def describe_architecture(model: Model, origin: Origin) -> Inspection:
    """Describe a model without its weights: what its layers need, and whether all are known."""
    try:
        graph, wanted = outline(model)
    except UnsupportedError as error:
        return replace(_describe(model, origin, None, error.problems), needs_weights=True)
    sizes: Counter[str] = Counter()
    for want in wanted:
        sizes[want.layer.name] += math.prod(want.shape)
    found = _describe(model, origin, None, ())
    layers = tuple(replace(layer, parameters=sizes[layer.name]) for layer in found.layers)
    return replace(
        found,
        layers=layers,
        parameters=sizes.total(),
        inputs=graph.inputs,
        outputs=graph.outputs,
        activation=final_activation(model),
        needs_weights=True,
        tensors=(),
        notes=(*found.notes, *precision_notes(model)),
    )


def describe_adopted(origin: Origin, compiled: Compiled) -> Inspection:
    """Describe a model that was ONNX already: it has no layers."""
    return Inspection(
        name="model",
        origin=origin,
        layers=(),
        parameters=compiled.parameters,
        inputs=compiled.inputs,
        outputs=compiled.outputs,
        activation=compiled.activation,
        operators=dict(Counter(compiled.operators)),
        problems=(),
        needs_weights=False,
        tensors=compiled.report(),
        notes=compiled.notes,
    )


def describe(model: Model, origin: Origin, compiled: Compiled) -> Inspection:
    """Describe a model that was compiled."""
    return _describe(model, origin, compiled, ())


def _describe(
    model: Model, origin: Origin, compiled: Compiled | None, problems: tuple[str, ...]
) -> Inspection:
    layers = tuple(
        LayerSummary(layer.name, layer.kind, sum(t.size for t in layer.weights.values()))
        for layer in model.layers
        if layer.kind != INPUT_KIND
    )
    return Inspection(
        name=model.name,
        origin=origin,
        layers=layers,
        parameters=sum(layer.parameters for layer in layers),
        inputs=compiled.inputs if compiled else None,
        outputs=compiled.outputs if compiled else None,
        activation=compiled.activation if compiled else None,
        operators=dict(Counter(compiled.operators)) if compiled else {},
        problems=problems,
        needs_weights=False,
        tensors=compiled.report() if compiled else load_report(model),
        notes=model.notes,
    )
