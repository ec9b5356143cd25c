"""Which file is what in a model: every file gets its part, by what is in it.

A zip that holds a model's files stands for them. Files that an index names (`model.json` of
TensorFlow.js, Keras 3's index of shards) are its shards, whatever they look like. Nothing of the
weights is read here, and the architecture is not interpreted.
"""

from __future__ import annotations

import posixpath
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from ...errors import IncompleteError, ModelFileError
from ...files import Buffer
from .archive import Archive, open_archive
from .json import parse_json
from .kinds import Kind, foreign, kind_of

HINT = "give an architecture (.json) and its weights (.h5), or one whole model (.keras, .h5)"
MAX_LABELS = 100_000

LABELS_FILE = "labels.txt"
CANDIDATES = frozenset(
    {".json", ".h5", ".hdf5", ".keras", ".zip", ".onnx", ".bin", ".yaml", ".yml", ".data", ".model"}
)
"""Suffixes of files in a folder or a zip that may belong to a model. Shards may have none."""

_TEXTS = frozenset({".json", ".yaml", ".yml", ".txt", ""})


class Format(StrEnum):
    """How a model's files are laid out; `table` says more of each."""

    JSON_H5 = "json+h5"
    JSON_SHARDS = "json+shards"
    YAML_H5 = "yaml+h5"
    H5 = "h5"
    KERAS = "keras"
    TFJS = "tfjs"
    ONNX = "onnx"


class Part(StrEnum):
    """What a file is to the model. Shards are listed apart."""

    ARCHITECTURE = "architecture"
    WEIGHTS = "weights"
    MODEL = "model"
    METADATA = "metadata"


@dataclass(frozen=True, slots=True)
class FileSet:
    """The files of one model.

    Attributes:
        format: how they are laid out.
        files: name -> content; if they came in a zip, its members, `<zip>:<member>`.
        parts: what -> the file's name.
        shards: the files with weights that an index names: by the name it uses -> the file's name.
        documents: the JSON files by name, parsed.
        packed: the name of the zip that holds them all, or None.
        labels: the classes as a Teachable Machine export says them.
        labels_text: the `labels.txt` in the zip.
    """

    format: Format
    files: Mapping[str, Buffer]
    parts: Mapping[Part, str]
    shards: Mapping[str, str] = field(default_factory=dict)
    documents: Mapping[str, Any] = field(default_factory=dict)
    packed: str | None = None
    labels: tuple[str, ...] = ()
    labels_text: Buffer | None = None


def recognise(files: Mapping[str, Buffer], *, weightless: bool = False) -> FileSet:
    """Find out what the files of a model are.

    Args:
        files: name -> content.
        weightless: an architecture alone will do.

    Raises:
        ModelFileError: they are not one model, some are missing, or one is damaged.
    """
    if not files:
        raise ModelFileError("no model is among these files", hint=HINT)
    if len(files) == 1:
        ((name, data),) = files.items()
        if kind_of(name, data) is Kind.ZIP:
            archive = open_archive(name, data)
            if not is_keras_zip(archive):
                return _unpacked(archive, weightless)
    return _Sorted(files, weightless).fileset()


def is_keras_zip(archive: Archive) -> bool:
    """Whether a zip is a `.keras` file, not one that holds a model's files."""
    return "config.json" in archive.members and any(
        member in archive.members for member in ("model.weights.h5", "model.weights.npz")
    )


def _unpacked(archive: Archive, weightless: bool) -> FileSet:
    files: dict[str, Buffer] = {}
    labels = None
    if "data.pkl" in {posixpath.basename(member) for member in archive.members}:
        raise ModelFileError(
            f"{archive.name} is a PyTorch model, which is no Keras file",
            hint="export it to ONNX, and give the .onnx file",
        )
    for member in archive.members:
        base = posixpath.basename(member)
        if base.startswith(".") or member.startswith("__MACOSX/"):
            continue
        if base == LABELS_FILE:
            if labels is not None:
                raise ModelFileError(f"{archive.name} has two {base}", hint="pack one model only")
            labels = archive.read(member)
        elif may_belong(base):
            files[f"{archive.name}:{member}"] = archive.read(member)
    if not files:
        raise ModelFileError(f"{archive.name} is a zip without a model in it", hint=HINT)
    found = _Sorted(files, weightless).fileset()
    return FileSet(
        found.format,
        found.files,
        found.parts,
        found.shards,
        found.documents,
        archive.name,
        found.labels,
        labels,
    )


