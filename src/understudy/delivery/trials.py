"""How far images, prepared in some way, are from what they became in training."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from ..release.preprocess import Scale
from ..release.resolve import Resolved

Array = npt.NDArray[Any]
Prepare = Callable[[bytes, Resolved], Array]
"""Makes one image's tensor, without the batch axis. Raises `ImageError`."""

GREY_LEVEL: Mapping[Scale, float] = {
    "none": 1.0,
    "0..1": 1 / 255,
    "-1..1": 1 / 127.5,
    "caffe": 1.0,
    "tf": 1 / 127.5,
    "torch": 1 / 255 / 0.226,
}
"""One grey level in the numbers that the model takes; with `torch`, in the mean of the colours."""

EXAMPLES = 3
"""So many images tell. The smallest are taken, because all methods are tried on them."""


@dataclass(frozen=True, slots=True)
class Difference:
    """How far prepared images are from the goldens' inputs, in grey levels."""

    mean: float
    largest: float

    def __str__(self) -> str:
        return f"{self.mean:.2g} grey levels in the mean, {self.largest:.2g} at most"


@dataclass(frozen=True, slots=True)
class Trials:
    """A few images, and what they are to become."""

    pairs: Sequence[tuple[bytes, Array]]
    prepare: Prepare

    def away(self, way: Resolved, count: int = EXAMPLES) -> float:
        """How far so many of the images are off in the mean, in the inputs' own numbers."""
        pairs = self.pairs[:count]
        return float(np.mean([np.abs(self.prepare(i, way) - wanted).mean() for i, wanted in pairs]))

    def roughly_away(self, way: Resolved) -> float:
        """The same for the means of large blocks, which hardly depend on how images are resized."""
        return float(
            np.mean(
                [
                    np.abs(blocks(self.prepare(image, way) - wanted, way)).mean()
                    for image, wanted in self.pairs
                ]
            )
        )

    def tells(self, one: Resolved, other: Resolved) -> bool:
        """Whether any of the images becomes something else in the other way."""
        return any(
            not np.array_equal(self.prepare(image, one), self.prepare(image, other))
            for image, _ in self.pairs
        )

    def difference(self, way: Resolved) -> Difference:
        """How far all of the images are off, in grey levels."""
        away = [
            np.abs(self.prepare(image, way) - wanted) / self._grey_level(image, way)
            for image, wanted in self.pairs
        ]
        return Difference(float(np.mean(away)), float(np.max(away)))

    def _grey_level(self, image: bytes, way: Resolved) -> float:
        """One grey level of an image in the numbers that this way makes of it."""
        if way.standardize in (None, "samplewise_center"):
            return GREY_LEVEL[way.scale] / float(np.mean(way.std or 1.0))
        return 1 / max(1.0, float(self.prepare(image, plain(way)).std()))


def plain(way: Resolved) -> Resolved:
    """The same way without any scaling: it gives grey levels from 0 to 255."""
    return replace(way, scale="none", standardize=None, mean=None, std=None)


def blocks(tensor: Array, how: Resolved) -> Array:
    """The means of 4 x 4 blocks of a tensor's channels."""
    first = 1 if how.layout == "CHW" else 0
    for axis in (first, first + 1):
        starts = np.unique(np.linspace(0, tensor.shape[axis], 5)[:-1].astype(int))
        sizes = np.diff([*starts, tensor.shape[axis]])
        shape = [1] * tensor.ndim
        shape[axis] = len(sizes)
        tensor = np.add.reduceat(tensor, starts, axis) / sizes.reshape(shape)
    return tensor
