"""From files to the canonical model: shared layers, calls, circles, bombs, and mutations."""

from __future__ import annotations

import copy
import json
import random as dice_of
import time
from functools import cache
from typing import Any

import pytest
from golden_set import goldens
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keras_files import (
    conv,
    conv_weights,
    files,
    functional,
    image_input,
    layer,
    legacy_weights,
    nested,
)
from understudy.compiler import compile_model
from understudy.errors import InputError, ModelFileError, UnderstudyError
from understudy.keras import Model, normalize, read


def model_of(document: Any, weights: Any = None) -> Model:
    return normalize(read(files(document, legacy_weights(weights or {}))))[0]


def refused(document: Any, words: str) -> None:
    start = time.process_time()
    with pytest.raises(ModelFileError, match=words):
        model_of(document)
    assert time.process_time() - start < 5


def relu(name: str, *inputs: Any) -> Any:
    return layer("ReLU", name, *inputs)


def twice(entry: Any, *inputs: str) -> Any:
    """The layer called once on each of the inputs."""
    return {**entry, "inbound_nodes": [[[name, 0, 0, {}]] for name in inputs]}


# --- Graphs -------------------------------------------------------------------------------------


def test_a_layer_called_twice_is_one_layer() -> None:
    shared = twice(conv("shared"), "a", "b")
    added = layer("Add", "sum", ["shared", 0, 0, {}], ["shared", 1, 0, {}])
    model = model_of(
        functional([image_input("a"), image_input("b"), shared, added], ("a", "b")),
        conv_weights("shared"),
    )
    assert [entry.name for entry in model.layers] == ["a", "b", "shared", "sum"]
    assert len(model.calls) == 5


def test_calls_that_another_model_counted_are_counted_anew() -> None:
    """The layer's calls 3 and 5 in its session are this model's first and second."""
    shared = twice(conv("shared"), "a", "b")
    added = layer("Subtract", "minus", ["shared", 5, 0, {}], ["shared", 3, 0, {}])
    model = model_of(
        functional([image_input("a"), image_input("b"), shared, added], ("a", "b")),
        conv_weights("shared"),
    )
    minus = model.calls[-1]
    assert [model.layer_of(model.calls[ref.call].inputs[0]).name for ref in minus.inputs] == [
        "b",
        "a",
    ]


def test_a_call_that_nothing_uses_is_a_riddle() -> None:
    """Keras writes no such calls: which one is meant cannot be known."""
    shared = twice(relu("shared"), "image", "image")
    refused(functional([image_input(), shared], outputs=(["shared", 1, 0],)), "called 2 times")


@pytest.mark.parametrize("path", ["deep", "image"])
def test_nested_models_are_expanded(path: str) -> None:
    inner = functional([image_input("x"), conv("c", "x")], ("x",))
    middle = functional([image_input("y"), nested(inner, "inner", "y")], ("y",))
    model = model_of(
        functional([image_input(), nested(middle, "middle", "image")]),
        {"middle": {"c/kernel:0": conv_weights("c")["c"]["c/kernel:0"]}},
    )
    assert [entry.name for entry in model.layers] == ["image", "middle/inner/c"]
    assert list(model.layers[1].weights) == ["kernel"]
    assert path


def test_layers_may_be_written_in_any_order() -> None:
    model = model_of(
        functional([relu("b", "a"), relu("a", "image"), image_input()], outputs=("b",))
    )
    assert [entry.name for entry in model.layers] == ["image", "a", "b"]


@pytest.mark.parametrize(
    ("document", "words"),
    [
        (functional([image_input(), relu("a", "b"), relu("b", "a")]), "circle"),
        (functional([image_input(), relu("a", "a")]), "circle"),
        (functional([image_input(), relu("a", "nowhere")]), "no layer called 'nowhere'"),
        (functional([image_input(), relu("a", "image")], outputs=("b",)), "no layer called 'b'"),
        (functional([image_input(), relu("a", "image")], ("x",)), "no layer called 'x'"),
        (functional([image_input("other"), relu("a", "other")], ()), "not among its inputs"),
        (functional([image_input(), relu("a", "image")], outputs=([],)), "no outputs"),
        (
            functional([image_input(), nested(functional([image_input("x"), relu("r", "x")],
                ("x",)), "n", "image", "image")]),
            "takes 1 inputs",
        ),
        (
            functional([image_input(), nested(functional([image_input("x"), relu("r", "x")],
                ("x",)), "n", "image")], outputs=(["n", 0, 7],)),
            "no output number 7",
        ),
    ],
)  # fmt: skip
def test_graphs_that_make_no_sense_are_refused(document: Any, words: str) -> None:
    refused(document, words)


@pytest.mark.parametrize("inside", [[relu("r", "x")], []], ids=["layers", "nothing"])
def test_a_bomb_of_calls_is_refused(inside: Any) -> None:
    """Thirty models, each calling the one inside twice: a billion calls."""
    model = functional([image_input("x"), *inside], ("x",))
    for depth in range(30):
        inner = nested(model, f"m{depth}", "x")
        inner["inbound_nodes"].append([[f"m{depth}", 0, 0, {}]])
        model = functional([image_input("x"), inner], ("x",), ([f"m{depth}", 1, 0],))
    refused(model, "more than 20,000 times")


