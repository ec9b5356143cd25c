"""What people do: push a release to a stage, promote it from one stage to the next.

The order makes it safe to be killed at any step: the release is complete in the store, then the
pointer moves, then the stage folder follows. Until the pointer has moved, the stage serves what it
served; after it, the new release. Doing the same again completes what is not.

The clock, the person and the making of a release come in as arguments.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from ..errors import InputError, NotFoundError, ReleaseError
from ..release.identity import short_id
from ..release.layout import DEFAULT_STAGES, check_model, check_stage
from ..release.manifest import Manifest
from ..release.repository import find_release, write_release
from ..store.disk import temporary_folder
from ..store.port import Store
from .folder import settle_folder
from .plan import Move
from .pointer import Action, Change, Pointer
from .pointers import change_pointer, read_pointer, stages_in_store
from .status import unknown_model

Clock = Callable[[], datetime]
Build = Callable[[Path], Manifest]
"""Makes a release in a local folder, laid out as in the store; called only when it is needed."""


@dataclass(frozen=True, slots=True)
class Delivered:
    """What a push or a promotion did.

    Attributes:
        model: the model.
        stage: the stage that serves the release now.
        manifest: of the release.
        pointer: of the stage, as this left it.
        made: whether the release is new in the store.
        moved: whether the stage served something else, or nothing, before.
        repaired: whether files had to be put right although the stage served the release already.
    """

    model: str
    stage: str
    manifest: Manifest
    pointer: Pointer
    made: bool
    moved: bool
    repaired: bool

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
            made = write_release(store, model, manifest, staging)
    change = _change(manifest, Action.PUSH, None, by, now, message)
    return _deliver(store, model, stage, manifest, change, made=made)


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
) -> Delivered:
    """Let one stage serve what another serves at this moment, whatever that does meanwhile.

    Raises:
        InputError: there is no such stage, or it is the same one.
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
    source = read_pointer(store, model, from_stage)
    if source is None:
        serving = stages_in_store(store, model)
        if not serving:
            raise unknown_model(store, model)
        raise NotFoundError(
            f"{from_stage} of {model} serves no release; these stages do: {', '.join(serving)}",
            hint=f"push to {from_stage} first, or promote from another stage",
        )
    release = source.pointer.release
    manifest = find_release(store, model, release)
    if manifest is None:
        raise ReleaseError(
            f"release {short_id(release)} of {model} is not whole in {store.describe()}",
            hint="push its sources again, which completes it",
        )
    change = _change(manifest, Action.PROMOTE, from_stage, by, now, message)
    return _deliver(store, model, to_stage, manifest, change, made=False)


def _deliver(
    store: Store, model: str, stage: str, manifest: Manifest, change: Change, *, made: bool
) -> Delivered:
    done = change_pointer(store, model, stage, change)
    moved = isinstance(done, Move)
    wrote = settle_folder(store, model, stage, moved=moved)
    repaired = not moved and (wrote or made)
    return Delivered(model, stage, manifest, done.pointer, made, moved, repaired)


def _change(
    manifest: Manifest, action: Action, from_stage: str | None, by: str, now: Clock, message: str
) -> Change:
    at = now().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    nonce = secrets.token_hex(8)
    return Change(manifest.id, at, _unicode(by), action, from_stage, _unicode(message), nonce)


def _unicode(text: str) -> str:
    """Replace what came from a command line or an environment and is no Unicode."""
    return text.encode(errors="replace").decode()


def _check_known(stage: str, stages: Sequence[str]) -> None:
    if check_stage(stage) not in stages:
        raise InputError(f"there is no stage {stage}", hint=f"the stages are {', '.join(stages)}")
