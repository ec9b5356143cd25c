"""Releases go into a store once, whole, and come out checked."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from understudy.errors import ConflictError, InputError, NotFoundError, ReleaseError, StoreError
from understudy.release.identity import Role
from understudy.release.layout import manifest_key, release_file
from understudy.release.manifest import Manifest, dump_manifest
from understudy.release.repository import (
    ATTEMPTS,
    LARGE,
    Sending,
    fetch_release,
    find_release,
    list_releases,
    read_manifest,
    resolve_release,
    write_release,
)
from understudy.release.staging import Given, hash_file, stage_sources
from understudy.store.memory import MemoryStore
from understudy.store.port import Entry

from .releases import ONE_FILE, TWO_FILES, id_of, stage

MODEL = "parasites"


class WatchedStore(MemoryStore):
    """A memory store that calls back before each write, and remembers the order."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[str] = []
        self.before: Callable[[str], None] = lambda _: None

    def put_file(self, key: str, path: Path) -> str:
        self._note(key)
        return super().put_file(key, path)

    def put_if(self, key: str, data: bytes, *, expected: str | None) -> str:
        self._note(key)
        return super().put_if(key, data, expected=expected)

    def _note(self, key: str) -> None:
        self.before(key)
        self.written.append(key)


@pytest.fixture
def store() -> WatchedStore:
    return WatchedStore()


@pytest.fixture
def manifest(tmp_path: Path) -> Manifest:
    return stage(tmp_path / "staging", TWO_FILES)


def stored(store: MemoryStore, manifest: Manifest) -> bool:
    """Whether what is in the store is what the manifest there says."""
    found = read_manifest(store, MODEL, manifest.id)
    return all(
        len(store.get(release_file(MODEL, found.id, file.name)).data) == file.size
        for file in found.stored()
    )


def test_a_release_is_written_with_its_manifest_last(
    store: WatchedStore, manifest: Manifest, tmp_path: Path
) -> None:
    assert find_release(store, MODEL, manifest.id) is None
    assert write_release(store, MODEL, manifest, tmp_path / "staging")
    folder = f"parasites/releases/{manifest.id}"
    assert store.written[-1] == f"{folder}/release.json"
    assert sorted(store.written) == [
        f"{folder}/{name}"
        for name in [
            "model.onnx",
            "release.json",
            "sources/architecture.json",
            "sources/labels.txt",
            "sources/weights.h5",
            "weights.bin",
        ]
    ]
    assert read_manifest(store, MODEL, manifest.id) == manifest
    assert find_release(store, MODEL, manifest.id) == manifest
    assert list_releases(store, MODEL) == (manifest.id,)


def test_a_release_is_written_once(store: WatchedStore, manifest: Manifest, tmp_path: Path) -> None:
    write_release(store, MODEL, manifest, tmp_path / "staging")
    store.written.clear()
    assert not write_release(store, MODEL, manifest, tmp_path / "staging")
    other = stage(tmp_path / "other", TWO_FILES, made=b"by another version")
    assert other.id == manifest.id
    assert not write_release(store, MODEL, other, tmp_path / "other")
    assert store.written == []
    assert read_manifest(store, MODEL, manifest.id) == manifest


@pytest.mark.parametrize("harm", ["none", "before", "during", "gone"])
def test_a_large_source_is_copied_inside_the_store(tmp_path: Path, harm: str) -> None:
    content = bytes(LARGE)
    manifest = stage(tmp_path / "staging", TWO_FILES | {Role.WEIGHTS: content})
    dropped, other = "m/dev/model.h5", b"1" * LARGE
    sent: list[str] = []

    class Bucket(MemoryStore):
        def put_file(self, key: str, path: Path) -> str:
            sent.append(key.rpartition("/")[2])
            return super().put_file(key, path)

        def copy(self, source: str, target: str) -> str:
            etag = super().copy(source, target)
            if harm == "during":
                self.put(source, other)
            return etag

    store = Bucket()
    entry = Entry(dropped, LARGE, store.put(dropped, content))
    if harm == "before":
        store.put(dropped, other)
    if harm == "gone":
        store.delete(dropped)
    there = {hashlib.sha256(content).hexdigest(): entry}
    assert write_release(store, MODEL, manifest, tmp_path / "staging", there=there)
    assert ("weights.h5" in sent) == (harm != "none")
    assert store.get(release_file(MODEL, manifest.id, "sources/weights.h5")).data == content


def ahead(store: MemoryStore, manifest: Manifest, staging: Path) -> dict[str, Entry]:
    sending = Sending(store, MODEL, manifest.id, staging, {})
    sending.sources(manifest.sources)
    sending.files([file.name for file in manifest.files])
    return sending.sent()


def test_what_was_sent_ahead_is_not_sent_again(
    store: WatchedStore, manifest: Manifest, tmp_path: Path
) -> None:
    staging = tmp_path / "staging"
    sent = ahead(store, manifest, staging)
    assert find_release(store, MODEL, manifest.id) is None
    assert write_release(store, MODEL, manifest, staging, sent=sent)
    assert len(store.written) == len(set(store.written)) == len(manifest.stored()) + 1
    assert stored(store, manifest)


