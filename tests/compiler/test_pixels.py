"""What a model's first layers tell of the pixels that it takes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from understudy.compiler.pixels import FAMILIES, family, rescales_itself
from understudy.keras import Layer, Model
from understudy.keras.model import Call, Port, Ref
from understudy.release.presets import APPLICATIONS

NAMES = sorted((Path(__file__).parent / "applications").glob("*.npz"))
"""What real Kerases call their models and layers; `applications/make.py` asked them."""

SCALING_THEMSELVES = {name for name, (scale, _) in APPLICATIONS.items() if scale == "none"}


def chain(*layers: tuple[Any, ...], name: str = "model", others: tuple[str, ...] = ()) -> Model:
    """A model of one layer after the other: (path, kind), with numbers if there are any."""
    made = [Layer(("input",), "InputLayer", {}, {})]
    calls = [Call(0)]
    for path, kind, *numbers in layers:
        named = numbers[0] if numbers and isinstance(numbers[0], Mapping) else {}
        arguments = () if named else tuple(numbers)
        calls.append(Call(len(made), (Ref(len(calls) - 1), *arguments), named))
        made.append(Layer(tuple(path.split("/")), kind, {}, {}))
    made += [Layer(tuple(other.split("/")), "Conv2D", {}, {}) for other in others]
    end = Port("output", Ref(len(calls) - 1))
    return Model(name, tuple(made), tuple(calls), (Port("input", Ref(0)),), (end,), ())


def flat(name: str, layers: Any) -> Model:
    return chain((str(layers[1]), "Conv2D"), name=name, others=tuple(map(str, layers[2:])))


@pytest.mark.parametrize("path", NAMES, ids=lambda path: path.stem)
def test_the_models_of_keras_applications_are_known(path: Path) -> None:
    """By their names, alone and inside other models, and by their layers where these were taken."""
    seen = set()
    with np.load(path) as found:
        for key in found.files:
            if key == "version":
                continue
            module = key.partition("/")[0]
            name, *layers = map(str, found[key])
            if module in SCALING_THEMSELVES:
                assert family(flat(name, layers)) is None
                assert family(flat("model", layers)) is None
                continue
            inside = chain((f"{name}/{layers[1]}", "Conv2D"), name="sequential_3")
            for model in (flat(name, layers), flat("model", layers), inside):
                told = family(model)
                assert told is not None, key
                assert APPLICATIONS[told][0] == APPLICATIONS[module][0], key
            assert family(inside) == module or {family(inside), module} == {"resnet", "resnet50"}
            seen.add(module)
    assert seen == set(FAMILIES) - {"resnet50"}


def test_there_are_names_of_several_versions() -> None:
    assert {path.stem for path in NAMES} == {"keras-3", "tfkeras-2.4"}


@pytest.mark.parametrize(
    ("first", "expected"),
    [
        ([("p", "ZeroPadding2D")], "vgg16"),
        ([("f", "RandomFlip"), ("r", "Resizing")], "vgg16"),
        ([("s", "Rescaling")], None),
        ([("d", "ops.numpy.TrueDivide", 127.5)], None),
        ([("l", "Lambda")], None),
        ([("vgg16/c", "Conv2D")], "vgg16"),
        ([("c", "Conv2D")], None),
    ],
)
def test_a_family_takes_the_pixels_only_if_nothing_was_done_to_them(
    first: Any, expected: str | None
) -> None:
    assert family(chain(*first, ("vgg16/block1_conv1", "Conv2D"))) == expected


def test_a_model_of_ones_own_is_of_no_family() -> None:
    own = ("block1_conv1", "block1_conv2", "block1_pool", "block2_conv1")
    assert family(flat("model", ("input", *own))) is None
    assert family(flat("my_resnet", ("input", "conv1_conv"))) is None
    assert family(chain(("mobilenetv2_1.00_224/dense", "Dense"))) is None


@pytest.mark.parametrize(
    ("first", "expected"),
    [
        ([("s", "Rescaling")], True),
        ([("n", "Normalization")], True),
        ([("f", "RandomFlip"), ("s", "Rescaling")], True),
        ([("c", "Conv2D"), ("s", "Rescaling")], False),
        ([("d", "ops.numpy.TrueDivide", 127.5), ("s", "ops.numpy.Subtract", 1.0)], True),
        ([("d", "tf.math.truediv", {"y": 255.0})], True),
        ([("m", "tf.math.multiply", {"y": 1 / 255})], True),
        ([("m", "ops.numpy.Multiply", 2.0), ("s", "ops.numpy.Subtract", 1.0)], False),
        ([("m", "tf.math.multiply", {"y": 255.0}), ("d", "tf.math.truediv", {"y": 127.5})], False),
        ([("g", "tf.__operators__.getitem", {"slice_spec": [0]}),
          ("b", "tf.nn.bias_add", {"bias": [-103.939, -116.779, -123.68]})], True),
        ([("g", "ops.numpy.GetItem", [2]), ("s", "ops.numpy.Stack"),
          ("a", "ops.numpy.Add", {"class_name": "__tensor__", "config": {"value": [[-103.9]]}})],
         True),
        ([("b", "ops.numpy.Add", [[0.5, -0.5, 0.25]])], False),
        ([("a", "Add"), ("s", "Subtract")], False),
    ],
)  # fmt: skip
def test_whether_a_model_scales_its_pixels_itself(first: Any, expected: bool) -> None:
    assert rescales_itself(chain(*first, ("conv", "Conv2D"))) is expected
