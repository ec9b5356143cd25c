"""From the paths that a person names to the images behind them.

Rules: what is named is there, or nothing begins; a file that is named is always tried, whatever
it is called; in a folder, images are known by their endings, and come in the order in which a
person would count them (image2 before image10), folder by folder, read only when their turn comes.
"""

from __future__ import annotations

import os
import re
from collections import Counter
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
OTHERS = frozenset(
    {
        *{".avif", ".heic", ".heif", ".hif", ".jp2", ".j2k", ".jpx", ".jxl", ".jxr", ".wdp"},
        *{".arw", ".cr2", ".cr3", ".dng", ".nef", ".orf", ".raf", ".raw", ".rw2"},
        *{".czi", ".dcm", ".lif", ".nd2", ".ndpi", ".svs", ".vsi"},
        *{".eps", ".exr", ".hdr", ".ico", ".pbm", ".pcx", ".pgm", ".ppm", ".psd", ".svg", ".tga"},
    }
)
"""Endings of images that are not read: of phones, cameras, microscopes and drawing programs."""

MAX_KINDS = 6
"""How many kinds of images that were left out are told apart."""

SKIPPED = frozenset({"__MACOSX"})
"""Folders of resource forks that macOS packs into zip files; theirs end in .jpg too."""


def images_in(
    paths: Iterable[str | os.PathLike[str]], left_out: Counter[str] | None = None
) -> Iterator[Path]:
    """The image files that `paths` mean: files as they are, folders with all their subfolders.

    Hidden files and folders are skipped.

    Args:
        paths: files and folders.
        left_out: is told of the images in folders that are left out, by their kinds, as the
            folders are read: `.heic`, `links to folders`. What is no image is not counted.

    Raises:
        InputError: a folder has no images, or cannot be read; before anything is yielded.
    """
    counted = Counter() if left_out is None else left_out
    found = [_behind(Path(path), counted) for path in paths]
    if not found:
        raise InputError("there is nothing to classify", hint="name an image or a folder of images")
    return chain.from_iterable(found)


def described(left_out: Counter[str]) -> str:
    """Which images were left out, and why, in one line."""
    listed = [f"{count:,} {kind}" for kind, count in left_out.most_common(MAX_KINDS)]
    more = left_out.total() - sum(count for _, count in left_out.most_common(MAX_KINDS))
    if more:
        listed.append(f"{more:,} others")
    what = "one image" if left_out.total() == 1 else f"{left_out.total():,} images"
    tried = ", ".join(sorted(ENDINGS))
    return f"left out {what} that cannot be read: {', '.join(listed)}; what can is {tried}"


def _behind(path: Path, left_out: Counter[str]) -> Iterator[Path]:
    if path.is_dir():
        before = left_out.copy()
        images = _walk(path, left_out)
        first = next(images, None)
        if first is None:
            others = left_out - before
            raise InputError(
                f"there is no image in {path}{'; ' + described(others) if others else ''}",
                hint=f"it was searched for {', '.join(sorted(ENDINGS))}; a file that is named"
                " itself is tried whatever its ending",
            )
        return chain((first,), images)
    return iter((path,))  # if it is missing, that is said where it is decoded


def _walk(folder: Path, left_out: Counter[str]) -> Iterator[Path]:
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
            yield from _walk(Path(entry), left_out)
        elif Path(entry.name).suffix.lower() in ENDINGS and entry.is_file():
            yield Path(entry)
        else:
            left_out.update(_kind(entry))


def _kind(entry: os.DirEntry[str]) -> Iterator[str]:
    """What an image that is left out is called; nothing if it is no image."""
    ending = Path(entry.name).suffix.lower()
    if entry.is_dir():
        yield "links to folders"
    elif not entry.is_file() and ending in ENDINGS | OTHERS:
        yield "broken links and special files"
    elif ending in OTHERS:
        yield ending


def natural_key(name: str) -> tuple[list[str | int], str]:
    """Sorts image2 before image10, and upper with lower case."""
    # split by a group: text and digits take turns, so that like is compared with like
    pieces = re.split(r"([0-9]+)", name.casefold())
    return [int(piece) if index % 2 else piece for index, piece in enumerate(pieces)], name
