"""Lambda layers that Keras' own code makes, told by where Keras says that they come from.

A Lambda's function is bytecode, which is never decoded. But tf.keras writes down the module that
defines it, and `keras.applications` puts Lambdas into two of its architectures by fixed names.
Where that says what is computed, the layer gets a kind of its own, and the model a note.
(tf.keras 2.4 to 2.15 `applications/*.py`; keras_applications 1.0.8.)
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from .nodes import Key, find_keys
from .specs import LayerSpec

PREPROCESSING: dict[str, str] = {
    "convnext": "none",
    "densenet": "torch",
    "efficientnet": "none",
    "efficientnet_v2": "none",
    "inception_resnet_v2": "tf",
    "inception_v3": "tf",
    "mobilenet": "tf",
    "mobilenet_v2": "tf",
    "mobilenet_v3": "none",
    "nasnet": "tf",
    "regnet": "none",
    "resnet": "caffe",
    "resnet_rs": "none",
    "resnet_v2": "tf",
    "vgg16": "caffe",
    "vgg19": "caffe",
    "xception": "tf",
}
"""Module of keras.applications -> what its `preprocess_input` does, the one function in it that
a Lambda can hold."""

_APPLICATIONS = re.compile(r"(?:keras|keras\.src|tensorflow\.python\.keras)\.applications\.(\w+)")
_RESNET_BLOCK = re.compile(r"block(?:35|17|8)_\d+")
_RESNEXT_REDUCE = re.compile(r"conv\d_block\d+_2_reduce")


def shipped_lambda(spec: LayerSpec) -> tuple[str, dict[str, Any]] | None:
    """The kind and the options of a Lambda that Keras itself made; None for everybody else's."""
    config = spec.config
    arguments = config.get("arguments") or {}
    if config.get("function_type") != "lambda" or not isinstance(arguments, Mapping):
        return None
    module = config.get("module")
    found = _APPLICATIONS.fullmatch(module) if isinstance(module, str) else None
    name = found[1] if found else None
    if module is not None and name is None:
        return None
    keys = [list(find_keys(node.arguments)) for node in spec.nodes]
    if name in (None, "inception_resnet_v2") and _is_resnet_block(spec.name, arguments, keys):
        return "CustomScaleLayer", {"scale": arguments["scale"]}
    if arguments or any(len(tensors) != 1 for tensors in keys):
        return None
    if _RESNEXT_REDUCE.fullmatch(spec.name):
        if name == "resnet" or (name is None and _after_reshape(keys)):
            return "ops.numpy.Sum", {"axis": 4}
        return None
    if name in PREPROCESSING:
        return "tf.keras.applications.preprocess_input", {"mode": PREPROCESSING[name]}
    return None


def _is_resnet_block(name: str, arguments: Mapping[str, Any], keys: list[list[Key]]) -> bool:
    """InceptionResNetV2's `x + scale * residual`, whose residual is `<name>_conv`."""
    return (
        _RESNET_BLOCK.fullmatch(name) is not None
        and set(arguments) == {"scale"}
        and isinstance(arguments["scale"], (int, float))
        and all(len(two) == 2 and two[1].layer == f"{name}_conv" for two in keys)
    )


def _after_reshape(keys: list[list[Key]]) -> bool:
    """ResNeXt's sum of a group's channels takes what a Reshape has taken apart."""
    return all(re.fullmatch(r"reshape(_\d+)?", key.layer) for one in keys for key in one)
