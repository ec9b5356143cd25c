"""Decisions: from what is in the store to what is to be done. Pure; nothing is read or written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ..release.layout import is_source_name
from ..release.manifest import Source
from .pointer import Change, Pointer, advance


@dataclass(frozen=True, slots=True)
class Move:
    """The stage gets another release: write this pointer."""

    pointer: Pointer


@dataclass(frozen=True, slots=True)
class Stay:
    """The stage serves that release already: the pointer is left alone."""

    pointer: Pointer


def plan_change(pointer: Pointer | None, change: Change) -> Move | Stay:
    """Decide what a change does to the pointer as it is now."""
    if pointer is not None and pointer.release == change.release:
        return Stay(pointer)
    return Move(advance(pointer, change))


@dataclass(frozen=True, slots=True)
class FolderPlan:
    """How a stage folder becomes what its stage serves.

    Attributes:
        remove: names of sources that the release does not have. They go first, so that a folder
            that is half done lacks something, and is not a mixture that looks complete.
        copy: names of sources that are missing or differ.
    """

    remove: tuple[str, ...]
    copy: tuple[str, ...]


def plan_folder(
    sources: Iterable[Source], present: Iterable[str], same: Mapping[str, str]
) -> FolderPlan:
    """Decide what to remove and to copy in a stage folder.

    Names that are no source's are never touched.

    Args:
        sources: what the release was made from.
        present: the names of the files directly in the folder.
        same: name -> SHA-256 of the files in the folder whose content is known.
    """
    wanted = {source.name: source.sha256 for source in sources}
    return FolderPlan(
        remove=tuple(
            sorted(name for name in present if is_source_name(name) and name not in wanted)
        ),
        copy=tuple(sorted(name for name in wanted if same.get(name) != wanted[name])),
    )
