"""A small ONNX graph as plain values: nodes, lazy constants, inputs and outputs.

Constants are not arrays but recipes for them: a weight is read, transposed, folded and written
one at a time, so that memory holds the largest tensor, not the model. Nothing here knows Keras,
nor the `onnx` package.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Shape = tuple[int | None, ...]


@dataclass(frozen=True, slots=True)
class Lazy:
    """An array that is made when it is asked for.

    Attributes:
        shape: its dimensions.
        dtype: NumPy's name of its type.
        make: makes it; may be called more than once, and gives equal arrays.
    """

    shape: tuple[int, ...]
    dtype: str
    make: Callable[[], Array] = field(repr=False, compare=False)

    @classmethod
    def of(cls, array: Array) -> Lazy:
        """An array that exists."""
        return cls(array.shape, array.dtype.name, lambda: array)

    @property
    def nbytes(self) -> int:
        """Its size in bytes."""
        return int(np.prod(self.shape, dtype=np.int64)) * np.dtype(self.dtype).itemsize

    def map(self, shape: tuple[int, ...], change: Callable[[Array], Array]) -> Lazy:
        """The array that `change` makes of this one; `shape` is the result's."""
        make = self.make
        return Lazy(shape, self.dtype, lambda: change(make()))

    def transpose(self, *axes: int) -> Lazy:
        """The array with its axes in another order."""
        return self.map(tuple(self.shape[axis] for axis in axes), lambda a: a.transpose(axes))

    def reshape(self, *shape: int) -> Lazy:
        """The array in another shape of as many elements."""
        return self.map(shape, lambda a: a.reshape(shape))


@dataclass(frozen=True, slots=True)
class Node:
    """One ONNX operator: `outputs = op(*inputs, **attributes)`. An absent input is ''."""

    op: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Signature:
    """An input or output of the model: its Keras name, shape (None: free) and dtype."""

    name: str
    shape: Shape
    dtype: str


@dataclass(frozen=True, slots=True)
class Graph:
    """A model as ONNX operators, in an order in which they can be computed."""

    name: str
    inputs: tuple[Signature, ...]
    outputs: tuple[Signature, ...]
    nodes: tuple[Node, ...]
    constants: Mapping[str, Lazy]

    def users(self) -> dict[str, list[int]]:
        """Tensor name -> the numbers of the nodes that take it; -1 for the graph's outputs."""
        users: dict[str, list[int]] = {}
        for number, node in enumerate(self.nodes):
            for name in node.inputs:
                users.setdefault(name, []).append(number)
        for output in self.outputs:
            users.setdefault(output.name, []).append(-1)
        return users
