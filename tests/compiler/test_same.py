"""`padding="same"` where windows lie apart: TensorFlow up to 1.6 begins later, and no file says."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from keras_files import conv, files, functional, image_input, legacy_weights
from running import compile_files, run
from understudy.compiler import Compiled
from understudy.errors import UnsupportedError

PIXELS = np.arange(36, dtype=np.float32).reshape(1, 6, 6, 1)


def every_third(version: str | None, kind: str = "Conv2D", **options: Any) -> Compiled:
    """A convolution that takes every third pixel."""
    convolution = conv("c", "image", filters=1, size=1, strides=[3, 3], padding="same", **options)
    convolution["class_name"] = kind
    document = functional([image_input(shape=(6, 6, 1)), convolution], version=version)
    weights = {"c/kernel:0": np.ones((1, 1, 1, 1), np.float32), "c/bias:0": np.zeros(1, np.float32)}
    return compile_files(files(document, legacy_weights({"c": weights}, version or "2.0.6")))


@pytest.mark.parametrize("version", ["2.0.0", "2.0.6", "2.0.8-tf", "2.1.3-tf"])
def test_old_versions_begin_later(version: str) -> None:
    (got,) = run(every_third(version), [PIXELS])
    np.testing.assert_array_equal(got[0, :, :, 0], [[7, 10], [25, 28]])


@pytest.mark.parametrize("version", ["2.1.4-tf", "2.2.4", "2.2.4-tf", "2.3.1", "2.15.0", "3.0.5"])
def test_newer_versions_begin_with_the_first_pixel(version: str) -> None:
    (got,) = run(every_third(version), [PIXELS])
    np.testing.assert_array_equal(got[0, :, :, 0], [[0, 3], [18, 21]])


def test_between_the_two_nobody_knows() -> None:
    with pytest.raises(UnsupportedError) as caught:
        every_third("2.1.5")
    assert "which no file says" in " ".join(caught.value.problems)


@pytest.mark.parametrize(
    ("version", "said"), [("2.0.6", "up to 1.6"), ("2.2.4", "from 1.7 on"), ("2.3.1", None)]
)
def test_what_was_taken_is_noted(version: str, said: str | None) -> None:
    notes = [note for note in every_third(version).notes if "padded as TensorFlow" in note]
    assert notes == (
        []
        if said is None
        else [f"c is padded as TensorFlow {said} did; the file does not say on which it ran"]
    )


def test_windows_that_touch_are_the_same_everywhere() -> None:
    document = functional(
        [
            image_input(shape=(6, 6, 1)),
            conv("c", "image", filters=1, size=2, strides=[3, 3], padding="same", use_bias=False),
        ],
        version="2.1.5",
    )
    weights = {"c": {"c/kernel:0": np.ones((2, 2, 1, 1), np.float32)}}
    compiled = compile_files(files(document, legacy_weights(weights, "2.1.5")))
    assert not [note for note in compiled.notes if "padded" in note]


def test_a_free_size_is_refused() -> None:
    convolution = conv("c", "image", filters=1, size=1, strides=[3, 3], padding="same")
    document = functional([image_input(shape=(None, 6, 1)), convolution], version="2.0.6")
    weights = {"c/kernel:0": np.ones((1, 1, 1, 1), np.float32), "c/bias:0": np.zeros(1, np.float32)}
    with pytest.raises(UnsupportedError):
        compile_files(files(document, legacy_weights({"c": weights}, "2.0.6")))
