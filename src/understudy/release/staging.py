"""A release before it is in a store: a local folder with the same files as the release's folder.

The one who compiles puts model.onnx, weights.bin and selftest.npz here, `stage_sources` the
sources; the manifest lists them by `stage_sources` and `describe_files`. This module reads and
writes local files only, and does not know what is in them.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ..errors import InputError
from ..store.disk import CHUNK, appearing, explained, linked
from .identity import Role
from .layout import SOURCES
from .manifest import File, Source


@dataclass(frozen=True, slots=True)
class Given:
    """A source as a person has it: what it is, its canonical name, and where it lies."""

    role: Role
    name: str
    path: Path


def hash_file(path: Path) -> str:
    """Give the SHA-256 of a file, in hex digits; the file may be larger than the memory.

    Raises:
        InputError: the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise InputError(
            f"cannot read {path}: {(error.strerror or str(error)).lower()}",
            hint="check that it is a file, and that you may read it",
        ) from error


def stage_sources(
    folder: Path, sources: Iterable[Given], known: Mapping[Path, str]
) -> tuple[Source, ...]:
    """Copy the sources into the staging folder, and give their lines of the manifest.

    Args:
        folder: the staging folder.
        sources: the files.
        known: the SHA-256 of files that nobody else can change; the others are hashed.

    Raises:
        InputError: a source cannot be read.
        StoreError: the staging folder cannot be written.
    """
    staged = []
    for given in sorted(sources, key=lambda given: (given.role, given.name)):
        target = folder / SOURCES / given.name
        digest = known.get(given.path) or hash_file(given.path)
        with explained("write", target):
            target.parent.mkdir(parents=True, exist_ok=True)
        if given.path not in known or not linked(given.path, target):
            with given.path.open("rb") as source, appearing(target) as copy:
                shutil.copyfileobj(source, copy, CHUNK)
        staged.append(Source(given.role, given.name, digest, target.stat().st_size))
    return tuple(staged)


def describe_files(folder: Path, names: Iterable[str]) -> tuple[File, ...]:
    """Give the manifest's lines of the files that were made in the staging folder."""
    paths = {name: folder / name for name in names}
    return tuple(
        File(name, hash_file(path), path.stat().st_size) for name, path in sorted(paths.items())
    )
