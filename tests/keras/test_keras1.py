"""Keras 1: what the golden models do not show: evidence, words, refusals."""

from __future__ import annotations

import io
import json
from typing import Any

import h5py
import numpy as np
import pytest
from golden_set import goldens

from keras_files import random
from running import run
from understudy.compiler import check, compile_model
from understudy.errors import ModelFileError
from understudy.keras import normalize, read
from understudy.keras.hdf5 import read_hdf5
from understudy.keras.keras1.document import is_keras1, modernise
from understudy.keras.keras1.names import rename_weights, says_backend

Json = dict[str, Any]


def layer(kind: str, name: str, **config: Any) -> Json:
    return {"class_name": kind, "config": {"name": name, "trainable": True, **config}}


def convolution(name: str, **config: Any) -> Json:
    options = {
        "nb_filter": 4,
        "nb_row": 3,
        "nb_col": 2,
        "border_mode": "valid",
        "subsample": [1, 1],
        "dim_ordering": "tf",
        "bias": True,
        "activation": "linear",
        "init": "glorot_uniform",
        "W_regularizer": None,
    }
    return layer("Convolution2D", name, **{**options, **config})


def sequential(*layers: Json, version: str | None = "1.2.2") -> Json:
    first = layers[0]
    shape = {"batch_input_shape": [None, 6, 5, 3]}
    config = [{**first, "config": {**shape, **first["config"]}}, *layers[1:]]
    said = {} if version is None else {"keras_version": version}
    return {"class_name": "Sequential", "config": config, **said}


def weights(*groups: tuple[str, dict[str, np.ndarray]]) -> bytes:
    image = io.BytesIO()
    with h5py.File(image, "w") as file:
        file.attrs["layer_names"] = [name.encode() for name, _ in groups]
        for name, arrays in groups:
            group = file.create_group(name)
            group.attrs["weight_names"] = [key.encode() for key in arrays]
            for key, array in arrays.items():
                group[key] = array
    return image.getvalue()


KERNEL, BIAS = random(3, 2, 3, 4), random(4, seed=1)


def files(end: str, document: Json | None = None) -> dict[str, bytes]:
    """A convolution whose weights' names end so."""
    model = document or sequential(convolution("conv_1"))
    stored = weights(("conv_1", {f"conv_1_W{end}": KERNEL, f"conv_1_b{end}": BIAS}))
    return {"a.json": json.dumps(model).encode(), "w.h5": stored}


def convolved(kernel: np.ndarray, image: np.ndarray) -> np.ndarray:
    """By hand: the correlation of one image with a kernel, and the bias."""
    rows, columns = image.shape[0] - 2, image.shape[1] - 1
    found = np.zeros((rows, columns, 4))
    for row in range(rows):
        for column in range(columns):
            window = image[row : row + 3, column : column + 2]
            found[row, column] = np.tensordot(window, kernel, 3) + BIAS
    return found


@pytest.mark.parametrize(
    ("end", "said", "turned", "noted"),
    [
        (":0", None, False, "ran on tensorflow"),
        ("_1:0", None, False, "ran on tensorflow"),
        ("", None, True, "ran on theano"),
        (":0", "theano", True, None),
        ("", "tensorflow", False, None),
    ],
)
def test_names_tell_the_backend_unless_a_person_does(
    end: str, said: str | None, turned: bool, noted: str | None
) -> None:
    model, origin = normalize(read(files(end)), backend=said)
    image = random(1, 6, 5, 3, seed=2)
    (found,) = run(compile_model(model), [image])
    kernel = KERNEL[::-1, ::-1] if turned else KERNEL
    assert np.abs(found[0] - convolved(kernel, image[0])).max() < 1e-5
    assert origin.backend == ("theano" if turned else "tensorflow")
    assert [n for n in model.notes if "--backend" in n] == (
        [] if noted is None else [n for n in model.notes if noted in n]
    )
    assert noted is None or any(noted in note for note in model.notes)


def test_weights_without_evidence_are_taken_as_tensorflows() -> None:
    """Keras 0.3 numbered the layers and their weights."""
    image = io.BytesIO()
    with h5py.File(image, "w") as file:
        file.attrs["nb_layers"] = 1
        group = file.create_group("layer_0")
        group.attrs["nb_params"] = 2
        group["param_0"], group["param_1"] = KERNEL, BIAS
    given = files(":0") | {"w.h5": image.getvalue()}
    with pytest.raises(ModelFileError):
        read({"w.h5": image.getvalue()})
    root = rename_weights(read_hdf5(image.getvalue(), "w.h5"), ["conv_1"])
    assert root.attributes["layer_names"] == ["conv_1"]
    assert says_backend(root) is None
    model, _ = normalize(read(given))
    assert any("TensorFlow is assumed" in note for note in model.notes)
    pixels = random(1, 6, 5, 3, seed=2)
    (found,) = run(compile_model(model), [pixels])
    assert np.abs(found[0] - convolved(KERNEL, pixels[0])).max() < 1e-5


