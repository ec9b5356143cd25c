"""Remove the releases that nobody needs, and what killed pushes left behind.

A release is kept while a stage serves it, while it is among the last changes of a stage, while a
stage folder holds its files, and for a day after it was written: a push writes the release first
and moves the pointer last.

Others push, promote and roll back meanwhile, and this may be killed at any call. Whatever happens,
no pointer comes to name a release that is not whole:

1. The release is marked (`pruning.json` in its folder). From now on nobody takes it for whole.
2. All pointers are rewritten, with the same release and one more in `prunes`.
3. Everything is looked at again. What is needed after all, or was just written, loses its mark.
4. The manifest is removed, then the other files, then the mark.

Who moves a pointer (`pointers`) reads the pointer, then looks for the mark and all the files, then
replaces the pointer if it is still the one that was read. If it looked before step 1, then it read
the pointer before step 2. So either it replaced it before step 2, which step 3 sees, or the
pointer it read is gone; it reads again, and finds the mark or no release. A pointer that does not
exist yet cannot be rewritten: who makes the first one looks again after it.

Who writes a release (`repository.write_release`) looks for the mark before its first file and
after its last, and then for all the files. If it saw no mark at first, either its files were there
at step 3, and are too young; or the mark was there after its last file; or the removal was over
by then, and it sees what is missing.

A mark is a lease: after `LEASE` its owner removes nothing more, after `TAKEOVER` another prune may
take it over. It is looked at before each file that is removed. A release that is marked was
decided to be needed by nobody; until the next prune finishes it, no stage can go back to it.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from ..errors import ConflictError, InputError, NotFoundError, ReleaseError
from ..release.identity import short_id
from ..release.layout import DEFAULT_STAGES, check_model, manifest_key, pruning_key
from ..release.records import decode, encode
from ..store.port import Store
from .inventory import Inventory, StoredRelease, take_inventory
from .pointer import Pointer
from .pointers import fence_pointer, stages_in_store
from .status import is_model, unknown_model

SCHEMA = 1
KEEP = 10
"""Of each stage, the releases of how many last changes are kept."""

YOUNG = 24 * 3600.0
"""Seconds in which a push surely comes from its first file to the pointer."""

LEASE = 5 * 60.0
TAKEOVER = 10 * 60.0
BATCH = 20
"""Releases that are marked at once: as many as can surely be removed in a lease."""


@dataclass(frozen=True, slots=True)
class Mark:
    """Who is removing a release.

    Attributes:
        by: who.
        at: since when, in seconds since 1970.
        nonce: tells this mark from any other.
    """

    by: str
    at: float
    nonce: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is to be done with a release.

    Attributes:
        release: its id.
        keep: whether it stays.
        why: in words.
        size: of its files in bytes.
    """

    release: str
    keep: bool
    why: str
    size: int


@dataclass(frozen=True, slots=True)
class Pruned:
    """What a prune of a model did, or would do.

    Attributes:
        model: its name.
        verdicts: one for each release; what could not be removed is kept, and why is said.
        dry_run: whether nothing was removed.
    """

    model: str
    verdicts: tuple[Verdict, ...]
    dry_run: bool

    @property
    def freed(self) -> int:
        """Bytes of what was removed."""
        return sum(verdict.size for verdict in self.verdicts if not verdict.keep)


def plan_prune(found: Inventory, *, now: float, keep: int = KEEP) -> tuple[Verdict, ...]:
    """Decide which releases stay. Pure."""
    return tuple(_verdict(found, release, now, keep) for release in found.releases)


def _verdict(found: Inventory, release: StoredRelease, now: float, keep: int) -> Verdict:
    why = _reason(found, release, now, keep)
    if why is not None:
        return Verdict(release.id, True, why, release.size)
    why = f"no stage served it in its last {keep} changes"
    if release.manifest is None:
        why = "left by a push that did not end, or by a removal that did not"
    return Verdict(release.id, False, why, release.size)


def _reason(found: Inventory, release: StoredRelease, now: float, keep: int) -> str | None:
    """Why a release stays; None when it goes."""
    serving = serving_stages(found.pointers, release.id)
    if serving:
        return f"{' and '.join(serving)} {'serves' if len(serving) == 1 else 'serve'} it"
    for stage, pointer in found.pointers.items():
        if any(change.release == release.id for change in pointer.history[:keep]):
            return f"among the last {keep} changes of {stage}"
    if release.id in found.held:
        return f"its files are in the folder of {found.held[release.id]}"
    if release.problem is not None:
        return f"{release.problem}; see `understudy fsck {found.model}`"
    if release.entries and now - release.modified < YOUNG:
        return "written less than a day ago"
    return None


def serving_stages(pointers: Mapping[str, Pointer], release: str) -> tuple[str, ...]:
    """The stages that serve a release."""
    return tuple(stage for stage, pointer in pointers.items() if pointer.release == release)


