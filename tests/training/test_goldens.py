"""`goldens.npz`: what is written is what `push` reads."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from understudy.errors import InputError
from understudy.release.goldens import parse_goldens, parse_images
from understudy.release.manifest import Signature
from understudy.training.goldens import Goldens, check_answers, encode, spread

GOLDENS = Goldens(
    np.arange(2 * 3 * 4, dtype=np.float32).reshape(2, 3, 4, 1),
    np.array([[0.25, 0.75], [1.0, 0.0]], np.float32),
    (b"first image", b"2nd"),
)


def test_push_reads_what_was_written() -> None:
    data = encode(GOLDENS)
    takes = [Signature("image", (None, 3, 4, 1), "float32")]
    gives = [Signature("label", (None, 2), "float32")]
    cases = parse_goldens(data, takes, gives)
    np.testing.assert_array_equal(cases.inputs["image"], GOLDENS.inputs)
    np.testing.assert_array_equal(cases.outputs["label"], GOLDENS.outputs)
    assert parse_images(data) == GOLDENS.images


def test_the_same_goldens_are_the_same_bytes() -> None:
    assert encode(GOLDENS) == encode(GOLDENS)


@pytest.mark.parametrize(
    ("total", "count", "chosen"),
    [(3, 8, [0, 1, 2]), (8, 8, [*range(8)]), (10, 4, [0, 2, 5, 7]), (1000, 2, [0, 500])],
)
def test_images_are_taken_in_even_steps(total: int, count: int, chosen: list[int]) -> None:
    paths = [Path(str(number)) for number in range(total)]
    assert [int(path.name) for path in spread(paths, count)] == chosen


def test_an_answer_that_is_no_number_names_the_image() -> None:
    check_answers(GOLDENS.outputs, ["a.jpg", "b.jpg"])
    with pytest.raises(InputError, match=r"b\.jpg is NaN"):
        check_answers(np.array([[1.0], [np.nan]]), ["a.jpg", "b.jpg"])
    with pytest.raises(InputError, match="2 images"):
        check_answers(np.zeros((3, 2)), ["a.jpg", "b.jpg"])