def test_weights_of_keras_1_in_an_architecture_of_keras_2() -> None:
    """Keras 2 takes them, as VGG's weights were for years."""
    config = {"name": "conv_1", "filters": 4, "kernel_size": [3, 2], "padding": "valid"}
    model = sequential({"class_name": "Conv2D", "config": config}, version="2.0.6")
    found, _ = normalize(read(files("_W_1:0".removeprefix("_W"), model)))
    image = random(1, 6, 5, 3, seed=2)
    (ours,) = run(compile_model(found), [image])
    assert np.abs(ours[0] - convolved(KERNEL, image[0])).max() < 1e-5


# --- Words ----------------------------------------------------------------------------------------


def modern(*layers: Json) -> list[Json]:
    document, _ = modernise(sequential(*layers), None)
    return [entry for entry in document["config"]["layers"] if entry["class_name"] != "InputLayer"]


@pytest.mark.parametrize(
    ("written", "kind", "options"),
    [
        (
            convolution("c", dim_ordering="th", border_mode="same", bias=False),
            "Conv2D",
            {
                "filters": 4,
                "kernel_size": [3, 2],
                "padding": "same",
                "strides": [1, 1],
                "data_format": "channels_first",
                "use_bias": False,
                "activation": "linear",
            },
        ),
        (layer("Dropout", "d", p=0.5), "Dropout", {"rate": 0.5}),
        (layer("GaussianNoise", "n", sigma=0.1), "GaussianNoise", {"stddev": 0.1}),
        (
            layer("Dense", "d", output_dim=3, input_dim=7, bias=True),
            "Dense",
            {"units": 3, "use_bias": True},
        ),
        (layer("TimeDistributedDense", "d", output_dim=3), "Dense", {"units": 3}),
        (
            layer("Embedding", "e", input_dim=9, output_dim=3, dropout=0.2, input_length=4),
            "Embedding",
            {"input_dim": 9, "output_dim": 3, "input_length": 4},
        ),
        (
            layer("LSTM", "l", output_dim=3, inner_activation="relu", dropout_W=0.1),
            "LSTM",
            {"units": 3, "recurrent_activation": "relu"},
        ),
        (layer("GRU", "g", output_dim=3), "GRU", {"units": 3, "reset_after": False}),
        (layer("BatchNormalization", "b", mode=0, axis=1), "BatchNormalization", {"axis": 1}),
        (
            layer("ZeroPadding2D", "z", padding=[1, 2, 3, 4]),
            "ZeroPadding2D",
            {"padding": [[1, 2], [3, 4]], "data_format": "channels_last"},
        ),
        (
            layer("ZeroPadding2D", "z", padding={"top_pad": 1, "right_pad": 2}),
            "ZeroPadding2D",
            {"padding": [[1, 0], [0, 2]], "data_format": "channels_last"},
        ),
    ],
)
def test_layers_in_the_words_of_keras_2(written: Json, kind: str, options: Json) -> None:
    (found,) = modern(written)
    assert found["class_name"] == kind
    always = ("name", "trainable", "batch_input_shape")
    assert {k: v for k, v in found["config"].items() if k not in always} == options


