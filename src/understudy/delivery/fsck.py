"""Check a store: every pointer, every release, every file's content, and the stage folders.

It says what is wrong and what can be done. What is only unfinished, or in the middle of somebody's
work, is a note and no problem. Files are read in slices, however large they are.

`check_model` only reads. `fsck` repairs too, by `repair`; what it repaired, it has checked again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from ..errors import ConflictError, NotFoundError, ReleaseError, StoreError
from ..release.identity import Role, release_id, short_id
from ..release.layout import DEFAULT_STAGES, check_model, pointer_key, release_file
from ..release.manifest import Manifest
from ..store.port import Store
from .folder import identify, look, ours, plan_folder
from .inventory import StoredRelease, stored_releases
from .pointer import Pointer
from .pointers import read_pointer, stages_in_store
from .prune import serving_stages
from .status import is_model, models_in_store, unknown_model

SLICE = 4 * 1024 * 1024
"""Bytes of a file that are in memory at a time."""


class Kind(StrEnum):
    """What is wrong, or noted."""

    POINTER = "pointer"
    RELEASE = "release"
    FILE = "file"
    FOLDER = "folder"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong, or worth a note.

    Attributes:
        model: whose.
        kind: of what.
        stage: of the pointer or the folder; None for a release.
        release: the release's id; None when it is not known.
        file: the file's name in the release's folder; None when it is not about one.
        problem: what is wrong, in words.
        hint: what to do; empty for most notes.
        repaired: what was done; None when nothing was, or could be.
    """

    model: str
    kind: Kind
    stage: str | None
    release: str | None
    file: str | None
    problem: str
    hint: str
    repaired: str | None = None

    @property
    def is_open(self) -> bool:
        """Whether it is a problem that is still there."""
        return self.kind is not Kind.NOTE and self.repaired is None


@dataclass(frozen=True, slots=True)
class Report:
    """What was checked and found.

    Attributes:
        models: the models.
        files: how many files of releases were read.
        size: how many bytes.
        findings: problems, repaired or not, and notes.
    """

    models: tuple[str, ...]
    files: int
    size: int
    findings: tuple[Finding, ...]

    @property
    def is_clean(self) -> bool:
        """Whether no problem is left."""
        return not any(finding.is_open for finding in self.findings)


Tell = Callable[[int, int], None]
"""Is told how many bytes were read, and how many there are to read."""

Repair = Callable[[str, Sequence[Finding]], Mapping[Finding, str]]
"""Repairs a model, given what was found; says what it did, by finding."""


def fsck(
    store: Store,
    model: str | None,
    *,
    now: float,
    repair: Repair | None = None,
    tell: Tell = lambda _done, _total: None,
    stages: Sequence[str] = DEFAULT_STAGES,
) -> Report:
    """Check one model, or all in the store; and repair what can be, if `repair` is given.

    Args:
        store: where.
        model: the model's name; None for all.
        now: in seconds since 1970.
        repair: see `repair`.
        tell: hears of the progress.
        stages: all stages that there are.

    Raises:
        NotFoundError: there is no such model.
        StoreError: the store cannot be read.
    """
    if model is not None and not is_model(store, check_model(model)):
        raise unknown_model(store, model)
    models = models_in_store(store) if model is None else (model,)
    findings: list[Finding] = []
    files = size = 0
    for name in models:
        found = check_one(store, name, now=now, tell=tell, stages=stages)
        files, size = files + found.files, size + found.size
        problems = [finding for finding in found.findings if finding.is_open]
        if repair is None or not problems:
            findings += found.findings
            continue
        done = repair(name, problems)
        again = check_one(store, name, now=now, tell=tell, stages=stages)
        left = set(again.findings)
        findings += [
            replace(finding, repaired=done.get(finding, "put right with the rest"))
            for finding in problems
            if finding not in left
        ]
        findings += again.findings
    return Report(models, files, size, tuple(findings))


def check_one(store: Store, model: str, *, now: float, tell: Tell, stages: Sequence[str]) -> Report:
    """Check a model; see `fsck`."""
    pointers, findings = _pointers(store, model)
    releases = stored_releases(store, model)
    there = {release.id for release in releases}
    findings += [
        _missing(model, stage, pointer.release)
        for stage, pointer in pointers.items()
        if pointer.release not in there
    ]
    total = sum(release.size for release in releases)
    reader = _Reader(store, tell, total)
    for release in releases:
        findings += _release(reader, model, release, serving_stages(pointers, release.id))
    manifests = {r.id: r.manifest for r in releases if r.manifest is not None}
    for stage in dict.fromkeys([*stages, *pointers]):
        pointer = pointers.get(stage)
        manifest = None if pointer is None else manifests.get(pointer.release)
        if manifest is not None:
            findings += _folder(store, model, stage, manifest, now)
    return Report((model,), reader.files, reader.size, tuple(findings))


def _pointers(store: Store, model: str) -> tuple[dict[str, Pointer], list[Finding]]:
    pointers, findings = {}, []
    for stage in stages_in_store(store, model):
        try:
            found = read_pointer(store, model, stage)
        except ReleaseError as error:
            findings.append(_damaged_pointer(store, model, stage, error))
            continue
        if found is not None:
            pointers[stage] = found.pointer
    return pointers, findings


def _damaged_pointer(store: Store, model: str, stage: str, error: ReleaseError) -> Finding:
    record = look(store, model, stage).record
    said = "" if record is None else record.serves or record.in_step or ""
    told = f"; by its status.json it served {short_id(said)}" if said else ""
    hint = (
        f"restore {pointer_key(model, stage)} from a backup, or remove it, which forgets the"
        f" history, and push or promote again{told}"
    )
    return Finding(model, Kind.POINTER, stage, None, None, error.what, hint)


