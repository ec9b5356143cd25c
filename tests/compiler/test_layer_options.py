"""Options and shapes of layers that cannot be compiled, or that are easily compiled wrongly."""

from __future__ import annotations

import numpy as np
import pytest

from keras_files import (
    conv,
    files,
    functional,
    image_input,
    layer,
    legacy_weights,
    nested,
    random,
)
from running import compile_files, predict
from understudy.compiler.layers.interpolation import matrix, nearest
from understudy.compiler.layers.resizing import scale
from understudy.compiler.registry import REGISTRY, OptionError
from understudy.errors import ModelFileError, UnsupportedError


def refusal(*layers, version="2.15.0", weights=None):
    document = functional([image_input(), *layers], version=version)
    with pytest.raises(UnsupportedError) as caught:
        compile_files(files(document, legacy_weights(weights or {})))
    return " ".join(caught.value.problems)


def one(*layers, weights=None, version="2.15.0", seed=0, shape=(6, 5, 3)):
    document = functional([image_input(shape=shape), *layers], version=version)
    x = random(2, *shape, seed=seed)
    return x, predict(files(document, legacy_weights(weights or {})), x)[0]


def test_an_option_without_default_must_be_there():
    assert "its option kernel_size is missing" in refusal(layer("Conv2D", "c", "image", filters=3))


@pytest.mark.parametrize("kind", ["AutoContrast", "CLAHE", "Hashing", "StringLookup"])
def test_layers_that_do_something_else_are_not_known(kind):
    assert "is not known" in refusal(layer(kind, "a", "image"))


@pytest.mark.parametrize("kind", ["RandomFlip", "Equalization", "SpatialDropout3D", "Identity"])
def test_augmentation_is_no_operator(kind):
    x, y = one(layer(kind, "a", "image", factor=[0.1, 0.2], anything={"at": "all"}))
    np.testing.assert_array_equal(x, y)


def test_pooling_of_any_size_whose_windows_lie_apart():
    options = {"strides": [2, 3], "padding": "same"}
    for kind in ("MaxPooling2D", "AveragePooling2D"):
        pool = layer(kind, "a", "image", pool_size=[1, 1], **options)
        document = functional([image_input(shape=(None, None, 3)), pool])
        for size in range(1, 7):
            x = random(2, size, size, 3)
            (y,) = predict(files(document, legacy_weights({})), x)
            np.testing.assert_array_equal(y, x[:, ::2, ::3])
        apart = layer(kind, "a", "image", pool_size=[2, 2], **options)
        document = functional([image_input(shape=(None, None, 3)), apart])
        with pytest.raises(UnsupportedError) as caught:
            compile_files(files(document, legacy_weights({})))
        assert "its windows lie apart" in " ".join(caught.value.problems)


def test_augmentation_called_in_training_is_refused():
    document = functional(
        [image_input(), layer("RandomFlip", "flip", ["image", 0, 0, {"training": True}])]
    )
    with pytest.raises(UnsupportedError) as caught:
        compile_files(files(document, legacy_weights({})))
    assert "training=True" in " ".join(caught.value.problems)


def test_output_padding_that_keras_cannot_compute():
    transposed = layer(
        "Conv2DTranspose",
        "t",
        "image",
        filters=2,
        kernel_size=[2, 2],
        padding="same",
        output_padding=[0, 0],
        use_bias=False,
    )
    told = refusal(transposed, weights={"t": {"t/kernel:0": random(2, 2, 2, 3)}})
    assert "Keras itself cannot compute" in told


def test_random_crop_of_another_size_depends_on_the_version():
    crop = layer("RandomCrop", "crop", "image", height=4, width=4)
    assert "differs between versions" in refusal(crop, version="2.4.0")
    assert one(crop)[1].shape == (2, 4, 4, 3)
    same = layer("RandomCrop", "crop", "image", height=6, width=5)
    x, y = one(same, version="2.4.0")
    np.testing.assert_array_equal(x, y)


def test_old_bilinear_has_its_pixels_at_their_corners():
    up = layer("UpSampling2D", "up", "image", size=[2, 2], interpolation="bilinear")
    x, old = one(up, version="2.2.4")
    np.testing.assert_allclose(old[:, ::2, ::2], x, atol=1e-6)
    _, new = one(up, version="2.2.4-tf")
    assert np.abs(new[:, ::2, ::2] - x).max() > 0.01


def test_a_version_that_may_be_two_is_noted():
    up = layer("UpSampling2D", "up", "image", size=[2, 2], interpolation="bilinear")
    document = functional([image_input(), up], version="2.2.4-tf")
    notes = compile_files(files(document, legacy_weights({}))).notes
    assert any("tf.keras 1.13" in note for note in notes)


def test_too_large_a_resize_is_refused():
    resize = layer(
        "Resizing", "r", "image", height=1 << 20, width=1 << 20, interpolation="bicubic"
    )  # fmt: skip
    document = functional([image_input(shape=(5000, 5000, 3)), resize])
    with pytest.raises(UnsupportedError):
        compile_files(files(document, legacy_weights({})))


def test_scales_make_the_size_that_is_wanted():
    for size in range(1, 70):
        for count in range(1, 70):
            factor = scale(size, count)
            assert int(float(factor) * size) == int(factor * np.float32(size)) == count


@pytest.mark.parametrize("method", ["bilinear", "bicubic", "area", "lanczos3", "lanczos5"])
def test_interpolation_keeps_what_is_even_and_what_has_the_size(method):
    np.testing.assert_allclose(matrix(method, 7, 7), np.eye(7), atol=1e-6)
    np.testing.assert_allclose(matrix(method, 7, 12).sum(axis=1), 1, atol=1e-5)
    assert nearest(7, 7).tolist() == list(range(7))