@pytest.mark.parametrize(
    ("orderings", "backend", "found", "noted"),
    [
        (["th"], None, "channels_first", False),
        (["tf"], "theano", "channels_last", False),
        (["th", "tf"], "theano", "channels_first", True),
        (["th", "tf"], None, "channels_last", True),
        ([], "theano", "channels_first", True),
        ([], None, "channels_last", True),
    ],
)
def test_layers_that_do_not_say_where_the_channels_are(
    orderings: list[str], backend: str | None, found: str, noted: bool
) -> None:
    layers = [convolution(f"c{o}", dim_ordering=o) for o in orderings]
    document = sequential(*layers, layer("UpSampling2D", "u", size=[2, 2]))
    made, notes = modernise(document, backend)
    assert made["config"]["layers"][-1]["config"]["data_format"] == found
    assert bool(notes) is noted
    assert not noted or "UpSampling2D" in notes[0]


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (layer("BatchNormalization", "b", mode=1), "BatchNormalization in mode 1"),
        (layer("BatchNormalization", "b", mode=2), "BatchNormalization in mode 2"),
        (layer("Highway", "h"), "Highway h"),
        (layer("MaxoutDense", "m", output_dim=3), "MaxoutDense m"),
        (layer("Merge", "m", mode="x", mode_type="lambda"), "Merge of a function's making m"),
        (layer("Merge", "m", mode="lambda", mode_type="raw"), "Merge of a function's making m"),
        (layer("Merge", "m", mode="cos", mode_type="raw"), "Merge of cosines m"),
    ],
)
def test_what_is_refused_is_named(written: Json, said: str) -> None:
    document = sequential(convolution("conv_1"), written)
    model, _ = normalize(read(files(":0", document)))
    (problem,) = check(model)
    assert problem.startswith(said)


def test_which_documents_are_keras_1s() -> None:
    assert is_keras1(sequential(convolution("c")), "1.0.3")
    assert is_keras1(sequential(convolution("c"), version=None), None)
    assert not is_keras1(sequential(convolution("c")), "2.0.6")
    assert not is_keras1(sequential(layer("Dense", "d", units=3), version=None), None)


@pytest.mark.parametrize(
    "damage",
    [
        {"config": []},
        {"config": 7},
        {"config": [7]},
        {"config": [{"class_name": "Dense"}]},
        {"config": [{"config": {"name": "x"}}]},
        {"config": [layer("Merge", "m", mode="sum", layers=[layer("Dense", "d", output_dim=2)])]},
        {"config": [layer("Merge", "m", mode="sum", layers=[7])]},
    ],
)
def test_a_damaged_architecture_is_refused(damage: Json) -> None:
    document = sequential(convolution("conv_1")) | damage
    with pytest.raises(ModelFileError, match="makes sense"):
        normalize(read(files(":0", document)))


def test_every_weight_of_a_file_is_in_the_report_once() -> None:
    """Gates are joined when they are read; the load report still names what the file holds."""
    made = {golden.model: golden for golden in goldens() if golden.version == "keras-1.2.2+keras1"}
    model, _ = normalize(read({"model.h5": made["branches"].read("model.h5")}))
    paths = [tensor.path for tensor in model.tensors]
    assert len(set(paths)) == len(paths)
    used = {tensor.path for _, _, tensor in model.used_tensors()}
    assert used <= set(paths)
    assert all(path.startswith("model_weights/") for path in used)


def test_names_of_layers_may_have_slashes() -> None:
    """SqueezeNet's do; a group is then in another one, perhaps in another layer's."""
    names = ("fire", "fire/squeeze", "fire/fire")
    kernels = [random(3, 2, 3, 4), random(3, 2, 4, 4, seed=1), random(1, 1, 4, 4, seed=2)]
    last = convolution(names[2], nb_row=1, nb_col=1)
    document = sequential(convolution(names[0]), convolution(names[1], border_mode="same"), last)
    stored = weights(
        *(
            (name, {f"{name}_W:0": kernel, f"{name}_b:0": BIAS})
            for name, kernel in zip(names, kernels, strict=True)
        )
    )
    model, _ = normalize(read({"a.json": json.dumps(document).encode(), "w.h5": stored}))
    ours = [entry.weights["kernel"].read() for entry in model.layers if entry.kind == "Conv2D"]
    for found, kernel in zip(ours, kernels, strict=True):
        np.testing.assert_array_equal(found, kernel)


@pytest.mark.parametrize("fits", [True, False])
def test_gates_are_joined_if_they_fit_together(fits: bool) -> None:
    shapes = {"W": (3, 4), "U": (3, 4), "b": (4,)}
    arrays = {f"lstm_1_{w}_{g}:0": random(*shapes[w]) for g in "icfo" for w in "WUb"}
    if not fits:
        arrays["lstm_1_U_f:0"] = random(5, 4)
    root = read_hdf5(weights(("lstm_1", arrays)), "w.h5")
    (group,) = rename_weights(root, ["lstm_1"]).groups.values()
    found = {tensor.path for tensor in group.walk_tensors()}
    assert len(found) == (3 if fits else 12)
    if fits:
        kernel = group.groups["lstm_1"].tensors["kernel"]
        expected = [arrays[f"lstm_1_W_{gate}:0"] for gate in "ifco"]
        assert np.array_equal(kernel.read(), np.concatenate(expected, axis=-1))
