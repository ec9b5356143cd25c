"""What the store holds of a model: its pointers, its releases, and whose files its folders hold.

Whoever asks whether a release is needed asks this. It only reads.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..errors import ConflictError, NotFoundError, ReleaseError
from ..release.identity import is_release_id
from ..release.layout import (
    DEFAULT_STAGES,
    MANIFEST,
    PRUNING,
    is_name,
    release_folder,
    releases_folder,
)
from ..release.manifest import Manifest
from ..release.repository import read_manifest
from ..store.port import Entry, Store
from .folder import Look, identify, look
from .pointer import Pointer
from .pointers import read_pointer, stages_in_store

LOOKS = 3
"""How often a folder is looked at again that changes while it is read."""


@dataclass(frozen=True, slots=True)
class StoredRelease:
    """A release's folder.

    Attributes:
        id: the release.
        entries: its files, the mark of a removal left out.
        manifest: None when there is none, or it is damaged.
        problem: what is wrong with the manifest; None when there is none, or it is well.
        marked: whether somebody is removing it, or was killed doing so.
    """

    id: str
    entries: tuple[Entry, ...]
    manifest: Manifest | None
    problem: str | None
    marked: bool

    @property
    def size(self) -> int:
        """All its files, in bytes."""
        return sum(entry.size for entry in self.entries)

    @property
    def modified(self) -> float:
        """When its youngest file was written, in seconds since 1970."""
        return max((entry.modified for entry in self.entries), default=0.0)

    @property
    def is_whole(self) -> bool:
        """Whether every file is there with its size."""
        if self.manifest is None or self.marked:
            return False
        sizes = {entry.key.partition(f"/{self.id}/")[2]: entry.size for entry in self.entries}
        return all(sizes.get(file.name) == file.size for file in self.manifest.stored())


@dataclass(frozen=True, slots=True)
class Inventory:
    """A model at one moment.

    Attributes:
        model: its name.
        pointers: stage -> pointer, of the stages that ever served.
        releases: all folders of releases, sorted by id.
        held: release -> the stage whose folder holds its files, or into which they are copied.
    """

    model: str
    pointers: Mapping[str, Pointer]
    releases: tuple[StoredRelease, ...]
    held: Mapping[str, str]


def take_inventory(
    store: Store, model: str, *, stages: Sequence[str] = DEFAULT_STAGES
) -> Inventory:
    """See what the store holds of a model.

    Raises:
        ReleaseError: a pointer is damaged, so that nobody knows what it needs.
        ConflictError: files of a stage folder keep changing.
    """
    pointers = {}
    for stage in stages_of(store, model, stages):
        found = read_pointer(store, model, stage)
        if found is not None:
            pointers[stage] = found.pointer
    releases = stored_releases(store, model)
    held: dict[str, str] = {}
    for stage in stages_of(store, model, stages):
        for release in _held(store, model, stage, releases):
            held.setdefault(release, stage)
    return Inventory(model, pointers, releases, held)


def stages_of(store: Store, model: str, stages: Sequence[str]) -> tuple[str, ...]:
    """Give the usual stages, then all others that have a pointer or a folder."""
    folders = (name for name in store.list_folders(model) if is_name(name))
    return tuple(dict.fromkeys([*stages, *stages_in_store(store, model), *folders]))


def stored_releases(store: Store, model: str) -> tuple[StoredRelease, ...]:
    """Give all folders of releases, complete or not; what is called otherwise is left out."""
    folders: dict[str, list[Entry]] = defaultdict(list)
    for entry in store.list(releases_folder(model)):
        name = entry.key.removeprefix(f"{releases_folder(model)}/").partition("/")[0]
        if is_release_id(name):
            folders[name].append(entry)
    return tuple(
        _stored_release(store, model, name, entries) for name, entries in sorted(folders.items())
    )


def _stored_release(
    store: Store, model: str, release: str, entries: Sequence[Entry]
) -> StoredRelease:
    folder = release_folder(model, release)
    files = tuple(entry for entry in entries if entry.key != f"{folder}/{PRUNING}")
    manifest, problem = None, None
    if any(entry.key == f"{folder}/{MANIFEST}" for entry in files):
        try:
            manifest = read_manifest(store, model, release)
        except NotFoundError:
            pass  # removed since it was listed
        except ReleaseError as error:
            problem = error.what
    return StoredRelease(release, files, manifest, problem, len(files) < len(entries))


def _held(
    store: Store, model: str, stage: str, releases: Sequence[StoredRelease]
) -> tuple[str, ...]:
    """The releases whose sources are all in the folder, or that its record names."""
    seen, content = _content(store, model, stage)
    named: set[str | None] = set()
    if seen.record is not None:
        named = {seen.record.in_step, *(writer.release for writer in seen.record.writers)}
    return tuple(
        release.id
        for release in releases
        if release.id in named
        or (
            release.manifest is not None
            and {source.sha256 for source in release.manifest.sources} <= content
        )
    )


def _content(store: Store, model: str, stage: str) -> tuple[Look, set[str]]:
    for attempt in range(LOOKS):
        seen = look(store, model, stage)
        try:
            return seen, set(identify(store, seen).values())
        except ConflictError:
            if attempt == LOOKS - 1:
                raise
    raise AssertionError("unreachable")
