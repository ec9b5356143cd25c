"""Releases in a store: written once, read and checked ever after.

The rules it keeps:

- `release.json` is written last and only if it is absent: where it is, the release is complete.
- A complete release is never written again. One that is not (a killed push) is completed.
- A release that is marked as being removed (`pruning.json`) is not whole, and is not written.
  The mark is looked for before the files: who sees no mark and then all files, sees them as they
  were before the removal began.
- Whatever comes out of a store was compared with the manifest's size and SHA-256. This is done
  once, on the way out: hashing 70 MB again would take longer than all else at a start.

It does not know about stages.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping
from concurrent.futures import Future
from pathlib import Path
from types import MappingProxyType

from ..errors import ConflictError, InputError, NotFoundError, ReleaseError
from ..store.port import Entry, Store
from ..store.waiting import begin
from .digests import Digests
from .download import Progress, fetch_file
from .identity import check_prefix, short_id
from .layout import (
    MANIFEST,
    SOURCES,
    manifest_key,
    pruning_key,
    release_file,
    release_folder,
    releases_folder,
)
from .manifest import HINT, File, Manifest, Source, dump_manifest, parse_manifest
from .staging import hash_file

ATTEMPTS = 10

LARGE = 1024 * 1024
"""From so many bytes on it is worth two calls not to send a file."""


def read_manifest(store: Store, model: str, release: str) -> Manifest:
    """Read a release's manifest.

    Raises:
        NotFoundError: there is no such release, or it is not complete.
        ReleaseError: the manifest is damaged.
    """
    return _read(store, model, release)[0]


def find_release(store: Store, model: str, release: str) -> Manifest | None:
    """Give the manifest of a release whose files are all there; None when it is to be written."""
    try:
        manifest = read_manifest(store, model, release)
    except NotFoundError:
        return None
    return manifest if _is_whole(store, model, manifest) else None


def list_releases(store: Store, model: str) -> tuple[str, ...]:
    """Give the ids of all complete releases of a model, sorted."""
    keys = {entry.key for entry in store.list(releases_folder(model))}
    ids = store.list_folders(releases_folder(model))
    return tuple(release for release in ids if manifest_key(model, release) in keys)


def resolve_release(store: Store, model: str, prefix: str) -> str:
    """Give the one complete release whose id begins so.

    Raises:
        InputError: this is no beginning of an id, or more than one release begins so.
        NotFoundError: no release begins so.
    """
    check_prefix(prefix)
    found = [release for release in list_releases(store, model) if release.startswith(prefix)]
    if not found:
        raise NotFoundError(
            f"{model} has no release {prefix} in {store.describe()}",
            hint="look at the releases that its stages serve",
        )
    if len(found) > 1:
        raise InputError(
            f"{len(found)} releases of {model} begin with {prefix}: {', '.join(found)}",
            hint="give more digits",
        )
    return found[0]


def write_release(
    store: Store,
    model: str,
    manifest: Manifest,
    staging: Path,
    *,
    there: Mapping[str, Entry] = MappingProxyType({}),
    sent: Mapping[str, Entry] = MappingProxyType({}),
    digests: Digests | None = None,
) -> bool:
    """Bring a staged release into the store; False when it is there already, whole.

    Args:
        store: where to.
        model: whose.
        manifest: of the release.
        staging: the folder where its files are.
        there: SHA-256 -> an object in the same store with this content. A large one is copied
            inside the store, which is faster than to send it.
        sent: key -> what a `Sending` wrote; as long as it is there, it is not sent again.
        digests: remembers what was sent.

    Of two at once with the same sources, but other bytes made of them (another version of
    understudy), the one that loses writes all of its files again, and then replaces the manifest:
    a release never stays a mixture.

    Raises:
        ConflictError: others write the same release, again and again, or remove it.
    """
    lost = bool(sent)  # files of ours may lie over another's
    for _ in range(ATTEMPTS):
        _refuse_marked(store, model, manifest.id)
        try:
            found, etag = _read(store, model, manifest.id)
        except NotFoundError:
            etag = None
        else:
            ours = found.stored() == manifest.stored()
            if (ours or not lost) and _is_whole(store, model, found):
                return False
        present = {e.key: e for e in store.list(release_folder(model, manifest.id))} if sent else {}
        for file in manifest.stored():
            key = release_file(model, manifest.id, file.name)
            entry = sent.get(key)
            if entry is None or present.get(key) != entry:
                entry = _send(store, key, staging / file.name, file.size, there.get(file.sha256))
            if digests is not None:
                digests.keep(entry, file.sha256)
        _refuse_marked(store, model, manifest.id)
        if not _has_files(store, model, manifest):
            lost = True  # a removal took some away, or others write theirs
            continue
        try:
            key = manifest_key(model, manifest.id)
            store.put_if(key, dump_manifest(manifest), expected=etag)
        except ConflictError:
            lost = True
            continue
        return True
    raise ConflictError(
        f"others are writing release {short_id(manifest.id)} of {model} at the same time",
        hint="wait until they are done, and try again",
    )


class Sending:
    """Sends the files of a release while it is made; `write_release` completes it.

    Args:
        store: where to.
        model: whose.
        release: its id.
        staging: the folder where its files are.
        there: as in `write_release`.

    It does so in threads, which go on to the end when nobody wants the files any more; `prune`
    removes what came of that.
    """

    def __init__(
        self, store: Store, model: str, release: str, staging: Path, there: Mapping[str, Entry]
    ) -> None:
        self._store, self._model, self._release = store, model, release
        self._staging, self._there = staging, there
        self._begun: list[Future[list[Entry]]] = []

    def sources(self, sources: Iterable[Source]) -> None:
        """Send these; a large one that is in the store already is copied there."""
        found = {f"{SOURCES}/{s.name}": self._there.get(s.sha256) for s in sources}
        large = {name: entry for name, entry in found.items() if entry and entry.size >= LARGE}
        for name, entry in large.items():
            self._begin({name: entry}, "understudy-copy")
        self._begin({name: None for name in found if name not in large}, "understudy-send")

    def files(self, names: Iterable[str]) -> None:
        """Send these files of the folder, which do not change any more."""
        self._begin(dict.fromkeys(names), "understudy-send")

    def sent(self) -> dict[str, Entry]:
        """Wait until all is there; gives key -> what was written.

        Raises:
            ConflictError: others remove this release.
        """
        return {entry.key: entry for begun in self._begun for entry in begun.result()}

    def _begin(self, names: Mapping[str, Entry | None], thread: str) -> None:
        def send_all() -> list[Entry]:
            _refuse_marked(self._store, self._model, self._release)
            return [self._send(name, found) for name, found in names.items()]

        self._begun.append(begin(send_all, thread))

    def _send(self, name: str, found: Entry | None) -> Entry:
        path = self._staging / name
        key = release_file(self._model, self._release, name)
        return _send(self._store, key, path, path.stat().st_size, found)


def _send(store: Store, key: str, path: Path, size: int, there: Entry | None) -> Entry:
    """Write a file as an object: a copy of what is there, if that is so and it is large."""
    if there is not None and there.size >= LARGE:
        with contextlib.suppress(ConflictError, NotFoundError):
            etag = store.copy(there.key, key)
            if there in store.list(there.key.rpartition("/")[0]):
                return Entry(key, size, etag)
    return Entry(key, size, store.put_file(key, path))


def fetch_release(
    store: Store,
    model: str,
    manifest: Manifest,
    folder: Path,
    progress: Progress = lambda _: None,
) -> None:
    """Bring what serving needs to a local folder, which is to be for this release alone.

    A file appears in the folder only after it was compared with the manifest and flushed to disk.
    Therefore one that is there, with the right size, stays and is not read again. What came of
    one that is not whole is kept, too. One process at a time may do this in a folder.

    Raises:
        ReleaseError: a file is missing in the store, or is not what the manifest says.
        StoreError: the store or the disk failed.
    """
    where = f"of release {short_id(manifest.id)} of {model}"
    missing = [file for file in manifest.files if not _is_there(folder / file.name, file)]
    sizes = _sizes(store, model, manifest) if missing else {}
    for file in missing:
        key = release_file(model, manifest.id, file.name)
        if key not in sizes:
            raise ReleaseError(f"{file.name} {where} is missing", hint=HINT)
        if sizes[key] != file.size:
            problem = f"it has {sizes[key]} bytes, not {file.size}"
            raise ReleaseError(f"{file.name} {where} is damaged: {problem}", hint=HINT)
        fetch_file(store, key, file, folder / file.name, f"{file.name} {where}", progress)


def check_files(folder: Path, model: str, manifest: Manifest, files: Iterable[File]) -> None:
    """Compare some of a release's files in a local folder with the manifest, byte for byte.

    Raises:
        ReleaseError: a file is missing or damaged.
    """
    for file in files:
        problem = _problem(folder / file.name, file)
        if problem is not None:
            where = f"of release {short_id(manifest.id)} of {model}"
            raise ReleaseError(f"{file.name} {where} is damaged: {problem}", hint=HINT)


def drop_damaged(folder: Path, manifest: Manifest) -> bool:
    """Remove the files that are not what the manifest says; gives whether there were any."""
    damaged = [file for file in manifest.files if _problem(folder / file.name, file)]
    for file in damaged:
        (folder / file.name).unlink(missing_ok=True)
    return bool(damaged)


def _read(store: Store, model: str, release: str) -> tuple[Manifest, str]:
    try:
        found = store.get(manifest_key(model, release))
    except NotFoundError as error:
        raise NotFoundError(
            f"{model} has no release {release} in {store.describe()}",
            hint="look at the releases that its stages serve",
        ) from error
    what = f"{MANIFEST} of release {short_id(release)} of {model}"
    manifest = parse_manifest(found.data, what=what)
    if manifest.id != release:
        raise ReleaseError(f"{what} is damaged: it belongs to {manifest.id}", hint=HINT)
    return manifest, found.etag


def _is_whole(store: Store, model: str, manifest: Manifest) -> bool:
    """Whether every file is there, and stays. Content is compared when it is fetched."""
    return not is_marked(store, model, manifest.id) and _has_files(store, model, manifest)


def is_marked(store: Store, model: str, release: str) -> bool:
    """Whether somebody is removing the release."""
    try:
        store.get(pruning_key(model, release))
    except NotFoundError:
        return False
    return True


def _refuse_marked(store: Store, model: str, release: str) -> None:
    if is_marked(store, model, release):
        raise being_removed(model, release)


def being_removed(model: str, release: str) -> ConflictError:
    """Give the error for a release that somebody removes at this moment."""
    return ConflictError(
        f"release {short_id(release)} of {model} is being removed by somebody's prune",
        hint="try again when it is done; one that was killed is finished by the next"
        " `understudy prune`, ten minutes later",
    )


def _has_files(store: Store, model: str, manifest: Manifest) -> bool:
    """Whether every file is there with its size."""
    sizes = _sizes(store, model, manifest)
    return all(
        sizes.get(release_file(model, manifest.id, file.name)) == file.size
        for file in manifest.stored()
    )


def _sizes(store: Store, model: str, manifest: Manifest) -> dict[str, int]:
    return {entry.key: entry.size for entry in store.list(release_folder(model, manifest.id))}


def _is_there(path: Path, file: File) -> bool:
    return path.is_file() and path.stat().st_size == file.size


def _problem(path: Path, file: File) -> str | None:
    """Say what is wrong with a local file, compared with its line of the manifest."""
    if not path.is_file():
        return "it is missing"
    size = path.stat().st_size
    if size != file.size:
        return f"it has {size} bytes, not {file.size}"
    return None if hash_file(path) == file.sha256 else "its content is not what was written"
