"""Where a bias goes if several axes are equally long: by version, and by what Keras ran on."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from keras_files import files, functional, image_input, layer, legacy_weights, random
from running import compile_files, run
from understudy.errors import UnsupportedError

BIAS = np.array([10, 20, 30], np.float32)
FIRST = {"data_format": "channels_first"}


def convolution(kind: str, shape: tuple[int | None, ...] = (1, 2, 3)) -> tuple[Any, Any]:
    """A convolution that passes on one channel as three, and its weights."""
    image = image_input(shape=shape)
    if kind == "DepthwiseConv2D":
        options: dict[str, Any] = {"depth_multiplier": 3}
    else:
        options = {"filters": 3}
    sized = {"kernel_size": [1, 1], **FIRST, **options}
    weights = {"c/kernel:0": np.ones((1, 1, 1, 3), np.float32), "c/bias:0": BIAS}
    return [image, layer(kind, "c", "image", **sized)], {"c": weights}


def channels(kind: str, version: str, backend: str | None, **options: Any) -> Any:
    """The result's channels at one pixel, and its columns in one channel."""
    layers, weights = convolution(kind, **options)
    document = functional(layers, version=version)
    compiled = compile_files(files(document, legacy_weights(weights)), backend=backend)
    (got,) = run(compiled, [np.ones((1, 1, 2, 3), np.float32)])
    return got[0, :, 0, 0].tolist(), got[0, 0, 0].tolist()


BY_CHANNEL, BY_COLUMN = ([11, 21, 31], [11] * 3), ([11] * 3, [11, 21, 31])


@pytest.mark.parametrize("kind", ["Conv2D", "DepthwiseConv2D"])
@pytest.mark.parametrize(
    ("version", "backend"),
    [("2.15.0", None), ("3.0.5", None), ("3.15.1", "jax"), ("3.15.1", "torch")],
)
def test_it_belongs_to_the_channels(kind: str, version: str, backend: str | None) -> None:
    assert channels(kind, version, backend) == BY_CHANNEL


def test_it_belongs_to_the_columns_in_newer_versions_on_tensorflow() -> None:
    """Where nothing is fused, `predict` gives what a call gives."""
    assert channels("DepthwiseConv2D", "3.15.1", "tensorflow") == BY_COLUMN


@pytest.mark.parametrize(
    ("kind", "backend", "shape", "why"),
    [
        ("Conv2D", None, (1, 2, 3), "say --backend tensorflow, jax or torch"),
        ("DepthwiseConv2D", None, (1, 2, 3), "say --backend tensorflow, jax or torch"),
        ("Conv2D", "tensorflow", (1, 2, 3), "another when it is called"),
        ("DepthwiseConv2D", "tensorflow", (1, 2, None), "may be 3 long"),
    ],
)
def test_it_is_refused_where_nobody_knows(
    kind: str, backend: str | None, shape: tuple[int | None, ...], why: str
) -> None:
    with pytest.raises(UnsupportedError) as caught:
        channels(kind, "3.15.1", backend, shape=shape)
    assert why in " ".join(caught.value.problems)


@pytest.mark.parametrize("shape", [(1, 3, 2), (1, 3, 4)])
def test_sizes_that_differ_leave_no_doubt(shape: tuple[int, ...]) -> None:
    layers, weights = convolution("Conv2D", shape)
    document = functional(layers, version="3.15.1")
    compiled = compile_files(files(document, legacy_weights(weights)))
    (got,) = run(compiled, [np.ones((1, *shape), np.float32)])
    np.testing.assert_array_equal(got[0, :, 0, 0], [11, 21, 31])


def einsum(bias_axes: str, shape: tuple[int, ...]) -> dict[str, bytes]:
    options = {"equation": "abc,cd->abd", "output_shape": [shape[0], 4], "bias_axes": bias_axes}
    size = (shape[0], 1) if bias_axes == "b" else (4,)
    weights = {"d/kernel:0": random(shape[1], 4), "d/bias:0": random(*size)}
    layers = [image_input(shape=shape), layer("EinsumDense", "d", "image", **options)]
    return files(functional(layers, version="3.15.1"), legacy_weights({"d": weights}))


def test_a_bias_along_another_axis_is_refused_only_where_sizes_agree() -> None:
    for sure in (einsum("d", (4, 2)), einsum("b", (5, 2))):
        compile_files(sure)
    with pytest.raises(UnsupportedError, match="cannot be compiled") as caught:
        compile_files(einsum("b", (4, 2)))
    assert "two axes" not in str(caught.value)
    assert "several axes are 4 long" in " ".join(caught.value.problems)
    compile_files(einsum("b", (4, 2)), backend="jax")


def plus(constant: np.ndarray, backend: str | None) -> np.ndarray:
    entry = {
        "module": "keras.src.ops.numpy",
        "class_name": "Add",
        "name": "plus",
        "config": {"name": "plus"},
        "registered_name": None,
        "inbound_nodes": [
            {"args": [tensor("image"), constant.tolist()], "kwargs": {}},
        ],
    }
    layers = [image_input(shape=(3, 3, 3)), entry]
    written = files(functional(layers, version="3.15.1"), legacy_weights({}))
    (got,) = run(compile_files(written, backend=backend), [np.zeros((1, 3, 3, 3), np.float32)])
    return got[0]


def tensor(name: str) -> dict[str, Any]:
    return {"class_name": "__keras_tensor__", "config": {"keras_history": [name, 0, 0]}}


def test_a_constant_may_be_taken_for_a_bias() -> None:
    np.testing.assert_array_equal(plus(BIAS, None)[0, 0], BIAS)
    np.testing.assert_array_equal(plus(BIAS.reshape(3, 1), "jax")[0, :, 0], BIAS)
    for backend in (None, "tensorflow"):
        with pytest.raises(UnsupportedError):
            plus(BIAS.reshape(3, 1), backend)
