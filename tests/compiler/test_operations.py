"""Operations: what is refused, because it is not known or would mix the images of a batch."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from keras_files import files, functional, image_input, layer, legacy_weights, random
from running import predict
from understudy.compiler.operations import OPERATIONS, Operation, register
from understudy.errors import UnsupportedError

X = random(2, 6, 5, 3, seed=5)


def called(function: str, **named: Any) -> Any:
    return layer("TFOpLambda", "op", ["image", 0, 0, named], function=function)


def answer(entry: Any) -> np.ndarray:
    entry["inbound_nodes"] = [entry["inbound_nodes"][0][0]]  # as tf.keras writes a lone tensor
    document = functional([image_input(), entry], version="2.15.0")
    return predict(files(document, legacy_weights({})), X)[0]


def refusal(entry: Any) -> str:
    with pytest.raises(UnsupportedError) as caught:
        answer(entry)
    (problem,) = caught.value.problems
    return problem


def getitem(*key: Any) -> Any:
    return layer(
        "SlicingOpLambda",
        "op",
        ["image", 0, 0, {"slice_spec": list(key)}],
        function="__operators__.getitem",
    )


def cut(start: Any = None, stop: Any = None, step: Any = None) -> Any:
    return {"start": start, "stop": stop, "step": step}


def test_a_function_is_computed() -> None:
    np.testing.assert_allclose(answer(called("math.multiply", y=2.0, name=None)), 2 * X)
    np.testing.assert_allclose(answer(getitem(cut(), cut(1, None, 2))), X[:, 1::2])


REFUSED = {
    "this operation is not known": called("math.acosh"),
    "dtype 'complex64' cannot": called("cast", dtype="complex64"),
    "its argument exclusive=True": called("math.cumsum", axis=1, exclusive=True),
    "all axes, the batch": called("math.reduce_mean"),
    "along the batch": called("math.reduce_mean", axis=[0, 1]),
    "moves the batch": called("transpose", perm=[3, 0, 1, 2]),
    "name the order": called("transpose"),
    "moves the batch ": called("reshape", shape=[-1, 3]),
    "fixes the size of the batch": called("reshape", shape=[2, 90]),
    "cannot be compiled": called("reshape", shape=[-1, 7, 7, -1]),
    "it pads the batch": called("pad", paddings=[[1, 0], [0, 0], [0, 0], [0, 0]]),
    "mode='SYMMETRIC'": called("pad", paddings=[[0, 0], [1, 1], [0, 0], [0, 0]], mode="SYMMETRIC"),
    "a batch of one": called("squeeze"),
    "is not 1 long": called("squeeze", axis=1),
    "images of the batch": getitem(0),
    "images of the batch ": getitem(cut(0, 1)),
    "moves the batch  ": getitem(None, cut()),
    "no place 9": getitem(cut(), 9),
    "takes nothing": getitem(cut(), cut(4, 2)),
    "more than one ellipsis": getitem(*[{"class_name": "__ellipsis__"}] * 2),
    "is not a whole number": getitem(cut(), 1.5),
    "is not a constant": called("math.add", y="text"),
    "more axes than the tensor": called("math.add", y=[[[[[1.0]]]]]),
    "where the batch is": called("math.add", y=np.ones((2, 1, 1, 1)).tolist()),
    "do not fit": called("math.add", y=[1.0, 2.0]),
    "preserve_aspect_ratio": called("image.resize", size=[3, 3], preserve_aspect_ratio=True),
    "cannot be split": called("split", num_or_size_splits=4, axis=1),
    "floor division": called("math.floordiv", y=2.0),
    "batch_dims=1": called("gather", indices=[0], axis=1, batch_dims=1),
    "a constant matrix": called("linalg.matmul", b=[1.0, 2.0, 3.0]),
    "a product along": called("linalg.matmul", b=["image", 0, 0]),
    "an answer would depend": called("expand_dims", axis=0),
}


@pytest.mark.parametrize("why", REFUSED)
def test_what_cannot_be_compiled_is_refused_with_its_reason(why: str) -> None:
    problem = refusal(REFUSED[why])
    assert why.strip() in problem


def test_the_table_refuses_duplicates() -> None:
    name = next(iter(OPERATIONS))
    with pytest.raises(ValueError, match="registered twice"):
        register({name: Operation(lambda _, x: x)})
