"""A model of Keras behind the methods of a session; the model here is made of a few lines."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from understudy.engine.document import DOCUMENT, WEIGHTS, Document, encode
from understudy.engine.session import KerasSession, open_keras
from understudy.errors import ReleaseError, UnsupportedError
from understudy.serve import Signature, inputs, outputs

Array = np.ndarray[Any, Any]


@dataclass
class Tensor:
    """A symbolic tensor."""

    name: str
    dtype: str
    shape: tuple[int | None, ...]


class Halves:
    """A model with two outputs: the sum of its input, and half of that as float64."""

    def __init__(self, output_names: list[str]) -> None:
        self.inputs = [Tensor("image", "float32", (None, 2))]
        self.outputs = [Tensor("x", "float32", (None, 1)), Tensor("y", "float16", (None, 1))]
        self.output_names = output_names
        self.batches: list[int] = []

    def predict_on_batch(self, batch: Array) -> list[Array]:
        self.batches.append(len(batch))
        total = batch.sum(1, keepdims=True)
        return [total, total.astype(np.float64) / 2]


def opened(*names: str) -> tuple[Halves, KerasSession]:
    model = Halves(list(names))
    return model, KerasSession(model, list, {"image"})


def test_a_name_that_keras_made_up_is_replaced() -> None:
    session = KerasSession(Halves(["sum", "half"]), list, {"sum", "half"})
    assert [node.name for node in session.get_inputs()] == ["input_0"]


def test_what_it_takes_and_gives() -> None:
    _, session = opened("sum", "half")
    assert inputs(session) == (Signature("image", (None, 2), "float32"),)
    assert outputs(session) == (
        Signature("sum", (None, 1), "float32"),
        Signature("half", (None, 1), "float32"),
    )


def test_outputs_of_one_layer_are_told_apart() -> None:
    _, session = opened("same", "same")
    assert [node.name for node in session.get_outputs()] == ["output_0", "output_1"]


def test_images_are_computed_one_by_one_and_outputs_come_as_they_were_asked_for() -> None:
    model, session = opened("sum", "half")
    batch = np.arange(6, dtype=np.float32).reshape(3, 2)
    half, total = session.run(["half", "sum"], {"image": batch})
    assert model.batches == [1, 1, 1]
    np.testing.assert_array_equal(total, [[1], [5], [9]])
    np.testing.assert_array_equal(half, [[0.5], [2.5], [4.5]])
    assert half.dtype == np.float32
    every = session.run(None, {"image": batch})
    np.testing.assert_array_equal(every, [total, half])


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ReleaseError, match=r"there is no keras\.json"):
        open_keras(tmp_path)


def test_code_is_refused_before_keras_is_imported(tmp_path: Path) -> None:
    code = {"class_name": "Lambda", "config": {"name": "twice"}}
    (tmp_path / DOCUMENT).write_bytes(encode(Document(WEIGHTS, code)))
    with pytest.raises(UnsupportedError) as caught:
        open_keras(tmp_path)
    assert caught.value.problems == ("Lambda twice",)


OPEN = """
import sys
from pathlib import Path
from understudy.engine.session import open_keras
from understudy.errors import InputError
sys.modules["keras"] = None
try:
    open_keras(Path(sys.argv[1]))
except InputError as error:
    print(error)
"""


def test_without_keras_it_says_what_to_install(tmp_path: Path) -> None:
    (tmp_path / DOCUMENT).write_bytes(encode(Document(WEIGHTS, {"class_name": "Sequential"})))
    done = subprocess.run(
        [sys.executable, "-c", OPEN, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("the release needs Keras, which cannot be imported here")
    assert "hint: install keras with jax" in done.stdout