def test_output_names_are_unique_as_keras_makes_them() -> None:
    shared = twice(relu("r"), "a", "b")
    ends = (["r", 0, 0], ["r", 1, 0])
    model = model_of(functional([image_input("a"), image_input("b"), shared], ("a", "b"), ends))
    assert [port.name for port in model.outputs] == ["r", "r_1"]


# --- Names --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("version", "slope"), [("2.0.6", 0.2), ("2.15.0", 0.2), ("3.3.3", None)])
def test_hard_sigmoid_is_the_versions_own(version: str, slope: float | None) -> None:
    entry = layer("Activation", "a", "image", activation="hard_sigmoid")
    model = model_of(functional([image_input(), entry], version=version))
    assert model.layers[1].config["activation"].options.get("slope") == slope


@pytest.mark.parametrize(
    ("class_name", "options"),
    [
        ("LayerNormalization", {}),
        ("LayerNormalization", {"axis": -1, "center": True, "scale": True}),
        ("GroupNormalization", {"groups": 2}),
        ("Attention", {}),
        ("Normalization", {}),
        ("Rescaling", {"scale": 0.5}),
        ("Resizing", {"height": 9, "width": 9}),
    ],
)
def test_a_class_without_keras_options_is_somebody_elses(
    class_name: str, options: dict[str, Any]
) -> None:
    entry = layer(class_name, "a", "image", **options)
    model = model_of(functional([image_input(), entry], version="2.4.0"))
    assert model.layers[1].kind == f"Custom>{class_name}"


@pytest.mark.parametrize(
    ("version", "name"),
    [("1.2.2", "Custom>gelu"), ("2.2.4-tf", "Custom>gelu"), ("2.4.0", "gelu"), ("3.3.3", "gelu")],
)
def test_gelu_is_somebodys_own_before_keras_has_it(version: str, name: str) -> None:
    entry = layer("Activation", "a", "image", activation="gelu")
    model = model_of(functional([image_input(), entry], version=version))
    assert model.layers[1].config["activation"].name == name


def test_leaky_relu_is_noted_where_keras_has_none() -> None:
    for version, noted in (("2.15.0", True), ("3.3.3", False)):
        entry = layer("Activation", "a", "image", activation="leaky_relu")
        notes = model_of(functional([image_input(), entry], version=version)).notes
        assert any("slope of 0.2" in note for note in notes) is noted


# --- Mutations ----------------------------------------------------------------------------------


@cache
def sources() -> list[tuple[Any, bytes, str]]:
    """Small real architectures of every dialect, with their weights."""
    wanted = {
        ("keras-2.0.6", "nested"), ("keras-2.2.4", "shared"), ("tfkeras-2.4", "mobile"),
        ("tfkeras-2.15", "frozen"), ("keras-3.0.5", "nested"), ("keras-3.15.1", "shared"),
        ("keras-3.15.1", "activation_layers"),
    }  # fmt: skip
    found = []
    for golden in goldens():
        if (golden.version, golden.model) in wanted:
            name = next(n for n in ("weights.h5", "model.weights.h5") if n in golden.files)
            found.append((json.loads(golden.read("architecture.json")), golden.read(name), name))
    assert len(found) == len(wanted)
    return found


JUNK: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 2, 7, 1 << 40, -(1 << 70), 1e308, float("nan"), 0.5, "", "relu",
    "image", "Dense", "Model", "Sequential", "__keras_tensor__", "channels_first", "float16",
    [], [[]], {}, [1, 2], [0, 0], ["a", 0, 0], {"class_name": "Dense", "config": {}}, [None] * 4,
)  # fmt: skip


def places(value: Any, found: list[tuple[Any, Any]]) -> list[tuple[Any, Any]]:
    """Every (container, key) in nested lists and dicts."""
    for key in list(value) if isinstance(value, dict) else range(len(value)):
        found.append((value, key))
        if isinstance(value[key], (dict, list)):
            places(value[key], found)
    return found


def mutate(document: Any, dice: dice_of.Random) -> Any:
    document = copy.deepcopy(document)
    for _ in range(dice.choice((1, 1, 1, 2, 4))):
        container, key = dice.choice(places(document, []))
        other, from_ = dice.choice(places(document, []))
        action = dice.randrange(5)
        if action == 0:
            del container[key]
        elif action == 1:
            container[key] = copy.deepcopy(dice.choice(JUNK))
        elif action == 2:
            container[key] = copy.deepcopy(other[from_])
        elif isinstance(container, list):
            container.insert(dice.randrange(len(container) + 1), copy.deepcopy(container[key]))
        else:
            container[dice.choice(list(container))] = copy.deepcopy(container[key])
    return document


@settings(
    max_examples=150, deadline=5_000, derandomize=True, database=None,
    suppress_health_check=list(HealthCheck),
)  # fmt: skip
@given(seed=st.integers(0, 1 << 32))
def test_mutated_architectures_give_a_model_or_our_error(seed: int) -> None:
    dice = dice_of.Random(seed)
    document, weights, name = dice.choice(sources())
    data = {"architecture.json": json.dumps(mutate(document, dice)).encode(), name: weights}
    try:
        compile_model(normalize(read(data))[0])
    except UnderstudyError as error:
        assert isinstance(error, InputError)  # noqa: PT017
        assert error.what  # noqa: PT017
        assert error.hint  # noqa: PT017
