"""Which tensor is whose: names, numbers, orders, and weights of other models."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from keras_files import (
    conv,
    conv_weights,
    files,
    functional,
    hdf5,
    image_input,
    layer,
    legacy_weights,
    nested,
    norm_weights,
    numbered_weights,
    random,
    sequential,
)
from understudy.compiler import compile_model, load_report
from understudy.errors import WeightsError
from understudy.keras import Model, normalize, read

TWO = functional([image_input(), conv("conv2d_1", "image"), conv("conv2d_2", "conv2d_1")])
SHAPES = ((3, 3, 3, 4), (3, 3, 4, 4))


def model_of(document: Any, weights: bytes) -> Model:
    return normalize(read(files(document, weights)))[0]


def two(first: str, second: str, **more: Any) -> bytes:
    """Weights of two convolutions under these names, the second with other values."""
    groups = conv_weights(first, SHAPES[0]) | conv_weights(second, SHAPES[1], seed=5)
    return legacy_weights(groups | more)


def kernels(model: Model) -> list[np.ndarray]:
    return [entry.weights["kernel"].read() for entry in model.layers if entry.kind == "Conv2D"]


@pytest.mark.parametrize(
    "names",
    [
        ("conv2d_1", "conv2d_2"),
        ("conv2d_2", "conv2d_3"),  # moved by one: the names overlap, and mean others
        ("conv2d", "conv2d_1"),
        ("conv2d_9", "conv2d_10"),
    ],
)
def test_other_automatic_numbers_are_paired_by_order(names: tuple[str, str]) -> None:
    model = model_of(TWO, two(*names))
    for ours, shape, seed in zip(kernels(model), SHAPES, (0, 5), strict=True):
        np.testing.assert_array_equal(ours, random(*shape, seed=seed))
    said = [note for note in model.notes if "automatic numbers" in note]
    assert bool(said) == (names != ("conv2d_1", "conv2d_2"))


def test_names_decide_before_order() -> None:
    groups = conv_weights("conv2d_2", SHAPES[1], seed=5) | conv_weights("conv2d_1", SHAPES[0])
    first, second = kernels(model_of(TWO, legacy_weights(groups)))
    np.testing.assert_array_equal(first, random(*SHAPES[0]))
    np.testing.assert_array_equal(second, random(*SHAPES[1], seed=5))


def inner_model() -> Any:
    inner = [image_input("x"), conv("conv2d_1", "x"), conv("conv2d_2", "conv2d_1")]
    return functional([image_input(), nested(functional(inner, ("x",)), "inner", "image")])


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("conv2d_1", "conv2d_2"),
        ("conv2d_4", "conv2d_5"),
        ("conv2d_1_1", "conv2d_2_1"),  # TensorFlow 1 made them unique once more
        ("outer/conv2d_1", "outer/conv2d_2"),
    ],
)
@pytest.mark.parametrize("frozen", [False, True])
def test_a_nested_models_weights(first: str, second: str, frozen: bool) -> None:
    """Those of frozen layers come last in the file."""
    group = {
        f"{name}/{role}:0": array
        for name, shape, seed in ((first, SHAPES[0], 0), (second, SHAPES[1], 5))
        for role, array in (("kernel", random(*shape, seed=seed)), ("bias", random(4, seed=seed)))
    }
    if frozen:
        group = dict(sorted(group.items(), key=lambda item: item[0].startswith(first)))
    ours = kernels(model_of(inner_model(), legacy_weights({"inner": group})))
    np.testing.assert_array_equal(ours[0], random(*SHAPES[0]))
    np.testing.assert_array_equal(ours[1], random(*SHAPES[1], seed=5))


@pytest.mark.parametrize("number", ["", "_1"])
def test_names_with_slashes_inside_a_model(number: str) -> None:
    """TensorFlow 1 numbers a name that the session had before."""
    names = ("part/conv", "conv")
    inside = functional(
        [image_input("in"), conv(names[0], "in"), conv(names[1], names[0])], ("in",)
    )
    document = functional([image_input(), nested(inside, "inner", "image")])
    group = {
        f"{name}{number}/{role}:0": array
        for name, shape, seed in zip(names, SHAPES, (0, 5), strict=True)
        for role, array in (("kernel", random(*shape, seed=seed)), ("bias", random(4)))
    }
    ours = kernels(model_of(document, legacy_weights({"inner": group})))
    np.testing.assert_array_equal(ours[0], random(*SHAPES[0]))
    np.testing.assert_array_equal(ours[1], random(*SHAPES[1], seed=5))


def test_a_bidirectional_in_a_model_of_keras_1_goes_by_what_is_in_it() -> None:
    """The weights' names say `forward_gru_1`, and nothing of the Bidirectional."""
    inner = {"class_name": "GRU", "config": {"name": "gru_1", "units": 2, "reset_after": False}}
    steps = image_input("in", shape=(4, 3))
    layers = [
        steps,
        layer("Bidirectional", "both", "in", layer=inner),
        layer("Dense", "d", "both", units=4),
    ]
    inside = functional(layers, ("in",))
    document = functional([image_input(shape=(4, 3)), nested(inside, "inner", "image")])
    group = {"d/kernel:0": random(4, 4), "d/bias:0": random(4)}
    for seed, direction in enumerate(("forward", "backward")):
        group |= {
            f"{direction}_gru_1/{role}:0": random(*shape, seed=seed)
            for role, shape in (("kernel", (3, 6)), ("recurrent_kernel", (2, 6)), ("bias", (6,)))
        }
    model = model_of(document, legacy_weights({"inner": group}))
    (both,) = (entry for entry in model.layers if entry.kind == "Bidirectional")
    for seed, direction in enumerate(("forward", "backward")):
        kernel = both.weights[f"{direction}_layer/kernel"].read()
        np.testing.assert_array_equal(kernel, random(3, 6, seed=seed))


