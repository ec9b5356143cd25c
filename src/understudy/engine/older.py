"""What Keras 3 does not read as Keras 2 wrote it, and what only training needs. Pure.

Seen with Keras 3.15, on models of Keras 2.0 to tf.keras 2.15. What else differs, Keras 3 reads
itself; what it cannot read at all, it says.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

TRAINING = "compile_config"
"""Where Keras 3 keeps losses and metrics, which may be a person's own."""

SHAPE = "batch_input_shape"
"""What the first layer takes. Keras 3 takes it for a shape without the batch, or does not know it;
of an InputLayer it does."""

ENGINE = re.compile(r"keras(\.src)?\.engine\.(functional|sequential|training)")
"""Where classes of models were."""

MODELS = {
    "Functional": "keras.src.models.functional",
    "Model": "keras.src.models.functional",
    "Sequential": "keras",
}
"""Where they are, as Keras 3 itself writes it."""


_SEPARABLE = frozenset({"groups", "kernel_initializer", "kernel_regularizer", "kernel_constraint"})
UNUSED = {
    "DepthwiseConv1D": frozenset({"groups"}),
    "DepthwiseConv2D": frozenset({"groups"}),
    "SeparableConv1D": _SEPARABLE,
    "SeparableConv2D": _SEPARABLE,
}
"""Options that tf.keras wrote for layers that do not use them."""


def readable(value: Any) -> Any:
    """The architecture as Keras 3 reads it; one by Keras 3 stays as it is."""
    if isinstance(value, list):
        return [readable(item) for item in value]
    if not isinstance(value, Mapping):
        return value
    made = {key: readable(item) for key, item in value.items() if key != TRAINING}
    kind, module, config = made.get("class_name"), made.get("module"), made.get("config")
    if isinstance(kind, str) and isinstance(module, str) and ENGINE.fullmatch(module):
        made["module"] = MODELS.get(kind, module)
    if isinstance(kind, str) and isinstance(config, dict):
        made["config"] = _options(kind, config)
    return made


def _options(kind: str, options: dict[str, Any]) -> dict[str, Any]:
    shape, axis = options.get(SHAPE), options.get("axis")
    if kind != "InputLayer" and isinstance(shape, list):
        options = {name: value for name, value in options.items() if name != SHAPE}
        options["input_shape"] = shape[1:]
    if kind == "BatchNormalization" and isinstance(axis, list) and len(axis) == 1:
        options = options | {"axis": axis[0]}
    return {name: value for name, value in options.items() if name not in UNUSED.get(kind, ())}
