"""The first step: bytes -> RawModel: which files are these, and what do they hold.

Files are told apart by their bytes, never by their names. Nothing is interpreted yet: the
architecture is JSON, the weights are an HDF5 tree.
"""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import ModelFileError
from ..files import Buffer, BufferFile
from .architecture import parse_json
from .hdf5 import Group, is_hdf5, read_hdf5

ZIP_SIGNATURE = b"PK\x03\x04"
_ZIP_MEMBERS = {"config.json": 256 << 20, "metadata.json": 1 << 20}
MAX_EXPANSION = 1_100
"""Deflate cannot shrink by more."""


@dataclass(frozen=True, slots=True)
class RawModel:
    """What the files hold, uninterpreted.

    Attributes:
        format: `json+h5`, `h5` or `keras`.
        name: what to call the architecture's file in errors.
        architecture: the parsed JSON of the model's graph.
        root: the HDF5 tree of the file with the weights.
        weights: the group of it in which the model's weights are.
        weights_name: what to call the weights' file in errors.
        keras_version, backend: as a file says outside of the architecture; None if none does.
    """

    format: str
    name: str
    architecture: Any
    root: Group
    weights: Group
    weights_name: str
    keras_version: str | None = None
    backend: str | None = None


def read(files: Mapping[str, Buffer]) -> RawModel:
    """Recognise and take apart a model's files.

    Args:
        files: name -> content. One whole model, or an architecture and its weights, in any order.

    Raises:
        ModelFileError: not files of a Keras model, not a set that fits together, or damaged.
    """
    kinds = {name: kind_of(name, data) for name, data in files.items()}
    names = {kind: [n for n, k in kinds.items() if k == kind] for kind in kinds.values()}
    if len(files) == 1 and "keras" in names:
        ((name, data),) = files.items()
        return _read_keras_zip(name, data)
    if len(files) == 1 and "hdf5" in names:
        ((name, data),) = files.items()
        return _read_full_hdf5(name, data)
    if len(files) == 1:
        raise ModelFileError(
            f"{next(iter(files))} is an architecture, its weights are missing",
            hint="give both files: architecture.json and the weights (.h5)",
        )
    if len(files) == 2 and set(names) == {"json", "hdf5"}:
        name, weights_name = names["json"][0], names["hdf5"][0]
        architecture = parse_json(files[name], name)
        root = read_hdf5(files[weights_name], weights_name)
        weights = _weights_group(root)
        said = weights.attributes | root.attributes
        version, backend = _text(said.get("keras_version")), _text(said.get("backend"))
        return RawModel(
            "json+h5", name, architecture, root, weights, weights_name, version, backend
        )
    listed = ", ".join(f"{name} ({_KIND_NAMES[kind]})" for name, kind in kinds.items())
    raise ModelFileError(
        f"these files are not one model: {listed}",
        hint="give an architecture (.json) and its weights (.h5), or one whole model",
    )


_KIND_NAMES = {"json": "text", "hdf5": "HDF5", "keras": "a .keras zip"}


def kind_of(name: str, data: Buffer) -> str:
    """What a file is, by its bytes: `json` (text that may be), `hdf5` or `keras` (a zip).

    Raises:
        ModelFileError: nothing that Keras writes.
    """
    if not len(data):
        raise ModelFileError(f"{name} is empty", hint="copy or download the file again")
    head = bytes(data[:512])
    if is_hdf5(data):
        return "hdf5"
    if head.startswith(ZIP_SIGNATURE):
        return "keras"
    if head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"[", b'"') or _looks_like_text(head):
        return "json"
    raise ModelFileError(
        f"{name} is none of the files that Keras writes (JSON, HDF5, .keras)",
        hint="give an architecture (.json) and its weights (.h5), or one whole model",
    )


def _looks_like_text(head: bytes) -> bool:
    try:
        text = head.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start < len(head) - 4:
            return False
        text = head[: error.start].decode("utf-8")
    return text.isprintable() or all(c.isprintable() or c.isspace() for c in text)


