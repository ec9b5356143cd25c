"""Printing what goldens were recorded, and what to do with them. No decisions."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..release.labels import counted
from .show import note
from .terminal import output, shown

if TYPE_CHECKING:
    from ..recording import Recorded


def goldens(done: Recorded, files: Sequence[Path]) -> None:
    """Print what is in the file, and the next command."""
    if done.left_out is not None:
        note(done.left_out)
    shape, dtype = done.inputs
    taken = counted(len(done.images), "image")
    of = f" of {done.found:,}, in even steps" if done.found > len(done.images) else ""
    out = output()
    out.print(f"{shown(done.path)}: {taken}{of}")
    out.print(
        f"inputs   {_shown(shape)} of {dtype}, from {done.low:g} to {done.high:g}, by"
        f" {shown(done.prepared)}"
    )
    out.print(f"outputs  {_shown(done.outputs)}, by {shown(done.keras)}")
    out.print()
    out.print("To go on:", style="dim")
    given = " ".join(shlex.quote(str(path)) for path in files)
    file = shlex.quote(str(done.path))
    out.print(f"  understudy push {shown(given)} --model NAME --goldens {shown(file)}")


def _shown(shape: Sequence[int]) -> str:
    return " x ".join(map(str, shape))
