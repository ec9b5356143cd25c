"""Which preprocessing the goldens' inputs came from: does ours give them, and if not, which would?

Goldens may hold the images, as files, beside the inputs that they became in training. Each image is
prepared, and compared with its input in grey levels. Where it differs, what nobody said is chosen
by trying: first the scaling and the order of colours, which matter more than any method of
resizing, then the resizing, then the scaling once more. Preparing an image comes in as an argument.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import InputError, PreprocessError, ReleaseError
from ..release import preprocess
from ..release.preprocess import Scale
from ..release.resolve import Resolved, check_scale

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

EXACT = 0.005
"""Grey levels, in the mean: float32 sums in another order. Nothing has to be tried."""

SAME = 2.0
"""Grey levels, in the mean. TensorFlow's decoder of JPEG differs from Pillow's by about 1."""

CLOSE = 0.02
"""Grey levels, in the mean: who comes so near need not come nearer."""

BETTER = 0.8
"""Another way is better when what is left of the difference is less than this part of it."""

EXAMPLES = 3
"""So many images tell. The smallest are taken, because all methods are tried on them."""

CLOSEST = 6
"""So many methods that come near on one image are tried on the others."""

CHOICES: Mapping[str, tuple[str, ...]] = {
    **{key: preprocess.CHOICES[key] for key in ("scale", "color", "orientation", "fit", "resize")},
    "color": ("rgb", "bgr"),  # how many channels there are is not open
}


@dataclass(frozen=True, slots=True)
class Difference:
    """How far prepared images are from the goldens' inputs, in grey levels."""

    mean: float
    largest: float

    def __str__(self) -> str:
        return f"{self.mean:.2g} grey levels in the mean, {self.largest:.2g} at most"


def settle(
    how: Resolved, images: Sequence[bytes], inputs: Array, prepare: Prepare, name: str
) -> tuple[Resolved, tuple[str, ...]]:
    """Give the preprocessing that makes the inputs of the images, and what was chosen for it.

    Args:
        how: what was said, and what is assumed for the rest. What was said is never changed.
        images: files.
        inputs: (images, ...): what they became in training.
        prepare: makes an image's tensor.
        name: of the goldens.

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
    trials = _Trials([(images[i], inputs[i].astype(np.float64)) for i in smallest], prepare)
    if trials.difference(how).mean <= EXACT:
        return _proven(how), ()
    best = _nearest(how, trials, frozenset(how.assumed))
    left = trials.difference(best)
    if left.mean <= CLOSE:
        return _proven(best), _changes(how, best)
    free = _nearest(best, trials, frozenset(CHOICES))
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


@dataclass(frozen=True, slots=True)
class _Trials:
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
                    np.abs(_blocks(self.prepare(image, way) - wanted, way)).mean()
                    for image, wanted in self.pairs
                ]
            )
        )

    def difference(self, way: Resolved) -> Difference:
        away = [np.abs(self.prepare(image, way) - wanted) for image, wanted in self.pairs]
        level = GREY_LEVEL[way.scale]
        return Difference(float(np.mean(away)) / level, float(np.max(away)) / level)


def _blocks(tensor: Array, how: Resolved) -> Array:
    """The means of 4 x 4 blocks of a tensor's channels."""
    first = 1 if how.layout == "CHW" else 0
    for axis in (first, first + 1):
        starts = np.unique(np.linspace(0, tensor.shape[axis], 5)[:-1].astype(int))
        sizes = np.diff([*starts, tensor.shape[axis]])
        shape = [1] * tensor.ndim
        shape[axis] = len(sizes)
        tensor = np.add.reduceat(tensor, starts, axis) / sizes.reshape(shape)
    return tensor


def _nearest(how: Resolved, trials: _Trials, open_: frozenset[str]) -> Resolved:
    """Change what is open, step by step, to what comes nearest. Ties stay as they are."""

    def ways(best: Resolved, *keys: str) -> list[Resolved]:
        return _ways(best, [key for key in keys if key in open_])

    best = _least(how, ways(how, "scale", "color"), trials.roughly_away)
    near = sorted(ways(best, "orientation", "fit", "resize"), key=lambda way: trials.away(way, 1))
    best = _least(best, near[:CLOSEST], trials.away)
    return _least(best, ways(best, "scale", "color"), trials.away)


def _least(how: Resolved, ways: Sequence[Resolved], away: Callable[[Resolved], float]) -> Resolved:
    best, least = how, away(how)
    for way in ways:
        found = away(way)
        if found < least * 0.999:
            best, least = way, found
    return best


def _ways(how: Resolved, keys: Sequence[str]) -> list[Resolved]:
    """All ways that differ in these keys only, and that the model can take."""
    ways = [how]
    for key in keys:
        words: Sequence[str] = CHOICES[key]
        if key == "color" and how.color not in words:
            continue
        changes: list[dict[str, Any]] = [{key: word} for word in words]
        ways = [replace(way, **change) for way in ways for change in changes]
    return [way for way in ways if _is_possible(way)]


def _is_possible(how: Resolved) -> bool:
    try:
        check_scale(how.scale, how.color, how.dtype)
    except PreprocessError:
        return False
    return True


def _changes(before: Resolved, after: Resolved) -> tuple[str, ...]:
    changed = [key for key in CHOICES if getattr(before, key) != getattr(after, key)]
    return tuple(f'"{key}": "{getattr(after, key)}"' for key in changed)


def _advice(how: Resolved, found: Resolved, left: Difference) -> str:
    changes = ", ".join(_changes(how, found))
    if left.mean <= SAME:
        return f"say {changes} in preprocess.json: then they do ({left})"
    if changes:
        return f"nothing makes them the same; {changes} comes nearest, {left}"
    return "no other preprocessing comes nearer; save the images that became these inputs"