def may_belong(base: str) -> bool:
    """Whether a file of this name in a folder or a zip may belong to a model."""
    suffix = posixpath.splitext(base)[1].lower()
    return suffix in CANDIDATES or (base.startswith("group") and "-shard" in base)


class _Sorted:
    """The files by their kinds, while it is found out what they are."""

    def __init__(self, files: Mapping[str, Buffer], weightless: bool) -> None:
        self.files = files
        self.weightless = weightless
        self.kinds = {name: kind_of(name, data) for name, data in files.items()}
        self.documents: dict[str, Any] = {}
        self._damaged: dict[str, ModelFileError] = {}
        for name in self._of(Kind.JSON):
            try:
                self.documents[name] = parse_json(files[name], name)
            except ModelFileError as error:
                self._damaged[name] = error

    def _of(self, kind: Kind) -> list[str]:
        return [name for name, found in self.kinds.items() if found is kind]

    def _with(self, *keys: str) -> list[str]:
        return [
            name
            for name, document in self.documents.items()
            if isinstance(document, dict) and any(key in document for key in keys)
        ]

    def fileset(self) -> FileSet:
        tfjs = self._with("weightsManifest", "modelTopology")
        if len(tfjs) == 1:
            manifest = self.documents[tfjs[0]].get("weightsManifest")
            return self._indexed(Format.TFJS, tfjs[0], _tfjs_names(manifest, tfjs[0]))
        index = self._with("weight_map")
        if len(index) == 1 and not tfjs:
            names = _mapped_names(self.documents[index[0]]["weight_map"], index[0])
            return self._indexed(Format.JSON_SHARDS, index[0], names)
        if len(tfjs) > 1 or len(index) > 1:
            raise self._no_model()
        return self._plain()

    def _indexed(self, kind: Format, index: str, wanted: Sequence[str]) -> FileSet:
        shards = self._shards(index, wanted)
        rest = [name for name in self.files if name != index and name not in shards.values()]
        self._raise_damaged(rest)
        metadata, labels, rest = self._metadata(rest)
        parts = dict(metadata)
        if kind is Format.TFJS:
            parts[Part.MODEL] = index
        else:
            parts[Part.WEIGHTS] = index
            if len(rest) == 1 and self.kinds[rest[0]] in (Kind.JSON, Kind.TEXT):
                parts[Part.ARCHITECTURE] = rest.pop()
            elif not rest:
                raise IncompleteError(
                    f"{index} is an index of weights, the architecture is missing",
                    hint="give architecture.json (model.to_json()) as well",
                )
        if rest:
            raise self._no_model()
        return FileSet(kind, self.files, parts, shards, self.documents, labels=labels)

    def _shards(self, index: str, wanted: Sequence[str]) -> dict[str, str]:
        by_base: dict[str, list[str]] = {}
        for name in self.files:
            by_base.setdefault(posixpath.basename(name.rpartition(":")[2]), []).append(name)
        missing = [name for name in wanted if name not in by_base]
        if missing:
            listed = ", ".join(missing[:3]) + (" …" if len(missing) > 3 else "")
            raise IncompleteError(
                f"{index} names files with weights that were not given: {listed}",
                hint="give these files too, or the folder that holds them all",
            )
        for name in wanted:
            if len(by_base[name]) > 1:
                raise ModelFileError(f"there are two {name}", hint="give one of them")
        return {name: by_base[name][0] for name in wanted}

    def _metadata(self, names: Sequence[str]) -> tuple[dict[Part, str], tuple[str, ...], list[str]]:
        """A Teachable Machine's or Keras 3's `metadata.json`, the labels in it, and the rest."""
        for name in names:
            document = self.documents.get(name)
            if not isinstance(document, dict) or "class_name" in document:
                continue
            if isinstance(document.get("labels"), list):
                rest = [other for other in names if other != name]
                return {Part.METADATA: name}, _labels(document["labels"], name), rest
            if "keras_version" in document and "config" not in document:
                return {Part.METADATA: name}, (), [other for other in names if other != name]
        return {}, (), list(names)

    def _plain(self) -> FileSet:
        self._raise_damaged(self.files)
        found, labels, rest = self._metadata(list(self.files))
        kinds = sorted(self.kinds[name] for name in rest)
        parts: dict[Part, str] = dict(found)
        by_kind = {self.kinds[name]: name for name in rest}
        match kinds:
            case [Kind.HDF5]:
                parts[Part.MODEL], layout = rest[0], Format.H5
            case [Kind.ZIP]:
                parts[Part.MODEL], layout = rest[0], Format.KERAS
            case [Kind.HDF5, Kind.JSON]:
                parts[Part.ARCHITECTURE] = by_kind[Kind.JSON]
                parts[Part.WEIGHTS], layout = by_kind[Kind.HDF5], Format.JSON_H5
            case [Kind.HDF5, Kind.TEXT]:
                parts[Part.ARCHITECTURE] = by_kind[Kind.TEXT]
                parts[Part.WEIGHTS], layout = by_kind[Kind.HDF5], Format.YAML_H5
            case [Kind.TEXT] if posixpath.splitext(rest[0])[1].lower() not in _TEXTS:
                raise ModelFileError(
                    f"{rest[0]} is text and no model", hint="look at what is in it; " + HINT
                )
            case [Kind.JSON] if self.weightless:
                parts[Part.ARCHITECTURE], layout = rest[0], Format.JSON_H5
            case [Kind.TEXT] if self.weightless:
                parts[Part.ARCHITECTURE], layout = rest[0], Format.YAML_H5
            case [Kind.JSON] | [Kind.TEXT]:
                raise IncompleteError(
                    f"{rest[0]} is an architecture, its weights are missing",
                    hint="give both files: architecture.json and the weights (.h5)",
                )
            case [Kind.BINARY]:
                raise foreign(rest[0], self.files[rest[0]])
            case _ if kinds.count(Kind.ONNX) == 1 and {*kinds} <= {Kind.ONNX, Kind.BINARY}:
                parts[Part.MODEL], layout = by_kind[Kind.ONNX], Format.ONNX
                shards = {
                    posixpath.basename(name.rpartition(":")[2]): name
                    for name in self._of(Kind.BINARY)
                }
                return FileSet(layout, self.files, parts, shards)
            case _:
                raise self._no_model()
        return FileSet(layout, self.files, parts, {}, self.documents, labels=labels)

    def _raise_damaged(self, names: Sequence[str] | Mapping[str, Any]) -> None:
        for name in names:
            if name in self._damaged:
                raise self._damaged[name]

    def _no_model(self) -> ModelFileError:
        listed = ", ".join(f"{name} ({kind})" for name, kind in self.kinds.items())
        return ModelFileError(f"these files are not one model: {listed}", hint=HINT)


