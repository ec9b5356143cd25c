"""From the paths that a person names to the images behind them.

Rules: what is named is there, or nothing begins; a file that is named is always tried, whatever
it is called; in a folder, images are known by their endings, and come in the order in which a
person would count them (image2 before image10), folder by folder, read only when their turn comes.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path

from ..errors import InputError

ENDINGS = frozenset(
    {
        *{".jpg", ".jpeg", ".jpe", ".jfif", ".mpo"},
        *{".png", ".bmp", ".gif", ".webp", ".tif", ".tiff"},
    }
)
SKIPPED = frozenset({"__MACOSX"})
"""Folders of resource forks that macOS packs into zip files; theirs end in .jpg too."""


def images_in(paths: Iterable[str | os.PathLike[str]]) -> Iterator[Path]:
    """The image files that `paths` mean: files as they are, folders with all their subfolders.

    Hidden files and folders, and links to folders, are skipped.

    Raises:
        InputError: a folder has no images, or cannot be read; before anything is yielded.
    """
    found = [_behind(Path(path)) for path in paths]
    if not found:
        raise InputError("there is nothing to classify", hint="name an image or a folder of images")
    return chain.from_iterable(found)


def _behind(path: Path) -> Iterator[Path]:
    if path.is_dir():
        images = _walk(path)
        first = next(images, None)
        if first is None:
            raise InputError(
                f"there is no image in {path}",
                hint=f"it was searched for {', '.join(sorted(ENDINGS))}; a file that is named"
                " itself is tried whatever its ending",
            )
        return chain((first,), images)
    return iter((path,))  # if it is missing, that is said where it is decoded


def _walk(folder: Path) -> Iterator[Path]:
    try:
        with os.scandir(folder) as entries:
            listed = sorted(entries, key=lambda entry: natural_key(entry.name))
    except OSError as error:
        raise InputError(
            f"the folder {folder} cannot be read: {error.strerror}", hint="check its permissions"
        ) from error
    for entry in listed:
        if entry.name.startswith(".") or entry.name in SKIPPED:
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from _walk(Path(entry))
        elif Path(entry.name).suffix.lower() in ENDINGS and entry.is_file():
            yield Path(entry)


def natural_key(name: str) -> tuple[list[str | int], str]:
    """Sorts image2 before image10, and upper with lower case."""
    # split by a group: text and digits take turns, so that like is compared with like
    pieces = re.split(r"([0-9]+)", name.casefold())
    return [int(piece) if index % 2 else piece for index, piece in enumerate(pieces)], name
