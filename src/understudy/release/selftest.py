"""The cases that a release tests itself with: `selftest.npz`.

Arrays `inputs/<name>` and `outputs/<name>`, for every input and output of the model; the first
dimension of each counts the cases. The outputs are what is expected. Where they come from, and
how near the model must come to them, is in the manifest. Nothing is unpickled.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import ReleaseError
from ..store.disk import appearing

SELF_TEST = "selftest.npz"

Arrays = Mapping[str, npt.NDArray[Any]]

_HINT = "push the sources again, so that the release is made anew"


@dataclass(frozen=True)
class Cases:
    """Inputs and expected outputs by the model's names, each with the cases in dimension 0."""

    inputs: Arrays
    outputs: Arrays

    @property
    def count(self) -> int:
        """The number of cases."""
        return len(next(iter(self.inputs.values())))


def write_cases(path: Path, cases: Cases) -> None:
    """Write selftest.npz; the same cases give the same bytes.

    Raises:
        ReleaseError: an array is missing, has no dimension for the cases, or differs in it.
        StoreError: the file cannot be written.
    """
    arrays = {f"inputs/{name}": array for name, array in cases.inputs.items()}
    arrays |= {f"outputs/{name}": array for name, array in cases.outputs.items()}
    _check(cases, path.name)
    with appearing(path) as file:
        np.savez(file, allow_pickle=False, **{name: arrays[name] for name in sorted(arrays)})


def read_cases(path: Path) -> Cases:
    """Read selftest.npz.

    Raises:
        ReleaseError: it is missing, damaged, or holds something else.
    """
    found: dict[str, dict[str, npt.NDArray[Any]]] = {"inputs": {}, "outputs": {}}
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            for key in arrays.files:
                kind, _, name = key.partition("/")
                found[kind][name] = arrays[key]
    except Exception as error:  # NumPy and zipfile have a dozen kinds for a file that is damaged
        said = str(error).partition("\n")[0]
        raise ReleaseError(f"{path.name} cannot be read: {said}", hint=_HINT) from error
    cases = Cases(**found)
    _check(cases, path.name)
    return cases


def _check(cases: Cases, what: str) -> None:
    arrays = [*cases.inputs.values(), *cases.outputs.values()]
    counts = {array.shape[0] if array.ndim else None for array in arrays}
    if not cases.inputs or not cases.outputs or len(counts) > 1 or counts <= {None, 0}:
        raise ReleaseError(
            f"{what} needs inputs and outputs, all with the same number of cases", hint=_HINT
        )
