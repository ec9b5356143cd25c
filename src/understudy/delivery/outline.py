"""What a model is made of, in a form in which two can be compared: layers with their weights.

Keras models by their layers, everything else by the operators that it was compiled to.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, is_dataclass
from typing import Any

import numpy.typing as npt

from ..compiler.contents import Operator
from ..keras import Model

Array = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class Weight:
    """An array of a layer, not yet read."""

    shape: tuple[int, ...]
    read: Callable[[], Array]


@dataclass(frozen=True, slots=True)
class Piece:
    """A layer or an operator.

    Attributes:
        name: its own.
        kind: the class, or the operator.
        settings: its options, as JSON each; without its name.
        weights: role -> weight.
    """

    name: str
    kind: str
    settings: Mapping[str, str]
    weights: Mapping[str, Weight]

    @property
    def parameters(self) -> int:
        """The number of elements of its weights."""
        total = 0
        for weight in self.weights.values():
            count = 1
            for side in weight.shape:
                count *= side
            total += count
        return total


def keras_outline(model: Model) -> tuple[Piece, ...]:
    """The layers of a Keras model, in the order in which they are computed."""
    return tuple(
        Piece(
            layer.name,
            layer.kind,
            _settings(layer.config),
            {role: Weight(tensor.shape, tensor.read) for role, tensor in layer.weights.items()},
        )
        for layer in model.layers
    )


def compiled_outline(operators: Iterable[Operator]) -> tuple[Piece, ...]:
    """The operators of a compiled model, in the order in which they are computed."""
    return tuple(
        Piece(
            operator.name,
            operator.kind,
            _settings(operator.attributes),
            {
                f"input {number}": Weight(lazy.shape, lazy.make)
                for number, lazy in operator.weights.items()
            },
        )
        for operator in operators
    )


def _settings(config: Mapping[str, Any]) -> dict[str, str]:
    return {
        key: json.dumps(value, sort_keys=True, default=_plain)
        for key, value in config.items()
        if key != "name"
    }


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, Mapping):
        return dict(value)
    return repr(value)
