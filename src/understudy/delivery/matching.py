"""Which preprocessing the goldens' inputs came from: does ours give them, and if not, which would?

Goldens may hold the images, as files, beside the inputs that they became in training. Each image is
prepared, and compared with its input in grey levels. Where it differs, what nobody said is chosen
by trying: first the scaling and the order of colours, which matter more than any method of
resizing, then the resizing, then the scaling once more. If no scaling does, a mean and a deviation
are looked for. Preparing an image comes in as an argument.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from ..errors import InputError, PreprocessError, ReleaseError
from ..release import preprocess
from ..release.combinations import check
from ..release.resolve import Resolved
from .statistics import beside_lines, roughly_beside_lines, standardized, with_own_statistics
from .trials import EXAMPLES, Array, Difference, Prepare, Trials

EXACT = 0.005
"""Grey levels, in the mean: float32 sums in another order. Nothing has to be tried."""

SAME = 2.0
"""Grey levels, in the mean. TensorFlow's decoder of JPEG differs from Pillow's by about 1."""

CLOSE = 0.02
"""Grey levels, in the mean: who comes so near need not come nearer."""

BETTER = 0.8
"""Another way is better when what is left of the difference is less than this part of it."""

CLOSEST = 6
"""So many methods that come near on one image are tried on the others."""

SHORTER_SIDES = (1.0, 8 / 7)
"""Shorter sides that are tried first with "center_crop", as parts of the target's: torchvision's
documentation resizes to 256 and cuts out 224."""

PROBES: tuple[preprocess.Resize, ...] = (
    *("pillow/bilinear", "tensorflow/bilinear", "tensorflow/nearest"),
)
"""Methods that tell apart what else may differ: each of the others is like one of them."""

LONGEST_SIDE = 1.6
"""Up to this part of the target's, other shorter sides are looked for."""

SIDES = 64
"""So many of them are tried on one image, and then those between the nearest."""

GAPS = (2.0, 3.0)
"""What is tried for `reducing_gap`: Pillow's documentation names 2 and 3."""

CHOICES: Mapping[str, tuple[str, ...]] = {
    **{key: preprocess.CHOICES[key] for key in ("scale", "color", "orientation", "fit", "resize")},
    "color": ("rgb", "bgr"),  # how many channels there are is not open
    "alpha": preprocess.CHOICES["alpha"],
}

TOLD = (*CHOICES, "bits", "shorter_side", "reducing_gap", "standardize", "mean", "std")
"""All keys that may change, as they are listed in notes and hints."""


UNASSUMED = ("alpha", "bits")
"""What is left as it is unless somebody says it; goldens may."""


def settle(
    how: Resolved,
    images: Sequence[bytes],
    inputs: Array,
    prepare: Prepare,
    name: str,
    unsaid: Sequence[str] = (),
) -> tuple[Resolved, tuple[str, ...]]:
    """Give the preprocessing that makes the inputs of the images, and what was chosen for it.

    Args:
        how: what was said, and what is assumed for the rest. What was said is never changed.
        images: files.
        inputs: (images, ...): what they became in training.
        prepare: makes an image's tensor.
        name: of the goldens.
        unsaid: those of `UNASSUMED` that nobody said.

    Raises:
        ReleaseError: with what was said, the inputs cannot come from the images; what would.
        InputError: there are not as many images as inputs, or their sizes differ.
    """
    if len(images) != len(inputs):
        raise InputError(
            f"{name} has {len(images)} images and {len(inputs)} inputs",
            hint="save the files that became these inputs, in the same order",
        )
    if inputs.shape[1:] != how.shape:
        raise InputError(
            f"{name}: images become tensors of {how.shape}, its inputs are {inputs.shape[1:]}",
            hint='say "size" in preprocess.json',
        )
    smallest = sorted(range(len(images)), key=lambda index: len(images[index]))[:EXAMPLES]
    trials = Trials([(images[i], inputs[i].astype(np.float64)) for i in smallest], prepare)
    if trials.difference(how).mean <= EXACT:
        return _proven(how), ()
    best = _nearest(how, trials, frozenset((*how.assumed, *unsaid)))
    left = trials.difference(best)
    if left.mean <= CLOSE:
        return _proven(best), _changes(how, best)
    free = _nearest(best, trials, frozenset(TOLD))
    least = trials.difference(free)
    if left.mean <= SAME and least.mean >= BETTER * left.mean:
        return _proven(best), _changes(how, best)
    raise ReleaseError(
        f"the images in {name} do not become its inputs: they are off by {left}",
        hint=_advice(how, free, least),
    )


