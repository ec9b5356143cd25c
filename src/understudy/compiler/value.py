"""A tensor between two layers: its Keras shape, and how it really lies in memory.

Keras' image models are channels-last, ONNX's operators are channels-first. Instead of
transposing around every operator, each value carries the order of its axes: operators that need
an order ask for it, all others take what comes. A transpose is made only where two needs differ.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from .graph import Shape

Order = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Folded:
    """How a flattened value lies in memory: as the flattening of other axes' order.

    Attributes:
        shape: the sizes, without the batch, in Keras' order, before flattening.
        order: axis i in memory is axis `order[i]` of `shape`.
    """

    shape: tuple[int, ...]
    order: Order


@dataclass(frozen=True, slots=True)
class Value:
    """A tensor of the graph.

    Attributes:
        name: the ONNX tensor.
        shape: as Keras sees it, the batch first; None where a size is free.
        dtype: NumPy's name of its type.
        order: axis i in memory is axis `order[i]` of `shape`.
        folded: for a flattened value whose elements do not lie in Keras' order.
    """

    name: str
    shape: Shape
    dtype: str
    order: Order
    folded: Folded | None = None

    @property
    def rank(self) -> int:
        """The number of axes, the batch included."""
        return len(self.shape)

    @property
    def is_plain(self) -> bool:
        """Whether it lies in memory as Keras sees it."""
        return self.folded is None and self.order == plain(self.rank)

    def axis(self, axis: int) -> int:
        """A Keras axis, which may be negative, as one from 0."""
        return axis + self.rank if axis < 0 else axis

    def at(self, axis: int) -> int:
        """Where in memory the Keras axis lies."""
        return self.order.index(self.axis(axis))


def plain(rank: int) -> Order:
    """Keras' own order."""
    return tuple(range(rank))


def channels_first(rank: int, channel_axis: int) -> Order:
    """The batch, then the channels, then the rest in Keras' order."""
    rest = [axis for axis in range(1, rank) if axis != channel_axis]
    return (0, channel_axis, *rest)


def elements(shape: Shape) -> int | None:
    """The number of elements of one example; None if a size is free."""
    sizes = shape[1:]
    if any(size is None for size in sizes):
        return None
    return math.prod(size for size in sizes if size is not None)
