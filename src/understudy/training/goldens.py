"""Writing `goldens.npz`, as `release.goldens` reads it. Pure."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import InputError

Array = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class Goldens:
    """Images, what they became, and what the training framework answered.

    Attributes:
        inputs: (n, ...): as `model.predict` takes them.
        outputs: (n, ...): as it gave them.
        images: the bytes of n files.
    """

    inputs: Array
    outputs: Array
    images: tuple[bytes, ...]


def encode(goldens: Goldens) -> bytes:
    """The bytes of the file; the same for the same goldens."""
    file = io.BytesIO()
    np.savez(
        file,
        inputs=goldens.inputs,
        outputs=goldens.outputs,
        images=np.frombuffer(b"".join(goldens.images), np.uint8),
        image_sizes=np.array([len(image) for image in goldens.images], np.int64),
    )
    return file.getvalue()


def spread(paths: Sequence[Path], count: int) -> tuple[Path, ...]:
    """Choose at most `count` paths, from the first on in even steps.

    Folders often hold one class each: the first few would all be of the same.
    """
    count = min(count, len(paths))
    return tuple(paths[number * len(paths) // count] for number in range(count))


def check_answers(outputs: Array, names: Sequence[str]) -> None:
    """See that there is an answer of numbers to each image.

    Raises:
        InputError: there is not.
    """
    if outputs.dtype.kind not in "fiub" or outputs.shape[:1] != (len(names),):
        raise InputError(
            f"the model answers {len(names)} images with {outputs.dtype} of the shape "
            f"{outputs.shape}",
            hint="a classifier gives some numbers for each image; is this the right model?",
        )
    for name, answer in zip(names, outputs, strict=True):
        if not np.isfinite(answer).all():
            raise InputError(
                f"the model's answer to {name} is NaN or infinite",
                hint="its weights or what the image became are wrong: look at both",
            )
