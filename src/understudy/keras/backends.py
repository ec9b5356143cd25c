"""What Theano did otherwise: its convolutions turn the kernel round, its `same` begins elsewhere.

All of Keras 1 and 2 on Theano is meant. TensorFlow and CNTK agree with each other
(keras 2.2.4 `saving._need_convert_kernel`, `theano_backend.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from .model import Part, Tensor
from .owner import Roles

THEANO = "theano"

_TURNED = {
    "Conv1D": ("kernel",),
    "Conv2D": ("kernel",),
    "Conv2DTranspose": ("kernel",),
    "Conv3D": ("kernel",),
    "ConvLSTM2D": ("kernel", "recurrent_kernel"),
}
"""Class -> its weights that Theano keeps turned round. The depthwise ones it turns itself."""

_WINDOWS = {
    "Conv1D": "same_half",
    "Conv2D": "same_half",
    "Conv3D": "same_half",
    "MaxPooling1D": "same_late",
    "AveragePooling1D": "same_late",
    "MaxPooling2D": "same_late",
    "AveragePooling2D": "same_late",
}
"""Class -> the name of what Theano makes of `same`; of others it is not known."""


def turned_kernels(kind: str, config: Mapping[str, Any], roles: Roles) -> Roles:
    """A layer's weights as TensorFlow would have kept them."""
    inner = config.get("layer")
    if kind == "TimeDistributed" and isinstance(inner, Part):
        kind, prefix = inner.kind, "layer/"
    else:
        prefix = ""
    names = {prefix + name for name in _TURNED.get(kind, ())}
    return {role: _turned(t) if role in names else t for role, t in roles.items()}


def _turned(tensor: Tensor) -> Tensor:
    """The kernel turned by half a turn in all its spatial axes, which come first."""
    axes = tuple(range(len(tensor.shape) - 2))
    where = tuple(slice(None, None, -1) for _ in axes)
    return replace(tensor, read=lambda: tensor.read()[where])


def padding_of(kind: str, config: Mapping[str, Any], backend: str | None) -> str | None:
    """What `padding="same"` was, if it was not TensorFlow's; None if it was."""
    if backend != THEANO or config.get("padding") != "same":
        return None
    return _WINDOWS.get(kind, "same as Theano has it")