@pytest.mark.parametrize("harm", ["replaced", "deleted"])
def test_what_was_sent_ahead_and_is_gone_is_sent_again(
    store: WatchedStore, manifest: Manifest, tmp_path: Path, harm: str
) -> None:
    staging = tmp_path / "staging"
    sent = ahead(store, manifest, staging)
    key = release_file(MODEL, manifest.id, "weights.bin")
    store.put(key, b"x") if harm == "replaced" else store.delete(key)
    assert write_release(store, MODEL, manifest, staging, sent=sent)
    assert store.get(key).data == (staging / "weights.bin").read_bytes()


@pytest.mark.parametrize("first", ["theirs", "ours"])
def test_what_was_sent_ahead_makes_no_mixture(
    store: WatchedStore, manifest: Manifest, tmp_path: Path, first: str
) -> None:
    """Another version completes the same release before, or after, our files came."""
    staging = tmp_path / "staging"
    other = stage(tmp_path / "other", TWO_FILES, made=b"by another version")
    if first == "ours":
        sent = ahead(store, manifest, staging)
    assert write_release(store, MODEL, other, tmp_path / "other")
    if first == "theirs":
        sent = ahead(store, manifest, staging)
    assert write_release(store, MODEL, manifest, staging, sent=sent)
    assert read_manifest(store, MODEL, manifest.id) == manifest
    fetch_release(store, MODEL, manifest, tmp_path / "fetched")


@pytest.mark.parametrize("steps", range(6))
def test_a_killed_write_is_completed(
    store: WatchedStore, manifest: Manifest, tmp_path: Path, steps: int
) -> None:
    def die(_: str) -> None:
        if len(store.written) == steps:
            raise KeyboardInterrupt

    store.before = die
    with pytest.raises(KeyboardInterrupt):
        write_release(store, MODEL, manifest, tmp_path / "staging")
    assert find_release(store, MODEL, manifest.id) is None
    assert list_releases(store, MODEL) == ()
    with pytest.raises(NotFoundError):
        read_manifest(store, MODEL, manifest.id)
    store.before = lambda _: None
    assert write_release(store, MODEL, manifest, tmp_path / "staging")
    assert stored(store, manifest)


@pytest.mark.parametrize("harm", ["missing", "short"])
def test_a_release_that_lost_a_file_is_completed(
    store: WatchedStore, manifest: Manifest, tmp_path: Path, harm: str
) -> None:
    write_release(store, MODEL, manifest, tmp_path / "staging")
    key = release_file(MODEL, manifest.id, "weights.bin")
    store.delete(key) if harm == "missing" else store.put(key, b"x")
    assert find_release(store, MODEL, manifest.id) is None
    assert write_release(store, MODEL, manifest, tmp_path / "staging")
    assert stored(store, manifest)


def test_two_at_once_with_the_same_files_are_one(
    store: WatchedStore, manifest: Manifest, tmp_path: Path
) -> None:
    def meanwhile(key: str) -> None:
        if key.endswith("release.json"):
            store.before = lambda _: None
            assert write_release(store, MODEL, manifest, tmp_path / "staging")

    store.before = meanwhile
    assert not write_release(store, MODEL, manifest, tmp_path / "staging")
    assert stored(store, manifest)


@pytest.mark.parametrize("step", range(6))
def test_two_at_once_with_other_files_are_no_mixture(
    store: WatchedStore, manifest: Manifest, tmp_path: Path, step: int
) -> None:
    other = stage(tmp_path / "other", TWO_FILES, made=b"by another version")

    def meanwhile(_: str) -> None:
        if len(store.written) == step:
            store.before = lambda _: None
            assert write_release(store, MODEL, other, tmp_path / "other")

    store.before = meanwhile
    assert write_release(store, MODEL, manifest, tmp_path / "staging")
    assert read_manifest(store, MODEL, manifest.id) == manifest
    fetch_release(store, MODEL, manifest, tmp_path / "fetched")


def test_a_fight_ends(store: WatchedStore, manifest: Manifest, tmp_path: Path) -> None:
    other = dump_manifest(
        dataclasses.replace(manifest, files=(dataclasses.replace(manifest.files[0], size=1),))
    )

    def meanwhile(key: str) -> None:
        if key.endswith("release.json"):
            store.put(key, other)

    store.before = meanwhile
    with pytest.raises(ConflictError, match="at the same time"):
        write_release(store, MODEL, manifest, tmp_path / "staging")
    assert sum(key.endswith("release.json") for key in store.written) == ATTEMPTS


