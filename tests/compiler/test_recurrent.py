"""Recurrent layers against their formulas in NumPy, and what of them is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from keras_files import files, functional, image_input, layer, legacy_weights, random, sequential
from running import compile_files, predict
from understudy.errors import UnsupportedError, WeightsError

STEPS = random(2, 4, 3, seed=9)
IMAGE = image_input(shape=(4, 3))
UNITS = 2


def cell_weights(name: str, gates: int, inputs: int = 3, units: int = UNITS, seed: int = 0) -> Any:
    return {
        f"{name}/kernel:0": random(inputs, gates * units, seed=seed),
        f"{name}/recurrent_kernel:0": random(units, gates * units, seed=seed + 1),
        f"{name}/bias:0": random(gates * units, seed=seed + 2),
    }


def refused(document: Any, weights: Any = None) -> str:
    """The one line of the refusal."""
    with pytest.raises(UnsupportedError) as caught:
        compile_files(files(document, legacy_weights(weights or {})))
    (problem,) = caught.value.problems
    return problem


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def lstm(x: np.ndarray, kernel: Any, recurrent: Any, bias: Any) -> np.ndarray:
    """The last output of keras 3.15 `LSTMCell.call`."""
    h = c = np.zeros((len(x), UNITS))
    for step in range(x.shape[1]):
        i, f, g, o = np.split(x[:, step] @ kernel + h @ recurrent + bias, 4, axis=1)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
    return h


def test_the_gates_are_in_keras_order() -> None:
    weights = cell_weights("a", 4)
    document = sequential(IMAGE, layer("LSTM", "a", units=UNITS))
    (got,) = predict(files(document, legacy_weights({"a": weights})), STEPS)
    np.testing.assert_allclose(got, lstm(STEPS, *weights.values()), atol=1e-6)


@pytest.mark.parametrize(("shared", "shape"), [([1], (1, 2)), ([2], (4, 1)), ([], (4, 2))])
def test_prelu_of_steps(shared: list[int], shape: tuple[int, int]) -> None:
    """What an RNN gives has its steps before the batch."""
    steps = layer("LSTM", "a", units=UNITS, return_sequences=True)
    weights = {"a": cell_weights("a", 4)}
    (plain,) = predict(files(sequential(IMAGE, steps), legacy_weights(weights)), STEPS)
    alpha = random(*shape, seed=7)
    document = sequential(IMAGE, steps, layer("PReLU", "p", shared_axes=shared))
    weights["p"] = {"p/alpha:0": alpha}
    (got,) = predict(files(document, legacy_weights(weights)), STEPS)
    np.testing.assert_allclose(got, np.where(plain < 0, alpha * plain, plain), atol=1e-6)


@pytest.mark.parametrize("class_name", ["LSTM", "CuDNNLSTM"])
def test_weights_of_cudnn_are_known_by_their_bias(class_name: str) -> None:
    """Keras 2.3 `preprocess_weights_for_loading`: transposed kernels, two biases."""
    stored = {
        "a/kernel:0": random(3, 8),
        "a/recurrent_kernel:0": random(2, 8, seed=1),
        "a/bias:0": random(16, seed=2),
    }
    kernel, recurrent, bias = stored.values()
    turned = [part.T.reshape(part.shape, order="F") for part in np.hsplit(kernel, 4)]
    meant = (
        np.hstack(turned),
        np.hstack([part.T for part in np.hsplit(recurrent, 4)]),
        bias[:8] + bias[8:],
    )
    document = sequential(IMAGE, layer(class_name, "a", units=UNITS))
    (got,) = predict(files(document, legacy_weights({"a": stored})), STEPS)
    np.testing.assert_allclose(got, lstm(STEPS, *meant), atol=1e-6)


def test_a_gru_without_reset_after_has_no_weights_of_cudnn() -> None:
    stored = cell_weights("a", 3) | {"a/bias:0": random(12)}
    document = sequential(IMAGE, layer("GRU", "a", units=UNITS, reset_after=False))
    with pytest.raises(WeightsError, match=r"a/bias .* should have the shape \(6,\)"):
        compile_files(files(document, legacy_weights({"a": stored})))


def test_steps_written_out_are_onnx_operators() -> None:
    """The same cell with an activation that ONNX knows, and with it as a layer of options."""
    weights = legacy_weights({"a": cell_weights("a", 4)})
    relu = {"class_name": "ReLU", "config": {"name": "r", "max_value": 1e9}}
    for written in ({"activation": "relu"}, {"activation": relu}):
        document = sequential(IMAGE, layer("LSTM", "a", units=UNITS, **written))
        compiled = compile_files(files(document, weights))
        (got,) = predict(files(document, weights), STEPS)
        if "LSTM" in compiled.operators:
            expected = got
        else:
            np.testing.assert_allclose(got, expected, atol=1e-6)
    assert "LSTM" not in compiled.operators


def test_a_sequence_turned_twice_is_not_turned() -> None:
    inner = {"class_name": "LSTM", "config": {"name": "l", "units": 2, "return_sequences": True}}
    document = sequential(IMAGE, layer("Bidirectional", "b", layer=inner))
    weights = cell_weights("b/forward_l", 4) | cell_weights("b/backward_l", 4, seed=5)
    compiled = compile_files(files(document, legacy_weights({"b": weights})))
    assert "Slice" not in compiled.operators
    assert compiled.operators.count("LSTM") == 2


def test_directions_are_told_by_name_and_not_by_order() -> None:
    inner = {"class_name": "LSTM", "config": {"name": "l", "units": 2}}
    document = sequential(IMAGE, layer("Bidirectional", "b", layer=inner))
    forward = cell_weights("b/forward_l/lstm_cell_1", 4)
    backward = cell_weights("b/backward_l/lstm_cell_2", 4, seed=5)
    outputs = [
        predict(files(document, legacy_weights({"b": weights})), STEPS)[0]
        for weights in (forward | backward, backward | forward)
    ]
    np.testing.assert_array_equal(*outputs)


def stacked(names: tuple[str, str]) -> bytes:
    made = [cell_weights(f"r/{names[0]}", 4), cell_weights(f"r/{names[1]}", 4, 2, seed=5)]
    return legacy_weights({"r": made[0] | made[1]})


CELLS = {
    "class_name": "StackedRNNCells",
    "config": {
        "cells": [{"class_name": "LSTMCell", "config": {"name": name, "units": 2}} for name in "ab"]
    },
}


def test_cells_take_their_weights_in_order() -> None:
    document = sequential(IMAGE, layer("RNN", "r", cell=CELLS))
    (got,) = predict(files(document, stacked(("lstm_cell_1", "lstm_cell_2"))), STEPS)
    assert got.shape == (2, 2)


def test_cells_whose_order_was_changed_are_refused() -> None:
    """A frozen cell's weights are listed last: the numbers fall."""
    document = sequential(IMAGE, layer("RNN", "r", cell=CELLS))
    with pytest.raises(WeightsError, match="are not those that RNN has"):
        compile_files(files(document, stacked(("lstm_cell_2", "lstm_cell_1"))))


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"time_major": True}, "time_major=True"),
        ({"activation": "mine"}, "the activation 'mine' is not known"),
        ({"projection": 3}, "its option projection=3 is not known"),
    ],
)
def test_options_that_cannot_be_compiled(options: Any, why: str) -> None:
    document = sequential(IMAGE, layer("LSTM", "a", units=2, **options))
    assert why in refused(document, {"a": cell_weights("a", 4)})


