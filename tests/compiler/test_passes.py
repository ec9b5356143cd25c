"""What is folded and what must not be, and how many operators are left."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest
from golden_set import goldens

from keras_files import (
    conv,
    conv_weights,
    files,
    functional,
    image_input,
    layer,
    legacy_weights,
    norm_weights,
    random,
    sequential,
)
from running import compile_files, run

IMAGES = random(2, 6, 5, 3, seed=9)
NORM = "BatchNormalization"


def norm(name: str, *inputs: Any, **config: Any) -> Any:
    return layer(NORM, name, *inputs, **config)


def compiled(document: Any, weights: Any, *inputs: np.ndarray) -> tuple[Counter[str], Any]:
    """The operators, and the outputs."""
    made = compile_files(files(document, legacy_weights(weights)))
    return Counter(made.operators), run(made, inputs or (IMAGES,))


def normed(x: np.ndarray, weights: Any, name: str) -> np.ndarray:
    gamma, beta, mean, variance = weights[name].values()
    return (x - mean) / np.sqrt(variance + 1e-3) * gamma + beta


def convolved(x: np.ndarray, weights: Any, name: str) -> np.ndarray:
    """A 1×1 convolution."""
    kernel, bias = weights[name].values()
    return x @ kernel[0, 0] + bias


WEIGHTS = conv_weights("c", (1, 1, 3, 4)) | norm_weights("n", 4, seed=3)
ONE = {"filters": 4, "size": 1}


@pytest.mark.parametrize("use_bias", [True, False])
def test_a_normalization_after_a_convolution_is_folded(use_bias: bool) -> None:
    weights = {name: dict(group) for name, group in WEIGHTS.items()}
    if not use_bias:
        weights["c"].pop("c/bias:0")
    document = sequential(image_input(), conv("c", use_bias=use_bias, **ONE), norm("n"))
    operators, (result,) = compiled(document, weights)
    assert operators == {"Transpose": 2, "Conv": 1}
    bias = WEIGHTS["c"]["c/bias:0"] if use_bias else 0
    expected = normed(IMAGES @ WEIGHTS["c"]["c/kernel:0"][0, 0] + bias, WEIGHTS, "n")
    np.testing.assert_allclose(result, expected, atol=1e-5)


def test_a_normalization_after_a_dense_layer_of_an_image_is_folded() -> None:
    """The features lie in another order in memory than Keras'."""
    weights = (
        conv_weights("c", (1, 1, 3, 4))
        | {"d": {"d/kernel:0": random(120, 5), "d/bias:0": random(5)}}
        | norm_weights("n", 5, seed=3)
    )
    dense = layer("Dense", "d", units=5)
    document = sequential(image_input(), conv("c", **ONE), layer("Flatten", "f"), dense, norm("n"))
    operators, (result,) = compiled(document, weights)
    assert operators == {"Transpose": 1, "Conv": 1, "Flatten": 1, "Gemm": 1}
    flat = convolved(IMAGES, weights, "c").reshape(2, -1)
    kernel, bias = weights["d"].values()
    np.testing.assert_allclose(result, normed(flat @ kernel + bias, weights, "n"), atol=1e-4)


def test_not_into_a_kernel_that_two_calls_share() -> None:
    shared = {**conv("c", **ONE), "inbound_nodes": [[["image", 0, 0, {}]], [["r", 0, 0, {}]]]}
    document = functional(
        [
            image_input(),
            layer("ReLU", "r", "image"),
            shared,
            norm("n", ["c", 0, 0, {}]),
            layer("ReLU", "end", ["c", 1, 0, {}]),
        ],
        outputs=("n", "end"),
    )
    operators, (first, second) = compiled(document, WEIGHTS)
    assert operators[NORM] == 1
    np.testing.assert_allclose(
        first, normed(convolved(IMAGES, WEIGHTS, "c"), WEIGHTS, "n"), atol=1e-5
    )
    expected = np.maximum(convolved(np.maximum(IMAGES, 0), WEIGHTS, "c"), 0)
    np.testing.assert_allclose(second, expected, atol=1e-5)


