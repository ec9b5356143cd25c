"""Pointers in a store: read, and replaced by compare-and-swap only.

A pointer never comes to name a release that is not whole. The order makes it so: the pointer is
read, then the release is looked at, then the pointer is replaced if it is still the one that was
read. Whoever removes releases rewrites all pointers first (`prune` says why that is enough).
"""

from __future__ import annotations

import random
import time
from dataclasses import dataclass

from ..errors import ConflictError, NotFoundError, ReleaseError
from ..release.identity import short_id
from ..release.layout import is_name, pointer_key, pointers_folder
from ..release.manifest import Manifest
from ..release.repository import being_removed, find_release, is_marked
from ..store.port import Store
from .plan import Move, Stay, plan_change
from .pointer import Change, Pointer, advance, dump_pointer, fence, parse_pointer

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
        ConflictError: others were first, again and again, or remove the release.
        ReleaseError: the release is not whole.
    """
    for attempt in range(ATTEMPTS):
        found = read_pointer(store, model, stage)
        pointer = None if found is None else found.pointer
        if pointer is not None and pointer.has(change):
            return Move(pointer)  # an attempt was carried out, and only its answer was lost
        plan = plan_change(pointer, change)
        if isinstance(plan, Stay):
            return plan
        check_whole(store, model, change.release)
        if _replace(store, model, stage, found, plan.pointer):
            if found is None:  # a pointer that was not there could not be rewritten by a prune
                check_whole(store, model, change.release)
            return plan
        _pause(attempt)
    raise _kept_changing(model, stage)


def change_found_pointer(
    store: Store, model: str, stage: str, found: StoredPointer | None, change: Change
) -> Pointer:
    """Carry out a change that was decided on this pointer, and on no other; gives the new one.

    None is the pointer of a stage that never served.

    Raises:
        ConflictError: somebody else changed the stage meanwhile, and nothing was changed; or the
            release is being removed.
        ReleaseError: the release is not whole.
    """
    wanted = found
    for attempt in range(ATTEMPTS):
        check_whole(store, model, change.release)
        pointer = advance(None if wanted is None else wanted.pointer, change)
        if _replace(store, model, stage, wanted, pointer):
            if wanted is None:
                check_whole(store, model, change.release)
            return pointer
        again = read_pointer(store, model, stage)
        if again is not None and again.pointer.has(change):
            return again.pointer  # it was carried out, and only the answer was lost
        if found is None or again is None or again.pointer.history != found.pointer.history:
            raise _lost(model, stage, again)
        wanted = again  # only rewritten by a prune
        _pause(attempt)
    raise _kept_changing(model, stage)


def fence_pointer(store: Store, model: str, stage: str) -> None:
    """Rewrite a pointer, so that whoever decided on it before must read it again.

    Raises:
        ConflictError: others were first, again and again.
    """
    for attempt in range(ATTEMPTS):
        found = read_pointer(store, model, stage)
        if found is None or _replace(store, model, stage, found, fence(found.pointer)):
            return
        _pause(attempt)
    raise _kept_changing(model, stage)


def check_whole(store: Store, model: str, release: str) -> Manifest:
    """Give a release's manifest; refuse a release that is not whole.

    Raises:
        ConflictError: it is being removed.
        ReleaseError: it is not whole.
    """
    manifest = find_release(store, model, release)
    if manifest is not None:
        return manifest
    if is_marked(store, model, release):
        raise being_removed(model, release)
    raise ReleaseError(
        f"release {short_id(release)} of {model} is not whole in {store.describe()}",
        hint="push its sources again, or repair it with `understudy fsck --repair`",
    )


def _replace(
    store: Store, model: str, stage: str, found: StoredPointer | None, pointer: Pointer
) -> bool:
    """Write the pointer if it is still the one that was found; False when it is another."""
    expected = None if found is None else found.etag
    try:
        store.put_if(pointer_key(model, stage), dump_pointer(pointer), expected=expected)
    except ConflictError:
        return False
    return True


def _pause(attempt: int) -> None:
    time.sleep(random.uniform(0, min(LONGEST_PAUSE, 0.001 * 2**attempt)))


def _kept_changing(model: str, stage: str) -> ConflictError:
    return ConflictError(
        f"others kept changing {stage} of {model} at the same time",
        hint="nothing was changed; look at the status, and try again",
    )


def _lost(model: str, stage: str, again: StoredPointer | None) -> ConflictError:
    if again is None:
        return _kept_changing(model, stage)
    other = again.pointer.history[0]
    return ConflictError(
        f"{other.by} was first: {stage} of {model} serves {short_id(other.release)} now"
        f" ({other.action}, {other.at})",
        hint=f"nothing was changed; look at `understudy history {model}`, and decide again",
    )


def _what(model: str, stage: str) -> str:
    return f"the pointer of {stage} of {model}"
