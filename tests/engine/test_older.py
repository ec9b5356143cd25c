"""What Keras 2 wrote, as Keras 3 reads it."""

from __future__ import annotations

from typing import Any

import pytest

from understudy.engine.older import readable

SHAPE = [None, 8, 8, 3]


def layer(kind: str, **options: Any) -> dict[str, Any]:
    return {"class_name": kind, "config": options}


CASES: dict[str, tuple[Any, Any]] = {
    "losses and metrics": (
        {"layers": [{"class_name": "Model", "compile_config": {"loss": "mine"}}]},
        {"layers": [{"class_name": "Model"}]},
    ),
    "what the first layer takes": (
        layer("Conv2D", batch_input_shape=SHAPE, filters=4),
        layer("Conv2D", input_shape=[8, 8, 3], filters=4),
    ),
    "an axis in a list": (
        layer("BatchNormalization", axis=[3]),
        layer("BatchNormalization", axis=3),
    ),
    "groups of depthwise convolutions": (
        layer("DepthwiseConv2D", groups=1, strides=[2, 2]),
        layer("DepthwiseConv2D", strides=[2, 2]),
    ),
    "the place of a model's class": (
        {**layer("Functional"), "module": "keras.src.engine.functional"},
        {**layer("Functional"), "module": "keras.src.models.functional"},
    ),
    "kernels of separable convolutions": (
        layer("SeparableConv2D", groups=1, kernel_initializer={}, filters=4),
        layer("SeparableConv2D", filters=4),
    ),
    "the place of a sequential model": (
        [{**layer("Sequential"), "module": "keras.engine.sequential"}],
        [{**layer("Sequential"), "module": "keras"}],
    ),
}


@pytest.mark.parametrize("what", CASES)
def test_what_keras_2_wrote(what: str) -> None:
    written, wanted = CASES[what]
    assert readable(written) == wanted
    assert readable(wanted) == wanted


@pytest.mark.parametrize(
    "same",
    [
        layer("InputLayer", batch_input_shape=SHAPE),
        layer("LayerNormalization", axis=[3]),
        layer("Conv2D", groups=1),
        {**layer("Dense"), "module": "keras.layers"},
    ],
)
def test_what_stays_as_it_is(same: Any) -> None:
    assert readable(same) == same
