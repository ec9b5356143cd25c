"""Settings become concrete parts, for the history and the care of a store: the rest of `wiring`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from .release.manifest import Manifest
from .release.records import JSON
from .store.port import Store
from .wiring import (
    DEFAULT_STAGE,
    PathLike,
    find_images,
    now,
    open_model,
    rehearse,
    store_at,
    trial,
    user,
)

if TYPE_CHECKING:
    from .delivery.actions import Delivered
    from .delivery.diff import Diff
    from .delivery.fsck import Finding, Report, Tell
    from .delivery.history import Event, ListedRelease
    from .delivery.prune import Pruned
    from .serve.decoding import Effect

At = PathLike | Store | None
"""What `wiring.store_at` takes."""


def rollback_model(
    model: str,
    stage: str,
    *,
    to: str | None = None,
    store: At = None,
    message: str = "",
    dry_run: bool = False,
) -> Delivered:
    """Let a stage serve again what it served before."""
    from .delivery.actions import rollback

    where = store_at(store)
    return rollback(
        where, model, stage, to=to, by=user(), now=now, message=message, dry_run=dry_run
    )


def model_history(model: str, stage: str | None = None, *, store: At = None) -> tuple[Event, ...]:
    """All changes of a model's stages, or of one, newest first."""
    from .delivery.history import history

    return history(store_at(store), model, stage)


def model_releases(model: str, *, keep: int, store: At = None) -> tuple[ListedRelease, ...]:
    """All releases of a model, newest first."""
    from .delivery.history import releases

    return releases(store_at(store), model, now=now().timestamp(), keep=keep)


def model_diff(model: str, first: str, second: str, *, store: At = None) -> Diff:
    """What differs between two releases of a model."""
    from .delivery.diff import diff

    return diff(store_at(store), model, first, second, rehearse)


def decode_effects(
    model: str, images: Sequence[Path], *, stage: str = DEFAULT_STAGE, store: At = None
) -> tuple[Iterator[Effect], int, str | None]:
    """What `"decode": "fast"` changes for images; for those in the release's goldens without any.

    Returns:
        an effect for each image as they come, how many these are, and in one line which were left
        out, if any were.

    Raises:
        InputError: there are no images.
    """
    from .delivery.golden_images import golden_images
    from .serve.decoding import effects

    where = store_at(store)
    found, left_out = find_images([*images]) if images else ([], None)
    classifier = open_model(model, stage=stage, store=where)
    release = classifier.served.release
    held = () if found or release is None else golden_images(where, model, release)
    return effects(classifier, (*found, *held)), len(found) + len(held), left_out


def prune_models(
    model: str | None, *, keep: int, store: At = None, dry_run: bool = False
) -> tuple[Pruned, ...]:
    """Remove the releases that nobody needs: of one model, or of all."""
    from .delivery.prune import prune
    from .delivery.status import models_in_store

    where = store_at(store)
    models = models_in_store(where) if model is None else (model,)
    return tuple(
        prune(where, name, by=user(), now=now, keep=keep, dry_run=dry_run) for name in models
    )


def check_store(
    model: str | None, *, repair: bool = False, store: At = None, tell: Tell | None = None
) -> Report:
    """Check one model or all, and repair what can be."""
    from .delivery.fsck import fsck
    from .delivery.repair import repair_model

    where = store_at(store)

    def mend(name: str, findings: Sequence[Finding]) -> dict[Finding, str]:
        return dict(repair_model(where, name, findings, remake_release))

    return fsck(
        where,
        model,
        now=now().timestamp(),
        repair=mend if repair else None,
        tell=tell or (lambda _done, _total: None),
    )


def remake_release(given: Path, options: JSON, release: str, staging: Path) -> Manifest | None:
    """Make a release again of its sources; None if they are another release's."""
    from .delivery.making import make_release, plan_release
    from .delivery.options import recorded_options
    from .delivery.sources import find_sources

    plan = plan_release(find_sources([given]), recorded_options(options))
    return make_release(plan, staging, trial()) if plan.id == release else None
