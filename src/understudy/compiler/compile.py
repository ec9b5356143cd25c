"""Compile a Model: lower, optimise, emit, and say what was made of what."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from ..errors import WeightsError
from ..keras import Activation, Model
from .emit import Emitted, emit
from .graph import Array, Signature
from .lowering import POLICIES, lower
from .passes import optimise
from .pixels import PASSED_THROUGH, family, rescales_itself
from .report import LoadedTensor, load_report

FINITE_BLOCK = 1 << 20
"""How many elements are looked at at once, so that checking takes no memory."""


@dataclass(frozen=True, slots=True)
class Described:
    """What is known of a model, whatever runs it.

    Attributes:
        inputs, outputs: in Keras' order, with Keras' names, layouts and dtypes.
        activation: what the first output's layer ends with: `softmax`, `sigmoid`, `linear` …
        rescales: whether the model scales its pixels itself, in its first layers.
        family: the module of keras.applications that made what the pixels enter; None if it is not
            known.
        parameters: the number of weights that the model uses.
        report: tells what became of every tensor in the files. It hashes them all, which may be
            done in another thread while the files are written.
        notes: what had to be assumed, in plain words.
    """

    inputs: tuple[Signature, ...]
    outputs: tuple[Signature, ...]
    activation: str
    rescales: bool
    parameters: int
    report: Callable[[], tuple[LoadedTensor, ...]]
    notes: tuple[str, ...]
    family: str | None


@dataclass(frozen=True, slots=True)
class Compiled(Described):
    """A compiled model.

    Attributes:
        files: what to write as `model.onnx` and `weights.bin`.
        operators: the ONNX operators by name, in order.
    """

    files: Emitted
    operators: tuple[str, ...]


def compile_model(model: Model, *, allow_nan: bool = False) -> Compiled:
    """Compile a model to ONNX.

    Args:
        model: as `keras.normalize` gives it.
        allow_nan: take weights that are not finite.

    Raises:
        UnsupportedError: it has layers or options that cannot be compiled; all are listed.
        WeightsError: the weights do not fit the architecture, or are not finite.
    """
    graph = optimise(lower(model))
    described = describe_model(model, graph.inputs, graph.outputs, allow_nan=allow_nan)
    return Compiled(
        inputs=described.inputs,
        outputs=described.outputs,
        activation=described.activation,
        rescales=described.rescales,
        parameters=described.parameters,
        report=described.report,
        notes=(*described.notes, *precision_notes(model)),
        family=described.family,
        files=emit(graph),
        operators=tuple(node.op for node in graph.nodes),
    )


def describe_model(
    model: Model,
    inputs: tuple[Signature, ...],
    outputs: tuple[Signature, ...],
    *,
    allow_nan: bool = False,
) -> Described:
    """Describe a model, whatever runs it.

    Args:
        model: as `keras.normalize` gives it.
        inputs: what it takes, as what runs it says.
        outputs: what it gives, as what runs it says.
        allow_nan: take weights that are not finite.

    Raises:
        WeightsError: the weights are not finite.
    """
    if not allow_nan:
        check_finite(model)
    return Described(
        inputs,
        outputs,
        final_activation(model),
        rescales_itself(model),
        sum(tensor.size for _, _, tensor in model.used_tensors()),
        partial(load_report, model),
        model.notes,
        family(model),
    )


def precision_notes(model: Model) -> list[str]:
    """What to say of layers that Keras computes in another precision than float32."""
    policies = {str(layer.config.get("dtype", "float32")) for layer in model.layers}
    others = sorted(policies & (POLICIES - {"float32"}))
    return [f"layers of dtype {', '.join(others)} are computed in float32"] if others else []


def check_finite(model: Model) -> None:
    """Look for weights that are NaN or infinite.

    Raises:
        WeightsError: there are some; the first tensor is named.
    """
    for layer, role, tensor in model.used_tensors():
        count = _not_finite(tensor.read())
        if count:
            raise WeightsError(
                f"{layer.name}/{role} ({tensor.path}) holds {count:,} values that are NaN or "
                f"infinite, of {tensor.size:,}",
                hint="training went wrong: take an earlier checkpoint, or pass --allow-nan",
            )


def _not_finite(array: Array) -> int:
    if array.dtype.kind != "f":
        return 0
    flat = array.reshape(-1)
    return sum(
        int(np.count_nonzero(~np.isfinite(flat[start : start + FINITE_BLOCK])))
        for start in range(0, flat.size, FINITE_BLOCK)
    )


def final_activation(model: Model) -> str:
    """What the first output's last computing layer ends with; `linear` if with none."""
    ref = model.outputs[0].ref
    while True:
        call = model.calls[ref.call]
        layer = model.layers[call.layer]
        activation = layer.config.get("activation")
        if isinstance(activation, Activation):
            return activation.name
        if layer.kind == "Softmax":
            return "softmax"
        inputs = call.inputs
        if layer.kind not in PASSED_THROUGH or len(inputs) != 1:
            return "linear"
        ref = inputs[0]
