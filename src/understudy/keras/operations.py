"""Operations that were called on symbolic tensors: in the file they look like layers.

tf.keras wraps a TensorFlow function (`TFOpLambda`, `SlicingOpLambda`; 2.4 to 2.15) or a node of
TensorFlow's graph (`TensorFlowOpLayer`; 1.13 to 2.3); Keras 3 writes its own operations, some of
which are called like layers (`Add`, `Reshape`). Each gets a kind of its own, by what it calls:
`tf.math.multiply`, `tf.raw_ops.Mul`, `ops.numpy.Multiply`. Nothing is looked up or decoded.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any

KERAS_PACKAGES = frozenset({"keras", "keras_core", "tf_keras"})
BARE = "ops>"
OPERATION_MODULES = frozenset({"activations", "ops", "random"})
"""Modules of Keras 3 whose classes are operations, not layers."""


def operation_class(module: str, class_name: str) -> str | None:
    """The kind of a Keras 3 operation, e.g. `ops.numpy.Add`; None for a layer's class."""
    parts = [part for part in module.split(".")[1:] if part != "src"]
    if parts and parts[0] in OPERATION_MODULES:
        return ".".join((*parts, class_name))
    return None


def bare_operation_class(class_name: str) -> str:
    """The kind of a Keras 3 operation whose module is not known, e.g. `ops>Add`.

    It may be somebody's own layer: what comes after `>` is its class.
    """
    return f"{BARE}{class_name}"


def is_operation(kind: str) -> bool:
    """Whether a kind is an operation's, not a layer's."""
    return kind.startswith(("tf.", *(f"{module}." for module in OPERATION_MODULES)))


def operation(kind: str, config: Mapping[str, Any]) -> tuple[str, dict[str, Any]] | None:
    """The kind and the options of an operation; None for a layer.

    A graph node has `constants`, its inputs that are no tensors, by position, and its
    attributes.
    """
    function = config.get("function")
    if kind in ("TFOpLambda", "SlicingOpLambda") and isinstance(function, str):
        return f"tf.{function}", {}
    if kind == "TensorFlowOpLayer":
        node, constants = config.get("node_def"), config.get("constants") or {}
        if not isinstance(node, Mapping) or not isinstance(constants, Mapping):
            return None
        attributes = node.get("attr") or {}
        return f"tf.raw_ops.{node.get('op')}", {
            "constants": {int(position): value for position, value in constants.items()},
            "attributes": {name: _attribute(value) for name, value in attributes.items()},
        }
    if is_operation(kind) or kind.startswith(BARE):
        return kind, {name: value for name, value in config.items() if name != "name"}
    return None


def _attribute(value: Any) -> Any:
    """A NodeDef's attribute as protobuf's JSON has it, e.g. `{"i": "3"}` or `{"b": true}`."""
    if not isinstance(value, Mapping) or len(value) != 1:
        return value
    ((kind, content),) = value.items()
    if kind == "i":
        return int(content)
    if kind == "s":
        try:
            return base64.b64decode(content, validate=True).decode()
        except (binascii.Error, TypeError, UnicodeDecodeError):
            return value
    if kind == "list" and isinstance(content, Mapping):
        return [_attribute({inner: item}) for inner, items in content.items() for item in items]
    return content if kind in ("b", "f", "type") else value
