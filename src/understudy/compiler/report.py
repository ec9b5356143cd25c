"""The load report: what became of every tensor in the files, and which ones the files lack.

It depends on the files alone, and is the same on every machine.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from ..errors import ModelFileError
from ..keras import Model
from ..keras.model import Layer, Tensor
from .graph import Array

OPTIMIZER = frozenset({"optimizer", "optimizer_weights"})
"""The outermost groups of what an optimizer keeps."""

TRAINING = frozenset({"seed_generator", "seed_generator_state", "metrics"})
"""Groups, and names, of what is of use in training only: random states, metrics."""

NUMBERS = ("float", "int", "uint", "bool")
"""How the types begin that can be hashed; strings are kept beside the weights at times."""


class Status(StrEnum):
    """What became of a tensor.

    Attributes:
        USED: a layer that the outputs need holds it.
        UNREACHED: a layer that no output needs holds it.
        TRAINING: a random state, or a metric.
        OPTIMIZER: the state of training.
        UNUSED: nothing takes it.
        MISSING: a layer has this weight, the files do not.
        KERAS: no layer that is known here takes it; Keras, which runs the model, may.
    """

    USED = "used"
    UNREACHED = "unreached"
    TRAINING = "training"
    OPTIMIZER = "optimizer"
    UNUSED = "unused"
    MISSING = "missing"
    KERAS = "left to Keras"


@dataclass(frozen=True, slots=True)
class LoadedTensor:
    """One tensor of the files, or one that they lack.

    Attributes:
        source: where it is in the file, or was looked for.
        shape, dtype: as stored; of what is missing, None.
        target: `layer/role`, or None if no layer has it.
        status: what became of it.
        sha256: of its elements as the file stores them, in C order and little-endian: without
            compression, before anything is converted, turned or transposed. None for what is
            missing, is no numbers, or is not used and cannot be read.
    """

    source: str
    shape: tuple[int, ...] | None
    dtype: str | None
    target: str | None
    status: Status
    sha256: str | None


def load_report(model: Model) -> tuple[LoadedTensor, ...]:
    """Account for every tensor of the files, in the files' order; then for the missing ones."""
    hashes = itertools.chain(map(_hash, model.tensors), itertools.repeat(None))
    return tuple(
        replace(tensor, sha256=found) for tensor, found in zip(account(model), hashes, strict=False)
    )


def account(model: Model) -> tuple[LoadedTensor, ...]:
    """The load report, with nothing read and no hashes."""
    used = _targets(model.layers)
    unreached = _targets(model.unreached)
    report = [
        LoadedTensor(
            tensor.path,
            tensor.shape,
            tensor.dtype,
            used.get(tensor.path) or unreached.get(tensor.path),
            _status(tensor.path, tensor.path in used, tensor.path in unreached),
            None,
        )
        for tensor in model.tensors
    ]
    return (*report, *_missing(model))


def sha256(array: Array) -> str:
    """The SHA-256 of an array's elements in C order, little-endian."""
    plain = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
    return hashlib.sha256(plain.reshape(-1).view(np.uint8).data).hexdigest()


def _targets(layers: tuple[Layer, ...]) -> dict[str, str]:
    return {
        source.path: f"{layer.name}/{role}"
        for layer in layers
        for role, tensor in layer.weights.items()
        for source in tensor.sources
    }


def _status(path: str, used: bool, unreached: bool) -> Status:
    groups = path.split("/")
    if used:
        return Status.USED
    if unreached:
        return Status.UNREACHED
    if groups[0] in OPTIMIZER:
        return Status.OPTIMIZER
    return Status.UNUSED if TRAINING.isdisjoint(groups) else Status.TRAINING


def _hash(tensor: Tensor) -> str | None:
    if not tensor.dtype.startswith(NUMBERS):
        return None
    try:
        return sha256(tensor.read())
    except ModelFileError:  # one that is used is refused where it is needed
        return None


def _missing(model: Model) -> Iterator[LoadedTensor]:
    for layer in (*model.layers, *model.unreached):
        for role, place in layer.missing.items():
            yield LoadedTensor(place, None, None, f"{layer.name}/{role}", Status.MISSING, None)
