"""The graph while it is made: operators and constants are added, and the order of axes is kept.

One policy: `Context.arrange` transposes where a layer needs another order, and remembers that it
did. What a layer computes is not known here.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ..keras import Layer
from .fitting import Wanted
from .graph import Lazy, Node, Shape, Signature
from .value import Order, Value, plain


@dataclass(slots=True)
class Context:
    """The graph while it is made, and the layer that is being lowered.

    Attributes:
        reserved: the names of the model's inputs and outputs, which nothing else may take.
        layer: the layer that is being lowered.
        part: the part of it, as its weights' roles begin.
        wanted: the weights that were asked for, by the layer's path and the role.
    """

    reserved: set[str]
    nodes: list[Node] = field(default_factory=list)
    constants: dict[str, Lazy] = field(default_factory=dict)
    layer: Layer | None = None
    part: str = ""
    wanted: dict[tuple[str, ...], Wanted] = field(default_factory=dict)
    _taken: set[str] = field(default_factory=set)
    _arranged: dict[tuple[str, Order], str] = field(default_factory=dict)
    _flipped: dict[tuple[str, int], str] = field(default_factory=dict)
    _plain: dict[str, Value] = field(default_factory=dict)
    _shared: dict[tuple[str, bytes], str] = field(default_factory=dict)
    _weights: dict[tuple[str, ...], str] = field(default_factory=dict)

    # --- Adding to the graph ---

    def add(self, op: str, *inputs: str, outputs: int = 1, **attributes: Any) -> str:
        """Add an operator; the name of its first output, which alone is of use."""
        return self.add_all(op, *inputs, outputs=outputs, **attributes)[0]

    def add_all(self, op: str, *inputs: str, outputs: int, **attributes: Any) -> tuple[str, ...]:
        """Add an operator; the names of its outputs."""
        names = tuple(self._name(op) for _ in range(outputs))
        self.nodes.append(Node(op, inputs, names, attributes))
        return names

    def maker(self, name: str) -> Node | None:
        """The operator that makes a tensor; None for inputs and constants."""
        return next((node for node in reversed(self.nodes) if name in node.outputs), None)

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
        layer, role = self._current(), self.part + role
        key = (*layer.path, role, variant)
        if key not in self._weights:
            name = self._unique(f"{layer.name}/{role}")
            self.constants[name] = lazy
            self._weights[key] = name
        return self._weights[key]

    def weight(self, role: str, shape: tuple[int, ...]) -> Lazy:
        """The layer's weight, which must have this shape.

        Whether it has is found out when every layer was asked, so that one error lists them all.
        """
        layer, role = self._current(), self.part + role
        wanted = self.wanted[*layer.path, role] = Wanted(layer, role, shape)
        tensor = wanted.tensor
        if tensor is None or tensor.shape != shape:
            return Lazy(shape, "float32", lambda: np.zeros(shape, np.float32))
        if tensor.dtype == "float32":
            return Lazy(shape, "float32", tensor.read)
        return Lazy(shape, "float32", lambda: tensor.read().astype(np.float32))

    def stored_shape(self, role: str) -> tuple[int, ...] | None:
        """The shape of the layer's weight as the file has it; None if there is none."""
        tensor = self._current().weights.get(self.part + role)
        return None if tensor is None else tensor.shape

    @contextmanager
    def inside(self, part: str) -> Iterator[None]:
        """While a part of the layer is lowered: its weights are those below this role."""
        outer = self.part
        self.part = f"{outer}{part}/"
        try:
            yield
        finally:
            self.part = outer

    # --- The order of axes ---

    def arrange(self, value: Value, order: Order) -> Value:
        """The value with its axes in this order, transposed if it must be, once."""
        value = self.unfold(value)
        if value.order == order:
            return value
        axes = tuple(value.order.index(axis) for axis in order)
        key = (value.name, axes)  # not `order`: Permute makes another view of the same tensor
        if key not in self._arranged:
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

    def flip(self, value: Value, axis: int) -> Value:
        """The value backwards along one of Keras' axes. Flipped twice, it is the first again."""
        value = self.unfold(value)
        key = (value.name, value.at(axis))
        if key not in self._flipped:
            ends = [self.constant([end], "int64") for end in (-1, -(1 << 62), key[1], -1)]
            name = self.add("Slice", value.name, *ends)
            self._flipped[key], self._flipped[name, key[1]] = name, value.name
        return replace(value, name=self._flipped[key])

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
