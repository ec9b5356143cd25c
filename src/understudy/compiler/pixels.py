"""What the first layers, before anything is learned, tell of the pixels that a model takes.

A model may scale pixels itself, with layers made for it or with arithmetic. One that does not, and
is a model of `keras.applications` or begins with one, was trained with that model's
`preprocess_input`, as far as anybody can know.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ..keras import Model
from ..keras.model import Call
from .layers.inference import AUGMENTATION, REGULARIZATION

PASSED_THROUGH = frozenset(
    {
        "Cropping2D",
        "Flatten",
        "Identity",
        "Permute",
        "Reshape",
        "ZeroPadding2D",
        *AUGMENTATION,
        *REGULARIZATION,
    }
)
"""Layers that change no value."""

RESIZED = frozenset({"CenterCrop", "RandomCrop", "Resizing"})
"""Layers that change the image's size, and keep the range of its values."""

SCALING = frozenset({"Rescaling", "Normalization"})
"""Layers with which a model scales its pixels itself."""

MANY_LEVELS = 64.0
"""Who divides by so much, multiplies with less than its inverse, or subtracts so much, begins with
levels from 0 to 255: with 127.5, 1/255, or ImageNet's mean."""

REORDERED = frozenset({"cast", "getitem", "stack", "strided_slice"})
DIVIDED = frozenset({"divide", "realdiv", "truediv", "truedivide"})
MULTIPLIED = frozenset({"mul", "multiply"})
SHIFTED = frozenset({"add", "bias_add", "sub", "subtract"})
"""Operations of Keras and functions of TensorFlow, without what is before their last dot."""

FAMILIES: Mapping[str, tuple[str, frozenset[str]]] = {
    "vgg16": ("vgg16", frozenset({"block1_conv2", "block2_conv2", "block4_conv3", "block5_conv3"})),
    "vgg19": ("vgg19", frozenset()),
    "resnet_v2": (r"resnet\d+v2", frozenset({"conv1_conv", "conv2_block1_preact_bn"})),
    "resnet": (r"resnet\d+", frozenset({"conv1_conv", "conv2_block1_1_conv", "conv2_block1_out"})),
    "resnet50": ("resnet50", frozenset({"bn_conv1", "res2a_branch2a"})),
    "inception_v3": ("inception_v3", frozenset({"mixed0", "mixed1", "mixed2"})),
    "inception_resnet_v2": ("inception_resnet_v2", frozenset({"mixed_5b"})),
    "xception": ("xception", frozenset({"block1_conv1", "block2_sepconv1", "block2_sepconv2_bn"})),
    "mobilenet": (r"mobilenet_\d.*", frozenset({"conv1", "conv_dw_1", "conv_pw_1"})),
    "mobilenet_v2": (r"mobilenetv2_\d.*", frozenset({"bn_Conv1", "expanded_conv_depthwise"})),
    "densenet": (r"densenet\d+", frozenset({"conv2_block1_concat", "conv2_block1_0_bn"})),
    "nasnet": (r"NASNet|nasnet_\w+", frozenset({"stem_conv1", "stem_bn1"})),
}
"""Module of keras.applications -> what the names of its models are like, and names of layers that
tell where a model was built of such a model's layers. Those that scale by themselves, as
EfficientNet, are not here."""


def rescales_itself(model: Model) -> bool:
    """Whether the model scales pixels from 0 to 255 itself, before anything is learned."""
    return any(
        model.layers[call.layer].kind in SCALING
        or _takes_levels(model.layers[call.layer].kind, call)
        for call in _first(model, reordered=True)
    )


def family(model: Model) -> str | None:
    """The module of keras.applications whose model takes the pixels; None if it is not known.

    Nothing is said of a model that computes anything before.
    """
    first = [model.layers[call.layer] for call in _first(model, reordered=False)]
    if len(first) != 1 or first[0].kind != "Conv2D":
        return None
    around = first[0].path[:-1]
    name = around[-1] if around else model.name
    for module, (pattern, _) in FAMILIES.items():
        if re.fullmatch(pattern, name):
            return module
    inside = {layer.path[-1] for layer in model.layers if layer.path[:-1] == around}
    return next((m for m, (_, tell) in FAMILIES.items() if tell and tell <= inside), None)


def _first(model: Model, *, reordered: bool) -> Iterator[Call]:
    """The first calls that do something to the values of the pixels."""
    users: dict[int, list[int]] = {}
    for number, call in enumerate(model.calls):
        for ref in call.inputs:
            users.setdefault(ref.call, []).append(number)
    waiting, seen = [port.ref.call for port in model.inputs], set()
    while waiting:
        for user in users.get(waiting.pop(), []):
            call = model.calls[user]
            layer = model.layers[call.layer]
            if user in seen:
                continue
            seen.add(user)
            moved = reordered and _operation(layer.kind) in REORDERED
            if moved or (layer.kind in PASSED_THROUGH | RESIZED and not layer.weights):
                waiting.append(user)
            else:
                yield call


def _operation(kind: str) -> str:
    return kind.rpartition(".")[2].lower() if "." in kind else ""


def _takes_levels(kind: str, call: Call) -> bool:
    operation, numbers = _operation(kind), [*_numbers((call.arguments, dict(call.named)))]
    if operation in MULTIPLIED:
        return any(0 < number <= 1 / MANY_LEVELS for number in numbers)
    return operation in DIVIDED | SHIFTED and any(abs(n) >= MANY_LEVELS for n in numbers)


def _numbers(value: Any) -> Iterator[float]:
    """All numbers in nested lists and mappings."""
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list | tuple):
        for item in value:
            yield from _numbers(item)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield float(value)
