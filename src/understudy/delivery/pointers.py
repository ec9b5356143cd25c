"""Pointers in a store: read, and replaced by compare-and-swap only."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass

from ..errors import ConflictError, NotFoundError
from ..release.layout import is_name, pointer_key, pointers_folder
from ..store.port import Store
from .plan import Move, Stay, plan_change
from .pointer import Change, Pointer, dump_pointer, parse_pointer

ATTEMPTS = 50
"""Each attempt that is lost was won by somebody: this is how many others may be in the way."""

LONGEST_PAUSE = 0.05


@dataclass(frozen=True, slots=True)
class StoredPointer:
    """A pointer, and the etag with which it was read."""

    pointer: Pointer
    etag: str


def read_pointer(store: Store, model: str, stage: str) -> StoredPointer | None:
    """Read a stage's pointer; None when the stage never served.

    Raises:
        ReleaseError: it is damaged.
    """
    try:
        found = store.get(pointer_key(model, stage))
    except NotFoundError:
        return None
    return StoredPointer(parse_pointer(found.data, what=_what(model, stage)), found.etag)


def read_pointer_if_changed(
    store: Store, model: str, stage: str, etag: str
) -> StoredPointer | None:
    """Read a stage's pointer, or None while it has this etag.

    Raises:
        NotFoundError: the pointer is gone.
        ReleaseError: it is damaged.
    """
    found = store.get_if_changed(pointer_key(model, stage), etag)
    if found is None:
        return None
    return StoredPointer(parse_pointer(found.data, what=_what(model, stage)), found.etag)


def stages_in_store(store: Store, model: str) -> tuple[str, ...]:
    """Give the names of all stages of a model that have a pointer, sorted."""
    folder = pointers_folder(model)
    names = (entry.key.removeprefix(f"{folder}/") for entry in store.list(folder))
    return tuple(
        name.removesuffix(".json")
        for name in names
        if name.endswith(".json") and is_name(name.removesuffix(".json"))
    )


def change_pointer(store: Store, model: str, stage: str, change: Change) -> Move | Stay:
    """Carry out a change, on top of whatever others do at the same time; gives what was done.

    Raises:
        ConflictError: others were first, again and again.
    """
    for attempt in range(ATTEMPTS):
        found = read_pointer(store, model, stage)
        pointer, etag = (None, None) if found is None else (found.pointer, found.etag)
        plan = plan_change(pointer, change)
        if pointer is not None and any(past.nonce == change.nonce for past in pointer.history):
            return Move(pointer)  # an attempt was carried out, and only its answer was lost
        if isinstance(plan, Stay):
            return plan
        try:
            key, data = pointer_key(model, stage), dump_pointer(plan.pointer)
            store.put_if(key, data, expected=etag)
        except ConflictError:
            time.sleep(random.uniform(0, min(LONGEST_PAUSE, 0.001 * 2**attempt)))
            continue
        return plan
    raise ConflictError(
        f"others kept changing {stage} of {model} at the same time",
        hint="nothing was changed; look at the status, and try again",
    )


def _what(model: str, stage: str) -> str:
    return f"the pointer of {stage} of {model}"
