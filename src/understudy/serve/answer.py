"""From a model's output to labels: what the last layer's numbers mean.

Rules: a probability is given only where the activation defines one; otherwise the number is
called a score and ranked as it is. Ties go to the lower index. Numbers that are not finite are
an error, never an answer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import ImageError, InputError
from ..release.labels import BINARY_LABELS, labels_do_not_fit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Row = NDArray[np.float64]

DEFAULT_TOP_K = 5


@dataclass(frozen=True)
class Prediction:
    """One label and how likely it is.

    Attributes:
        label: from the release's labels, or "class 3".
        index: of the class.
        probability: 0..1, or None where the model gives none.
        score: the model's own number, only where there is no probability.
    """

    label: str
    index: int
    probability: float | None
    score: float | None = None

    def to_json(self) -> dict[str, Any]:
        """The score appears only where it takes the probability's place."""
        said = {"label": self.label, "index": self.index, "probability": self.probability}
        return said if self.score is None else said | {"score": self.score}


@dataclass(frozen=True)
class Head:
    """The end of a classifier: the classes, and how the outputs become their probabilities.

    Attributes:
        labels: one for each class.
        probabilities: the output's row -> one number for each class; None: there are none, the
            row is scores.
    """

    labels: tuple[str, ...]
    probabilities: Callable[[Row], Row] | None

    def answer(self, output: NDArray[Any], top_k: int = DEFAULT_TOP_K) -> tuple[Prediction, ...]:
        """The `top_k` best classes of one image's outputs, best first.

        Raises:
            InputError: `top_k` is less than 1.
            ImageError: the model gave something that is not a finite number.
        """
        check_top_k(top_k)
        row = output.astype(np.float64).reshape(-1)
        if not np.isfinite(row).all():
            raise ImageError(
                "the model's output for it is not a finite number",
                hint="check the release's scaling against the training's; try another image",
            )
        values = row if self.probabilities is None else self.probabilities(row)
        best = np.argsort(-values, kind="stable")[:top_k]
        return tuple(self._prediction(int(index), float(values[index])) for index in best)

    def _prediction(self, index: int, value: float) -> Prediction:
        if self.probabilities is None:
            return Prediction(self.labels[index], index, None, value)
        return Prediction(self.labels[index], index, value)


def head(activation: str, outputs: int, labels: Sequence[str] = ()) -> Head:
    """Decide what the `outputs` numbers after `activation` mean.

    | activation | outputs | meaning |
    |---|---|---|
    | softmax | any | probabilities, as they are |
    | log_softmax | any | their logarithms |
    | sigmoid | 1, with no label or two | class 1, and its complement class 0 (Keras' binary way) |
    | sigmoid | otherwise | independent probabilities, as they are |
    | linear | 2 or more | logits: softmax is applied |
    | linear | 1, with two labels | a logit: sigmoid is applied, then as after sigmoid |
    | linear, anything else | otherwise | scores; probability is not defined |

    Raises:
        InputError: the number of labels is not the number of classes.
    """
    classes = outputs
    if outputs == 1 and len(labels) in BINARY_LABELS.get(activation, ()):
        classes = 2
    if labels and len(labels) != classes:
        raise labels_do_not_fit(len(labels), outputs, activation)
    named = tuple(labels) or tuple(f"class {index}" for index in range(classes))
    if classes != outputs:
        return Head(named, _with_complement if activation == "sigmoid" else _sigmoid_complement)
    if activation == "linear" and outputs >= 2:
        return Head(named, _softmax)
    return Head(named, PROBABILITIES.get(activation))


def check_top_k(top_k: int) -> None:
    """Refuse a `top_k` under 1; more than there are classes is fine.

    Raises:
        InputError: there would be nothing to answer.
    """
    if top_k < 1:
        raise InputError(f"top-k is {top_k}", hint="ask for 1 label or more")


def _as_it_is(row: Row) -> Row:
    return row


def _with_complement(row: Row) -> Row:
    return np.array([1.0 - row[0], row[0]])


def _sigmoid_complement(row: Row) -> Row:
    """1 / (1 + exp(-x)) for class 1, computed without overflow, and the rest for class 0."""
    grown = np.exp(-np.abs(row[0]))
    one = 1 / (1 + grown) if row[0] >= 0 else grown / (1 + grown)
    return _with_complement(np.array([one]))


def _softmax(row: Row) -> Row:
    """exp(x - max) / sum, which cannot overflow."""
    grown = np.exp(row - row.max())
    return np.asarray(grown / grown.sum())


PROBABILITIES: Mapping[str, Callable[[Row], Row]] = {
    "softmax": _as_it_is,
    "sigmoid": _as_it_is,
    "log_softmax": lambda row: np.asarray(np.exp(row)),
}