def test_long_lists_of_names_are_split() -> None:
    def write(file: Any) -> None:
        file.attrs["layer_names0"] = [b"conv2d_1"]
        file.attrs["layer_names1"] = [b"conv2d_2"]
        for name, shape in zip(("conv2d_1", "conv2d_2"), SHAPES, strict=True):
            group = file.create_group(name)
            for number, role in enumerate(("kernel:0", "bias:0")):
                group.attrs[f"weight_names{number}"] = [role.encode()]
                group[role] = random(*(shape if number == 0 else shape[-1:]))

    assert len(kernels(model_of(TWO, hdf5(write)))) == 2


def test_numbered_weights_count_by_class_and_order() -> None:
    groups = {
        "conv2d": [random(*SHAPES[0]), random(4)],
        "conv2d_1": [random(*SHAPES[1], seed=5), random(4)],
    }
    first, second = kernels(model_of(TWO, numbered_weights(groups)))
    np.testing.assert_array_equal(first, random(*SHAPES[0]))
    np.testing.assert_array_equal(second, random(*SHAPES[1], seed=5))


def test_a_number_of_thousands_of_digits_is_only_a_name() -> None:
    digits = "9" * 6_000
    document = functional([image_input(), conv(f"conv2d_{digits}", "image")])
    model = model_of(document, legacy_weights(conv_weights("conv2d_1")))
    assert len(kernels(model)) == 1


def test_batch_normalization_without_scale_and_center() -> None:
    norm = layer("BatchNormalization", "norm", scale=False, center=False)
    document = sequential(image_input(), norm)
    weights = norm_weights("norm", 3)["norm"]
    kept = {name: array for name, array in weights.items() if "moving" in name}
    model = model_of(document, legacy_weights({"norm": kept}))
    assert sorted(model.layers[1].weights) == ["moving_mean", "moving_variance"]


# --- Weights that do not fit -----------------------------------------------------------------


def refused(document: Any, weights: bytes, *words: str) -> None:
    with pytest.raises(WeightsError) as caught:
        compile_model(model_of(document, weights))
    assert all(word in caught.value.what for word in words), caught.value.what
    assert "\n" not in caught.value.what


def test_the_first_mismatching_tensor_is_named_with_both_shapes() -> None:
    weights = two("conv2d_1", "conv2d_2")
    wrong = functional(
        [image_input(), conv("conv2d_1", "image"), conv("conv2d_2", "conv2d_1", size=2)]
    )
    refused(wrong, weights, "conv2d_2/kernel", "(2, 2, 4, 4)", "(3, 3, 4, 4)")


def test_weights_of_another_model_name_what_is_missing() -> None:
    weights = legacy_weights({"dense_1": {"dense_1/kernel:0": random(8, 4)}})
    refused(TWO, weights, "conv2d_1/kernel", "(3, 3, 3, 4)", "none")


@pytest.mark.parametrize(
    ("weights", "words"),
    [
        (hdf5(lambda file: file.create_group("a")), "holds no Keras weights"),
        (two("conv2d_1", "conv2d_2", conv2d_3={}), ""),
        (legacy_weights({name: {**roles, f"{name}/depth:0": random(3)} for name, roles in
                         (conv_weights("conv2d_1") | conv_weights("conv2d_2", SHAPES[1])).items()}),
         "conv2d_1/depth:0 (3,) is no weight that"),
        (numbered_weights({"conv2d": [random(*SHAPES[0])] * 3}), "conv2d_1/bias"),
        (numbered_weights({"conv2d": [random(*SHAPES[0]), random(4), random(7)],
                           "conv2d_1": [random(*SHAPES[1]), random(4)]}), "vars/2 (7,)"),
    ],
)  # fmt: skip
def test_weights_that_make_no_sense_are_refused(weights: bytes, words: str) -> None:
    if words:
        refused(TWO, weights, words)
    else:
        assert len(kernels(model_of(TWO, weights))) == 2


def test_a_listed_weight_that_is_not_there() -> None:
    def write(file: Any) -> None:
        file.attrs["layer_names"] = [b"conv2d_1"]
        file.create_group("conv2d_1").attrs["weight_names"] = [b"conv2d_1/kernel:0"]

    document = functional([image_input(), conv("conv2d_1", "image")])
    refused(document, hdf5(write), "does not hold it")


def test_weights_that_no_layer_takes_are_told() -> None:
    weights = two("conv2d_1", "conv2d_2", extra={"extra/kernel:0": random(2, 2)})
    model = model_of(TWO, weights)
    assert any("extra/extra/kernel:0" in note for note in model.notes)
    status = {entry.source: entry.status for entry in load_report(model)}
    assert status.pop("extra/extra/kernel:0") == "unused"
    assert set(status.values()) == {"used"}