def prune(
    store: Store,
    model: str,
    *,
    by: str,
    now: Callable[[], datetime],
    keep: int = KEEP,
    stages: Sequence[str] = DEFAULT_STAGES,
    dry_run: bool = False,
) -> Pruned:
    """Remove what nobody needs of a model; see the module.

    Args:
        store: where.
        model: the model's name.
        by: who prunes.
        now: the clock.
        keep: of each stage, the releases of how many last changes are kept.
        stages: all stages that there are.
        dry_run: say what would happen; write nothing.

    Raises:
        NotFoundError: there is no such model.
        ReleaseError: a pointer is damaged, so that nobody knows what it needs; nothing is removed.
    """
    if not is_model(store, check_model(model)):
        raise unknown_model(store, model)
    if keep < 1:
        raise InputError(f"{keep} changes cannot be kept", hint="keep 1 or more")

    def decide() -> tuple[Inventory, tuple[Verdict, ...]]:
        found = take_inventory(store, model, stages=stages)
        return found, plan_prune(found, now=_seconds(now), keep=keep)

    found, verdicts = decide()
    doomed = [verdict.release for verdict in verdicts if not verdict.keep]
    kept: dict[str, str] = {}
    if not dry_run:
        for release in (r.id for r in found.releases if r.marked and r.id not in doomed):
            mark = _new_mark(by, now)
            if _put_mark(store, model, release, mark) is None:  # its owner was killed
                _remove_mark(store, model, release, mark)
        for start in range(0, len(doomed), BATCH):
            batch = doomed[start : start + BATCH]
            kept |= _prune_batch(store, model, batch, _Removal(by, now), decide)
    ends = tuple(
        Verdict(v.release, True, kept[v.release], v.size) if v.release in kept else v
        for v in verdicts
    )
    return Pruned(model, ends, dry_run)


@dataclass(frozen=True, slots=True)
class _Removal:
    """Who removes, and by which clock."""

    by: str
    now: Callable[[], datetime]


def _prune_batch(
    store: Store,
    model: str,
    batch: Iterable[str],
    removal: _Removal,
    decide: Callable[[], tuple[Inventory, tuple[Verdict, ...]]],
) -> dict[str, str]:
    """Carry out the four steps; gives the releases that stay after all, and why."""
    kept: dict[str, str] = {}
    marks: dict[str, Mark] = {}
    for release in batch:
        mark = _new_mark(removal.by, removal.now)
        other = _put_mark(store, model, release, mark)
        if other is None:
            marks[release] = mark
        else:
            kept[release] = other
    if not marks:
        return kept
    for stage in stages_in_store(store, model):
        fence_pointer(store, model, stage)
    found, verdicts = decide()
    verdict_of = {verdict.release: verdict for verdict in verdicts}
    stored = {release.id: release for release in found.releases}
    for release, mark in marks.items():
        verdict = verdict_of.get(release)
        if verdict is not None and verdict.keep:
            _remove_mark(store, model, release, mark)
            kept[release] = verdict.why
            continue
        try:
            _remove(store, model, release, stored.get(release), mark, removal.now)
        except ConflictError as error:
            kept[release] = error.what
    return kept


def _remove(
    store: Store,
    model: str,
    release: str,
    stored: StoredRelease | None,
    mark: Mark,
    now: Callable[[], datetime],
) -> None:
    first = manifest_key(model, release)
    keys = [] if stored is None else [entry.key for entry in stored.entries]
    for key in sorted(keys, key=lambda key: (key != first, key)):
        if _read_mark(store, model, release)[0] != mark:
            raise ConflictError("another prune has taken it over", hint="let it finish")
        if _seconds(now) - mark.at > LEASE:
            raise ConflictError(
                "removing it took too long; the next prune finishes it", hint="prune again"
            )
        store.delete(key)
    _remove_mark(store, model, release, mark)


def _new_mark(by: str, now: Callable[[], datetime]) -> Mark:
    return Mark(by, _seconds(now), secrets.token_hex(8))


def _put_mark(store: Store, model: str, release: str, mark: Mark) -> str | None:
    """Mark a release; gives why it cannot be, if another is at it."""
    found, etag = _read_mark(store, model, release)
    if found is not None and mark.at - found.at < TAKEOVER:
        return _busy(found)
    try:
        data = encode(mark, schema=SCHEMA)
        store.put_if(pruning_key(model, release), data, expected=etag)
    except ConflictError:
        if _read_mark(store, model, release)[0] != mark:
            return "another prune is removing it"
    return None


def _read_mark(store: Store, model: str, release: str) -> tuple[Mark | None, str | None]:
    """The mark and its etag; one that cannot be read is as old as can be."""
    try:
        found = store.get(pruning_key(model, release))
    except NotFoundError:
        return None, None
    try:
        what = f"the mark of release {short_id(release)}"
        return decode(Mark, found.data, schema=SCHEMA, what=what, hint="-"), found.etag
    except ReleaseError:
        return None, found.etag


def _remove_mark(store: Store, model: str, release: str, mark: Mark) -> None:
    if _read_mark(store, model, release)[0] == mark:
        store.delete(pruning_key(model, release))


def _busy(mark: Mark) -> str:
    since = datetime.fromtimestamp(mark.at, UTC).strftime("%H:%M:%S UTC")
    return (
        f"{mark.by} is removing it since {since}; if that was killed, prune again in"
        f" {TAKEOVER / 60:.0f} minutes"
    )


def _seconds(now: Callable[[], datetime]) -> float:
    return now().timestamp()