def _proven(how: Resolved) -> Resolved:
    """Nothing is assumed any more but what images may not show: few have an orientation."""
    return replace(how, assumed=tuple(key for key in how.assumed if key == "orientation"))


def _nearest(how: Resolved, trials: Trials, open_: frozenset[str]) -> Resolved:
    """Change what is open, step by step, to what comes nearest. Ties stay as they are.

    With `scale`, statistics are open; with `fit`, a shorter side; with `resize`, a reducing gap.
    """
    turned = replace(how, orientation="ignore" if how.orientation == "exif" else "exif")
    deeper = replace(how, bits=8 if how.bits == 16 else 16)
    for key, other in (("orientation", turned), ("bits", deeper)):
        if not _is_possible(other) or not trials.tells(how, other):
            open_ -= {key}
    scaled = _nearest_scaled(how, trials, open_)
    left = trials.difference(scaled).mean
    if left <= CLOSE or "scale" not in open_ or how.dtype == "uint8":
        return scaled
    found = _nearest_statistics(scaled, trials, open_)
    return found if trials.difference(found).mean < BETTER * left else scaled


def _nearest_scaled(how: Resolved, trials: Trials, open_: frozenset[str]) -> Resolved:
    """Among the scales that have a name."""
    best = _least(how, _ways(how, open_, "scale", "color"), trials.roughly_away)
    best = _least(best, _ways(best, open_, "alpha"), trials.roughly_away)
    best = _least_resized(
        best, open_, trials.away, lambda way: trials.difference(way).mean <= CLOSE
    )
    return _least(best, _ways(best, open_, "scale", "color"), trials.away)


def _nearest_statistics(how: Resolved, trials: Trials, open_: frozenset[str]) -> Resolved:
    """Among the statistics of single images, and of all."""
    beside = partial(beside_lines, trials)
    best = _least(how, _ways(how, open_, "color"), partial(roughly_beside_lines, trials))
    best = _least_resized(best, open_, beside)
    best = _least(best, _ways(best, open_, "color"), beside)
    every = list(filter(_is_possible, standardized(best)))
    nearest = _least(every[0], every, trials.away)
    if trials.difference(nearest).mean <= CLOSE:
        return nearest
    own = with_own_statistics(best, trials)
    return nearest if own is None else _least(nearest, [own], trials.away)


def _least_resized(
    how: Resolved,
    open_: frozenset[str],
    away: Callable[[Resolved, int], float],
    is_enough: Callable[[Resolved], bool] = lambda _: False,
) -> Resolved:
    """Try all ways of resizing with one image, and the closest with all of them.

    A few methods tell what else is right of it, as a rule; the others are tried with only that. If
    this is not enough, all are tried with all.
    """

    def all_away(way: Resolved) -> float:
        return away(way, EXAMPLES)

    def nearest(ways: Sequence[Resolved], count: int = CLOSEST) -> list[Resolved]:
        return sorted(filter(_is_usual, ways), key=lambda way: away(way, 1))[:count]

    best, others = how, ("bits", "orientation", "fit")
    if "resize" in open_:
        probes = [replace(how, resize=word, reducing_gap=None) for word in PROBES]
        found = [nearest(_ways(probe, open_, *others), 1) for probe in probes]
        likely = [way for one in found for probe in one for way in _ways(probe, open_, "resize")]
        best = _least(how, nearest(list(dict.fromkeys(likely))), all_away)
        # Where two are the same, the first is the one that people say.
        best = min(_ways(best, open_, "fit"), key=all_away)
    if not is_enough(best):
        best = _least(best, nearest(_ways(how, open_, *others, "resize")), all_away)
    if "fit" in open_ and not is_enough(best):
        best = _least(best, _cropped(best, open_, away), all_away)
    return _least(best, _gapped(best) if "resize" in open_ else [], all_away)


