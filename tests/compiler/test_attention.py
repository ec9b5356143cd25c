"""How attention is called, and what of it is refused; quantised layers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from keras_files import files, functional, image_input, layer, legacy_weights, random, sequential
from running import compile_files, predict
from understudy.errors import UnsupportedError

STEPS = random(2, 4, 3, seed=9)
IMAGE = image_input(shape=(4, 3))
HEADS = {"num_heads": 2, "key_dim": 2}


def head_weights(name: str = "a") -> Any:
    made = {}
    for number, part in enumerate(("query", "key", "value")):
        made[f"{name}/{part}/kernel:0"] = random(3, 2, 2, seed=number)
        made[f"{name}/{part}/bias:0"] = random(2, 2, seed=number + 5)
    made[f"{name}/attention_output/kernel:0"] = random(2, 2, 3, seed=3)
    made[f"{name}/attention_output/bias:0"] = random(3, seed=4)
    return {name: made}


def attends(*keys: Any, **config: Any) -> Any:
    return functional([IMAGE, layer("MultiHeadAttention", "a", *keys, **HEADS, **config)])


def refused(document: Any, weights: Any = None) -> str:
    """The one line of the refusal."""
    with pytest.raises(UnsupportedError) as caught:
        compile_files(files(document, legacy_weights(weights or {})))
    (problem,) = caught.value.problems
    return problem


def test_tensors_by_name_are_those_by_position() -> None:
    weights = legacy_weights(head_weights())
    ways = (
        attends(["image", 0, 0, {"value": ["image", 0, 0]}]),
        attends(["image", 0, 0, {"value": ["image", 0, 0], "key": ["image", 0, 0]}]),
        attends("image", "image"),
        attends("image", "image", "image"),
    )
    outputs = [predict(files(document, weights), STEPS)[0] for document in ways]
    for other in outputs[1:]:
        np.testing.assert_array_equal(outputs[0], other)


@pytest.mark.parametrize(
    ("named", "why"),
    [
        ({"value_mask": ["image", 0, 0]}, "it is called with value_mask="),
        ({"training": True}, "it is called with training=True"),
        ({"use_causal_mask": "yes"}, "use_causal_mask='yes': true or false is needed"),
        ({"attention_mask": 3}, "attention_mask=3, tensors are needed"),
    ],
)
def test_call_arguments_that_are_refused(named: Any, why: str) -> None:
    document = attends(["image", 0, 0, {"value": ["image", 0, 0], **named}])
    assert why in refused(document, head_weights())


def test_more_tensors_than_three_are_masks_and_refused() -> None:
    document = attends("image", "image", "image", "image")
    assert "it is called with 4 tensors" in refused(document, head_weights())


def test_a_gap_between_tensors_is_refused() -> None:
    """`layer(query, value, None, mask)` in Keras 3: the mask is not the key."""
    tensor = {
        "class_name": "__keras_tensor__",
        "config": {"shape": [None, 4, 3], "keras_history": ["image", 0, 0]},
    }
    document = attends("image")
    document["config"]["layers"][1]["inbound_nodes"] = [
        {"args": [tensor, tensor, None, tensor], "kwargs": {}}
    ]
    assert "called with None where a tensor is needed" in refused(document, head_weights())


def test_a_causal_mask_needs_known_steps() -> None:
    free = image_input(shape=(None, 3))
    keys = ["image", 0, 0, {"value": ["image", 0, 0], "use_causal_mask": True}]
    document = functional([free, layer("MultiHeadAttention", "a", keys, **HEADS)])
    assert "known numbers of steps" in refused(document, head_weights())


@pytest.mark.parametrize(
    ("equation", "why"),
    [
        ("aab,bc->ac", "takes a diagonal"),
        ("ab,bc->ac", "of an input with 3 axes"),
        ("abc,cd", "cannot be read"),
        ("...c,cd->d", "ellipses do not fit"),
    ],
)
def test_equations_that_make_no_sense(equation: str, why: str) -> None:
    document = sequential(IMAGE, layer("EinsumDense", "e", equation=equation, output_shape=[4, 5]))
    assert why in refused(document, {"e": {"e/kernel:0": random(3, 5)}})


POLICY = {"class_name": "QuantizedDTypePolicy", "config": {"mode": "int8", "source_name": None}}
ROUNDING = {"value_range": [-127, 127], "epsilon": 1e-07, "output_dtype": "int8"}


def quantised(**options: Any) -> Any:
    return sequential(IMAGE, layer("Dense", "d", units=2, use_bias=False, **options))


def test_int8_is_computed_as_keras_does() -> None:
    """keras 3.15 `Dense._int8_call`."""
    kernel = np.array([[127, -3], [5, 90], [-60, 127]], np.int8)
    scale = np.array([30.0, 55.0], np.float32)
    weights = legacy_weights({"d": {"d/kernel": kernel, "d/kernel_scale": scale}})
    (got,) = predict(files(quantised(dtype=POLICY), weights), STEPS)
    steps = 127 / (np.abs(STEPS).max(-1, keepdims=True) + 1e-7)
    expected = np.clip(np.round(STEPS * steps), -127, 127) @ kernel / (scale * steps)
    np.testing.assert_allclose(got, expected, rtol=1e-6)


@pytest.mark.parametrize(
    "options",
    [
        {"dtype": {"class_name": "Int4DTypePolicy", "config": {"mode": "int4/128"}}},
        {"dtype": {"class_name": "QuantizedFloat8DTypePolicy", "config": {"mode": "float8"}}},
        {"dtype": {"class_name": "DTypePolicyMap", "config": {"policy_map": {}}}},
        {
            "dtype": POLICY,
            "quantization_config": {
                "class_name": "Int8QuantizationConfig",
                "config": {
                    "activation_quantizer": {
                        "class_name": "AbsMaxQuantizer",
                        "config": {**ROUNDING, "value_range": [-7, 7]},
                    }
                },
            },
        },
    ],
)
def test_other_ways_to_quantise_are_refused(options: Any) -> None:
    assert "its dtype policy" in refused(quantised(**options))
