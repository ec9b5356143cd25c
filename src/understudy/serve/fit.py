"""Does the open session fit what the release says of it? Asked once, when a model is opened.

Pure checks over names and shapes; what does not fit is an error here, so that a request never
finds it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import InputError, ReleaseError
from ..release.manifest import Signature
from .answer import Head, head
from .model import ServedModel

if TYPE_CHECKING:
    from numpy.typing import NDArray

DAMAGED = "the release's files do not belong together; push its sources again"


def fitting_input(found: Sequence[Signature], served: ServedModel) -> Signature:
    """The model's one input, when it takes the tensors that `served.preprocess` makes.

    Raises:
        InputError: the model has several inputs.
        ReleaseError: the input has another name, shape or dtype than the release says.
    """
    if len(found) != 1:
        raise InputError(
            f"{served.model} takes {len(found)} inputs: {_names(found)}",
            hint="an image classifier takes one image",
        )
    spec, how = found[0], served.preprocess
    if spec.name != served.input:
        raise ReleaseError(
            f'the model\'s input is "{spec.name}", the release says "{served.input}"', hint=DAMAGED
        )
    if spec.dtype != how.dtype or not _takes(spec.shape[1:], how.shape):
        raise ReleaseError(
            f"the model takes {described(spec)}, the release makes {how.dtype} {how.shape}",
            hint=DAMAGED,
        )
    return spec


def fitting_head(found: Sequence[Signature], served: ServedModel) -> Head:
    """What the output called `served.output` means.

    Raises:
        InputError: it is not one row of classes, or the labels do not fit it.
        ReleaseError: the model has no such output.
    """
    named = [spec for spec in found if spec.name == served.output]
    if not named:
        raise ReleaseError(
            f'the model has no output "{served.output}"; it has {_names(found)}', hint=DAMAGED
        )
    sides = [side for side in named[0].shape[1:] if side != 1]
    if len(sides) > 1 or None in sides:
        raise InputError(
            f"the output {described(named[0])} is not one number for each class",
            hint="an image classifier ends in (batch, classes); predict() gives any output",
        )
    classes = math.prod(side for side in sides if side is not None)
    return head(served.activation, classes, served.labels)


def fitting_tensor(batch: NDArray[Any], spec: Signature) -> NDArray[Any]:
    """The batch as the model takes it: any float becomes float32, the shape must be right.

    Raises:
        InputError: the shape or the dtype does not fit, or the batch is empty.
    """
    tensor = np.asarray(batch)
    if tensor.ndim == len(spec.shape) - 1 and _takes(spec.shape[1:], tensor.shape):
        raise InputError(
            f"the tensor has the shape {tensor.shape}: the batch axis is missing",
            hint="for a batch of one: model.predict(tensor[None])",
        )
    if not _takes(spec.shape, tensor.shape):
        raise InputError(
            f"the tensor has the shape {tensor.shape}; the model takes {described(spec)}",
            hint="classify() takes images of any size; predict() takes ready tensors",
        )
    if len(tensor) == 0:
        raise InputError("the batch is empty", hint="give one image or more")
    same_kind = np.issubdtype(tensor.dtype, np.floating) and spec.dtype == "float32"
    if tensor.dtype != spec.dtype and not same_kind:
        raise InputError(
            f"the tensor is {tensor.dtype}; the model takes {spec.dtype}",
            hint="predict() does not scale: give what the training gave, or use classify()",
        )
    return np.ascontiguousarray(tensor, spec.dtype)


def described(spec: Signature) -> str:
    """A tensor in words, for errors: `float32 (any, 28, 28, 1)`."""
    return f"{spec.dtype} ({', '.join('any' if s is None else str(s) for s in spec.shape)})"


def _takes(wanted: Sequence[int | None], given: Sequence[int]) -> bool:
    return len(wanted) == len(given) and all(
        side in (None, found) for side, found in zip(wanted, given, strict=True)
    )


def _names(specs: Sequence[Signature]) -> str:
    return ", ".join(f'"{spec.name}"' for spec in specs)
