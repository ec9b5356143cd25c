"""Find the golden models, whether they lie in folders or in a version's models.zip.

    for golden in goldens():
        golden.version, golden.model, golden.manifest, golden.read("weights.h5")

Rules: standard library only; files come back as bytes; nothing is unpacked to the disk.
"""

from __future__ import annotations

import json
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Golden:
    """One model of one Keras version: its manifest, and its files by name."""

    version: str
    model: str
    manifest: dict[str, Any] = field(repr=False)
    files: tuple[str, ...] = field(repr=False)
    place: Path = field(repr=False)

    def read(self, name: str) -> bytes:
        """Return a file's bytes; KeyError where the model has no such file."""
        if name not in self.files:
            raise KeyError(f"{self.version}/{self.model} has no {name}; it has {self.files}")
        if self.place.suffix == ".zip":
            with zipfile.ZipFile(self.place) as packed:
                return packed.read(f"{self.model}/{name}")
        return (self.place / name).read_bytes()


def goldens(root: Path = HERE) -> list[Golden]:
    """Return every golden below `root`, sorted by version and model."""
    found = [_in_folder(path.parent) for path in root.glob("*/*/manifest.json")]
    for archive in root.glob("*/models.zip"):
        found += _in_archive(archive)
    return sorted(found, key=lambda golden: (golden.version, golden.model))


def _in_folder(folder: Path) -> Golden:
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    files = tuple(sorted(path.name for path in folder.iterdir()))
    return Golden(folder.parent.name, folder.name, manifest, files, folder)


def _in_archive(archive: Path) -> list[Golden]:
    with zipfile.ZipFile(archive) as packed:
        models: dict[str, list[str]] = {}
        for name in packed.namelist():
            model, _, file = name.partition("/")
            models.setdefault(model, []).append(file)
        return [
            Golden(
                archive.parent.name,
                model,
                json.loads(packed.read(f"{model}/manifest.json")),
                tuple(sorted(files)),
                archive,
            )
            for model, files in models.items()
        ]
