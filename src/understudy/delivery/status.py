"""What each stage serves, since when, and how far it can be trusted. Reads only.

A pointer or a release that is damaged is told in its place and hides nothing else: this is where
people look when something is wrong.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..errors import NotFoundError, UnderstudyError
from ..release.layout import DEFAULT_STAGES, check_model, is_name
from ..release.manifest import Manifest
from ..release.repository import read_manifest
from ..store.port import Store
from .pointer import Change
from .pointers import read_pointer, stages_in_store


@dataclass(frozen=True, slots=True)
class Facts:
    """What a release is.

    Attributes:
        verified: whether it was compared with the training framework's own predictions.
        labels: how many.
        format: of the model's files.
        keras_version: that wrote them.
        input_shape: of the first input, free dimensions are None.
        parameters: the number of weights.
    """

    verified: bool
    labels: int
    format: str | None
    keras_version: str | None
    input_shape: tuple[int | None, ...] | None
    parameters: int


@dataclass(frozen=True, slots=True)
class StageStatus:
    """A stage.

    Attributes:
        stage: its name.
        version: the number of changes so far; 0 when it never served.
        change: the last one: release, since when, by whom; None when it never served.
        facts: of the release; None when it never served, or the release cannot be read.
        problem: what is wrong with the pointer or the release, in one line.
    """

    stage: str
    version: int
    change: Change | None
    facts: Facts | None
    problem: str | None


@dataclass(frozen=True, slots=True)
class ModelStatus:
    """A model.

    Attributes:
        model: its name.
        stages: the usual ones in their order, then any others; none if they cannot be read.
        problem: why they cannot be read, in one line.
    """

    model: str
    stages: tuple[StageStatus, ...]
    problem: str | None = None


def status(
    store: Store, model: str | None = None, *, stages: Sequence[str] = DEFAULT_STAGES
) -> tuple[ModelStatus, ...]:
    """Give the status of one model, or of all in the store, sorted by name.

    Raises:
        NotFoundError: there is no such model.
        StoreError: the store cannot be read.
    """
    if model is None:
        names = (name for name in store.list_folders("") if is_name(name))
        found = (_folder(store, name, stages) for name in names)
        return tuple(row for row in found if row is not None)
    if not is_model(store, check_model(model)):
        raise unknown_model(store, model)
    return (_model(store, model, stages),)


def models_in_store(store: Store) -> tuple[str, ...]:
    """Give the names of all models that were ever pushed, sorted."""
    return tuple(name for name in store.list_folders("") if is_name(name) and is_model(store, name))


def unknown_model(store: Store, model: str) -> NotFoundError:
    """Give the error for a model that is not in the store; it names those that are."""
    known = models_in_store(store)
    return NotFoundError(
        f"there is no model {model} in {store.describe()}",
        hint=f"the models there are: {', '.join(known)}" if known else "push one first",
    )


def is_model(store: Store, name: str) -> bool:
    """Whether the store holds a model of this name, or did."""
    return not {"stages", "releases"}.isdisjoint(store.list_folders(name))


def _folder(store: Store, name: str, stages: Sequence[str]) -> ModelStatus | None:
    """The model in a folder, readable or not; None if the folder is no model's."""
    try:
        return _model(store, name, stages) if is_model(store, name) else None
    except UnderstudyError as error:
        return ModelStatus(name, (), error.what)


def _model(store: Store, model: str, stages: Sequence[str]) -> ModelStatus:
    others = (stage for stage in stages_in_store(store, model) if stage not in stages)
    return ModelStatus(model, tuple(_stage(store, model, stage) for stage in (*stages, *others)))


def _stage(store: Store, model: str, stage: str) -> StageStatus:
    try:
        found = read_pointer(store, model, stage)
    except UnderstudyError as error:
        return StageStatus(stage, 0, None, None, error.what)
    if found is None:
        return StageStatus(stage, 0, None, None, None)
    facts, problem = None, None
    try:
        facts = _facts(read_manifest(store, model, found.pointer.release))
    except UnderstudyError as error:
        problem = error.what
    return StageStatus(stage, found.pointer.version, found.pointer.history[0], facts, problem)


def _facts(manifest: Manifest) -> Facts:
    return Facts(
        verified=manifest.self_test.verified,
        labels=len(manifest.labels),
        format=manifest.origin.format,
        keras_version=manifest.origin.keras_version,
        input_shape=manifest.inputs[0].shape if manifest.inputs else None,
        parameters=manifest.parameters,
    )
