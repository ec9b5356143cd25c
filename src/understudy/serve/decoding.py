"""What `"decode": "fast"` changes: the same images decoded in both ways, and both answers.

Rules: an image that cannot be used is an effect with an error, and the others go on; the ways take
turns in being first, so that neither finds more files in the system's cache than the other.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from statistics import fmean
from typing import TYPE_CHECKING

from ..errors import ImageError
from .classifier import Classifier
from .prepare import name_of

if TYPE_CHECKING:
    from ..release.preprocess import Decode
    from .image import Source
    from .result import Result

ALL = sys.maxsize
"""So many labels: every class counts."""

WAYS: tuple[Decode, Decode] = ("exact", "fast")


@dataclass(frozen=True)
class Effect:
    """What it changes for one image.

    Attributes:
        image: the path, or the number in the row of images.
        difference: the largest of a probability, or of a score where there are none.
        exact: the first label when every pixel is decoded.
        fast: the first label when the decoder shrinks the image.
        exact_ms: reading, decoding, resizing and scaling, in milliseconds.
        fast_ms: the same.
        error: why there is no answer; then the numbers mean nothing.
    """

    image: str | int
    difference: float = 0.0
    exact: str = ""
    fast: str = ""
    exact_ms: float = 0.0
    fast_ms: float = 0.0
    error: ImageError | None = None

    @property
    def is_changed(self) -> bool:
        """Whether another label comes first."""
        return self.exact != self.fast


@dataclass(frozen=True)
class Summary:
    """What it changes for a row of images.

    Attributes:
        images: how many were compared.
        failed: how many could not be used.
        changed: how many have another first label.
        largest: the largest difference of them all.
        mean: the mean of each image's largest.
        exact_ms: of all images together.
        fast_ms: the same.
    """

    images: int
    failed: int
    changed: int
    largest: float
    mean: float
    exact_ms: float
    fast_ms: float


def effects(classifier: Classifier, images: Iterable[Source]) -> Iterator[Effect]:
    """Classify every image in both ways, in order."""
    how = classifier.served.preprocess
    ways = {way: classifier.preparing(replace(how, decode=way)) for way in WAYS}
    for number, image in enumerate(images):
        name = name_of(image, number)
        found: dict[Decode, Result] = {}
        try:
            for way in WAYS if number % 2 else WAYS[::-1]:
                found[way] = ways[way].classify(image, top_k=ALL)
        except ImageError as error:
            what = error.what.removeprefix(f"{name}: ")
            yield Effect(name, error=ImageError(what, hint=error.hint))
        else:
            yield _effect(name, found["exact"], found["fast"])


def summary(found: Sequence[Effect]) -> Summary:
    """Add up. Pure."""
    good = [effect for effect in found if effect.error is None]
    return Summary(
        images=len(good),
        failed=len(found) - len(good),
        changed=sum(effect.is_changed for effect in good),
        largest=max((effect.difference for effect in good), default=0.0),
        mean=fmean(effect.difference for effect in good) if good else 0.0,
        exact_ms=sum(effect.exact_ms for effect in good),
        fast_ms=sum(effect.fast_ms for effect in good),
    )


def _effect(image: str | int, exact: Result, fast: Result) -> Effect:
    before, after = _values(exact), _values(fast)
    return Effect(
        image,
        max(abs(after[index] - value) for index, value in before.items()),
        exact.predictions[0].label,
        fast.predictions[0].label,
        _milliseconds(exact),
        _milliseconds(fast),
    )


def _values(result: Result) -> dict[int, float]:
    """Class -> its probability, or its score."""
    numbers = {
        p.index: p.score if p.probability is None else p.probability for p in result.predictions
    }
    return {index: number for index, number in numbers.items() if number is not None}


def _milliseconds(result: Result) -> float:
    spent = result.timings_ms
    return 0.0 if spent is None else spent.decode + spent.preprocess