def test_a_stateful_layer_begins_with_zeros_each_time() -> None:
    weights = legacy_weights({"a": cell_weights("a", 4)})
    plain, stateful = (
        compile_files(files(sequential(IMAGE, layer("LSTM", "a", units=2, **options)), weights))
        for options in ({}, {"stateful": True})
    )
    assert stateful.operators == plain.operators
    assert "a is stateful: its state begins with zeros for each image" in stateful.notes


def test_a_free_number_of_steps_cannot_be_written_out() -> None:
    image = image_input(shape=(None, 3))
    document = sequential(image, layer("LSTM", "a", units=2, activation="selu"))
    assert "a free number of time steps" in refused(document, {"a": cell_weights("a", 4)})


def test_a_mask_by_name_is_refused() -> None:
    key = ["image", 0, 0, {"mask": ["image", 0, 0]}]
    document = functional([IMAGE, layer("LSTM", "a", key, units=2)])
    assert "it is called with mask=" in refused(document, {"a": cell_weights("a", 4)})


def test_a_layer_of_unknown_class_in_another_is_named() -> None:
    inner = {"class_name": "Mystery", "config": {"name": "m"}}
    for options in ({"layer": inner}, {"layer": {"class_name": "RNN", "config": {"cell": inner}}}):
        assert "Mystery" in refused(sequential(IMAGE, layer("Bidirectional", "b", **options)))


def test_states_of_another_size_are_refused() -> None:
    document = functional(
        [
            IMAGE,
            image_input("state", (5,)),
            layer("GRU", "a", ["image", 0, 0, {}], ["state", 0, 0, {}], units=2),
        ],
        inputs=("image", "state"),
    )
    assert "it has 2 units" in refused(document, {"a": cell_weights("a", 3)})


def test_wrapped_layers_nested_too_deeply_are_refused() -> None:
    entry: Any = {"class_name": "Dense", "config": {"name": "d", "units": 2}}
    for number in range(60):
        entry = {"class_name": "TimeDistributed", "config": {"name": f"t{number}", "layer": entry}}
    with pytest.raises(Exception, match="nested more than 32 deep") as caught:
        compile_files(files(sequential(IMAGE, entry), legacy_weights({})))
    assert hasattr(caught.value, "hint")


@pytest.mark.parametrize("name", ["time_distributed_1", "time_distributed_7", "dense_1", "dense_9"])
def test_a_wrapped_layer_is_called_as_its_wrapper_or_as_itself(name: str) -> None:
    """Keras 2 names its weights after the wrapper, Keras 3 after itself; numbers may differ."""
    dense = {"class_name": "Dense", "config": {"name": "dense_1", "units": 2}}
    wrapper = layer("TimeDistributed", "time_distributed_1", layer=dense)
    inner = sequential(IMAGE, layer("LSTM", "lstm_1", units=2, return_sequences=True), wrapper)
    inner["config"]["name"] = "inner"
    kernel, bias = random(2, 2, seed=7), random(2, seed=8)
    weights = cell_weights("lstm_1/lstm_cell", 4)
    weights |= {f"{name}/kernel:0": kernel, f"{name}/bias:0": bias}
    document = sequential(IMAGE, inner, layer("Flatten", "f"))
    (got,) = predict(files(document, legacy_weights({"inner": weights})), STEPS)
    np.testing.assert_allclose(
        got[:, -2:], lstm(STEPS, *list(weights.values())[:3]) @ kernel + bias, atol=1e-6
    )
