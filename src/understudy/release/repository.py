"""Releases in a store: written once, read and checked ever after.

The rules it keeps:

- `release.json` is written last and only if it is absent: where it is, the release is complete.
- A complete release is never written again. One that is not (a killed push) is completed.
- Whatever comes out of a store was compared with the manifest's size and SHA-256. This is done
  once, on the way out: hashing 70 MB again would take longer than all else at a start.

It does not know about stages.
"""

from __future__ import annotations

import os
from pathlib import Path

from ..errors import ConflictError, InputError, NotFoundError, ReleaseError
from ..store.disk import explained, sync
from ..store.port import Store
from .identity import check_prefix, short_id
from .layout import MANIFEST, manifest_key, release_file, release_folder, releases_folder
from .manifest import HINT, File, Manifest, dump_manifest, parse_manifest
from .staging import hash_file

ATTEMPTS = 10


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


def write_release(store: Store, model: str, manifest: Manifest, staging: Path) -> bool:
    """Bring a staged release into the store; False when it is there already, whole.

    Of two at once with the same sources, but other bytes made of them (another version of
    understudy), the one that loses writes all of its files again, and then replaces the manifest:
    a release never stays a mixture.

    Raises:
        ConflictError: others write the same release, again and again.
    """
    lost = False
    for _ in range(ATTEMPTS):
        try:
            found, etag = _read(store, model, manifest.id)
        except NotFoundError:
            etag = None
        else:
            ours = found.stored() == manifest.stored()
            if (ours or not lost) and _is_whole(store, model, found):
                return False
        for file in manifest.stored():
            store.put_file(release_file(model, manifest.id, file.name), staging / file.name)
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


def fetch_release(store: Store, model: str, manifest: Manifest, folder: Path) -> None:
    """Bring what serving needs to a local folder, which is to be for this release alone.

    A file appears in the folder only after it was compared with the manifest and flushed to disk.
    Therefore one that is there, with the right size, stays and is not read again.

    Raises:
        ReleaseError: a file is missing in the store, or is not what the manifest says.
    """
    where = f"of release {short_id(manifest.id)} of {model}"
    for file in manifest.files:
        target = folder / file.name
        if target.is_file() and target.stat().st_size == file.size:
            continue
        unchecked = target.with_name(f"{target.name}.{os.getpid()}.{os.urandom(4).hex()}.unchecked")
        try:
            store.download(release_file(model, manifest.id, file.name), unchecked)
            problem = _problem(unchecked, file)
            if problem is not None:
                raise ReleaseError(f"{file.name} {where} is damaged: {problem}", hint=HINT)
            with explained("write", target):
                sync(unchecked)
                unchecked.replace(target)
        except NotFoundError as error:
            raise ReleaseError(f"{file.name} {where} is missing", hint=HINT) from error
        finally:
            unchecked.unlink(missing_ok=True)


def check_release(folder: Path, model: str, manifest: Manifest) -> None:
    """Compare a release's files in a local folder with the manifest, byte for byte.

    Raises:
        ReleaseError: a file is missing or damaged.
    """
    for file in manifest.files:
        problem = _problem(folder / file.name, file)
        if problem is not None:
            where = f"of release {short_id(manifest.id)} of {model}"
            raise ReleaseError(f"{file.name} {where} is damaged: {problem}", hint=HINT)


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
    """Whether every file is there with its size. Content is compared when it is fetched."""
    sizes = {entry.key: entry.size for entry in store.list(release_folder(model, manifest.id))}
    return all(
        sizes.get(release_file(model, manifest.id, file.name)) == file.size
        for file in manifest.stored()
    )


def _problem(path: Path, file: File) -> str | None:
    """Say what is wrong with a local file, compared with its line of the manifest."""
    if not path.is_file():
        return "it is missing"
    size = path.stat().st_size
    if size != file.size:
        return f"it has {size} bytes, not {file.size}"
    return None if hash_file(path) == file.sha256 else "its content is not what was written"
