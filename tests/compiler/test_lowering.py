"""What is compiled, what is refused and how that is said, and what the files look like."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

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
from running import compile_files, predict, write
from understudy.compiler.emit import INLINE_BYTES, PAGE
from understudy.errors import UnsupportedError, WeightsError

IMAGES = random(2, 6, 5, 3, seed=9)


def refused(document: Any, weights: Any = None) -> tuple[str, ...]:
    """The lines of the refusal."""
    with pytest.raises(UnsupportedError) as caught:
        compile_files(files(document, legacy_weights(weights or {})))
    assert caught.value.hint
    return caught.value.problems


def ours(document: Any, weights: Any, *inputs: np.ndarray) -> np.ndarray:
    return predict(files(document, legacy_weights(weights)), *(inputs or (IMAGES,)))[0]


# --- Refusals -----------------------------------------------------------------------------------


def test_all_that_is_unsupported_is_listed_at_once() -> None:
    problems = refused(
        sequential(
            image_input(),
            layer("Lambda", "secret"),
            conv("a", padding="reflect"),
            layer("Mystery", "m"),
            layer("Activation", "act", activation="my_activation"),
            layer("ReLU", "fine"),
        )
    )
    assert [line.split(":")[0] for line in problems] == [
        "Lambda secret",
        "Conv2D a",
        "Mystery m",
        "Activation act",
    ]


@pytest.mark.parametrize(
    "entry",
    [
        layer("ReLU", "x", shape_shifting=3),
        conv("x", strides=[1, 2, 3]),
        conv("x", strides=0),
        conv("x", filters=-1),
        conv("x", filters="many"),
        conv("x", groups=2),
        conv("x", dtype="my_policy"),
        conv("x", dtype={"class_name": "MyPolicy", "config": {"name": "my_policy"}}),
        layer("Conv2D", "x", filters=4),
        layer("BatchNormalization", "x", axis=[1, 2]),
        layer("BatchNormalization", "x", axis=4),
        layer("BatchNormalization", "x", axis=0),
        layer("Softmax", "x", axis=[1, 2]),
        layer("Dense", "x", units=2, use_bias="perhaps"),
        layer("Reshape", "x", target_shape=[7]),
        layer("Permute", "x", dims=[1, 1, 2]),
        layer("Cropping2D", "x", cropping=3),
        conv("x", size=9),
        layer("Activation", "x", activation={"class_name": "Custom>f", "config": {}}),
        layer("my_package>Dense", "x", units=2),
    ],
    ids=lambda entry: str({k: v for k, v in entry["config"].items() if k != "name"}),
)
def test_options_that_cannot_be_compiled_are_refused(entry: Any) -> None:
    size = entry["config"].get("kernel_size", [3])[0]
    weights = conv_weights("x", (size, size, 3, 4)) if entry["class_name"] == "Conv2D" else {}
    (problem,) = refused(sequential(image_input(), entry), weights)
    assert " x: " in problem
    assert "\n" not in problem


@pytest.mark.parametrize(
    "named", [{"training": True}, {"mask": ["image", 0, 0]}, {"anything": 1}], ids=str
)
def test_calls_with_arguments_that_change_the_answer_are_refused(named: Any) -> None:
    document = functional([image_input(), layer("Dropout", "d", ["image", 0, 0, named], rate=0.5)])
    (problem,) = refused(document)
    assert "called with" in problem or "training" in problem


@pytest.mark.parametrize("named", [{"training": False}, {"training": None}, {"mask": None}])
def test_calls_as_at_inference_are_not(named: Any) -> None:
    document = functional([image_input(), layer("Dropout", "d", ["image", 0, 0, named], rate=0.5)])
    np.testing.assert_array_equal(ours(document, {}), IMAGES)


@pytest.mark.parametrize(
    ("shape", "dtype"),
    [((6, 5, 3), "string"), ((6, 5, 3), "complex64"), ((0, 5, 3), "float32"), ((), "float8")],
)
def test_inputs_that_make_no_sense_are_refused(shape: Any, dtype: str) -> None:
    image = layer("InputLayer", "image", batch_input_shape=[None, *shape], dtype=dtype)
    refused(sequential(image, layer("ReLU", "r")))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_weights_that_are_not_finite(value: float) -> None:
    weights = conv_weights("c")
    weights["c"]["c/kernel:0"][0, 0, 0, 0] = value
    data = files(sequential(image_input(), conv("c")), legacy_weights(weights))
    with pytest.raises(WeightsError, match="c/kernel") as caught:
        compile_files(data)
    assert "--allow-nan" in caught.value.hint
    assert compile_files(data, allow_nan=True).parameters == 112


# --- What is computed ---------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["uint8", "int32", "float64", "float16"])
def test_inputs_keep_their_dtype(dtype: str) -> None:
    image = layer("InputLayer", "image", batch_input_shape=[None, 6, 5, 3], dtype=dtype)
    data = files(sequential(image, layer("ReLU", "r")), legacy_weights({}))
    compiled = compile_files(data)
    assert compiled.inputs[0].dtype == dtype
    images = (IMAGES * 10).astype(dtype)
    expected = np.maximum(images.astype(np.float32), 0)
    np.testing.assert_allclose(predict(data, images)[0], expected, atol=1e-6)


def test_zero_padding_before_a_max_pooling_is_zero() -> None:
    """onnxruntime would make it minus infinity."""
    pool = layer("MaxPooling2D", "p", pool_size=[2, 2], strides=[1, 1])
    document = sequential(image_input(), layer("ZeroPadding2D", "z", padding=[2, 1]), pool)
    padded = np.pad(-np.abs(IMAGES), ((0, 0), (2, 2), (1, 1), (0, 0)))
    shifted = [padded[:, i : i + 9, j : j + 6] for i in (0, 1) for j in (0, 1)]
    np.testing.assert_allclose(
        ours(document, {}, -np.abs(IMAGES)), np.max(shifted, axis=0), atol=1e-6
    )


def test_a_tensor_and_its_permutation_are_arranged_apart() -> None:
    """Both lie in the same memory, and a convolution wants both with the channels in front."""
    weights = conv_weights("a", (1, 1, 3, 2)) | conv_weights("b", (1, 1, 6, 2), seed=4)
    document = functional(
        [
            image_input(),
            conv("a", "image", filters=2, size=1),
            layer("Permute", "turned", "image", dims=[2, 3, 1]),
            conv("b", "turned", filters=2, size=1),
        ],
        outputs=("a", "b"),
    )
    results = predict(files(document, legacy_weights(weights)), IMAGES)
    for result, name, images in (
        (results[0], "a", IMAGES),
        (results[1], "b", IMAGES.transpose(0, 2, 3, 1)),
    ):
        kernel, bias = weights[name].values()
        np.testing.assert_allclose(result, images @ kernel[0, 0] + bias, atol=1e-5)


@pytest.mark.parametrize("threshold", [0.0, 0.5])
@pytest.mark.parametrize("slope", [0.0, 0.25])
@pytest.mark.parametrize("highest", [None, 6.0, 1.0])
def test_relu_is_kerass_own(highest: float | None, slope: float, threshold: float) -> None:
    """The formula of `keras.activations.relu`; at the threshold it is 0."""
    x = np.tile(np.array([-2, -0.5, 0, 0.25, 0.5, 1, 3, 9], np.float32), (1, 1))
    entry = layer("ReLU", "r", max_value=highest, negative_slope=slope, threshold=threshold)
    image = layer("InputLayer", "image", batch_input_shape=[None, 8], dtype="float32")
    expected = np.clip(x * (x > threshold), 0, highest) - slope * np.maximum(threshold - x, 0)
    np.testing.assert_allclose(ours(sequential(image, entry), {}, x), expected, atol=1e-6)


# --- The files ----------------------------------------------------------------------------------


def small_model() -> dict[str, bytes]:
    document = sequential(
        image_input(),
        conv("c", filters=32),
        layer("BatchNormalization", "n"),
        layer("Flatten", "f"),
        layer("Dense", "d", units=70, activation="softmax"),
    )
    dense = {"d/kernel:0": random(4 * 3 * 32, 70), "d/bias:0": random(70)}
    weights = conv_weights("c", (3, 3, 3, 32)) | norm_weights("n", 32) | {"d": dense}
    return files(document, legacy_weights(weights))


def test_the_same_files_give_the_same_bytes() -> None:
    first, second = compile_files(small_model()).files, compile_files(small_model()).files
    assert first.onnx == second.onnx
    assert b"".join(first.pieces()) == b"".join(second.pieces())


def test_the_graph_is_valid_and_the_weights_lie_at_pages(tmp_path: Path) -> None:
    path = write(compile_files(small_model()), tmp_path)
    onnx.checker.check_model(str(path), full_check=True)
    graph = onnx.load(str(path), load_external_data=False).graph
    apart = 0
    for tensor in graph.initializer:
        if tensor.data_location == onnx.TensorProto.EXTERNAL:
            where = {entry.key: entry.value for entry in tensor.external_data}
            assert where["location"] == "weights.bin"
            assert int(where["offset"]) % PAGE == 0
            assert (
                int(where["offset"]) + int(where["length"])
                <= (tmp_path / "weights.bin").stat().st_size
            )
            apart += 1
        else:
            assert tensor.ByteSize() <= INLINE_BYTES + 200
    assert apart == 2


def test_every_tensor_is_accounted_for() -> None:
    report = compile_files(small_model()).report()
    assert {entry.status for entry in report} == {"used"}
    assert {entry.target for entry in report} >= {"c/kernel", "n/moving_mean", "d/bias"}