def _cropped(
    how: Resolved, open_: frozenset[str], away: Callable[[Resolved, int], float]
) -> list[Resolved]:
    """All ways of resizing that go with "center_crop", to the shorter side that comes nearest."""
    target = min(how.size)
    cropped = replace(how, fit="center_crop", shorter_side=target)
    ways = list(filter(_is_usual, _ways(cropped, open_, "resize")))
    if not ways:
        return []
    usual = [way for way in ways if way.resize == "pillow/bilinear"]

    def with_side(way: Resolved, side: int) -> Resolved:
        return replace(way, shorter_side=side)

    def side_away(side: int) -> float:
        return away(with_side((usual or ways)[0], side), 1)

    side = _lowest(side_away, target, round(target * LONGEST_SIDE), SIDES)
    return [with_side(way, side) for way in ways]


def _lowest(height: Callable[[int], float], first: int, last: int, tries: int) -> int:
    """Where something is lowest: near the lowest of so many places, in ever smaller steps."""
    step = max(1, (last - first) // tries)
    best = min(range(first, last + 1, step), key=height)
    while step > 1:
        step = (step + 1) // 2
        near = (best, best - step, best + step)
        best = min((place for place in near if first <= place <= last), key=height)
    return best


def _least(how: Resolved, ways: Sequence[Resolved], away: Callable[[Resolved], float]) -> Resolved:
    best, least = how, away(how)
    for way in ways:
        found = away(way)
        if found < least * 0.999:
            best, least = way, found
    return best


def _ways(how: Resolved, open_: frozenset[str], *keys: str) -> list[Resolved]:
    """All ways that differ in those of the keys that are open, and that the model can take."""
    ways = [how]
    for key in keys:
        if key in open_ and not (key == "color" and how.color not in CHOICES["color"]):
            ways = [replace(way, **change) for way in ways for change in _variants(way, key)]
    return [way for way in ways if _is_possible(way)]


def _variants(how: Resolved, key: str) -> list[dict[str, Any]]:
    """What a way may become in one respect: a key's words, with what goes with them."""
    if key == "bits":
        return [{"bits": 8}, {"bits": 16}]
    words: list[dict[str, Any]] = [{key: word} for word in CHOICES[key]]
    if key == "scale":
        return [{**word, "standardize": None, "mean": None, "std": None} for word in words]
    if key == "resize":
        return [{**word, "reducing_gap": None} for word in words]
    if key == "fit":
        cropped = [round(min(how.size) * part) for part in SHORTER_SIDES]
        return [
            *({**word, "shorter_side": None} for word in words if word[key] != "center_crop"),
            *({"fit": "center_crop", "shorter_side": side} for side in cropped),
        ]
    return words


def _gapped(how: Resolved) -> list[Resolved]:
    ways = [replace(how, reducing_gap=gap) for gap in GAPS]
    return [way for way in ways if _is_possible(way)]


def _is_usual(how: Resolved) -> bool:
    """Whether anybody does it: "center_crop" is torchvision's, which resizes with Pillow."""
    return how.fit != "center_crop" or how.resize.startswith("pillow/")


def _is_possible(how: Resolved) -> bool:
    try:
        check(how)
    except PreprocessError:
        return False
    return True


def _changes(before: Resolved, after: Resolved) -> tuple[str, ...]:
    changed = [key for key in TOLD if getattr(before, key) != getattr(after, key)]
    return tuple(_shown(key, getattr(after, key)) for key in changed)


def _shown(key: str, value: object) -> str:
    return f'"{key}": {json.dumps(value)}' if value is not None else f'no "{key}"'


def _advice(how: Resolved, found: Resolved, left: Difference) -> str:
    changes = ", ".join(_changes(how, found))
    if left.mean <= SAME:
        return f"say {changes} in preprocess.json: then they do ({left})"
    if changes:
        return f"nothing makes them the same; {changes} comes nearest, {left}"
    return "no other preprocessing comes nearer; save the images that became these inputs"
