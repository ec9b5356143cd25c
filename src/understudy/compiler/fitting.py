"""Do the weights fit the architecture? Asked when every layer has said what it needs.

One error lists all that is missing, where it was looked for, all that has another shape, and what
nothing uses: that is how a person finds the layer with the wrong name.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..errors import WeightsError
from ..keras import Layer, Model
from ..keras.model import EXTRA, Tensor
from .report import LoadedTensor, Status, account

HINT = "are these the weights of this architecture? Save both from one model"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A weight that a layer needs."""

    layer: Layer
    role: str
    shape: tuple[int, ...]

    @property
    def tensor(self) -> Tensor | None:
        """What the files hold of it."""
        return self.layer.weights.get(self.role)


def check_fit(model: Model, wanted: Sequence[Wanted]) -> None:
    """Refuse weights that do not fit.

    Raises:
        WeightsError: some are missing, have another shape, or are none that their layer has.
    """
    problems = [*_misfits(wanted), *_extra(model)]
    if not problems:
        return
    problems += _unused(account(model))
    more = f", and {len(problems) - 1:,} more" if problems[1:] else ""
    raise WeightsError(
        f"the weights do not fit the architecture: {problems[0]}{more}",
        hint=HINT,
        problems=tuple(problems) if more else (),
    )


def _misfits(wanted: Sequence[Wanted]) -> Iterator[str]:
    """Weights that are missing, or have another shape."""
    for want in wanted:
        layer, tensor = want.layer, want.tensor
        needs = f"{layer.name}/{want.role} of {layer.kind} should have the shape {want.shape}"
        if tensor is None:
            place = layer.missing.get(want.role)
            looked = f"; it was looked for at {place}" if place else ""
            yield f"{needs}, the file has none{looked}"
        elif tensor.shape != want.shape:
            yield f"{needs}, found {tensor.shape} at {tensor.path}"


def _extra(model: Model) -> Iterator[str]:
    """Tensors that belong to a layer which has no use for them."""
    for layer, role, tensor in model.used_tensors():
        if role.startswith(EXTRA):
            known = ", ".join(role for role in layer.weights if not role.startswith(EXTRA))
            yield (
                f"{tensor.path} {tensor.shape} is no weight that {layer.kind} {layer.name} has "
                f"({known or 'none'})"
            )


def _unused(report: Sequence[LoadedTensor]) -> Iterator[str]:
    for tensor in report:
        if tensor.status is Status.UNUSED:
            yield f"{tensor.source} {tensor.shape} is in the file, and no layer uses it"
