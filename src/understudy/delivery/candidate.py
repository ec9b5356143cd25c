"""A model before it is tried: compiled to ONNX, or laid out for Keras."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from ..compiler import (
    WEIGHTS_FILE,
    Compiled,
    Described,
    LoadedTensor,
    Signature,
    Status,
    describe_model,
)
from ..engine.document import DOCUMENT, OLDER_WEIGHTS, WEIGHTS, Document, encode
from ..errors import InputError
from ..files import Buffer, write_file
from ..keras import Origin, RawModel, normalize, read
from ..keras.formats import FileSet, Format, Part, open_archive
from ..release import manifest
from .compiling import compile_sources
from .options import Options
from .sources import Sources

MODEL_FILE = "model.onnx"

Signatures = tuple[manifest.Signature, ...]

Examine = Callable[[Path], tuple[Signatures, Signatures]]
"""Opens the model in a folder and says what it takes and gives."""

KERAS_NOTE = "Keras itself runs the model; it is not compiled"

OPENED = (Format.JSON_H5, Format.YAML_H5, Format.H5, Format.KERAS)
"""Formats with weights that Keras opens."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A model that may become a release.

    Attributes:
        described: what is known of it.
        origin: what wrote it.
        names: of the files that the engine opens.
        opset: of ONNX's operators; 0 of what is not ONNX.
        write: puts the files into a folder, if they are not there yet.
    """

    described: Described
    origin: Origin
    names: tuple[str, ...]
    opset: int
    write: Callable[[Path], None]


def for_onnx(sources: Sources, options: Options) -> Candidate:
    """Compile a model.

    Raises:
        InputError: the sources cannot be used; what, why and what to do is said.
    """
    compiled, origin = compile_sources(sources, options)
    names = (MODEL_FILE, WEIGHTS_FILE)
    return Candidate(compiled, origin, names, compiled.files.opset, partial(_write, compiled))


def for_keras(sources: Sources, options: Options, staging: Path, examine: Examine) -> Candidate:
    """Lay out a model for Keras in a folder, and let Keras say what it takes and gives.

    Raises:
        InputError: the sources cannot be used, Keras is not here, or may not be trusted with them.
        ReleaseError: Keras cannot open the model.
    """
    found = sources.model
    if found.format not in OPENED:
        raise InputError(
            f"Keras cannot open this model: it is {found.format.upper()}",
            hint="give the files that Keras wrote, such as architecture.json and weights.h5",
        )
    raw = read(found)
    model, origin = normalize(raw, backend=options.backend)
    document = Document(_weights_name(raw), raw.architecture)
    write_file(staging / DOCUMENT, [encode(document)])
    write_file(staging / document.weights, [_weights(found)])
    inputs, outputs = map(_signatures, examine(staging))
    described = describe_model(model, inputs, outputs, allow_nan=options.allow_nan)
    accounted = described.report
    described = replace(
        described,
        notes=(*described.notes, KERAS_NOTE),
        report=lambda: tuple(map(_left_to_keras, accounted())),
    )
    names = (DOCUMENT, document.weights)
    return Candidate(described, origin, names, 0, lambda _: None)


def _signatures(found: Signatures) -> tuple[Signature, ...]:
    return tuple(Signature(one.name, one.shape, one.dtype) for one in found)


def _write(compiled: Compiled, folder: Path) -> None:
    write_file(folder / MODEL_FILE, [compiled.files.onnx])
    write_file(folder / WEIGHTS_FILE, compiled.files.pieces())


def _weights_name(raw: RawModel) -> str:
    """The name by which Keras 3 tells how the weights are laid out."""
    older = raw.weights is not raw.root or any(
        name.startswith("layer_names") for name in raw.weights.attributes
    )
    return OLDER_WEIGHTS if older else WEIGHTS


def _weights(found: FileSet) -> Buffer:
    """The bytes of the HDF5 file with the weights, as they are."""
    if found.format is Format.KERAS:
        name = found.parts[Part.MODEL]
        return open_archive(name, found.files[name]).read("model.weights.h5")
    part = Part.WEIGHTS if Part.WEIGHTS in found.parts else Part.MODEL
    return found.files[found.parts[part]]


def _left_to_keras(tensor: LoadedTensor) -> LoadedTensor:
    """Of a layer that is not known here, Keras knows which weights it takes."""
    return replace(tensor, status=Status.KERAS) if tensor.status is Status.UNUSED else tensor
