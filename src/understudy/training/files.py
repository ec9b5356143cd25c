"""Which of a person's files the real Keras opens, after a look at what is in them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..delivery.sources import Sources
from ..engine.trust import check_trust
from ..errors import InputError, UnsupportedError
from ..keras import read
from ..keras.formats import Format
from ..release.identity import Role

SNIPPET = (
    "save the goldens where the model is in memory, with the lines in docs/preprocess.md:"
    " Let your own preprocessing decide"
)

OPENED = frozenset({Format.KERAS, Format.H5, Format.JSON_H5, Format.JSON_SHARDS})
"""What Keras 3 reads itself."""


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """A model as Keras opens it.

    Attributes:
        path: of the whole model, or of its weights.
        architecture: the JSON of the architecture, if that is a file of its own.
    """

    path: Path
    architecture: str | None = None


def model_files(sources: Sources) -> ModelFiles:
    """Give the files to Keras, unless code is in them.

    Raises:
        InputError: Keras cannot open them, they are no model, or they hold or name code that is
            not Keras' own.
    """
    found = sources.model
    if found.format not in OPENED:
        raise InputError(
            f"Keras does not open {found.format.upper()}",
            hint="give model.keras or model.h5, or architecture.json and weights.h5",
        )
    if found.packed is not None:
        raise InputError(f"Keras does not open {found.packed}", hint="unpack it first")
    raw = read(found)
    architecture = _without_compilation(raw.architecture)
    try:
        check_trust(architecture, allow_lambda=False)
    except UnsupportedError as error:
        raise UnsupportedError(error.what, hint=SNIPPET, problems=error.problems) from None
    whole, weights = sources.path(Role.MODEL), sources.path(Role.WEIGHTS)
    if whole is not None:
        return ModelFiles(whole)
    assert weights is not None  # `find_sources` wants both
    return ModelFiles(weights, json.dumps(architecture))


def _without_compilation(architecture: Any) -> Any:
    """Leave out the loss and the optimizer: nobody needs them to predict, and they may be code."""
    if not isinstance(architecture, dict):
        return architecture
    return {key: value for key, value in architecture.items() if key != "compile_config"}
