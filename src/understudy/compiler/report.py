"""The load report: what became of every tensor in the files."""

from __future__ import annotations

from dataclasses import dataclass

from ..keras import Model


@dataclass(frozen=True, slots=True)
class LoadedTensor:
    """One tensor of the files.

    Attributes:
        source: where it is in the file.
        shape, dtype: as stored.
        target: `layer/role`, or None if no layer uses it.
        status: `used`; `unused`; `optimizer` for the state of training.
    """

    source: str
    shape: tuple[int, ...]
    dtype: str
    target: str | None
    status: str


def load_report(model: Model) -> tuple[LoadedTensor, ...]:
    """Account for every tensor of the files, in the files' order."""
    targets = {tensor.path: f"{layer.name}/{role}" for layer, role, tensor in model.used_tensors()}
    return tuple(
        LoadedTensor(
            tensor.path,
            tensor.shape,
            tensor.dtype,
            targets.get(tensor.path),
            _status(tensor.path, tensor.path in targets),
        )
        for tensor in model.tensors
    )


def _status(path: str, used: bool) -> str:
    if used:
        return "used"
    return "optimizer" if path.split("/")[0] in ("optimizer_weights", "optimizer") else "unused"
