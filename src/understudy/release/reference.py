"""Made-up inputs for the self-test of a release that came without goldens.

The same on every machine and with every NumPy: whole-number arithmetic only, no random generator
whose stream may change. They look like noise; they prove that a model computes the same here as
there, not that it is a good model.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import InputError
from .manifest import Signature

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]


def reference_inputs(
    specs: Sequence[Signature], *, count: int = 2, high: float = 1.0
) -> dict[str, Array]:
    """A batch of `count` for every input.

    Args:
        specs: of the inputs; every side but the batch axis must be fixed.
        count: how many images.
        high: floats lie in [0, high): 1 for most models, 255 for one that scales by itself.

    Raises:
        InputError: a side is free, or the dtype is none that images have.
    """
    return {spec.name: _noise(spec, count, high, seed) for seed, spec in enumerate(specs)}


def _noise(spec: Signature, count: int, high: float, seed: int) -> Array:
    sides = [side for side in spec.shape[1:] if side is not None]
    if len(sides) != len(spec.shape) - 1:
        raise InputError(
            f'the input "{spec.name}" has sides of any size',
            hint='say the size in preprocess.json, for instance {"size": [224, 224]}',
        )
    shape = (count, *sides)
    bits = _splitmix64(math.prod(shape), seed)
    if spec.dtype == "uint8":
        return (bits >> np.uint64(56)).astype(np.uint8).reshape(shape)
    if spec.dtype == "float32":
        # 24 bits fit a float32 exactly, so that nothing is rounded before `high` comes in
        unit = (bits >> np.uint64(40)).astype(np.float32) / np.float32(2**24)
        return (unit * np.float32(high)).reshape(shape)
    raise InputError(f'the input "{spec.name}" is {spec.dtype}', hint="images are float32 or uint8")


def _splitmix64(count: int, seed: int) -> NDArray[np.uint64]:
    """The first `count` numbers of SplitMix64 (Steele, Lea, Flood 2014; Vigna's splitmix64.c)."""
    steps = np.arange(1, count + 1, dtype=np.uint64)
    z = steps * np.uint64(0x9E3779B97F4A7C15) + np.uint64(seed)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))