def _missing(model: str, stage: str, release: str) -> Finding:
    return Finding(
        model,
        Kind.RELEASE,
        None,
        release,
        None,
        f"{stage} serves release {short_id(release)}, which is not in the store",
        "push its sources again, which makes it anew",
    )


class _Reader:
    """Reads the content of files, and counts."""

    def __init__(self, store: Store, tell: Tell, total: int) -> None:
        self.store = store
        self.files = 0
        self.size = 0
        self._tell = tell
        self._total = total

    def sha256(self, key: str, size: int) -> str:
        """The hash of an object of this size."""
        digest = hashlib.sha256()
        for piece in read_slices(self.store, key, size):
            digest.update(piece)
            self.size += len(piece)
            self._tell(self.size, self._total)
        self.files += 1
        return digest.hexdigest()


def read_slices(store: Store, key: str, size: int) -> Iterator[bytes]:
    """Give an object's content, a slice at a time."""
    for start in range(0, size, SLICE):
        yield store.read_range(key, start, min(size, start + SLICE))


def _release(
    reader: _Reader, model: str, release: StoredRelease, serving: Sequence[str]
) -> Iterable[Finding]:
    name = f"release {short_id(release.id)}"
    about = f"{name}, which {' and '.join(serving)} serve{'s' * (len(serving) == 1)}," * bool(
        serving
    )
    if release.marked:
        hint = f"`understudy prune {model}` finishes what a prune that was killed began"
        problem = f"{name} is being removed by somebody's prune"
        yield Finding(model, Kind.NOTE, None, release.id, None, problem, hint)
        if not serving:
            return
    if release.problem is not None:
        hint = "`understudy fsck --repair` makes it anew, if its sources are whole"
        yield Finding(model, Kind.RELEASE, None, release.id, None, release.problem, hint)
        return
    if release.manifest is None:
        kind = Kind.RELEASE if serving else Kind.NOTE
        problem = f"{about or name} has no release.json: it was not written to the end"
        hint = "pushing its sources again completes it; after a day, a prune removes it"
        yield Finding(model, kind, None, release.id, None, problem, hint)
        return
    if identify_manifest(release.manifest) != release.id:
        problem = f"release.json of {name} lists other sources than its id says"
        hint = "remove the release's folder, and push its sources again"
        yield Finding(model, Kind.RELEASE, None, release.id, None, problem, hint)
    yield from _files(reader, model, release, release.manifest)


def identify_manifest(manifest: Manifest) -> str:
    """The id that a release of these sources and options has."""
    single: dict[Role, str] = {
        s.role: s.sha256 for s in manifest.sources if s.role is not Role.SHARD
    }
    shards = {s.name: s.sha256 for s in manifest.sources if s.role is Role.SHARD}
    return release_id(single, manifest.options, shards)


def _files(
    reader: _Reader, model: str, release: StoredRelease, manifest: Manifest
) -> Iterable[Finding]:
    entries = {entry.key: entry for entry in release.entries}
    for file in manifest.stored():
        key = release_file(model, release.id, file.name)
        entry = entries.get(key)
        problem = None
        if entry is None:
            problem = "is missing"
        elif entry.size != file.size:
            problem = f"has {entry.size} bytes, not {file.size}"
        else:
            try:
                if reader.sha256(key, entry.size) != file.sha256:
                    problem = "is not what was written"
            except NotFoundError:
                problem = "is missing"
        if problem is not None:
            yield Finding(
                model,
                Kind.FILE,
                None,
                release.id,
                file.name,
                f"{file.name} of release {short_id(release.id)} {problem}",
                "`understudy fsck --repair` looks for it elsewhere, or makes it anew; pushing the"
                " same sources again does, too",
            )


def _folder(
    store: Store, model: str, stage: str, manifest: Manifest, now: float
) -> Iterable[Finding]:
    def finding(kind: Kind, problem: str, hint: str = "") -> Finding:
        return Finding(model, kind, stage, manifest.id, None, problem, hint)

    where = f"the folder of {stage}"
    try:
        seen = look(store, model, stage)
        if seen.record is not None and seen.record.is_busy(now):
            yield finding(Kind.NOTE, f"{where} is being brought in step at this moment")
            return
        present = identify(store, seen)
    except ConflictError:
        yield finding(Kind.NOTE, f"{where} is being changed at this moment")
        return
    except StoreError as error:
        yield finding(Kind.FOLDER, f"{where} cannot be read: {error.what}", error.hint)
        return
    known = {source.sha256 for source in ours(store, model, seen.record, manifest.id)}
    news = sorted(name for name, sha256 in present.items() if sha256 not in known)
    plan = plan_folder(manifest.sources, present, known, displace=False)
    if news:
        listed = ", ".join(news)
        hint = f"`understudy admit {model}` admits them, or says why it does not"
        yield finding(Kind.NOTE, f"{where} holds files that were not admitted: {listed}", hint)
    elif not present:
        yield finding(Kind.NOTE, f"{where} is empty; {stage} goes on serving its release")
    elif plan.copy or plan.remove:
        names = ", ".join([*(source.name for source in plan.copy), *plan.remove])
        hint = "`understudy fsck --repair` brings it in step; so does pushing or promoting again"
        yield finding(
            Kind.FOLDER,
            f"{where} does not hold what {stage} serves, {short_id(manifest.id)}: {names}",
            hint,
        )
