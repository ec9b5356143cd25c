"""Decisions: from what is in the store to what is to be done. Pure; nothing is read or written."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import InputError, NotFoundError
from ..release.identity import check_prefix, short_id
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


def plan_rollback(pointer: Pointer, to: str | None, *, model: str, stage: str) -> str:
    """Decide to which release a stage goes back.

    Args:
        pointer: of the stage.
        to: the beginning of a release's id; None for the newest of the history that is not the
            one that is served.
        model: for the errors.
        stage: for the errors.

    Raises:
        InputError: `to` is no beginning of an id, or more than one release begins so.
        NotFoundError: the history has no such release.
    """
    line = tuple(dict.fromkeys(change.release for change in pointer.history))
    if to is None:
        others = [release for release in line if release != pointer.release]
        if not others:
            raise NotFoundError(
                f"{stage} of {model} never served anything but {short_id(pointer.release)}",
                hint="there is nothing to go back to; push or promote another release",
            )
        return others[0]
    check_prefix(to)
    found = [release for release in line if release.startswith(to)]
    if not found:
        listed = ", ".join(short_id(release) for release in line)
        raise NotFoundError(
            f"{stage} of {model} never served a release {to}; it served {listed}",
            hint="to bring it a release that it never served, use `understudy promote`",
        )
    if len(found) > 1:
        raise InputError(
            f"{len(found)} releases that {stage} of {model} served begin with {to}:"
            f" {', '.join(found)}",
            hint="give more digits",
        )
    return found[0]
