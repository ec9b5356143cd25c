"""What a release for Keras holds in place of a graph: `keras.json`, and a file of weights.

    {"weights": "keras.weights.h5", "model": {...}}

The model is its architecture, as Keras wrote it into a file of its own or into another one, but
for what Keras 3 does not read (`older`). Which of two names the weights have says how they are laid
out in HDF5: Keras 3 tells its own layout from the older one by the name alone. Pure.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import ReleaseError
from .older import readable

DOCUMENT = "keras.json"
WEIGHTS = "keras.weights.h5"
OLDER_WEIGHTS = "keras.h5"

_HINT = "push the sources again, so that the release is made anew"


@dataclass(frozen=True, slots=True)
class Document:
    """What `keras.json` says.

    Attributes:
        weights: the name of the file beside it.
        model: the architecture, as Keras' own lists and dicts.
    """

    weights: str
    model: Mapping[str, Any]


def names_in(model: Any) -> Iterator[str]:
    """The names of all objects in an architecture."""
    if isinstance(model, list):
        for item in model:
            yield from names_in(item)
    elif isinstance(model, Mapping):
        if isinstance(model.get("name"), str):
            yield model["name"]
        for item in model.values():
            yield from names_in(item)


def encode(document: Document) -> bytes:
    """Write `keras.json`."""
    said = {"weights": document.weights, "model": readable(document.model)}
    return json.dumps(said, separators=(",", ":")).encode()


def decode(data: bytes) -> Document:
    """Read `keras.json`.

    Raises:
        ReleaseError: it is damaged.
    """
    try:
        said = json.loads(data)
        document = Document(said["weights"], said["model"])
        whole = document.weights in (WEIGHTS, OLDER_WEIGHTS) and isinstance(document.model, dict)
    except (ValueError, LookupError, TypeError, RecursionError):
        whole = False
    if not whole:
        raise ReleaseError(f"{DOCUMENT} is damaged", hint=_HINT)
    return document
