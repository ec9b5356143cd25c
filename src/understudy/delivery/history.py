"""What happened: every change of a model's stages in one timeline, and all of its releases.

Both only read. A release that was removed since is told as such, and stays in the history.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from ..errors import InputError, NotFoundError, ReleaseError
from ..release.layout import DEFAULT_STAGES, check_model
from ..release.repository import read_manifest
from ..store.port import Store
from .inventory import take_inventory
from .pointer import Change, Pointer
from .pointers import read_pointer, stages_in_store
from .prune import KEEP, plan_prune, serving_stages
from .status import is_model, unknown_model


@dataclass(frozen=True, slots=True)
class Event:
    """One change of one stage.

    Attributes:
        stage: the stage.
        version: the number of the change, from 1.
        change: release, when, by whom, how, why.
        verified: whether the release was compared with Keras' own answers; None when it is not
            in the store any more, or damaged.
    """

    stage: str
    version: int
    change: Change
    verified: bool | None


@dataclass(frozen=True, slots=True)
class ListedRelease:
    """A release in the store.

    Attributes:
        release: its id.
        at: when it first came to a stage, as ISO 8601 in UTC; or was written, if it never did.
        by: who brought it there; None if it never came to a stage.
        size: of all its files in bytes.
        format: of the model's files; None when the release is not whole.
        keras_version: that wrote them.
        parameters: the number of weights.
        verified: whether it was compared with Keras' own answers.
        stages: those that serve it.
        keep: whether a prune would keep it.
        why: why it would, or would not.
        problem: what is wrong with it, in one line; None when nothing is.
    """

    release: str
    at: str
    by: str | None
    size: int
    format: str | None
    keras_version: str | None
    parameters: int | None
    verified: bool | None
    stages: tuple[str, ...]
    keep: bool
    why: str
    problem: str | None


def history(store: Store, model: str, stage: str | None = None) -> tuple[Event, ...]:
    """Give all changes of a model's stages, or of one stage, newest first.

    Raises:
        NotFoundError: there is no such model.
        InputError: no such stage ever served.
        ReleaseError: a pointer is damaged.
    """
    stages = stages_in_store(store, check_model(model))
    if not stages and not is_model(store, model):
        raise unknown_model(store, model)
    if stage is not None and stage not in stages:
        listed = ", ".join(stages) or "none"
        raise InputError(
            f"{stage} of {model} never served a release", hint=f"the stages that did: {listed}"
        )
    pointers = {}
    for name in (stage,) if stage is not None else stages:
        found = read_pointer(store, model, name)
        if found is not None:
            pointers[name] = found.pointer
    releases = {change.release for p in pointers.values() for change in p.history}
    return timeline(pointers, {release: _verified(store, model, release) for release in releases})


def timeline(
    pointers: Mapping[str, Pointer], verified: Mapping[str, bool | None]
) -> tuple[Event, ...]:
    """Merge the histories, newest first. Pure.

    Clocks may differ; each stage keeps its own order whatever they say. Of changes in the same
    second, those of the stage that comes later are newer, as releases pass through in that order;
    but a release was taken from a stage before that one got its next.
    """
    lines = [
        [
            Event(stage, pointer.version - number, change, verified.get(change.release))
            for number, change in enumerate(pointer.history)
        ]
        for stage, pointer in sorted(pointers.items(), key=_rank, reverse=True)
    ]
    merged: list[Event] = []
    while lines := [line for line in lines if line]:
        latest = max(line[0].change.at for line in lines)
        heads = {line[0].stage: line for line in lines if line[0].change.at == latest}
        lasting = [line for line in heads.values() if not _took_earlier(line[0], heads)]
        merged.append((lasting or [*heads.values()])[0].pop(0))
    return tuple(merged)


def _took_earlier(event: Event, heads: Mapping[str, Sequence[Event]]) -> bool:
    """Whether the stage that a release was taken from had it before its latest change."""
    source = heads.get(event.change.from_stage or "")
    return source is not None and source[0].change.release != event.change.release


def _rank(item: tuple[str, Pointer]) -> tuple[int, str]:
    stage = item[0]
    known = stage in DEFAULT_STAGES
    return (DEFAULT_STAGES.index(stage) if known else len(DEFAULT_STAGES), stage)


def _verified(store: Store, model: str, release: str) -> bool | None:
    try:
        return read_manifest(store, model, release).self_test.verified
    except (NotFoundError, ReleaseError):
        return None


def releases(
    store: Store,
    model: str,
    *,
    now: float,
    keep: int = KEEP,
    stages: Sequence[str] = DEFAULT_STAGES,
) -> tuple[ListedRelease, ...]:
    """List all releases of a model, newest first.

    Args:
        store: where.
        model: the model's name.
        now: in seconds since 1970.
        keep: see `prune`.
        stages: all stages that there are.

    Raises:
        NotFoundError: there is no such model.
        ReleaseError: a pointer is damaged.
    """
    if not is_model(store, check_model(model)):
        raise unknown_model(store, model)
    found = take_inventory(store, model, stages=stages)
    verdicts = {verdict.release: verdict for verdict in plan_prune(found, now=now, keep=keep)}
    listed = []
    # Of releases that came in the same second, the one whose files were written later is newer.
    for stored in sorted(found.releases, key=lambda one: one.modified, reverse=True):
        first = _first(found.pointers, stored.id)
        written = datetime.fromtimestamp(stored.modified, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        manifest = stored.manifest
        problem = stored.problem
        if problem is None and not stored.is_whole:
            problem = "it is being removed" if stored.marked else "it is not whole"
        listed.append(
            ListedRelease(
                release=stored.id,
                at=written if first is None else first.at,
                by=None if first is None else first.by,
                size=stored.size,
                format=None if manifest is None else manifest.origin.format,
                keras_version=None if manifest is None else manifest.origin.keras_version,
                parameters=None if manifest is None else manifest.parameters,
                verified=None if manifest is None else manifest.self_test.verified,
                stages=serving_stages(found.pointers, stored.id),
                keep=verdicts[stored.id].keep,
                why=verdicts[stored.id].why,
                problem=problem,
            )
        )
    return tuple(sorted(listed, key=lambda one: one.at, reverse=True))


def _first(pointers: Mapping[str, Pointer], release: str) -> Change | None:
    """The oldest change that brought a release to a stage."""
    changes = (c for p in pointers.values() for c in p.history if c.release == release)
    return min(changes, key=lambda change: change.at, default=None)
