"""Is this a model that Teachable Machine made? Its architecture tells.

A Sequential of two: a MobileNet with its last layer taken off, and a head of two Dense layers, the
last without a bias, under the names that TensorFlow.js gives (Teachable Machine's library,
`teachable-mobilenet.ts`, `train`). Its Keras download is the same model, converted.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

TEACHABLE_MACHINE = "Teachable Machine"

_DENSE = re.compile(r"dense_Dense\d+")


def is_teachable(document: Any) -> bool:
    """Whether an architecture is that of an image model of Teachable Machine."""
    parts = _layers(document)
    if [part["class_name"] for part in parts] != ["Sequential", "Sequential"]:
        return False
    features, head = _layers(parts[0]), _layers(parts[1])
    return (
        len(features) == 2
        and features[0]["class_name"] in ("Model", "Functional")
        and [layer["class_name"] for layer in head] == ["Dense", "Dense"]
        and all(_DENSE.fullmatch(str(_option(layer, "name"))) for layer in head)
        and _option(head[1], "use_bias") is False
        and _option(head[1], "activation") == "softmax"
    )


def _option(layer: Mapping[str, Any], name: str) -> Any:
    config = layer["config"]
    return config.get(name) if isinstance(config, Mapping) else None


def _layers(entry: Any) -> list[Mapping[str, Any]]:
    """The layers of a Sequential, without its input; none if it is something else."""
    if not isinstance(entry, Mapping) or entry.get("class_name") != "Sequential":
        return []
    config = entry.get("config")
    listed = config.get("layers") if isinstance(config, Mapping) else config
    if not isinstance(listed, list):
        return []
    known = [
        layer
        for layer in listed
        if isinstance(layer, Mapping)
        and isinstance(layer.get("class_name"), str)
        and isinstance(layer.get("config"), Mapping | list)
    ]
    if len(known) < len(listed):
        return []
    return [layer for layer in known if layer["class_name"] != "InputLayer"]