def test_a_mask_that_matters_is_refused():
    told = refusal(
        layer("Reshape", "rows", "image", target_shape=[30, 3]),
        layer("Masking", "mask", "rows", mask_value=0.0),
        layer("Activation", "tanh", "mask", activation="tanh"),
        layer("GlobalAveragePooling1D", "mean", "tanh"),
    )
    assert "its mask changes what GlobalAveragePooling1D mean computes" in told


def test_masked_steps_become_zero():
    x, y = one(
        layer("ReLU", "relu", "image"),
        layer("Reshape", "rows", "relu", target_shape=[30, 3]),
        layer("Masking", "mask", "rows", mask_value=0.0),
        layer("GlobalMaxPooling1D", "most", "mask"),
    )
    np.testing.assert_array_equal(y, np.maximum(x, 0).reshape(2, 30, 3).max(axis=1))


def test_a_list_of_scales_must_fit():
    rescaling = layer("Rescaling", "r", "image", scale=[1.0, 2.0], offset=0.0)
    assert "values for an input" in refusal(rescaling)


def test_scales_are_the_channels_of_a_channels_first_image():
    scales = [1.0, 2.0, 3.0]
    x, y = one(
        layer("Rescaling", "r", "image", scale=scales, offset=0.0),
        shape=(3, 6, 5),
        version="3.15.1",
    )
    np.testing.assert_allclose(y, x * np.array(scales, np.float32).reshape(3, 1, 1))


def test_statistics_that_are_options():
    statistics = {"mean": [1.0, 2.0, 3.0], "variance": [4.0, 1.0, 0.0]}
    x, y = one(layer("Normalization", "n", "image", axis=[-1], **statistics))
    np.testing.assert_allclose(y, (x - [1, 2, 3]) / [2, 1, 1e-7], rtol=1e-5)


def test_dropout_of_the_package_efficientnet_is_one():
    x, y = one(layer("FixedDropout", "d", "image", rate=0.2, noise_shape=[None, 1, 1, 1]))
    np.testing.assert_array_equal(y, x)


@pytest.mark.parametrize(
    ("mode", "wanted"),
    [("multi_hot", [[1, 0, 1, 0, 0]]), ("count", [[2, 0, 1, 0, 0]])],
)
def test_categories_are_columns(mode, wanted):
    numbers = layer("InputLayer", "image", batch_input_shape=[None, 3], dtype="int32")
    encoding = layer("CategoryEncoding", "c", "image", num_tokens=5, output_mode=mode)
    document = functional([numbers, encoding])
    (y,) = predict(files(document, legacy_weights({})), np.array([[2, 0, 0]], np.int32))
    np.testing.assert_array_equal(y, wanted)


def test_one_category_has_another_shape_in_some_versions():
    numbers = layer("InputLayer", "image", batch_input_shape=[None, 1], dtype="int32")
    encoding = layer("CategoryEncoding", "c", "image", num_tokens=3, output_mode="one_hot")
    for version in ("2.15.0", "3.15.1"):
        made = files(functional([numbers, encoding], version=version), legacy_weights({}))
        (y,) = predict(made, np.array([[1], [2]], np.int32))
        np.testing.assert_array_equal(y, [[0, 1, 0], [0, 0, 1]])
    made = files(functional([numbers, encoding], version="3.0.5"), legacy_weights({}))
    with pytest.raises(UnsupportedError, match="depends on the version"):
        compile_files(made)


def test_merging_adds_axes_after_the_batch():
    x, y = one(
        layer("GlobalMaxPooling2D", "most", "image"), layer("Add", "sum", "image", "most")
    )  # fmt: skip
    np.testing.assert_allclose(y, x + x.max(axis=(1, 2), keepdims=True), rtol=1e-6)


def test_a_dot_of_images_is_refused():
    assert "two or three axes" in refusal(layer("Dot", "d", "image", "image", axes=1))


def test_a_pad_of_other_than_zeros_stays_apart():
    resize = layer(
        "Resizing",
        "r",
        "image",
        height=12,
        width=20,
        interpolation="bilinear",
        pad_to_aspect_ratio=True,
        fill_value=2.0,
    )
    convolution = conv("c", "r", use_bias=False)
    weights = {"c": {"c/kernel:0": random(3, 3, 3, 4)}}
    document = functional([image_input(), resize, convolution], version="3.15.1")
    compiled = compile_files(files(document, legacy_weights(weights)))
    assert "Pad" in compiled.operators


@pytest.mark.parametrize(("value", "problem"), [([1, 2], "one number or 3"), ("3", "whole number")])
def test_sizes_are_checked(value, problem):
    config = {"filters": 2, "kernel_size": value}
    with pytest.raises(OptionError, match=problem):
        REGISTRY["Conv3D"].parse(config)


def test_layers_of_half_precision_are_noted():
    document = functional([image_input(), layer("ReLU", "r", "image", dtype="mixed_float16")])
    notes = compile_files(files(document, legacy_weights({}))).notes
    assert "layers of dtype mixed_float16 are computed in float32" in notes


def test_other_dtypes_are_refused():
    assert "dtype policy int32" in refusal(layer("ReLU", "r", "image", dtype="int32"))


def test_a_nested_model_that_trains_is_refused():
    inner = functional([image_input("inside"), layer("ReLU", "relu", "inside")], ("inside",))
    model = nested(inner, "inner", ["image", 0, 0, {"training": True}])
    with pytest.raises(ModelFileError, match="training=True"):
        compile_files(files(functional([image_input(), model]), legacy_weights({})))
