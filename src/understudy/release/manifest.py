"""The manifest, `release.json`: all that is known of a release without opening its model.

It is read strictly: a manifest that is damaged, or of a schema that is not known, is an error and
never half understood. Names of files in it are checked, because they become paths.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ..errors import ReleaseError
from ..store.keys import is_key
from .identity import Role, is_release_id, is_sha256
from .layout import MANIFEST, PRUNING, SOURCES
from .records import JSON, decode, encode

SCHEMA = 1

ONNX = "onnx"
KERAS = "keras"
"""The engines that run models: onnxruntime what was compiled, or Keras itself."""

HINT = "restore the release's folder from a backup, or remove it and push the sources again"


@dataclass(frozen=True, slots=True)
class Source:
    """A file that a person gave, as it was; kept under `sources/` by its canonical name.

    A shard's name is the one by which another source refers to it.
    """

    role: Role
    name: str
    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class File:
    """A file that was made: model.onnx and weights.bin, or what Keras opens; selftest.npz."""

    name: str
    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class Origin:
    """What wrote the model; None for what its files do not say.

    Attributes:
        format: such as "Keras JSON + HDF5 weights".
        keras_version: as it is written in the files.
        backend: what Keras ran on.
        notes: what people should know of how the files were read.
    """

    format: str | None
    keras_version: str | None
    backend: str | None
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MadeBy:
    """The versions of understudy and of onnx that made it; ONNX's opset, 0 if it is not ONNX."""

    understudy: str
    onnx: str
    opset: int


@dataclass(frozen=True, slots=True)
class Signature:
    """An input or an output of the model; a dimension that is free is None."""

    name: str
    shape: tuple[int | None, ...]
    dtype: str


@dataclass(frozen=True, slots=True)
class LoadedTensor:
    """One line of the load report: a tensor of the weights file, or one that it lacks.

    Attributes:
        source: its path in the file, or where it was looked for.
        shape: as it is stored; None of one that the file lacks.
        dtype: as it is stored; None of one that the file lacks.
        target: the layer and weight that took it; None when nothing did.
        status: such as "used", "unused", "missing".
        sha256: of its elements as they are stored, in C order and little-endian; None when there
            are none, or they are no numbers.
    """

    source: str
    shape: tuple[int, ...] | None
    dtype: str | None
    target: str | None
    status: str
    sha256: str | None


@dataclass(frozen=True, slots=True)
class SelfTest:
    """How the model is tested before it serves; the cases are in selftest.npz.

    Attributes:
        tolerance: the largest absolute difference of an output.
        verified: whether the expected outputs are the training framework's own.
        count: the number of cases.
    """

    tolerance: float
    verified: bool
    count: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """A release.

    Attributes:
        id: see `identity`.
        sources: what people gave.
        options: how it was compiled: what was said, and nothing for what was not.
        files: what was made of it, and what serving needs.
        origin: what wrote the model.
        made_by: what compiled it.
        inputs: of the model, in Keras' order.
        outputs: of the model, in Keras' order.
        activation: of the first output, in Keras' words; None when it has none that is known.
        labels: one for each class, or empty.
        preprocess: how an image becomes the input, resolved; kept as it is.
        assumed: the keys of `preprocess` that nobody stated.
        parameters: the number of weights.
        load_report: what became of each tensor.
        self_test: how it is tested.
    """

    id: str
    sources: tuple[Source, ...]
    options: JSON
    files: tuple[File, ...]
    origin: Origin
    made_by: MadeBy
    inputs: tuple[Signature, ...]
    outputs: tuple[Signature, ...]
    activation: str | None
    labels: tuple[str, ...]
    preprocess: JSON
    assumed: tuple[str, ...]
    parameters: int
    load_report: tuple[LoadedTensor, ...]
    self_test: SelfTest

    @property
    def engine(self) -> str:
        """What runs the model: `onnx`, or `keras`, which is one of the options."""
        return str(self.options.get("engine", ONNX))

    def stored(self) -> tuple[File, ...]:
        """Give every file of the release but the manifest, by its name in the release's folder."""
        sources = (File(f"{SOURCES}/{s.name}", s.sha256, s.size) for s in self.sources)
        return (*self.files, *sources)


def dump_manifest(manifest: Manifest) -> bytes:
    """Write release.json."""
    return encode(manifest, schema=SCHEMA)


def parse_manifest(data: bytes, *, what: str = MANIFEST) -> Manifest:
    """Read release.json.

    Raises:
        ReleaseError: it is damaged, or of a schema that is not known. `what` names it.
    """
    manifest = decode(Manifest, data, schema=SCHEMA, what=what, hint=HINT)
    for problem in _problems(manifest):
        raise ReleaseError(f"{what} is damaged: {problem}", hint=HINT)
    return manifest


def _problems(manifest: Manifest) -> Iterable[str]:
    if not is_release_id(manifest.id):
        yield f"{manifest.id!r} is no release's id"
    names = [file.name for file in manifest.stored()]
    if len(set(names)) < len(names):
        yield "two of its files have the same name"
    for file in manifest.stored():
        if not is_key(file.name) or file.name in (MANIFEST, PRUNING):
            yield f"{file.name!r} is no name of a file in a release"
        if not is_sha256(file.sha256):
            yield f"{file.sha256!r} is no SHA-256"
        if file.size < 0:
            yield f"{file.name} has a negative size"
    roles = [source.role for source in manifest.sources if source.role is not Role.SHARD]
    if len(set(roles)) < len(roles):
        yield "two of its sources have the same role"
