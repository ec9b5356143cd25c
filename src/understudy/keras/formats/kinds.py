"""What a file is, by its bytes. Names are never asked: an HDF5 file may be called `.keras`."""

from __future__ import annotations

from enum import StrEnum

from ...errors import ModelFileError
from ...files import Buffer
from ..hdf5 import is_hdf5
from .json import UTF_16

ZIP_SIGNATURES = (b"PK\x03\x04", b"PK\x05\x06")
"""A member comes first, or, in an empty zip, the end of the index."""

HEAD = 4096
"""How many bytes are looked at."""


class Kind(StrEnum):
    """A file's kind; the value is what to call it."""

    JSON = "JSON"
    TEXT = "text"
    HDF5 = "HDF5"
    ZIP = "a zip"
    ONNX = "ONNX"
    BINARY = "binary data"


def kind_of(name: str, data: Buffer) -> Kind:
    """What a file is. `BINARY` is everything else: a shard of weights has no signature.

    Raises:
        ModelFileError: the file is empty.
    """
    if not len(data):
        raise ModelFileError(f"{name} is empty", hint="copy or download the file again")
    head = bytes(data[:HEAD])
    # First: an HDF5 file inside may lie where an HDF5 file with a user block has its own start.
    if head.startswith(ZIP_SIGNATURES):
        return Kind.ZIP
    if is_hdf5(data):
        return Kind.HDF5
    if _is_json(head):
        return Kind.JSON
    if _is_onnx(head):
        return Kind.ONNX
    if _is_text(head):
        return Kind.TEXT
    return Kind.BINARY


def foreign(name: str, data: Buffer) -> ModelFileError:
    """What to say of binary data that is no part of a model: its true kind, if that is known."""
    head = bytes(data[:16])
    for offset, signature, what, hint in _FOREIGN:
        if head[offset : offset + len(signature)] == signature:
            return ModelFileError(f"{name} is {what}, which is no Keras file", hint=hint)
    return ModelFileError(
        f"{name} is none of the files that Keras writes",
        hint="give an architecture (.json) and its weights (.h5), or one whole model",
    )


_SAVE = "load the model where it was made, and save it: model.save('model.keras') or 'model.h5'"
_FOREIGN = (
    (4, b"TFL3", "a TensorFlow Lite model", _SAVE),
    (0, b"\x80\x02", "a pickle", _SAVE),
    (0, b"\x80\x03", "a pickle", _SAVE),
    (0, b"\x80\x04", "a pickle", _SAVE),
    (0, b"\x08\x01\x12", "a TensorFlow SavedModel's graph", _SAVE),
    (0, b"\x1f\x8b", "packed with gzip", "unpack it first"),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7z archive", "unpack it first"),
    (0, b"Rar!", "a RAR archive", "unpack it first"),
)
"""Where, signature, what it is, and what to do."""


def _is_json(head: bytes) -> bool:
    """Whether it begins as JSON does, in UTF-8 or, as PowerShell's `>` writes it, in UTF-16."""
    if head.startswith(UTF_16):
        head = head.decode("utf-16", "replace").encode()
    return head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"[", b'"')


def _is_onnx(head: bytes) -> bool:
    """Whether it begins as a serialised `ModelProto`: field 1, the IR version, then another field.

    (onnx.proto3: ir_version = 1, producer_name = 2 to metadata_props = 14.)
    """
    if len(head) < 3 or head[0] != 0x08 or not 1 <= head[1] < 0x40:
        return False
    field, wire = head[2] >> 3, head[2] & 7
    return (2 <= field <= 25 and wire == 2) or (field == 5 and wire == 0)


def _is_text(head: bytes) -> bool:
    try:
        text = head.decode("utf-8")
    except UnicodeDecodeError as error:
        if len(head) < HEAD or error.start < HEAD - 4:
            return False
        text = head[: error.start].decode("utf-8")
    return all(c.isprintable() or c.isspace() or c == "\ufeff" for c in text)
