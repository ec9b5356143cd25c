"""Where everything is in a store, and what models, stages and sources may be called.

    <model>/<stage>/<source>                 the stage folder, people's files
    <model>/stages/<stage>.json              the stage's pointer
    <model>/releases/<id>/release.json       the manifest: its presence says "complete"
    <model>/releases/<id>/model.onnx …       what was compiled
    <model>/releases/<id>/sources/<source>   what it was compiled from
    <model>/releases/<id>/pruning.json       there while somebody removes the release
    <model>/displaced/<stage>/<hash>/<name>  files of people's that a push replaced

Names only; this module reads and writes nothing.
"""

from __future__ import annotations

import re

from ..errors import InputError
from .identity import Role

MANIFEST = "release.json"
SOURCES = "sources"
PRUNING = "pruning.json"
DEFAULT_STAGES = ("dev", "prod")
"""In the order in which a release passes through them."""

RESERVED = ("releases", "stages", "displaced")
MAX_NAME = 64

_NAME = re.compile(rf"[A-Za-z0-9_][A-Za-z0-9._-]{{0,{MAX_NAME - 1}}}")

_SOURCE_NAMES = {
    Role.ARCHITECTURE: {".json": "architecture.json", ".yaml": "architecture.yaml"},
    Role.WEIGHTS: {".h5": "weights.h5", ".json": "weights.json"},
    Role.MODEL: {
        ".keras": "model.keras",
        ".h5": "model.h5",
        ".onnx": "model.onnx",
        ".json": "model.json",
        ".zip": "model.zip",
    },
    Role.METADATA: {".json": "metadata.json"},
    Role.LABELS: {".txt": "labels.txt"},
    Role.PREPROCESS: {".json": "preprocess.json"},
    Role.GOLDENS: {".npz": "goldens.npz"},
}
"""The name a source gets, by its role and by the suffix of what it is. Shards keep their own."""

SOURCE_NAMES = frozenset(name for names in _SOURCE_NAMES.values() for name in names.values()) | {
    "model.hdf5",
    "architecture.yml",
}

_SHARD = re.compile(
    r"[^/\\]+\.bin|group\d+-shard\d+of\d+|[^/\\]+_\d{5}\.weights\.h5|[^/\\]+\.onnx[._]data"
)
"""What the files with weights are called that another file names: TensorFlow.js', Keras 3's,
and those beside an ONNX model."""


def check_model(name: str) -> str:
    """Give a model's name back; `InputError` when it cannot be one."""
    return _check(name, "model")


def check_stage(name: str) -> str:
    """Give a stage's name back; `InputError` when it cannot be one."""
    return _check(name, "stage")


def is_name(name: str) -> bool:
    """Whether a model or a stage may be called this."""
    return _NAME.fullmatch(name) is not None and name.lower() not in RESERVED


def source_name(role: Role, suffix: str) -> str:
    """Give the canonical name of a source that is no shard; `suffix` is that of what it is."""
    return _SOURCE_NAMES[role][suffix]


def is_source_name(name: str) -> bool:
    """Whether a file of this name in a stage folder is ours to replace and remove."""
    return name in SOURCE_NAMES or is_shard_name(name)


def is_shard_name(name: str) -> bool:
    """Whether weights that another source names may be called this."""
    return _SHARD.fullmatch(name) is not None


def releases_folder(model: str) -> str:
    """Give the folder of all releases of a model."""
    return f"{check_model(model)}/releases"


def release_folder(model: str, release: str) -> str:
    """Give the folder of one release."""
    return f"{releases_folder(model)}/{release}"


def release_file(model: str, release: str, name: str) -> str:
    """Give the key of a file in a release."""
    return f"{release_folder(model, release)}/{name}"


def manifest_key(model: str, release: str) -> str:
    """Give the key of a release's manifest."""
    return release_file(model, release, MANIFEST)


def pruning_key(model: str, release: str) -> str:
    """Give the key of the mark that a release is being removed."""
    return release_file(model, release, PRUNING)


def pointers_folder(model: str) -> str:
    """Give the folder of a model's pointers."""
    return f"{check_model(model)}/stages"


def pointer_key(model: str, stage: str) -> str:
    """Give the key of a stage's pointer."""
    return f"{pointers_folder(model)}/{check_stage(stage)}.json"


def stage_folder(model: str, stage: str) -> str:
    """Give the folder in which people see and drop a stage's sources."""
    return f"{check_model(model)}/{check_stage(stage)}"


def stage_file(model: str, stage: str, name: str) -> str:
    """Give the key of a file in a stage folder."""
    return f"{stage_folder(model, stage)}/{name}"


def displaced_folder(model: str) -> str:
    """Give the folder of the files that made room in a stage folder before they were admitted."""
    return f"{check_model(model)}/displaced"


def displaced_file(model: str, stage: str, sha256: str, name: str) -> str:
    """Give the key under which such a file is kept."""
    return f"{displaced_folder(model)}/{check_stage(stage)}/{sha256[:12]}/{name}"


def _check(name: str, kind: str) -> str:
    if name.lower() in RESERVED:
        raise InputError(
            f"a {kind} cannot be called {name}: a folder of that name has another purpose",
            hint="choose another name",
        )
    if _NAME.fullmatch(name) is None:
        raise InputError(
            f"a {kind} cannot be called {name!r}",
            hint=f"use 1 to {MAX_NAME} of the letters A-Z and a-z, digits, `.`, `_` and `-`;"
            " begin with a letter, a digit or `_`",
        )
    return name
