"""Repair what `fsck` found, without guessing.

A file is put right from another place in the store that has the same content by its hash. What
was compiled is compiled again, when all sources are whole: if that gives the same bytes, they are
put back; if not (another version of understudy made them), all that is compiled and `release.json`
are replaced together, the sources stay. A release without a readable `release.json` is made anew
from its sources, if these give its id. Folders follow their pointers; files of people that were
never admitted are not touched. Pointers are not repaired: what they said is not known.

It may be killed at any time, and run again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import ConflictError, InputError, NotFoundError, ReleaseError, StoreError
from ..release.layout import DEFAULT_STAGES, MANIFEST, SOURCES, manifest_key, release_file
from ..release.manifest import File, Manifest, dump_manifest
from ..release.records import JSON
from ..release.repository import being_removed, is_marked
from ..store.disk import temporary_folder
from ..store.port import Store
from .folder import Look, identify, look, settle_folder
from .fsck import Finding, Kind, read_slices
from .inventory import StoredRelease, stages_of, stored_releases

Remake = Callable[[Path, JSON, str, Path], Manifest | None]
"""Makes the release with this id of the sources in the first folder, compiled with these options,
in the second folder; None if they are another release's."""


def repair_model(
    store: Store,
    model: str,
    findings: Sequence[Finding],
    remake: Remake,
    *,
    stages: Sequence[str] = DEFAULT_STAGES,
) -> Mapping[Finding, str]:
    """Repair what can be; says what was done, by finding."""
    done: dict[Finding, str] = {}
    shop = _Shop(store, model, remake, stages)
    for release in dict.fromkeys(f.release for f in findings if f.kind is not Kind.FOLDER):
        if release is None:
            continue  # a pointer
        mine = [f for f in findings if f.release == release and f.kind is not Kind.FOLDER]
        done |= shop.mend(release, mine)
    for finding in findings:
        if finding.kind is Kind.FOLDER and finding.stage is not None:
            try:
                settle_folder(store, model, finding.stage, displace=False)
                done[finding] = "its files were copied from the release"
            except StoreError:
                continue
    return done


@dataclass(slots=True)
class _Shop:
    """Where a model's releases are mended."""

    store: Store
    model: str
    remake: Remake
    stages: Sequence[str]

    def mend(self, release: str, findings: Sequence[Finding]) -> dict[Finding, str]:
        """Mend one release."""
        if is_marked(self.store, self.model, release):
            return {}
        stored = {found.id: found for found in stored_releases(self.store, self.model)}
        found = stored.get(release)
        if found is None or found.manifest is None:
            if not self._make_anew(release, found):
                return {}
            return dict.fromkeys(findings, "the release was made anew from its sources")
        done: dict[Finding, str] = {}
        files = {file.name: file for file in found.manifest.stored()}
        left = []
        for finding in findings:
            file = None if finding.file is None else files.get(finding.file)
            if file is None:
                continue
            source = self._elsewhere(file, release, tuple(stored.values()))
            if source is None:
                left.append(finding)
            else:
                self.store.copy(source, release_file(self.model, release, file.name))
                done[finding] = f"copied from {source}"
        if left and not any((f.file or "").startswith(f"{SOURCES}/") for f in left):
            done |= self._recompile(found.manifest, left)
        return done

    def _elsewhere(self, file: File, release: str, stored: Sequence[StoredRelease]) -> str | None:
        """Another object of the store with this content, which was read and compared."""
        for key in self._candidates(file, release, stored):
            try:
                digest = hashlib.sha256()
                for piece in read_slices(self.store, key, file.size):
                    digest.update(piece)
            except StoreError:
                continue
            if digest.hexdigest() == file.sha256:
                return key
        return None

    def _candidates(
        self, file: File, release: str, stored: Sequence[StoredRelease]
    ) -> Iterator[str]:
        for other in stored:
            for same in () if other.manifest is None else other.manifest.stored():
                mine = other.id == release and same.name == file.name
                if same.sha256 == file.sha256 and not mine:
                    yield release_file(self.model, other.id, same.name)
        for seen, content in self._folders():
            for name, sha256 in content.items():
                if sha256 == file.sha256:
                    yield seen.files[name].key

    def _folders(self) -> Iterator[tuple[Look, dict[str, str]]]:
        for stage in stages_of(self.store, self.model, self.stages):
            try:
                seen = look(self.store, self.model, stage)
                yield seen, identify(self.store, seen)
            except StoreError:
                continue

    def _recompile(self, manifest: Manifest, findings: Sequence[Finding]) -> dict[Finding, str]:
        """Compile again what cannot be found; nothing is done unless the sources are whole."""
        with temporary_folder() as folder:
            given, staging = folder / SOURCES, folder / "made"
            staging.mkdir()
            keys = {
                source.name: release_file(self.model, manifest.id, f"{SOURCES}/{source.name}")
                for source in manifest.sources
            }
            made = self._made(given, keys, manifest.options, manifest.id, staging)
            if made is None:
                return {}
            new = {file.name: file.sha256 for file in made.files}
            old = {file.name: file.sha256 for file in manifest.files}
            if all(new.get(f.file or "") == old.get(f.file or "") for f in findings):
                for finding in findings:
                    name = finding.file or ""
                    key = release_file(self.model, manifest.id, name)
                    self.store.put_file(key, staging / name)
                return dict.fromkeys(findings, "compiled again, to the same bytes")
            self._replace(made, staging)
        how = f"compiled anew by understudy {made.made_by.understudy}; release.json was replaced"
        return dict.fromkeys(findings, how)

    def _make_anew(self, release: str, found: StoredRelease | None) -> bool:
        """Make a release of which the manifest is lost; False when no sources give its id."""
        sets = [] if found is None else [_sources_of(found)]
        sets += [{name: e.key for name, e in seen.files.items()} for seen, _ in self._folders()]
        for keys in sets:
            with temporary_folder() as folder:
                given, staging = folder / SOURCES, folder / "made"
                staging.mkdir()
                made = self._made(given, keys, {}, release, staging)
                if made is not None:
                    self._replace(made, staging)
                    return True
        return False

    def _made(
        self, given: Path, keys: Mapping[str, str], options: JSON, release: str, staging: Path
    ) -> Manifest | None:
        """The release made of these objects; None when it cannot be."""
        try:
            for name, key in keys.items():
                self.store.download(key, given / name)
            return self.remake(given, options, release, staging) if keys else None
        except (InputError, ReleaseError, StoreError):
            return None

    def _replace(self, manifest: Manifest, staging: Path) -> None:
        """Write a release over one that is damaged, `release.json` last."""
        key = manifest_key(self.model, manifest.id)
        try:
            etag = self.store.get(key).etag
        except NotFoundError:
            etag = None
        for file in manifest.stored():
            target = release_file(self.model, manifest.id, file.name)
            self.store.put_file(target, staging / file.name)
        if is_marked(self.store, self.model, manifest.id):
            raise being_removed(self.model, manifest.id)
        try:
            self.store.put_if(key, dump_manifest(manifest), expected=etag)
        except ConflictError as error:
            raise ConflictError(
                f"somebody else wrote {MANIFEST} of {manifest.id} at the same time",
                hint="check the store again",
            ) from error


def _sources_of(found: StoredRelease) -> dict[str, str]:
    """The sources that a release's folder holds: name -> key."""
    below = ((entry.key.partition(f"/{found.id}/{SOURCES}/")[2], entry) for entry in found.entries)
    return {name: entry.key for name, entry in below if name}