@pytest.mark.parametrize("second", ["other", "c"])
def test_not_where_the_value_is_used_twice_or_is_an_output(second: str) -> None:
    document = functional(
        [image_input(), conv("c", "image", **ONE), norm("n", "c"), layer("ReLU", "other", "c")],
        outputs=("n", second),
    )
    operators, (first, last) = compiled(document, WEIGHTS)
    assert operators[NORM] == 1
    plain = convolved(IMAGES, WEIGHTS, "c")
    np.testing.assert_allclose(first, normed(plain, WEIGHTS, "n"), atol=1e-5)
    expected = np.maximum(plain, 0) if second == "other" else plain
    np.testing.assert_allclose(last, expected, atol=1e-5)


def test_not_along_another_axis() -> None:
    weights = conv_weights("c", (1, 1, 3, 4)) | norm_weights("n", 6, seed=3)
    document = sequential(image_input(), conv("c", **ONE), norm("n", axis=1))
    operators, (result,) = compiled(document, weights)
    assert operators[NORM] == 1
    by_row = convolved(IMAGES, weights, "c").swapaxes(1, 3)
    np.testing.assert_allclose(result, normed(by_row, weights, "n").swapaxes(1, 3), atol=1e-5)


def test_not_through_an_activation() -> None:
    document = sequential(image_input(), conv("c", activation="relu", **ONE), norm("n"))
    operators, (result,) = compiled(document, WEIGHTS)
    assert operators[NORM] == 1
    expected = normed(np.maximum(convolved(IMAGES, WEIGHTS, "c"), 0), WEIGHTS, "n")
    np.testing.assert_allclose(result, expected, atol=1e-5)


def test_padding_is_the_convolutions_own() -> None:
    weights = conv_weights("c", (3, 3, 3, 4))
    padded = sequential(image_input(), layer("ZeroPadding2D", "z"), conv("c"))
    operators, (result,) = compiled(padded, weights)
    assert operators == {"Transpose": 2, "Conv": 1}
    _, (same,) = compiled(sequential(image_input(), conv("c", padding="same")), weights)
    np.testing.assert_array_equal(result, same)


def test_not_where_the_padded_image_is_used_twice() -> None:
    weights = conv_weights("c", (3, 3, 3, 4))
    document = functional(
        [image_input(), layer("ZeroPadding2D", "z", "image"), conv("c", "z")], outputs=("c", "z")
    )
    operators, (_, padded) = compiled(document, weights)
    assert operators["Pad"] == 1
    np.testing.assert_allclose(padded, np.pad(IMAGES, ((0, 0), (1, 1), (1, 1), (0, 0))), atol=1e-6)


def test_what_no_output_needs_is_dropped() -> None:
    document = functional(
        [image_input(), conv("c", "image", **ONE), norm("n", "c"), layer("ReLU", "other", "c")],
        outputs=("n",),
    )
    operators, _ = compiled(document, WEIGHTS)
    assert operators == {"Transpose": 2, "Conv": 1}


def test_one_value_as_two_outputs_and_an_input_as_an_output() -> None:
    document = functional(
        [image_input(), layer("Dropout", "d", "image", rate=0.1), layer("ReLU", "r", "d")],
        outputs=("r", "r", "d"),
    )
    _, (first, second, same) = compiled(document, {})
    np.testing.assert_array_equal(first, second)
    np.testing.assert_array_equal(same, IMAGES)


EXPECTED = {
    "vgg_sequential": {"Transpose": 1, "Conv": 2, "Relu": 3, "MaxPool": 2, "Flatten": 1,
                       "Gemm": 2, "BatchNormalization": 1, "Softmax": 1},
    "resnet": {"Transpose": 1, "Conv": 6, "Relu": 5, "Pad": 1, "MaxPool": 1, "Add": 2,
               "ReduceMean": 1, "Gemm": 1, "Softmax": 1},
}  # fmt: skip
"""A model's operators: one transpose at the input, none after; the only normalization left is
the one after an activation."""


@pytest.mark.parametrize("version", ["keras-2.0.6", "tfkeras-2.4", "keras-3.15.1"])
@pytest.mark.parametrize("model", EXPECTED)
def test_no_operator_too_many(model: str, version: str) -> None:
    (golden,) = (g for g in goldens() if (g.version, g.model) == (version, model))
    weights = next(name for name in ("weights.h5", "model.weights.h5") if name in golden.files)
    made = compile_files({n: golden.read(n) for n in ("architecture.json", weights)})
    assert Counter(made.operators) == EXPECTED[model]
