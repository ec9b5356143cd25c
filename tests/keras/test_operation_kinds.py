"""Operations by what they call, and the Lambdas that Keras' own code makes."""

from __future__ import annotations

from typing import Any

import pytest

from understudy.keras.nodes import Key, NodeSpec
from understudy.keras.operations import is_operation, operation, operation_class
from understudy.keras.shipped import shipped_lambda
from understudy.keras.specs import LayerSpec

CLASSES = {
    ("keras.src.ops.numpy", "Add"): "ops.numpy.Add",
    ("keras.src.ops.nn", "Relu"): "ops.nn.Relu",
    ("keras.src.activations.activations", "ReLU"): "activations.activations.ReLU",
    ("keras_core.src.ops.image", "Resize"): "ops.image.Resize",
    ("keras.layers", "Add"): None,
    ("keras.src.layers.core.tf_op_layer", "TFOpLambda"): None,
    ("keras.src.applications.convnext", "LayerScale"): None,
    ("keras", "Functional"): None,
}


@pytest.mark.parametrize(("module", "name"), CLASSES)
def test_the_module_tells_an_operation_from_a_layer(module: str, name: str) -> None:
    found = operation_class(module, name)
    assert found == CLASSES[module, name]
    assert found is None or is_operation(found)


def test_functions_and_slices_are_called_by_their_name() -> None:
    function = {"name": "tf.math.add_3", "dtype": "float32", "function": "math.add"}
    assert operation("TFOpLambda", function) == ("tf.math.add", {})
    assert operation("SlicingOpLambda", {"function": "__operators__.getitem"}) == (
        "tf.__operators__.getitem",
        {},
    )
    assert operation("TFOpLambda", {"function": ["os", "system"]}) is None
    assert operation("Conv2D", {"filters": 3}) is None


def test_a_node_has_its_constants_and_attributes() -> None:
    node = {
        "name": "mean",
        "op": "Mean",
        "input": ["x", "axes"],
        "attr": {
            "T": {"type": "DT_FLOAT"},
            "keep_dims": {"b": True},
            "N": {"i": "3"},
            "padding": {"s": "U0FNRQ=="},
            "ksize": {"list": {"i": ["1", "2"]}},
            "none": {"list": {}},
            "odd": {"s": "***"},
        },
    }
    kind, config = operation(
        "TensorFlowOpLayer", {"node_def": node, "constants": {"1": [1, 2]}}
    ) or (
        "",
        {},
    )
    assert kind == "tf.raw_ops.Mean"
    assert config["constants"] == {1: [1, 2]}
    assert config["attributes"] == {
        "T": "DT_FLOAT",
        "keep_dims": True,
        "N": 3,
        "padding": "SAME",
        "ksize": [1, 2],
        "none": [],
        "odd": {"s": "***"},
    }
    assert operation("TensorFlowOpLayer", {"node_def": "CgNtdWw="}) is None


def test_the_options_of_keras_operations_stay_as_they_are() -> None:
    config = {"name": "cast", "dtype": "int32", "momentum": 3}
    assert operation("ops.core.Cast", config) == (
        "ops.core.Cast",
        {"dtype": "int32", "momentum": 3},
    )


# --- Lambdas ------------------------------------------------------------------------------------

SCALE = {"scale": 0.17}


def made(name: str, module: Any, arguments: Any, *inputs: str, kind: str = "lambda") -> Any:
    config = {"name": name, "function": ["4wEAAA==", None, None], "function_type": kind}
    config |= {"arguments": arguments} | ({} if module == "" else {"module": module})
    node = NodeSpec(([Key(source, 0, 0) for source in inputs],))
    return shipped_lambda(LayerSpec(name, "Lambda", config, (node,)))


KERAS = "keras.applications."
PREPROCESS = "tf.keras.applications.preprocess_input"


def test_preprocessing_goes_by_the_module_that_keras_wrote_down() -> None:
    for module, mode in (
        ("tensorflow.python.keras.applications.vgg16", "caffe"),
        ("keras.applications.densenet", "torch"),
        ("keras.src.applications.mobilenet_v2", "tf"),
        ("keras.src.applications.efficientnet", "none"),
    ):
        assert made("lambda", module, {}, "input") == (PREPROCESS, {"mode": mode})


def test_blocks_go_by_module_and_name() -> None:
    block = ("CustomScaleLayer", SCALE)
    assert made("block35_1", KERAS + "inception_resnet_v2", SCALE, "x", "block35_1_conv") == block
    assert made("block8_10", "", SCALE, "x", "block8_10_conv") == block
    total = ("ops.numpy.Sum", {"axis": 4})
    assert made("conv2_block1_2_reduce", KERAS + "resnet", {}, "any") == total
    assert made("conv2_block1_2_reduce", "", {}, "reshape_7") == total


NOT_SHIPPED = {
    "somebody's module": ("lambda", "__main__", {}, ("input",)),
    "no module": ("lambda", "", {}, ("input",)),
    "a module that looks like it": ("lambda", "mykeras.applications.vgg16", {}, ("input",)),
    "a module below it": ("lambda", "keras.applications.vgg16.mine", {}, ("input",)),
    "all applications": ("lambda", "tensorflow.python.keras.applications", {}, ("input",)),
    "an unknown application": ("lambda", KERAS + "newest", {}, ("input",)),
    "arguments": ("lambda", KERAS + "vgg16", {"data_format": "channels_first"}, ("input",)),
    "two inputs": ("lambda", KERAS + "vgg16", {}, ("a", "b")),
    "somebody's block": ("block35_1", "__main__", SCALE, ("x", "block35_1_conv")),
    "another residual": ("block35_1", "", SCALE, ("x", "other_conv")),
    "another name": ("block34_1", "", SCALE, ("x", "block34_1_conv")),
    "more arguments": ("block35_1", "", SCALE | {"y": 1}, ("x", "block35_1_conv")),
    "a sum of something else": ("conv2_block1_2_reduce", "", {}, ("conv2d",)),
    "a sum elsewhere": ("conv2_block1_2_reduce", KERAS + "vgg16", {}, ("reshape",)),
}


@pytest.mark.parametrize("name", NOT_SHIPPED)
def test_every_other_lambda_stays_a_lambda(name: str) -> None:
    layer, module, arguments, inputs = NOT_SHIPPED[name]
    assert made(layer, module, arguments, *inputs) is None


def test_a_function_by_name_stays_a_lambda() -> None:
    assert made("lambda", KERAS + "vgg16", {}, "input", kind="function") is None
