"""What a model's numbers mean."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from understudy.errors import ImageError, InputError
from understudy.serve import Prediction
from understudy.serve.answer import head


def answer(
    activation: str, row: list[float], labels: tuple[str, ...] = (), top_k: int = 5
) -> list[tuple[str, int, float | None, float | None]]:
    output = np.array(row, np.float32)
    found = head(activation, len(row), labels).answer(output, top_k)
    return [(p.label, p.index, p.probability, p.score) for p in found]


def test_softmax_is_taken_as_it_is() -> None:
    assert answer("softmax", [0.25, 0.5, 0.25]) == [
        ("class 1", 1, 0.5, None),
        ("class 0", 0, 0.25, None),
        ("class 2", 2, 0.25, None),
    ]


def test_ties_go_to_the_lower_index_and_top_k_cuts() -> None:
    assert [p[1] for p in answer("softmax", [0.125] * 8, top_k=3)] == [0, 1, 2]
    assert len(answer("softmax", [0.5, 0.5], top_k=99)) == 2


@pytest.mark.parametrize("shift", [0.0, 1e4, -1e4])
def test_logits_get_a_softmax_that_does_not_overflow(shift: float) -> None:
    found = answer("linear", [shift, shift + 1])
    expected = 1 / (1 + math.exp(-1))
    assert found[0][:2] == ("class 1", 1)
    assert found[0][2] == pytest.approx(expected, abs=1e-12)
    assert found[1][2] == pytest.approx(1 - expected, abs=1e-12)


def test_log_softmax_gives_probabilities() -> None:
    assert answer("log_softmax", [math.log(0.25), math.log(0.75)])[0][2] == pytest.approx(0.75)


def test_one_sigmoid_is_two_classes() -> None:
    assert answer("sigmoid", [0.25], ("cat", "dog")) == [
        ("cat", 0, 0.75, None),
        ("dog", 1, 0.25, None),
    ]
    assert answer("sigmoid", [0.75]) == [("class 1", 1, 0.75, None), ("class 0", 0, 0.25, None)]


def test_one_sigmoid_with_one_label_is_that_labels_probability() -> None:
    assert answer("sigmoid", [0.25], ("infected",)) == [("infected", 0, 0.25, None)]


def test_many_sigmoids_are_independent() -> None:
    found = answer("sigmoid", [0.5, 0.75, 1.0], ("a", "b", "c"))
    assert [p[2] for p in found] == [1.0, 0.75, 0.5]


@pytest.mark.parametrize(("activation", "row"), [("linear", [3.5]), ("relu", [0.0, 3.5])])
def test_without_a_probability_there_is_a_score(activation: str, row: list[float]) -> None:
    assert answer(activation, row)[0][2:] == (None, 3.5)


def test_the_answer_as_json() -> None:
    assert Prediction("a", 1, 0.5).to_json() == {"label": "a", "index": 1, "probability": 0.5}
    assert Prediction("a", 1, None, 2.5).to_json() == {
        "label": "a",
        "index": 1,
        "probability": None,
        "score": 2.5,
    }


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_numbers_that_are_not_finite_are_no_answer(bad: float) -> None:
    with pytest.raises(ImageError, match="not a finite number"):
        answer("softmax", [0.5, bad])


@pytest.mark.parametrize(
    ("activation", "outputs", "labels"),
    [("softmax", 3, 2), ("softmax", 2, 3), ("sigmoid", 1, 3), ("sigmoid", 3, 2), ("linear", 1, 3)],
)
def test_labels_must_fit(activation: str, outputs: int, labels: int) -> None:
    with pytest.raises(InputError, match=rf"has {labels} labels") as caught:
        head(activation, outputs, ["x"] * labels)
    assert "one class a line" in caught.value.hint


def test_a_binary_logit_becomes_two_probabilities() -> None:
    for logit in (-800.0, -1.5, 0.0, 2.0, 800.0):
        both = head("linear", 1, ["no", "yes"]).answer(np.array([logit]), 2)
        by_label = {prediction.label: prediction.probability for prediction in both}
        expected = 1 / (1 + math.exp(-logit)) if logit > -700 else 0.0
        assert by_label["yes"] == pytest.approx(expected)
        assert by_label["no"] == pytest.approx(1 - expected)


@pytest.mark.parametrize("top_k", [0, -1])
def test_top_k_starts_at_one(top_k: Any) -> None:
    with pytest.raises(InputError, match="top-k"):
        answer("softmax", [1.0], top_k=top_k)
