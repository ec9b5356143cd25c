"""Layers that somebody wrote: what a person says that they compute takes their place.

A Lambda's code is never run or decoded, and the code of a custom layer is not in the file. So a
person says it: `--layer NAME=EXPRESSION`, where NAME is a layer's name, its class, or the name of
an activation function. Layers that Keras has are never replaced.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..errors import InputError
from ..keras import Activation, Layer, Model
from ..keras.operations import is_operation
from .operations import OPERATIONS
from .registry import REGISTRY

EXPRESSION_KIND = "--layer"
"""The kind of a layer, and the name of an activation, that an expression has replaced."""


@dataclass(frozen=True, slots=True)
class Expression:
    """What a person says that a layer computes; no file can hold one."""

    text: str


def with_expressions(model: Model, expressions: Mapping[str, str]) -> Model:
    """The model with expressions in the place of its Lambda and custom layers.

    Args:
        model: as `keras.normalize` gives it.
        expressions: by the name of a layer, of a class, or of an activation function.

    Raises:
        InputError: a name is that of no such layer, or of one with weights.
    """
    if not expressions:
        return model
    used: set[str] = set()
    layers = tuple(_replaced(layer, model, expressions, used) for layer in model.layers)
    unused = [name for name in expressions if name not in used]
    if unused:
        names = [layer.name for layer in model.layers if is_custom(layer)]
        listed = ", ".join(names[:10]) or "there is none"
        raise InputError(
            f"--layer {unused[0]}: there is no Lambda or custom layer of that name or class",
            hint=f"layers that an expression can replace: {listed}",
        )
    return replace(model, layers=layers)


def is_custom(layer: Layer) -> bool:
    """Whether a layer is none of those that can be compiled."""
    return layer.kind != "InputLayer" and layer.kind not in REGISTRY | OPERATIONS


def custom_problem(layer: Layer) -> str:
    """Why a layer that is none of Keras' own cannot be compiled, and what to do."""
    if layer.kind == "Lambda":
        why = "its code is never run"
    else:
        why = f"this {'operation' if is_operation(layer.kind) else 'layer'} is not known"
    return why if layer.weights else f"{why}; {how_to_say(layer.name)}"


def how_to_say(name: str) -> str:
    """The option with which a person says what a layer or an activation computes."""
    return f"say what it computes: --layer {shlex.quote(f'{name}=EXPRESSION')}"


def _replaced(layer: Layer, model: Model, expressions: Mapping[str, str], used: set[str]) -> Layer:
    config = {
        option: _activation(value, expressions, used) for option, value in layer.config.items()
    }
    layer = replace(layer, config=config)
    if not is_custom(layer):
        return layer
    for name in (layer.name, layer.path[-1], layer.kind, layer.kind.rpartition(">")[2]):
        if name not in expressions:
            continue
        used.add(name)
        weight = next(_weights_of(layer, model), None)
        if weight is not None:
            raise InputError(
                f"--layer {name}: the {layer.kind} {layer.name} has weights ({weight}), which an "
                f"expression cannot use",
                hint="only layers without weights can be replaced",
            )
        return replace(
            layer, kind=EXPRESSION_KIND, config={"expression": Expression(expressions[name])}
        )
    return layer


def _weights_of(layer: Layer, model: Model) -> Iterator[str]:
    """The paths of tensors that seem to be the layer's, by its name, or its class with a number."""
    words = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", layer.kind.rpartition(">")[2])
    snake = re.escape(re.sub("([a-z])([A-Z])", r"\1_\2", words).lower())
    own = re.compile(rf"{re.escape(layer.path[-1])}|{snake}(_\d+)?")
    taken = {source.path for _, _, tensor in model.used_tensors() for source in tensor.sources}
    yield from (tensor.path for tensor in layer.weights.values())
    for tensor in model.tensors:
        folders = tensor.path.split("/")[:-1]
        if tensor.path not in taken and any(own.fullmatch(folder) for folder in folders):
            yield tensor.path


def _activation(value: Any, expressions: Mapping[str, str], used: set[str]) -> Any:
    """An activation function that somebody wrote, by its name."""
    if not isinstance(value, Activation) or value.name in REGISTRY:
        return value
    from .layers.activations import FUNCTIONS

    for name in (value.name, value.name.rpartition(">")[2]):
        if name in expressions and value.name not in FUNCTIONS:
            used.add(name)
            return Activation(EXPRESSION_KIND, {"expression": Expression(expressions[name])})
    return value
