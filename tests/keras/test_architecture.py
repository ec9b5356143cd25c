"""Architectures of every dialect, odd ones, and junk."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from keras_files import conv, functional, image_input, layer, nested, sequential
from understudy.errors import ModelFileError
from understudy.keras.architecture import ModelSpec, class_name_of, parse_architecture
from understudy.keras.formats.json import parse_json
from understudy.keras.nodes import Key


def parse(document: Any) -> ModelSpec:
    return parse_architecture(document, "architecture.json").model


def refused(document: Any, *words: str) -> None:
    with pytest.raises(ModelFileError) as caught:
        parse(document)
    assert all(word in caught.value.what for word in words), caught.value.what
    assert "\n" not in caught.value.what
    assert caught.value.hint


def test_a_sequential_is_the_chain_it_means() -> None:
    model = parse(sequential(image_input("in"), conv("a"), conv("b")))
    assert [spec.name for spec in model.layers] == ["in", "a", "b"]
    assert model.layers[2].nodes[0].arguments == (Key("a", 0, 0),)
    assert model.inputs == (Key("in", 0, 0),)
    assert model.outputs == (Key("b", 0, 0),)


def test_a_sequential_that_is_a_list_gets_its_input() -> None:
    first = conv("a", batch_input_shape=[None, 8, 8, 3])
    model = parse({"class_name": "Sequential", "config": [first, conv("b")]})
    assert model.layers[0].name == "a_input"
    assert model.layers[0].config["batch_input_shape"] == [None, 8, 8, 3]


def test_a_model_in_the_first_place_brings_its_input_in_lists_alone() -> None:
    inner = sequential(conv("a", batch_input_shape=[None, 8, 8, 3]))
    entry = {"class_name": "Sequential", "config": inner["config"]}
    listed = parse({"class_name": "Sequential", "config": [entry, conv("b")]})
    named = parse(
        {"class_name": "Sequential", "config": {"name": "s", "layers": [entry, conv("b")]}}
    )
    assert (listed.layers[0].name, named.layers[0].name) == ("a_input", "sequential_input")


def test_an_operation_of_keras_3_that_does_not_say_its_module() -> None:
    """In HDF5. Layers say whether they are trained, operations do not."""
    tensor = {"class_name": "__keras_tensor__", "config": {"keras_history": ["image", 0, 0]}}
    node = {"args": [tensor, 0.5], "kwargs": {}}
    kinds = {
        class_name_of({"class_name": "Add", "config": config, "inbound_nodes": nodes})
        for config, nodes in (
            ({"name": "add"}, [node]),
            ({"name": "add", "trainable": True}, [node]),
            ({"name": "add"}, [[["image", 0, 0, {}]]]),
            ({"name": "add"}, []),
        )
    }
    assert kinds == {"ops>Add", "Add"}


def test_json_in_json_is_parsed_once_more() -> None:
    assert parse(json.dumps(sequential(image_input("in"), conv("a")))).layers[1].name == "a"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_json_that_went_through_a_persons_tools(encoding: str) -> None:
    text = json.dumps(sequential(image_input("in"), conv("é")), indent=4, ensure_ascii=False)
    data = text.replace("\n", "\r\n").encode(encoding)
    assert parse(parse_json(data, "architecture.json")).layers[1].name == "é"


def test_options_without_a_class_are_a_models() -> None:
    graph = functional([image_input(), conv("a", "image")], name="graph")
    for document in (sequential(image_input(), conv("a")), graph):
        assert parse(document["config"]) == parse(document)


def test_a_class_derived_from_sequential_is_one() -> None:
    chain = sequential(image_input("in"), conv("a"))
    newest = {**chain["config"], "trainable": True, "dtype": "float32", "build_input_shape": None}
    for config in (chain["config"], newest):
        inside = parse({"class_name": "Mine", "config": config})
        assert [spec.name for spec in inside.layers] == ["in", "a"]
    refused({"class_name": "Mine", "config": {**newest, "heads": 2}}, "its class is 'Mine'")
    refused({"class_name": "Mine", "config": {"layers": []}}, "its class is 'Mine'")
    block = layer("Block", "b", "image", trainable=True, layers=chain["config"]["layers"])
    assert parse(functional([image_input(), block])).layers[1].model is None


@pytest.mark.parametrize(
    "written",
    [
        [[["image", 0, 0, {}]]],
        [[["image", 0, 0]]],
        [["image", 0, 0, {}]],
        [{"args": [{"class_name": "__keras_tensor__", "config": {
            "keras_history": ["image", 0, 0]}}], "kwargs": {}}],
    ],
)  # fmt: skip
def test_calls_of_every_dialect(written: Any) -> None:
    added = {**conv("a"), "inbound_nodes": written}
    model = parse(functional([image_input(), added]))
    assert list(model.layers[1].nodes[0].tensors()) == [Key("image", 0, 0)]


def keras3_call(*names: str) -> dict[str, Any]:
    tensors = [
        {"class_name": "__keras_tensor__", "config": {"keras_history": [name, 0, 0]}}
        for name in names
    ]
    return {"args": [tensors], "kwargs": {"mask": None}}


def test_keras_3_counts_the_calls_of_nested_models_from_1_in_outputs_alone() -> None:
    inner = nested(functional([image_input("x"), conv("c", "x")], ("x",)), "inner")
    inner["inbound_nodes"] = [keras3_call("image"), keras3_call("image")]
    added = {**layer("Add", "sum"), "inbound_nodes": [keras3_call("inner")]}
    model = parse(functional([image_input(), inner, added], outputs=(["inner", 1, 0], "sum")))
    assert model.outputs == (Key("inner", 0, 0), Key("sum", 0, 0))


@pytest.mark.parametrize(
    ("document", "words"),
    [
        (7, ["not a Keras model"]),
        (None, ["not a Keras model"]),
        ([], ["not a Keras model"]),
        ({}, ["class_name"]),
        ({"class_name": "Dense", "config": {}}, ["Dense"]),
        ({"class_name": "Sequential", "config": {"layers": {}}}, ["no list"]),
        ({"class_name": "Sequential", "config": {"layers": []}}, ["without layers"]),
        ({"class_name": "Sequential", "config": {"layers": [7]}}, []),
        ({"class_name": ["Sequential"], "config": {}}, []),
        (functional([image_input(), image_input()]), ["two layers are called 'image'"]),
        (functional([{**image_input(), "name": 7}]), ["no name"]),
        (functional([image_input(), {**conv("a"), "name": None, "config": {}}]), ["no name"]),
        (
            {"class_name": "Model", "config": {"layers": [], "input_layers": "x",
                "output_layers": []}},
            ["no output of a layer"],
        ),
        (functional([image_input(), {**conv("a"), "config": None}]), ["no options"]),
        (functional([image_input(), conv("a", ["image", -1, 0, {}])]), ["negative"]),
        (functional([image_input(), conv("a", ["image", 0, -1, {}])]), ["negative"]),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused(document: Any, words: list[str]) -> None:
    refused(document, *words)


def test_models_in_models_end_somewhere() -> None:
    model = functional([image_input(), conv("a", "image")])
    for depth in range(40):
        model = functional([image_input(), nested(model, f"m{depth}", "image")])
    refused(model, "nested more than")


@pytest.mark.parametrize("opening", ["[", '{"a":'])
def test_deep_json_is_refused(opening: str) -> None:
    start = time.monotonic()
    with pytest.raises(ModelFileError):
        parse(parse_json((opening * 1_000_000).encode(), "a.json"))
    assert time.monotonic() - start < 5


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"\xff\xfe\x00", "not text"),
        (b"{", "not JSON"),
        (b"hello", "not JSON"),
        (b'{"a": 1} {', "not JSON"),
        (b'{"a": ' + b"9" * 10_000 + b"}", "not JSON"),
    ],
)
def test_what_is_no_json_is_refused(data: bytes, words: str) -> None:
    with pytest.raises(ModelFileError, match=words):
        parse_json(data, "a.json")


def test_too_many_layers_are_refused_at_once() -> None:
    chain = [layer("Activation", f"a{n}", f"a{n - 1}" if n else "image") for n in range(150)]
    inner = functional([image_input(), *chain])
    many = [nested(inner, f"m{n}", "image") for n in range(150)]
    with pytest.raises(ModelFileError, match="more than 20,000 layers"):
        parse_architecture(functional([image_input(), *many]), "a.json")


def test_patches_of_keras_3_have_no_name_in_hdf5() -> None:
    options = {"size": [2, 2], "strides": [2, 2], "dilation_rate": 1}
    rest = {"padding": "valid", "data_format": "channels_last"}
    tensor = {"class_name": "__keras_tensor__", "config": {"keras_history": ["image", 0, 0]}}
    written = {
        "class_name": "ExtractPatches",
        "name": "patches",
        "inbound_nodes": [{"args": [tensor], "kwargs": {}}],
    }
    own = parse(functional([image_input(), {**written, "config": options | rest}])).layers[1]
    assert own.class_name == "ops>ExtractPatches"
    other = parse(functional([image_input(), {**written, "config": options}])).layers[1]
    assert other.class_name == "ExtractPatches"
