"""What a person's function may give for an image."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from understudy.errors import InputError
from understudy.training.tensors import as_input, batch

SHAPE = (2, None, 3)


class Tensor:
    """As a framework's: NumPy asks it for numbers."""

    def __init__(self, array: np.ndarray) -> None:
        self._array = array

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return self._array


class OnAnotherDevice:
    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        raise TypeError("can't convert cuda:0 tensor to numpy\nmore")


@pytest.mark.parametrize(
    ("made", "dtype"),
    [
        (np.ones((2, 5, 3), np.float32), "float32"),
        (np.ones((2, 5, 3), np.float64), "float32"),
        (np.ones((2, 5, 3), np.uint8), "uint8"),
        (np.ones((1, 2, 5, 3), np.float32), "float32"),
        (Tensor(np.ones((2, 5, 3), np.float16)), "float32"),
        (np.ones((2, 5, 3)).tolist(), "float32"),
    ],
)
def test_arrays_tensors_and_batches_of_one_are_taken(made: object, dtype: str) -> None:
    found = as_input(made, SHAPE, "it")
    assert (found.shape, found.dtype) == ((2, 5, 3), dtype)


@pytest.mark.parametrize(
    ("made", "why"),
    [
        (None, "it is None"),
        ("a.jpg", "it is a str"),
        ([[1, 2], [3]], "no array"),
        (OnAnotherDevice(), "can't convert cuda:0 tensor to numpy$"),
        (np.ones((3, 5, 3)), r"3 x 5 x 3, the model takes 2 x any x 3"),
        (np.ones((2, 2, 5, 3)), "2 x 2 x 5 x 3"),
        (np.ones((2, 5)), "2 x 5, "),
        (np.float32(1), "a single number"),
        (np.full((2, 5, 3), np.nan), "NaN"),
    ],
)
def test_anything_else_is_refused_in_one_line(made: object, why: str) -> None:
    with pytest.raises(InputError) as caught:
        as_input(made, SHAPE, "it")
    assert re.search(why, caught.value.what)
    assert caught.value.hint


def test_inputs_of_several_shapes_are_no_batch() -> None:
    one, other = np.zeros((2, 5, 3)), np.zeros((2, 6, 3))
    assert batch([one, one], ["a", "b"]).shape == (2, 2, 5, 3)
    with pytest.raises(InputError, match="b became an array of 2 x 6 x 3, a one of 2 x 5 x 3"):
        batch([one, other], ["a", "b"])
