"""The kernels of Keras 1 in Keras 2's order of axes.

With `dim_ordering="th"` Keras 1 kept kernels as (out, in, rows, columns), in Keras 2 they are
(rows, columns, in, out) always (keras 2.2.4 `preprocess_weights_for_loading`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from ..model import Tensor
from ..owner import Owner, Roles

Order = tuple[int, ...]


def modern_kernels(owner: Owner, roles: Roles) -> Roles:
    """A layer's weights as Keras 2 would have kept them."""
    change = _CHANGES.get(owner.kind)
    return {role: change(role, t, owner.config) if change else t for role, t in roles.items()}


def transposed(tensor: Tensor, order: Order) -> Tensor:
    """The tensor with its axes in another order; one of another rank stays as it is."""
    if len(tensor.shape) != len(order):
        return tensor
    shape = tuple(tensor.shape[axis] for axis in order)
    return replace(tensor, shape=shape, read=lambda: tensor.read().transpose(order))


Change = Callable[[str, Tensor, Mapping[str, Any]], Tensor]


def _convolution(last: Order, first: Order, *names: str) -> Change:
    """Axes of the weights `names`, by where the channels are."""

    def change(role: str, tensor: Tensor, config: Mapping[str, Any]) -> Tensor:
        if role not in names:
            return tensor
        is_first = config.get("data_format") == "channels_first"
        return transposed(tensor, first if is_first else last)

    return change


def _conv1d(role: str, tensor: Tensor, config: Mapping[str, Any]) -> Tensor:
    """(length, 1, in, out), before 1.1 (out, in, length, 1), as (length, in, out)."""
    if role != "kernel" or len(tensor.shape) != 4:
        return tensor
    size, filters = config.get("kernel_size"), config.get("filters")
    length = size[0] if isinstance(size, (list, tuple)) and size else size
    if tensor.shape[:2] != (length, 1) or tensor.shape[3] != filters:
        tensor = transposed(tensor, (2, 3, 1, 0))
    if tensor.shape[1] != 1:
        return tensor
    shape = (tensor.shape[0], *tensor.shape[2:])
    return replace(tensor, shape=shape, read=lambda: tensor.read()[:, 0])


_CHANGES: dict[str, Change] = {
    "Conv1D": _conv1d,
    "Conv2D": _convolution((0, 1, 2, 3), (2, 3, 1, 0), "kernel"),
    "Conv2DTranspose": _convolution((0, 1, 3, 2), (2, 3, 0, 1), "kernel"),
    "Conv3D": _convolution((0, 1, 2, 3, 4), (2, 3, 4, 1, 0), "kernel"),
    "SeparableConv2D": _convolution(
        (0, 1, 2, 3), (2, 3, 1, 0), "depthwise_kernel", "pointwise_kernel"
    ),
}
"""Class by its newest name -> what becomes of each of its weights."""