def _weights_group(root: Group) -> Group:
    """Where the weights are: the root for `save_weights`, `model_weights` for `save`."""
    inner = root.groups.get("model_weights")
    return inner if inner is not None and "layer_names" not in root.attributes else root


def _read_full_hdf5(name: str, data: Buffer) -> RawModel:
    root = read_hdf5(data, name)
    config = root.attributes.get("model_config")
    if not isinstance(config, str):
        raise ModelFileError(
            f"{name} holds weights only, the architecture is missing",
            hint="give both files: architecture.json (model.to_json()) and the weights",
        )
    return RawModel(
        "h5",
        name,
        parse_json(config.encode(), name),
        root,
        _weights_group(root),
        name,
        _text(root.attributes.get("keras_version")),
        _text(root.attributes.get("backend")),
    )


def _read_keras_zip(name: str, data: Buffer) -> RawModel:
    try:
        with zipfile.ZipFile(BufferFile(data)) as archive:
            members = _members(archive, name)
            for needed in ("config.json", "model.weights.h5"):
                if needed not in members:
                    raise ModelFileError(
                        f"{name} is a zip, but not a Keras model: it has no {needed}",
                        hint="give the file that model.save('model.keras') made",
                    )
            architecture = parse_json(archive.read("config.json"), f"{name}:config.json")
            metadata: Any = {}
            if "metadata.json" in members:
                metadata = parse_json(archive.read("metadata.json"), f"{name}:metadata.json")
            weights: Buffer = _member_bytes(archive, members["model.weights.h5"], data)
    except zipfile.BadZipFile as error:
        raise ModelFileError(
            f"{name} is a damaged zip: {error}", hint="copy or download the file again"
        ) from None
    except (
        NotImplementedError,
        RuntimeError,
        EOFError,
        OSError,
        ValueError,
        struct.error,
    ) as error:
        raise ModelFileError(
            f"{name} is a zip that cannot be read: {error}",
            hint="give the file that model.save('model.keras') made",
        ) from error
    weights_name = f"{name}:model.weights.h5"
    version = metadata.get("keras_version") if isinstance(metadata, dict) else None
    root = read_hdf5(weights, weights_name)
    return RawModel(
        "keras", f"{name}:config.json", architecture, root, root, weights_name, _text(version)
    )


def _members(archive: zipfile.ZipFile, name: str) -> dict[str, zipfile.ZipInfo]:
    """The members by name; a file with two of one name, or that expands too much, is refused."""
    members: dict[str, zipfile.ZipInfo] = {}
    for info in archive.infolist():
        if info.filename in members:
            raise ModelFileError(
                f"{name} has two members called {info.filename}",
                hint="give the file as Keras wrote it",
            )
        limit = _ZIP_MEMBERS.get(info.filename, MAX_EXPANSION * max(info.compress_size, 1))
        if info.file_size > min(limit, MAX_EXPANSION * max(info.compress_size, 1)):
            raise ModelFileError(
                f"{name}: {info.filename} claims to expand to {info.file_size:,} bytes",
                hint="give the file as Keras wrote it",
            )
        members[info.filename] = info
    return members


def _member_bytes(archive: zipfile.ZipFile, info: zipfile.ZipInfo, data: Buffer) -> Buffer:
    """A member's content; a stored one that can be checked is a view of the zip, not a copy."""
    if info.compress_type != zipfile.ZIP_STORED or info.flag_bits & 0x1:
        return archive.read(info)
    # The local header's own name and extra field may be longer than the index says.
    header = bytes(data[info.header_offset : info.header_offset + 30])
    name_length, extra_length = struct.unpack_from("<HH", header, 26)
    start = info.header_offset + 30 + name_length + extra_length
    content = memoryview(data)[start : start + info.file_size]
    if len(content) != info.file_size or zlib.crc32(content) != info.CRC:
        raise zipfile.BadZipFile(f"the checksum of {info.filename} does not fit")
    return content


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None
