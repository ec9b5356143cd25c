"""Which zip each file of a bundle is in, and under which name. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from ..release.manifest import KERAS
from .contents import PACKAGE, Contents

ZIPPED_HANDLER = f"{PACKAGE}.edges.lambda_.zipped"
"""Unpacks the packages, and then imports the function's own handler."""

LAYER_PREFIX = "python/"
"""Lambda unpacks layers into /opt, and has /opt/python on Python's path."""


class Layout(StrEnum):
    """Where the packages are."""

    PLAIN = "plain"
    """Beside understudy."""
    ZIPPED = "zipped"
    """In a zip beside understudy, which is unpacked into /tmp at a cold start."""
    LAYER = "layer"
    """In a zip of their own, which becomes a layer."""


@dataclass(frozen=True, slots=True)
class Arranged:
    """What goes where: the path of each file before, by its path in the zip.

    Attributes:
        function: the function's zip.
        packages: the zip of the packages; empty where they are in the function's.
    """

    function: Mapping[str, str]
    packages: Mapping[str, str]


def arrange(paths: Iterable[str], layout: Layout) -> Arranged:
    """Lay out the files of a bundle."""
    every = sorted(paths)
    if layout is Layout.PLAIN:
        return Arranged({path: path for path in every}, {})
    prefix = LAYER_PREFIX if layout is Layout.LAYER else ""
    return Arranged(
        {path: path for path in every if is_ours(path)},
        {f"{prefix}{path}": path for path in every if not is_ours(path)},
    )


def is_ours(path: str) -> bool:
    """Whether a file is understudy's own."""
    return path.startswith((f"{PACKAGE}/", f"{PACKAGE}-"))


def usual_layout(engine: str) -> Layout:
    """Where nobody says: Keras and what it needs fit only when they stay zipped."""
    return Layout.ZIPPED if engine == KERAS else Layout.PLAIN


def laid_out(contents: Contents, layout: Layout) -> Contents:
    """What a bundle holds when it is laid out like this: with zipped packages, another handler."""
    if layout is not Layout.ZIPPED:
        return contents
    return replace(contents, handler=ZIPPED_HANDLER, roots=(*contents.roots, ZIPPED_HANDLER))
