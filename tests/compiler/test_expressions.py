"""What a person says that a Lambda or custom layer computes, and what nobody may say."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from keras_files import files, functional, image_input, layer, legacy_weights, random, sequential
from running import run
from understudy.compiler import compile_model
from understudy.compiler.custom import with_expressions
from understudy.compiler.ops.language import FUNCTIONS, parse
from understudy.delivery.options import Options, parse_layers
from understudy.errors import InputError, UnsupportedError
from understudy.keras import normalize, read

X = random(2, 6, 5, 4, seed=3)
BYTECODE = ["4wEAAAAAAAAA\n", None, None]


def scaled(name: str = "scale", *inputs: str, **config: Any) -> Any:
    function = {"function": BYTECODE, "function_type": "lambda", "arguments": {}}
    return layer("Lambda", name, *inputs, **function, **config)


def model_of(document: Any, weights: Any = None) -> Any:
    model, _ = normalize(read(files(document, legacy_weights(weights or {}))))
    return model


def computed(expression: str, *images: np.ndarray) -> np.ndarray:
    """What a Lambda on one or more images gives."""
    inputs = images or (X,)
    names = [f"image_{n}" for n in range(len(inputs))]
    entries = [
        image_input(name, array.shape[1:]) for name, array in zip(names, inputs, strict=True)
    ]
    document = functional([*entries, scaled("scale", *names)], tuple(names))
    model = with_expressions(model_of(document), parse_layers([f"scale={expression}"]))
    return run(compile_model(model), list(inputs))[0]


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


MEANINGS = {
    "x": X,
    "x / 127.5 - 1": X / 127.5 - 1,
    "(x - 0.5) * 2": (X - 0.5) * 2,
    "1 - -x": 1 + X,
    "2 ** 3 - x": 8 - X,
    "x ** 2": X**2,
    "abs(x) ** 0.5": np.abs(X) ** 0.5,
    "clip(x, 0, 6)": X.clip(0, 6),
    "clip(x, low=-0.5, high=0.5)": X.clip(-0.5, 0.5),
    "relu6(4 * x)": (4 * X).clip(0, 6),
    "x * sigmoid(x)": X * sigmoid(X),
    "silu(x)": X * sigmoid(X),
    "hard_sigmoid(x, 0.2)": (0.2 * X + 0.5).clip(0, 1),
    "hard_swish(x)": X * (X + 3).clip(0, 6) / 6,
    "leaky_relu(x, 0.1)": np.where(X > 0, X, 0.1 * X),
    "tanh(x)": np.tanh(X),
    "exp(x) - log(x ** 2 + 1)": np.exp(X) - np.log(X**2 + 1),
    "sqrt(abs(x))": np.sqrt(np.abs(X)),
    "maximum(x, 0.1)": np.maximum(X, 0.1),
    "softmax(x)": np.exp(X) / np.exp(X).sum(-1, keepdims=True),
    "softmax(x, 1)": np.exp(X) / np.exp(X).sum(1, keepdims=True),
    "mean(x, [1, 2])": X.mean((1, 2)),
    "mean(x, -1, keepdims=True)": X.mean(-1, keepdims=True),
    "max(x, (1, 2))": X.max((1, 2)),
    "l2_normalize(x, -1)": X / np.sqrt((X**2).sum(-1, keepdims=True)),
    "x[..., ::-1]": X[..., ::-1],
    "x[:, 1:, ::2, 0]": X[:, 1:, ::2, 0],
    "x[:, None, ..., -1]": X[:, None, ..., -1],
    "reshape(x, (30, 4))": X.reshape(2, 30, 4),
    "reshape(x, [-1])": X.reshape(2, -1),
    "permute(x, (3, 1, 2))": X.transpose(0, 3, 1, 2),
    "transpose(x, (0, 2, 1, 3))": X.transpose(0, 2, 1, 3),
    "expand_dims(x, 1)": X[:, None],
    "concat([x, 2 * x], -1)": np.concatenate([X, 2 * X], -1),
    "flip(x, 2)": X[:, :, ::-1],
    "resize(x, 12, 2 * 5, 'nearest')": X.repeat(2, 1).repeat(2, 2),
}


@pytest.mark.parametrize("expression", MEANINGS)
def test_an_expression_means_what_numpy_makes_of_it(expression: str) -> None:
    expected = MEANINGS[expression]
    found = computed(expression)
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_several_inputs_have_numbers() -> None:
    np.testing.assert_allclose(computed("x0 + 0.5 * x1", X, -X), 0.5 * X, atol=1e-6)
    with pytest.raises(UnsupportedError) as caught:
        computed("x + 1", X, X)
    assert "the layer is called with x0 to x1" in str(caught.value)


def test_integers_may_be_scaled() -> None:
    image = layer("InputLayer", "image", batch_input_shape=[None, 6, 5, 3], dtype="uint8")
    model = model_of(sequential(image, scaled()))
    pixels = (random(2, 6, 5, 3, seed=1) * 60 + 120).clip(0, 255).astype(np.uint8)
    compiled = compile_model(with_expressions(model, {"scale": "x / 255"}))
    (found,) = run(compiled, [pixels])
    np.testing.assert_allclose(found, pixels / np.float32(255), atol=1e-6)


REFUSED = {
    "__import__('os')": "no function __import__",
    "x.__class__": "not part of the language",
    "(lambda: 0)()": "no function",
    "[i for i in x]": "not part of the language",
    "x if x else 1": "not part of the language",
    "y + 1": "y is not known",
    "x @ x": "of operators",
    "x // 2": "of operators",
    "not x": "of operators",
    "relu(*x)": "not part of the language",
    "relu(**x)": "not part of the language",
    "relu(x, 2)": "relu",
    "hard_sigmoid(x)": "slope",
    "clip(x, 0)": "clip",
    "x +": "invalid syntax",
    "x = 1": "invalid syntax",
    "x; x": "invalid syntax",
    "'a b'": "not a number",
    "1j * x": "not a number",
    "(" * 240 + "x" + ")" * 240: "",
    "-" * 60 + "x": "nested too deeply",
    "x" + "+x" * 400: "longer than",
    "\0": "",
    "": "",
}


@pytest.mark.parametrize("expression", REFUSED)
def test_anything_else_is_refused_before_a_model_is_read(expression: str) -> None:
    with pytest.raises(InputError) as caught:
        parse(expression)
    assert REFUSED[expression] in caught.value.what
    assert caught.value.hint


SENSELESS = {
    "9 ** 9 ** 9 + x": "its numbers make no sense",
    "x / (1 - 1) + 1 / 0": "its numbers make no sense",
    "1 + 1": "gives no tensor",
    "mean(x)": "the batch included",
    "mean(x, 0)": "along the batch",
    "x[0]": "images of the batch",
    "reshape(x, (7, 7))": "does not fit",
    "clip(x, x, 1)": "a constant is needed",
    "x[:, 9]": "there is no place 9",
    "resize(x, 3, 3, 'spline')": "cannot be compiled",
    "True + x": "a truth value among numbers",
}


@pytest.mark.parametrize("expression", SENSELESS)
def test_what_makes_no_sense_of_the_tensors_is_refused(expression: str) -> None:
    with pytest.raises(UnsupportedError) as caught:
        computed(expression)
    assert SENSELESS[expression] in str(caught.value)


def test_every_function_is_documented_by_a_signature() -> None:
    for name in FUNCTIONS:
        assert name.isidentifier()
        with pytest.raises(InputError):
            parse(f"{name}()")


# --- Which layers -------------------------------------------------------------------------------


def test_without_a_word_every_lambda_and_custom_layer_is_listed() -> None:
    document = sequential(image_input(), scaled(), layer("Custom>Swish", "my act"))
    with pytest.raises(UnsupportedError) as caught:
        compile_model(model_of(document))
    first, second = caught.value.problems
    assert first == (
        "Lambda scale: its code is never run; say what it computes: --layer scale=EXPRESSION"
    )
    assert second.endswith("--layer 'my act=EXPRESSION'")
    assert "EXPRESSION" in caught.value.hint
    assert BYTECODE[0] not in str(caught.value)


@pytest.mark.parametrize("name", ["act", "Swish", "Custom>Swish"])
def test_a_custom_layer_goes_by_its_name_or_its_class(name: str) -> None:
    model = model_of(sequential(image_input(), layer("Custom>Swish", "act")))
    compiled = compile_model(with_expressions(model, {name: "x * sigmoid(x)"}))
    images = random(2, 6, 5, 3, seed=2)
    np.testing.assert_allclose(run(compiled, [images])[0], images * sigmoid(images), atol=1e-6)


def test_an_activation_function_goes_by_its_name() -> None:
    activation = layer("Activation", "act", activation="my_swish")
    model = model_of(sequential(image_input(), activation))
    with pytest.raises(UnsupportedError) as caught:
        compile_model(model)
    assert "--layer my_swish=EXPRESSION" in caught.value.problems[0]
    compiled = compile_model(with_expressions(model, {"my_swish": "x * sigmoid(2 * x)"}))
    images = random(2, 6, 5, 3, seed=2)
    np.testing.assert_allclose(run(compiled, [images])[0], images * sigmoid(2 * images), atol=1e-6)


def test_keras_own_layers_are_not_replaced() -> None:
    model = model_of(sequential(image_input(), layer("ReLU", "relu"), scaled()))
    for name in ("relu", "ReLU", "nothing"):
        with pytest.raises(InputError) as caught:
            with_expressions(model, {name: "x"})
        assert "there is no Lambda or custom layer" in caught.value.what
        assert "scale" in caught.value.hint


def test_a_custom_layer_with_weights_is_not_replaced() -> None:
    document = sequential(image_input(), layer("Custom>Scale", "mine"))
    model = model_of(document, {"mine": {"mine/factor:0": random(3, seed=1)}})
    with pytest.raises(InputError, match="has weights"):
        with_expressions(model, {"mine": "x"})


def test_a_file_cannot_hold_an_expression() -> None:
    document = sequential(image_input(), layer("--layer", "trick", expression="x"))
    with pytest.raises(UnsupportedError):
        compile_model(model_of(document))
    document = sequential(image_input(), layer("Activation", "trick", activation="--layer"))
    with pytest.raises(UnsupportedError):
        compile_model(model_of(document))


# --- The option ---------------------------------------------------------------------------------


def test_the_option_is_parsed() -> None:
    assert parse_layers(["a = x / 2", "b=clip(x,  0, 1)"]) == {
        "a": "x / 2",
        "b": "clip(x, 0, 1)",
    }
    for wrong in (["a"], ["=x"], ["a=x", "a=x"], ["a=y"]):
        with pytest.raises(InputError):
            parse_layers(wrong)


def test_expressions_are_part_of_the_options_and_so_of_the_id() -> None:
    assert Options(layers={"a": "x"}).said() == {"layers": {"a": "x"}}
    assert Options().said() == {}
