"""The first step: bytes -> RawModel: what do a model's files hold.

Which file is what, `formats` finds out. Nothing is interpreted yet: the architecture is plain
data, the weights are a tree of groups. One reader a format, in the table `READERS`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import IncompleteError, ModelFileError
from ..files import Buffer
from .formats import FileSet, Format, Part, kind_of, open_archive, recognise, tfjs
from .formats import shards as sharded
from .formats.json import parse_json
from .formats.kinds import Kind
from .formats.yaml import parse_yaml
from .hdf5 import Group, read_hdf5


@dataclass(frozen=True, slots=True)
class RawModel:
    """What the files hold, uninterpreted.

    Attributes:
        format: a value of `formats.Format`.
        name: what to call the architecture's file in errors.
        architecture: the model's graph as lists, dicts and plain values.
        root: the tree of the file with the weights.
        weights: the group of it in which the model's weights are.
        weights_name: what to call the weights' file in errors; None if no weights were given.
        keras_version, backend: as a file says outside of the architecture; None if none does.
    """

    format: str
    name: str
    architecture: Any
    root: Group
    weights: Group
    weights_name: str | None
    keras_version: str | None = None
    backend: str | None = None


def read(files: Mapping[str, Buffer] | FileSet) -> RawModel:
    """Recognise and take apart a model's files.

    Args:
        files: name -> content, in any order: an architecture and its weights, one whole model,
            or a zip with these; or what `recognise` made of them.

    Raises:
        ModelFileError: not files of a Keras model, not a set that fits together, or damaged.
    """
    found = files if isinstance(files, FileSet) else recognise(files)
    reader = READERS.get(found.format)
    if reader is None:
        raise ModelFileError(
            f"{found.parts[Part.MODEL]} is {found.format.upper()}, not a Keras model",
            hint="`understudy compile` and `push` take it as it is",
        )
    return reader(found)


def _read_parts(found: FileSet) -> RawModel:
    """An architecture and a file with its weights, or without."""
    weights_name = found.parts.get(Part.WEIGHTS)
    if weights_name is None:
        return _assembled(found, Group("", {}), None)
    root = read_hdf5(found.files[weights_name], weights_name)
    return _assembled(found, root, weights_name)


def _read_shards(found: FileSet) -> RawModel:
    """An architecture, and an index of files with its weights."""
    index = found.parts[Part.WEIGHTS]
    roots = [read_hdf5(found.files[name], name) for name in found.shards.values()]
    return _assembled(found, sharded.join(roots, index), index)


def _assembled(found: FileSet, root: Group, weights_name: str | None) -> RawModel:
    name = found.parts[Part.ARCHITECTURE]
    data = found.files[name]
    if name in found.documents:
        architecture = found.documents[name]
    elif kind_of(name, data) is Kind.TEXT:
        architecture = parse_yaml(data, name)
    else:
        architecture = parse_json(data, name)
    weights = _weights_group(root)
    said = weights.attributes | root.attributes
    version, backend = _text(said.get("keras_version")), _text(said.get("backend"))
    return RawModel(
        found.format,
        name,
        architecture,
        root,
        weights,
        weights_name,
        version or _metadata_version(found),
        backend,
    )


def _metadata_version(found: FileSet) -> str | None:
    document = found.documents.get(found.parts.get(Part.METADATA, ""))
    return _text(document.get("keras_version")) if isinstance(document, dict) else None


def _weights_group(root: Group) -> Group:
    """Where the weights are: the root for `save_weights`, `model_weights` for `save`."""
    inner = root.groups.get("model_weights")
    return inner if inner is not None and "layer_names" not in root.attributes else root


def _read_whole_hdf5(found: FileSet) -> RawModel:
    """What `model.save()` writes as HDF5."""
    name = found.parts[Part.MODEL]
    root = read_hdf5(found.files[name], name)
    config = root.attributes.get("model_config")
    if not isinstance(config, str):
        raise IncompleteError(
            f"{name} holds weights only, the architecture is missing",
            hint="give both files: architecture.json (model.to_json()) and the weights",
        )
    return RawModel(
        found.format,
        name,
        parse_json(config.encode(), name),
        root,
        _weights_group(root),
        name,
        _text(root.attributes.get("keras_version")),
        _text(root.attributes.get("backend")),
    )


def _read_keras_zip(found: FileSet) -> RawModel:
    """What `model.save()` writes as `.keras`."""
    name = found.parts[Part.MODEL]
    archive = open_archive(name, found.files[name])
    if "config.json" not in archive.members:
        raise ModelFileError(
            f"{name} is a zip, but not a Keras model: it has no config.json",
            hint="give the file that model.save('model.keras') made",
        )
    architecture = parse_json(archive.read("config.json"), f"{name}:config.json")
    metadata: Any = {}
    if "metadata.json" in archive.members:
        metadata = parse_json(archive.read("metadata.json"), f"{name}:metadata.json")
    version = metadata.get("keras_version") if isinstance(metadata, dict) else None
    if "model.weights.h5" not in archive.members:
        raise ModelFileError(
            f"{name} keeps its weights as pickles (model.weights.npz), which are never opened",
            hint="save it again without weights_format='npz'",
        )
    weights_name = f"{name}:model.weights.h5"
    root = read_hdf5(archive.read("model.weights.h5"), weights_name)
    return RawModel(
        found.format,
        f"{name}:config.json",
        architecture,
        root,
        root,
        weights_name,
        _text(version),
    )


def _read_tfjs(found: FileSet) -> RawModel:
    """A layers model of TensorFlow.js."""
    name = found.parts[Part.MODEL]
    document = found.documents[name]
    shards = {said: found.files[given] for said, given in found.shards.items()}
    root = tfjs.weights_tree(document, shards, name)
    return RawModel(found.format, name, tfjs.topology(document, name), root, root, name)


READERS: dict[Format, Callable[[FileSet], RawModel]] = {
    Format.JSON_H5: _read_parts,
    Format.YAML_H5: _read_parts,
    Format.JSON_SHARDS: _read_shards,
    Format.H5: _read_whole_hdf5,
    Format.KERAS: _read_keras_zip,
    Format.TFJS: _read_tfjs,
}
"""Format -> what takes its files apart. ONNX is none of Keras'."""


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None
