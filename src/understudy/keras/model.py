"""The canonical Model: what every Keras file becomes, whatever version wrote it.

One flat graph: nested models are expanded, shared layers appear once and are called several
times. Class names, option names and weight names are those of the newest Keras. Nothing here
knows of files or versions, nor of what a layer computes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

Shape = tuple[int | None, ...]

EXTRA = "extra: "
"""How the role begins of a tensor that a layer's group holds, and the layer has no use for. It
tells that the weights are another model's; the compiler, which knows the shapes, says where."""

Array = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class Tensor:
    """One stored array, not yet read.

    Attributes:
        path: where it is in the file, e.g. `conv2d_1/conv2d_1/kernel:0`.
        shape: its dimensions.
        dtype: NumPy's name of its type, e.g. `float32`.
        read: gives the array; a view of the mapped file where the storage allows it.
        made_of: the arrays of the file that it is made of, where it is not itself one of them:
            gates that are kept apart, quantised weights.
    """

    path: str
    shape: tuple[int, ...]
    dtype: str
    read: Callable[[], Array] = field(repr=False, compare=False)
    made_of: tuple[Tensor, ...] = field(default=(), repr=False, compare=False)

    @property
    def sources(self) -> tuple[Tensor, ...]:
        """The arrays of the file, as they are stored."""
        return self.made_of or (self,)

    @property
    def size(self) -> int:
        """The number of elements."""
        return int(np.prod(self.shape, dtype=np.int64))


@dataclass(frozen=True, slots=True)
class Activation:
    """An activation function by its newest Keras name, with its options."""

    name: str
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Part:
    """A layer inside another one, which holds its weights, e.g. one direction of a Bidirectional.

    Attributes:
        name: its own name.
        kind: the class by its newest Keras name.
        config: the options, by their newest names.
    """

    name: str
    kind: str
    config: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer with its weights.

    Attributes:
        path: the names from the outermost model inwards; the last is the layer's own.
        kind: the class by its newest Keras name, e.g. `Conv2D`. Classes that Keras does not
            have keep the name they came with.
        config: the options, by their newest names.
        weights: role (`kernel`, `bias`, `forward_layer/kernel` …) -> tensor; what the file
            holds of them.
        missing: role -> where it was looked for, of the weights that the file does not hold.
    """

    path: tuple[str, ...]
    kind: str
    config: Mapping[str, Any]
    weights: Mapping[str, Tensor]
    missing: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The layer's name, with those of the models it is nested in."""
        return "/".join(self.path)


@dataclass(frozen=True, slots=True)
class Ref:
    """Output number `output` of call number `call`."""

    call: int
    output: int = 0


@dataclass(frozen=True, slots=True)
class Call:
    """One use of a layer: `layer(*arguments, **named)`.

    Attributes:
        layer: index into `Model.layers`.
        arguments: the positional arguments; `Ref`s stand for tensors, at any depth of lists.
        named: the other arguments; may hold further `Ref`s.
    """

    layer: int
    arguments: tuple[Any, ...] = ()
    named: Mapping[str, Any] = field(default_factory=dict)

    @property
    def inputs(self) -> tuple[Ref, ...]:
        """The tensors among the positional arguments, flattened, in order."""
        return tuple(find_refs(self.arguments))


def find_refs(value: Any) -> Iterator[Ref]:
    """Every `Ref` in nested lists, tuples and dicts, in order."""
    if isinstance(value, Ref):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from find_refs(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from find_refs(item)


@dataclass(frozen=True, slots=True)
class Port:
    """A model's input or output: its Keras name and where it is in the graph."""

    name: str
    ref: Ref


@dataclass(frozen=True, slots=True)
class Model:
    """A whole model, its calls in an order in which they can be computed.

    Attributes:
        name: the model's name as Keras had it.
        layers: every layer once, those of nested models included.
        calls: in topological order. A model's inputs are calls of an `InputLayer`.
        inputs, outputs: in Keras' order.
        tensors: every tensor that the files hold, as it is stored, whether a layer uses it or
            not.
        notes: what had to be assumed while reading, in plain words.
        unreached: layers that no output needs. They are not among `layers`.
    """

    name: str
    layers: tuple[Layer, ...]
    calls: tuple[Call, ...]
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    tensors: tuple[Tensor, ...]
    notes: tuple[str, ...] = ()
    unreached: tuple[Layer, ...] = ()

    def layer_of(self, ref: Ref) -> Layer:
        """The layer that computes `ref`."""
        return self.layers[self.calls[ref.call].layer]

    def used_tensors(self) -> Iterator[tuple[Layer, str, Tensor]]:
        """Every (layer, role, tensor) that the layers hold."""
        for layer in self.layers:
            for role, tensor in layer.weights.items():
                yield layer, role, tensor