def test_a_damaged_manifest_is_told_not_overwritten(
    store: WatchedStore, manifest: Manifest, tmp_path: Path
) -> None:
    store.put(manifest_key(MODEL, manifest.id), b"{}")
    for call in (
        lambda: read_manifest(store, MODEL, manifest.id),
        lambda: find_release(store, MODEL, manifest.id),
        lambda: write_release(store, MODEL, manifest, tmp_path / "staging"),
    ):
        with pytest.raises(ReleaseError, match="is damaged"):
            call()
    assert store.written == []


def test_a_manifest_in_the_wrong_place_is_damage(store: WatchedStore, manifest: Manifest) -> None:
    store.put(manifest_key(MODEL, "0" * 32), dump_manifest(manifest))
    with pytest.raises(ReleaseError, match=f"belongs to {manifest.id}"):
        read_manifest(store, MODEL, "0" * 32)


def test_a_staged_file_that_is_missing_is_our_error(
    store: WatchedStore, manifest: Manifest, tmp_path: Path
) -> None:
    (tmp_path / "staging" / "weights.bin").unlink()
    with pytest.raises(StoreError, match=r"weights\.bin"):
        write_release(store, MODEL, manifest, tmp_path / "staging")
    assert find_release(store, MODEL, manifest.id) is None


def test_fetching_brings_what_serving_needs(
    store: WatchedStore, manifest: Manifest, tmp_path: Path
) -> None:
    write_release(store, MODEL, manifest, tmp_path / "staging")
    folder = tmp_path / "cache" / manifest.id
    fetch_release(store, MODEL, manifest, folder)
    assert sorted(path.name for path in folder.iterdir()) == ["model.onnx", "weights.bin"]
    for file in manifest.files:
        assert hash_file(folder / file.name) == file.sha256


def test_fetching_again_completes_what_is_not_and_keeps_the_rest(
    store: WatchedStore, manifest: Manifest, tmp_path: Path
) -> None:
    write_release(store, MODEL, manifest, tmp_path / "staging")
    folder = tmp_path / "cache"
    fetch_release(store, MODEL, manifest, folder)
    (folder / "weights.bin").write_bytes(b"torn")
    kept = (folder / "model.onnx").stat()
    fetch_release(store, MODEL, manifest, folder)
    assert (folder / "weights.bin").read_bytes() == b"compiled weights"
    assert (folder / "model.onnx").stat().st_mtime_ns == kept.st_mtime_ns
    assert (folder / "model.onnx").stat().st_ino == kept.st_ino


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"compiled weightz", "its content"), (b"short", "has 5 bytes, not 16"), (None, "missing")],
)
def test_a_damaged_file_does_not_get_out(
    store: WatchedStore, manifest: Manifest, tmp_path: Path, content: bytes | None, words: str
) -> None:
    write_release(store, MODEL, manifest, tmp_path / "staging")
    key = release_file(MODEL, manifest.id, "weights.bin")
    store.delete(key) if content is None else store.put(key, content)
    with pytest.raises(ReleaseError, match=rf"weights\.bin of release .*{words}") as caught:
        fetch_release(store, MODEL, manifest, tmp_path / "cache")
    assert caught.value.hint
    assert [path.name for path in (tmp_path / "cache").iterdir()] == ["model.onnx"]


def test_ids_can_be_shortened(store: WatchedStore, manifest: Manifest, tmp_path: Path) -> None:
    write_release(store, MODEL, manifest, tmp_path / "staging")
    twin = manifest.id[:6] + ("0" if manifest.id[6] != "0" else "1") + manifest.id[7:]
    store.put(manifest_key(MODEL, twin), b"")
    store.put(release_file(MODEL, "abcd" + "0" * 28, "model.onnx"), b"not complete")
    assert resolve_release(store, MODEL, manifest.id) == manifest.id
    assert resolve_release(store, MODEL, manifest.id[:7]) == manifest.id
    with pytest.raises(InputError, match="2 releases of parasites begin with"):
        resolve_release(store, MODEL, manifest.id[:6])
    for prefix in ("abcd", "ffff0000"):
        with pytest.raises(NotFoundError, match=f"no release {prefix}"):
            resolve_release(store, MODEL, prefix)
    with pytest.raises(InputError):
        resolve_release(store, MODEL, "ab")


def test_the_id_is_the_sources_whatever_their_names(tmp_path: Path) -> None:
    assert stage(tmp_path / "a", ONE_FILE).id == id_of(tmp_path / "b", ONE_FILE)
    assert stage(tmp_path / "c", ONE_FILE, made=b"other").id == id_of(tmp_path / "b", ONE_FILE)
    assert id_of(tmp_path / "d", TWO_FILES) != id_of(tmp_path / "b", ONE_FILE)


@pytest.mark.parametrize("missing", ["file", "folder"])
def test_a_source_that_cannot_be_read_is_our_error(tmp_path: Path, missing: str) -> None:
    path = tmp_path / "labels.txt"
    if missing == "folder":
        path.mkdir()
    with pytest.raises(InputError, match=r"cannot read .*labels\.txt"):
        stage_sources(tmp_path / "staging", [Given(Role.LABELS, "labels.txt", path)], {})
