"""One layer in several models: the numbered layout has its weights once."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from keras_files import files, functional, image_input, layer, nested, numbered_weights, random
from running import compile_files, predict
from understudy.errors import WeightsError

IMAGE = image_input(shape=(4,))
X = random(2, 4, seed=9)
SHARED, OWN, LAST = ([random(4, 4, seed=seed), random(4, seed=seed + 1)] for seed in (0, 2, 4))


def dense(name: str, *inputs: Any, **config: Any) -> Any:
    return layer("Dense", name, *inputs, units=4, **config)


def model(inside: Any) -> Any:
    """shared(inner(x)), then another layer; inner begins with `inside`."""
    inner = functional([IMAGE, inside, dense("own", inside["name"])])
    return functional(
        [IMAGE, nested(inner, "inner", "image"), dense("shared", "inner"), dense("last", "shared")]
    )


def expected() -> np.ndarray:
    x = X
    for kernel, bias in (SHARED, OWN, SHARED, LAST):
        x = x @ kernel + bias
    return x


COUNTED = {"dense_1": LAST}
"""How Keras 3 calls the outer layers' groups: the shared one counts, and has none."""

NOT_COUNTED = {"dense": LAST}
"""tf.keras 2.15: the shared one does not count."""


@pytest.mark.parametrize("outer", [COUNTED, NOT_COUNTED], ids=["counted", "not counted"])
def test_the_weights_are_those_of_the_other_place(outer: dict[str, Any]) -> None:
    inside = {"functional/layers/dense": SHARED, "functional/layers/dense_1": OWN}
    written = files(model(dense("shared", "image")), numbered_weights(inside | outer))
    np.testing.assert_allclose(predict(written, X)[0], expected(), atol=1e-5)
    notes = compile_files(written).notes
    assert [note for note in notes if "the same layer as inner/shared" in note]


@pytest.mark.parametrize(
    "inside",
    [dense("other", "image"), dense("shared", "image", activation="relu")],
    ids=["another name", "other options"],
)
def test_another_layer_does_not_lend_its_weights(inside: Any) -> None:
    weights = {"functional/layers/dense": SHARED, "functional/layers/dense_1": OWN}
    with pytest.raises(WeightsError, match="the file has none"):
        compile_files(files(model(inside), numbered_weights(weights | COUNTED)))


def test_two_that_could_be_meant_lend_nothing() -> None:
    inner = functional([IMAGE, dense("shared", "image")])
    layers = [IMAGE, nested(inner, "a", "image"), nested(inner, "b", "a"), dense("shared", "b")]
    weights = {"functional/layers/dense": SHARED, "functional_1/layers/dense": OWN}
    with pytest.raises(WeightsError, match="the file has none"):
        compile_files(files(functional(layers), numbered_weights(weights)))
