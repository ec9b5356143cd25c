"""Writes the zips of a bundle, as `layout` says, and tells how large everything became."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..unpacking import INDEX, ZIP, Index
from . import archive
from .contents import Contents
from .layout import Layout, arrange
from .plan import NOTHING, Found, Size


@dataclass(frozen=True, slots=True)
class Assembled:
    """What was written.

    Attributes:
        function: the function's zip.
        layer: the layer's; None if there is none.
        zips: the bytes of each zip, by what it is.
        sizes: of each file, by its path.
        unzipped: bytes that Lambda counts: what is in the zips, all of them.
        unpacked: bytes that a disk needs for what the function unpacks itself.
    """

    function: Path
    layer: Path | None
    zips: dict[str, int]
    sizes: dict[str, Size]
    unzipped: int
    unpacked: int


def assemble(
    tree: Path, kept: Sequence[Found], layout: Layout, contents: Contents, folder: Path
) -> Assembled:
    """Write the zips.

    Args:
        tree: where the files are.
        kept: which of them are in the bundle.
        layout: which zip each is in.
        contents: what the bundle is for.
        folder: where the zips are written.
    """
    arranged = arrange((file.path for file in kept), layout)
    function, packages = folder / "function.zip", folder / ZIP
    files = {name: tree / path for name, path in arranged.function.items()}
    sizes: dict[str, Size] = {}
    unpacked = 0
    if arranged.packages:
        inside = {name: tree / path for name, path in arranged.packages.items()}
        written = archive.write_zip(packages, inside)
        sizes = {arranged.packages[name]: size for name, size in written.items()}
    if layout is Layout.ZIPPED:
        plain = {name: size.plain for name, size in sizes.items()}
        index = Index(contents.handler, archive.digest(packages), plain)
        unpacked = index.room
        files |= {ZIP: packages, INDEX: _written(folder / INDEX, index)}
    written = archive.write_zip(function, files)
    unzipped = sum(written.values(), NOTHING).plain
    if layout is Layout.LAYER:
        unzipped += sum(sizes.values(), NOTHING).plain
    sizes |= {path: written[name] for name, path in arranged.function.items()}
    layer = packages if layout is Layout.LAYER else None
    every = {"zip": function} | ({"layer": layer} if layer else {})
    zips = {name: path.stat().st_size for name, path in every.items()}
    return Assembled(function, layer, zips, sizes, unzipped, unpacked)


def _written(path: Path, index: Index) -> Path:
    said = {"handler": index.handler, "sha256": index.sha256, "files": dict(index.files)}
    path.write_text(json.dumps(said, sort_keys=True, separators=(",", ":")))
    return path