def _tfjs_names(manifest: Any, index: str) -> list[str]:
    """The files that a `weightsManifest` names, in order: `[{"paths": […], "weights": […]}]`."""
    if not isinstance(manifest, list) or not all(isinstance(group, dict) for group in manifest):
        raise ModelFileError(
            f"{index} is a model of TensorFlow.js without weights",
            hint="give the model.json that model.save() or tensorflowjs_converter wrote",
        )
    paths = [path for group in manifest for path in group.get("paths") or ()]
    return _file_names(paths, index)


def _mapped_names(weight_map: Any, index: str) -> list[str]:
    """The files that Keras 3's index names: `{"/layers/…/vars": "file" or ["file", …]}`."""
    values = weight_map.values() if isinstance(weight_map, dict) else ()
    listed = [n for value in values for n in (value if isinstance(value, list) else [value])]
    if not listed:
        raise ModelFileError(
            f"{index} is an index of weights that names none",
            hint="give the .weights.json that model.save_weights() wrote",
        )
    return _file_names(list(dict.fromkeys(map(str, listed))), index)


def _file_names(paths: Sequence[Any], index: str) -> list[str]:
    """The names, which must be those of files beside the index."""
    names = [path.removeprefix("./") for path in paths if isinstance(path, str)]
    for name in names:
        if not name or name in (".", "..") or set(name) & set("/\\:\0\n\r"):
            raise ModelFileError(
                f"{index} names the weights' file {name!r}, which is no plain file name",
                hint="keep the shards beside it, under the names that it uses",
            )
    if len(names) < len(paths) or len(set(names)) < len(names):
        raise ModelFileError(
            f"{index} names its weights' files in a way that makes no sense",
            hint="give it as it was written",
        )
    return names


def _labels(written: list[Any], name: str) -> tuple[str, ...]:
    if len(written) > MAX_LABELS or not all(isinstance(label, str) for label in written):
        raise ModelFileError(f"the labels in {name} are no list of names", hint="give labels.txt")
    return tuple(written)
