"""Compare two models piece by piece: which layers there are, and how far their weights moved.

Pure but for the reading of weights, which are taken one pair at a time: memory holds the two
largest arrays, not two models.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

import numpy as np

from .outline import Array, Piece, Weight

SLICE = 1 << 20
"""Elements that are widened to float64 at a time."""


@dataclass(frozen=True, slots=True)
class Changed:
    """One thing that differs; None where there is nothing of that name."""

    key: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class LayerLine:
    """A layer that only one of the two has: its name, class and parameters."""

    name: str
    kind: str
    parameters: int


@dataclass(frozen=True, slots=True)
class LayerChange:
    """A layer that both have, with other settings: its names, and the settings that differ."""

    name: str
    before: str
    kind: str
    settings: tuple[Changed, ...]


@dataclass(frozen=True, slots=True)
class WeightChange:
    """A weight that differs.

    Attributes:
        layer: the layer's name, in the second model.
        weight: its role.
        before: its shape in the first model.
        after: its shape in the second.
        relative: ||after - before|| / ||before||, Euclidean; None if the shapes differ, before was
            all zero, or an element is not finite.
        largest: the largest absolute difference of an element; None as above, zeros excepted.
    """

    layer: str
    weight: str
    before: tuple[int, ...]
    after: tuple[int, ...]
    relative: float | None
    largest: float | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two models compared.

    Attributes:
        added: layers of the second that the first does not have.
        removed: layers of the first that the second does not have.
        changed: layers with other settings.
        renamed: how many layers are the same but for their names.
        weights: those that differ, in the second model's order.
        same_weights: how many are equal, bit for bit.
    """

    added: tuple[LayerLine, ...]
    removed: tuple[LayerLine, ...]
    changed: tuple[LayerChange, ...]
    renamed: int
    weights: tuple[WeightChange, ...]
    same_weights: int


def compare(first: Sequence[Piece], second: Sequence[Piece]) -> Comparison:
    """Compare two models."""
    pairs = pair_pieces(first, second)
    removed = [piece for number, piece in enumerate(first) if number not in {a for a, _ in pairs}]
    added = [piece for number, piece in enumerate(second) if number not in {b for _, b in pairs}]
    changed, weights, renamed, same = [], [], 0, 0
    for a, b in pairs:
        one, other = first[a], second[b]
        settings = changes(one.settings, other.settings)
        if settings:
            changed.append(LayerChange(other.name, one.name, other.kind, settings))
        renamed += one.name != other.name
        for role in [role for role in other.weights if role in one.weights]:
            found = _weight(other.name, role, one.weights[role], other.weights[role])
            if found is None:
                same += 1
            else:
                weights.append(found)
    return Comparison(
        tuple(map(_line, added)),
        tuple(map(_line, removed)),
        tuple(changed),
        renamed,
        tuple(weights),
        same,
    )


def pair_pieces(first: Sequence[Piece], second: Sequence[Piece]) -> tuple[tuple[int, int], ...]:
    """Find which layer of one model is which of the other; in the second model's order.

    Layers of the same name and class belong together. Keras makes names up, with numbers that
    count on: what is left is matched in its order, by class and settings, then by class.
    """
    by_name = {(piece.name, piece.kind): number for number, piece in enumerate(first)}
    pairs = {
        b: by_name[piece.name, piece.kind]
        for b, piece in enumerate(second)
        if (piece.name, piece.kind) in by_name
    }
    taken = set(pairs.values())
    for key in (_full_key, _kind_key):
        left = [number for number in range(len(first)) if number not in taken]
        right = [number for number in range(len(second)) if number not in pairs]
        ones, others = [key(first[n]) for n in left], [key(second[n]) for n in right]
        for a, b, size in SequenceMatcher(None, ones, others, autojunk=False).get_matching_blocks():
            for step in range(size):
                pairs[right[b + step]] = left[a + step]
                taken.add(left[a + step])
    return tuple((a, b) for b, a in sorted(pairs.items()))


def changes(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[Changed, ...]:
    """The keys whose values differ, or that only one has; in the order of both."""
    return tuple(
        Changed(key, before.get(key), after.get(key))
        for key in dict.fromkeys([*before, *after])
        if before.get(key) != after.get(key)
    )


def _full_key(piece: Piece) -> tuple[object, ...]:
    shapes = tuple((role, weight.shape) for role, weight in sorted(piece.weights.items()))
    return piece.kind, tuple(sorted(piece.settings.items())), shapes


def _kind_key(piece: Piece) -> tuple[object, ...]:
    return (piece.kind,)


def _line(piece: Piece) -> LayerLine:
    return LayerLine(piece.name, piece.kind, piece.parameters)


def _weight(layer: str, role: str, one: Weight, other: Weight) -> WeightChange | None:
    if one.shape != other.shape:
        return WeightChange(layer, role, one.shape, other.shape, None, None)
    before, after = one.read().reshape(-1), other.read().reshape(-1)
    distance, length, largest = _distance(before, after)
    if distance == 0.0:
        return None
    relative = math.sqrt(distance / length) if length and math.isfinite(length) else None
    return WeightChange(layer, role, one.shape, other.shape, _finite(relative), _finite(largest))


def _distance(before: Array, after: Array) -> tuple[float, float, float]:
    """The squared lengths of the difference and of `before`, and the largest difference."""
    distance = length = largest = 0.0
    for start in range(0, before.size, SLICE):
        one, other = before[start : start + SLICE], after[start : start + SLICE]
        one, other = one.astype(np.float64), other.astype(np.float64)
        same = (one == other) | (np.isnan(one) & np.isnan(other))
        with np.errstate(invalid="ignore", over="ignore"):
            apart = np.where(same, 0.0, np.abs(other - one))
            apart = np.nan_to_num(apart, nan=np.inf, posinf=np.inf)
            distance += float(apart @ apart)
            length += float(one @ one)
        largest = max(largest, float(apart.max(initial=0.0)))
    return distance, length, largest


def _finite(number: float | None) -> float | None:
    return number if number is not None and math.isfinite(number) else None
