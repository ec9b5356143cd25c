"""Which mean and standard deviation the goldens' inputs were made with.

For the right resizing, what an image became is a line of its pixels, one for each channel: of all
images the same line where statistics of the data were used, and a line for each image where its
own were. So a way is tried by what is left beside such lines, whatever they are. Pure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ..release.preprocess import MAX_MEAN, STD_RANGE, Scale
from ..release.resolve import Resolved
from .trials import EXAMPLES, Array, Trials, blocks, plain

CENTRED_SCALES: tuple[Scale, ...] = ("none", "0..1", "-1..1")
"""An image's mean can be taken away at any scale; a division by its deviation hides the scale."""

UNITS: tuple[tuple[Scale, float], ...] = (("0..1", 255.0), ("none", 1.0))
"""Scales that statistics may be told for, and the grey levels in one of their units."""

MEAN_TOLERANCE = 0.002
"""Grey levels: so far a mean may be rounded."""

STD_TOLERANCE = 1e-5
"""Of a standard deviation: so far it may be rounded; over 255 grey levels this is as much."""


def beside_lines(trials: Trials, way: Resolved, count: int = EXAMPLES) -> float:
    """How far images are off in the mean beside the best line of each channel of each image.

    In the inputs' own numbers, as `Trials.away`.
    """
    return float(
        np.mean(
            [
                _beside(_channels(trials.prepare(image, plain(way)), way), _channels(wanted, way))
                for image, wanted in trials.pairs[:count]
            ]
        )
    )


def roughly_beside_lines(trials: Trials, way: Resolved) -> float:
    """The same for the means of large blocks, which hardly depend on how images are resized."""
    found = []
    for image, wanted in trials.pairs:
        pixels = blocks(trials.prepare(image, plain(way)).astype(np.float64), way)
        found.append(_beside(_channels(pixels, way), _channels(blocks(wanted, way), way)))
    return float(np.mean(found))


def standardized(way: Resolved) -> list[Resolved]:
    """All ways of standardizing an image by its own statistics."""
    way = plain(way)
    return [
        replace(way, standardize="per_image_standardization"),
        replace(way, standardize="samplewise_std_normalization"),
        *(replace(way, scale=scale, standardize="samplewise_center") for scale in CENTRED_SCALES),
    ]


def with_own_statistics(way: Resolved, trials: Trials) -> Resolved | None:
    """The way with the mean and deviation that come nearest; None if there are none.

    Each is told in the unit in which the numbers are the shortest, as those that people choose are.
    """
    every = [trials.prepare(image, plain(way)) for image, _ in trials.pairs]
    pixels = np.concatenate([_channels(tensor, way) for tensor in every], axis=1)
    wanted = np.concatenate([_channels(tensor, way) for _, tensor in trials.pairs], axis=1)
    slope, offset = _line(pixels, wanted)
    if not (slope > 1 / STD_RANGE[1] / 2).all():
        return None
    told = [_told(way, -offset / slope, 1 / slope, *unit) for unit in UNITS]
    return min(told, key=_length)


def _told(way: Resolved, mean: Array, std: Array, scale: Scale, unit: float) -> Resolved:
    """The way with a mean and a deviation in grey levels, told in units of so many of them."""
    means = [_rounded(number / unit, MEAN_TOLERANCE / unit) for number in mean]
    stds = [_rounded(number / unit, STD_TOLERANCE * number / unit) for number in std]
    return replace(
        plain(way),
        scale=scale,
        mean=None if not any(means) else _shortest(means, -MAX_MEAN, MAX_MEAN),
        std=None if set(stds) == {1.0} else _shortest(stds, *STD_RANGE),
    )


def _shortest(numbers: Sequence[float], least: float, most: float) -> tuple[float, ...]:
    """One number for all channels, where it is the same, each in the range that is allowed."""
    inside = [min(max(number, least), most) for number in numbers]
    return tuple(inside[:1] if len(set(inside)) == 1 else inside)


def _rounded(number: float, tolerance: float) -> float:
    """The number with as few digits as come near enough."""
    exact = float(number)
    if abs(exact) <= tolerance:
        return 0.0
    tried = (float(f"{exact:.{digits}g}") for digits in range(1, 10))
    return next((short for short in tried if abs(short - exact) <= tolerance), exact)


def _length(way: Resolved) -> int:
    return len(f"{way.mean or ''}{way.std or ''}")


def _channels(tensor: Array, how: Resolved) -> Array:
    """(channels, pixels) of float64."""
    tensor = np.asarray(tensor, np.float64)
    if how.layout == "HWC":
        tensor = np.moveaxis(tensor, 2, 0)
    return tensor.reshape(how.channels, -1)


def _line(pixels: Array, wanted: Array) -> tuple[Array, Array]:
    """Slope and offset of each channel's line of least squares; one that is flat has slope 0."""
    middle, middle_wanted = pixels.mean(1, keepdims=True), wanted.mean(1, keepdims=True)
    spread = ((pixels - middle) ** 2).mean(1)
    common = ((pixels - middle) * (wanted - middle_wanted)).mean(1)
    slope = np.divide(common, spread, out=np.zeros_like(common), where=spread > 0)
    return slope, middle_wanted[:, 0] - slope * middle[:, 0]


def _beside(pixels: Array, wanted: Array) -> Any:
    slope, offset = _line(pixels, wanted)
    return np.abs(pixels * slope[:, None] + offset[:, None] - wanted).mean()
