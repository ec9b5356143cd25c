"""How far answers are from those of the exact path, where a release says `"decode": "fast"`.

A note of the release says so, measured on the images in its goldens. Running models and preparing
images come in as arguments.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from ..release.labels import counted
from ..release.resolve import Resolved
from .trials import Prepare

Array = npt.NDArray[Any]
Answer = Callable[[Array], Array]
"""Gives the model's first output for a batch."""

UNKNOWN = (
    'nobody measured what "decode": "fast" changes: `understudy decode-check` does, on images or on'
    " goldens with images"
)


def decode_note(how: Resolved, images: Sequence[bytes], prepare: Prepare, answer: Answer) -> str:
    """Say in one line how far the answers to the images are from those without `fast`."""
    if not images:
        return UNKNOWN
    exact, fast = (
        answer(np.stack([prepare(image, replace(how, decode=way)) for image in images]))
        for way in ("exact", "fast")
    )
    away = np.abs(exact.astype(np.float64) - fast.astype(np.float64)).max()
    on = f"on the {counted(len(images), 'image')} in the goldens"
    told = f'"decode": "fast" changes outputs by at most {away:.2g} {on}'
    if exact.ndim == 2 and exact.shape[1] > 1:
        changed = int((exact.argmax(axis=1) != fast.argmax(axis=1)).sum())
        told += f"; another label comes first for {changed} of them"
    return told
