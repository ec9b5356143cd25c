"""What people do: push a release to a stage, promote it to the next, roll a stage back.

The order makes it safe to be killed at any step: the release is complete in the store, then the
pointer moves, then the stage folder follows. Until the pointer has moved, the stage serves what it
served; after it, the new release. Doing the same again completes what is not.

A push and a promotion are made on top of whatever others do at the same time. A rollback is not:
it was decided on what the stage served, so when that has changed, nothing is done, and it is said.

With `dry_run` everything is read, made and decided, and nothing is written to the store.
The clock, the person and the making of a release come in as arguments.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from ..errors import InputError, NotFoundError
from ..release.identity import short_id
from ..release.layout import DEFAULT_STAGES, check_model, check_stage
from ..release.manifest import Manifest
from ..release.repository import find_release, write_release
from ..store.disk import temporary_folder
from ..store.port import Store
from .folder import settle_folder
from .plan import Move, plan_change, plan_rollback
from .pointer import Action, Change, Pointer
from .pointers import (
    StoredPointer,
    change_found_pointer,
    change_pointer,
    check_whole,
    read_pointer,
    stages_in_store,
)
from .status import unknown_model

Clock = Callable[[], datetime]
Build = Callable[[Path], Manifest]
"""Makes a release in a local folder, laid out as in the store; called only when it is needed."""


@dataclass(frozen=True, slots=True)
class Delivered:
    """What a push, a promotion or a rollback did, or would do.

    Attributes:
        model: the model.
        stage: the stage that serves the release now.
        manifest: of the release.
        pointer: of the stage, as this left it.
        made: whether the release is new in the store.
        moved: whether the stage served something else, or nothing, before.
        repaired: whether files had to be put right although the stage served the release already.
        dry_run: whether this is only what would be done; nothing was written.
    """

    model: str
    stage: str
    manifest: Manifest
    pointer: Pointer
    made: bool
    moved: bool
    repaired: bool
    dry_run: bool = False

    @property
    def previous(self) -> str | None:
        """The release that the stage served before this; None when nothing moved, or the first."""
        history = self.pointer.history
        return history[1].release if self.moved and len(history) > 1 else None


def push_release(
    store: Store,
    model: str,
    release: str,
    build: Build,
    *,
    by: str,
    now: Clock,
    message: str = "",
    stage: str = DEFAULT_STAGES[0],
    stages: Sequence[str] = DEFAULT_STAGES,
    dry_run: bool = False,
) -> Delivered:
    """Put a release into the store, unless it is there, and let the stage serve it.

    Args:
        store: where to.
        model: the model's name; new ones need nothing else.
        release: the id, from the sources.
        build: makes the release, with this id.
        by: who pushes.
        now: the clock.
        message: why.
        stage: which stage serves it.
        stages: all stages that there are.
        dry_run: make the release and say what would happen; write nothing.

    Raises:
        InputError: the model or the stage cannot be called so.
        StoreError: the store cannot be read or written.
        ReleaseError: what is in the store is damaged.
    """
    check_model(model)
    _check_known(stage, stages)
    manifest = find_release(store, model, release)
    made = False
    if manifest is None:
        with temporary_folder() as staging:
            manifest = build(staging)
            if manifest.id != release:
                raise ValueError(f"asked for release {release}, got {manifest.id}")
            made = dry_run or write_release(store, model, manifest, staging)
    change = _change(release, Action.PUSH, None, by, now, message)
    return _deliver(store, model, stage, manifest, change, made=made, dry_run=dry_run)


def promote(
    store: Store,
    model: str,
    from_stage: str,
    to_stage: str,
    *,
    by: str,
    now: Clock,
    message: str = "",
    stages: Sequence[str] = DEFAULT_STAGES,
    unverified: bool = False,
    dry_run: bool = False,
) -> Delivered:
    """Let one stage serve what another serves at this moment, whatever that does meanwhile.

    Args:
        store: where.
        model: the model's name.
        from_stage: whose release it is.
        to_stage: which stage serves it, too.
        by: who promotes.
        now: the clock.
        message: why.
        stages: all stages that there are; the last takes verified releases only.
        unverified: let the last stage take one that is not.
        dry_run: say what would happen; write nothing.

    Raises:
        InputError: there is no such stage, or it is the same one; or the release is not verified.
        NotFoundError: there is no such model, or the stage serves nothing.
        ReleaseError: the release is not whole in the store.
    """
    check_model(model)
    _check_known(from_stage, stages)
    _check_known(to_stage, stages)
    if from_stage == to_stage:
        raise InputError(
            f"{from_stage} cannot be promoted to itself",
            hint=f"name two of the stages {', '.join(stages)}",
        )
    release = read_served(
        store, model, from_stage, hint=f"push to {from_stage} first, or promote from another stage"
    ).pointer.release
    manifest = check_whole(store, model, release)
    if to_stage == stages[-1] and not (unverified or manifest.self_test.verified):
        _check_serves(store, model, to_stage, release)
    change = _change(release, Action.PROMOTE, from_stage, by, now, message)
    return _deliver(store, model, to_stage, manifest, change, made=False, dry_run=dry_run)


def rollback(
    store: Store,
    model: str,
    stage: str,
    *,
    to: str | None = None,
    by: str,
    now: Clock,
    message: str = "",
    stages: Sequence[str] = DEFAULT_STAGES,
    dry_run: bool = False,
) -> Delivered:
    """Let a stage serve again what it served before.

    Args:
        store: where.
        model: the model's name.
        stage: the stage.
        to: the beginning of the id of a release that the stage served; None undoes the last
            change.
        by: who goes back.
        now: the clock.
        message: why.
        stages: all stages that there are.
        dry_run: say what would happen; write nothing.

    Raises:
        ConflictError: somebody else changed the stage meanwhile; nothing was changed.
        InputError: there is no such stage, or `to` is not clear.
        NotFoundError: there is no such model, or nothing to go back to.
        ReleaseError: the release is not whole in the store.
    """
    check_model(model)
    _check_known(stage, stages)
    found = read_served(store, model, stage, hint="push or promote a release to it first")
    release = plan_rollback(found.pointer, to, model=model, stage=stage)
    manifest = check_whole(store, model, release)
    change = _change(release, Action.ROLLBACK, None, by, now, message)
    plan = plan_change(found.pointer, change)
    moved = isinstance(plan, Move)
    if dry_run:
        return Delivered(model, stage, manifest, plan.pointer, False, moved, False, True)
    pointer = plan.pointer
    if moved:
        pointer = change_found_pointer(store, model, stage, found, change)
    wrote = settle_folder(store, model, stage)
    return Delivered(model, stage, manifest, pointer, False, moved, not moved and wrote)


def read_served(store: Store, model: str, stage: str, *, hint: str) -> StoredPointer:
    """Read the pointer of a stage that must serve something.

    Raises:
        NotFoundError: there is no such model, or the stage serves nothing; with this hint.
    """
    found = read_pointer(store, model, stage)
    if found is not None:
        return found
    serving = stages_in_store(store, model)
    if not serving:
        raise unknown_model(store, model)
    raise NotFoundError(
        f"{stage} of {model} serves no release; these stages do: {', '.join(serving)}", hint=hint
    )


def _deliver(
    store: Store,
    model: str,
    stage: str,
    manifest: Manifest,
    change: Change,
    *,
    made: bool,
    dry_run: bool,
) -> Delivered:
    if dry_run:
        found = read_pointer(store, model, stage)
        plan = plan_change(None if found is None else found.pointer, change)
        moved = isinstance(plan, Move)
        return Delivered(model, stage, manifest, plan.pointer, made, moved, False, True)
    done = change_pointer(store, model, stage, change)
    moved = isinstance(done, Move)
    wrote = settle_folder(store, model, stage)
    repaired = not moved and (wrote or made)
    return Delivered(model, stage, manifest, done.pointer, made, moved, repaired)


def _check_serves(store: Store, model: str, stage: str, release: str) -> None:
    """Refuse a release that is not verified, unless the stage serves it already."""
    found = read_pointer(store, model, stage)
    if found is not None and found.pointer.release == release:
        return
    raise InputError(
        f"release {short_id(release)} of {model} is unverified: it came without goldens, so nobody"
        f" compared its answers with Keras' own",
        hint="push it with goldens (np.savez('goldens.npz', inputs=x, outputs=model.predict(x))),"
        f" or let {stage} serve it all the same with --unverified",
    )


def _change(
    release: str, action: Action, from_stage: str | None, by: str, now: Clock, message: str
) -> Change:
    at = now().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    nonce = secrets.token_hex(8)
    return Change(release, at, _unicode(by), action, from_stage, _unicode(message), nonce)


def _unicode(text: str) -> str:
    """Replace what came from a command line or an environment and is no Unicode."""
    return text.encode(errors="replace").decode()


def _check_known(stage: str, stages: Sequence[str]) -> None:
    if check_stage(stage) not in stages:
        raise InputError(f"there is no stage {stage}", hint=f"the stages are {', '.join(stages)}")
