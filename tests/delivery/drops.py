"""Drops of people's, made of a few bytes: what fits together says so in its first word.

`architecture.json` and `weights.h5` fit when both begin with the same word; `model.keras` is a
whole model; `goldens.npz`, where there is one, says both as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from release.releases import stage
from understudy.delivery.admission import Admission, Outcome
from understudy.delivery.patience import Patience
from understudy.delivery.proposals import Ahead, Proposal
from understudy.errors import IncompleteError, ModelFileError, ReleaseError, WeightsError
from understudy.release.identity import Role, release_id
from understudy.release.layout import stage_file
from understudy.release.manifest import Manifest
from understudy.store import Store

from .scene import MODEL

ROLES = {
    "architecture.json": Role.ARCHITECTURE,
    "weights.h5": Role.WEIGHTS,
    "retrained.h5": Role.WEIGHTS,
    "model.keras": Role.MODEL,
    "best.keras": Role.MODEL,
    "labels.txt": Role.LABELS,
    "goldens.npz": Role.GOLDENS,
}
Files = Mapping[str, bytes]


class Time:
    """A clock that goes on only when somebody waits."""

    def __init__(self) -> None:
        self.seconds = 1_000_000_000.0
        self.waited = 0.0

    def monotonic(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.waited += seconds
        self.seconds += seconds

    def now(self) -> datetime:
        return datetime(2025, 1, 1, tzinfo=UTC) + timedelta(seconds=self.seconds - 1_000_000_000)


def propose(files: Mapping[Path, str], _: Manifest | None) -> Sequence[Proposal]:
    """The release that files are, if they are one model."""
    content = {path.name: path.read_bytes() for path in files}
    found = [ROLES[name] for name in content]
    models = [role for role in found if role in (Role.MODEL, Role.WEIGHTS, Role.ARCHITECTURE)]
    if not models:
        raise ModelFileError("no model is among these files", hint="give one")
    if len(set(found)) < len(found) or (Role.MODEL in models and len(models) > 1):
        raise ModelFileError(f"these files are not one model: {sorted(content)}", hint="fewer")
    if models == [Role.ARCHITECTURE]:
        raise IncompleteError("the weights are missing", hint="give them")
    sources = {ROLES[name]: data for name, data in content.items()}

    def build(staging: Path, step: Callable[[], None], ahead: Ahead) -> Manifest:
        step()
        if models == [Role.WEIGHTS]:
            raise IncompleteError("the architecture is missing", hint="give it")
        if Role.MODEL not in models:
            check(sources)
        made = stage(staging, sources)
        ahead.sources(made.sources)
        ahead.files([file.name for file in made.files])
        return made

    hashes = {ROLES[path.name]: sha256 for path, sha256 in files.items()}
    return [Proposal(release_id(hashes, {}), build)]


def check(sources: Mapping[Role, bytes]) -> None:
    """Refuse parts that do not fit."""
    architecture, weights = sources[Role.ARCHITECTURE], sources[Role.WEIGHTS]
    if architecture.split()[0] != weights.split()[0]:
        raise WeightsError("the weights do not fit the architecture", hint="give those that do")
    if Role.GOLDENS in sources and sources[Role.GOLDENS] != architecture + weights:
        raise ReleaseError("it does not answer as the goldens say", hint="give its own")


def admission(store: Store, time: Time) -> Admission:
    """Admission into a store, without any real waiting."""
    patience = Patience(time.monotonic, time.sleep)
    return Admission(store, propose, by="ada", now=time.now, version="1", patience=patience)


def drop(store: Store, stage_name: str, files: Files) -> None:
    """Put files into a stage folder, as a person does."""
    for name, data in files.items():
        store.put(stage_file(MODEL, stage_name, name), data)


def admit(store: Store, stage_name: str = "dev", time: Time | None = None) -> Outcome:
    """Admit until it is final."""
    time = time or Time()
    admits = admission(store, time)
    for _ in range(100):
        outcome = admits.admit(MODEL, stage_name)
        if outcome.again is None:
            return outcome
        time.sleep(outcome.again)
    raise AssertionError(outcome)


def id_of_files(files: Files) -> str:
    """The id of the release that these files are."""
    import hashlib

    return release_id({ROLES[n]: hashlib.sha256(d).hexdigest() for n, d in files.items()}, {})
