"""A pointer: the release that a stage serves, and every change that led there.

It is a value. `advance` gives the next one; the history only grows, newest first, and its length
is the version. Where pointers are kept, and who may change them when, is not known here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from ..errors import ReleaseError
from ..release.identity import is_release_id
from ..release.records import decode, encode

SCHEMA = 1
HINT = "restore the pointer's file from a backup, or remove it and push or promote again"


class Action(StrEnum):
    """What a person did to change a pointer."""

    PUSH = "push"
    PROMOTE = "promote"
    ROLLBACK = "rollback"
    ADMIT = "admit"
    """Files were put into the stage folder, with whatever tool."""


@dataclass(frozen=True, slots=True)
class Change:
    """One line of the history.

    Attributes:
        release: what the stage serves from then on.
        at: when, in UTC, as ISO 8601.
        by: who.
        action: how.
        from_stage: the stage it was promoted from; None for the other actions.
        message: why; may be empty.
        nonce: random; tells this change from any other. A store may carry out a write and lose
            the answer: whoever finds the nonce in the history knows that the change was made.
    """

    release: str
    at: str
    by: str
    action: Action
    from_stage: str | None
    message: str
    nonce: str


@dataclass(frozen=True, slots=True)
class Pointer:
    """What a stage serves.

    Attributes:
        release: the release.
        version: the number of changes so far.
        prunes: how often releases of the model were removed; see `prune`.
        history: all changes, newest first.
    """

    release: str
    version: int
    prunes: int
    history: tuple[Change, ...]

    def has(self, change: Change) -> bool:
        """Whether this very change was made."""
        return any(past.nonce == change.nonce for past in self.history)


def advance(pointer: Pointer | None, change: Change) -> Pointer:
    """Give the pointer after a change; None is the pointer of a stage that never served."""
    history = (change, *(pointer.history if pointer else ()))
    return Pointer(change.release, len(history), pointer.prunes if pointer else 0, history)


def fence(pointer: Pointer) -> Pointer:
    """Give the same pointer with another content: what was decided before it must look again."""
    return replace(pointer, prunes=pointer.prunes + 1)


def dump_pointer(pointer: Pointer) -> bytes:
    """Write a pointer's file."""
    return encode(pointer, schema=SCHEMA)


def parse_pointer(data: bytes, *, what: str = "the pointer") -> Pointer:
    """Read a pointer's file.

    Raises:
        ReleaseError: it is damaged, or of a schema that is not known. `what` names it.
    """
    pointer = decode(Pointer, data, schema=SCHEMA, what=what, hint=HINT)
    if not all(is_release_id(change.release) for change in pointer.history):
        problem = "its history names what is no release"
    elif not pointer.history or pointer.history[0].release != pointer.release:
        problem = "its release is not the newest of its history"
    elif pointer.version != len(pointer.history):
        problem = "its history is not complete"
    else:
        return pointer
    raise ReleaseError(f"{what} is damaged: {problem}", hint=HINT)
