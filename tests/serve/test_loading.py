"""From a release's id to a classifier, in place or through the cache."""

from __future__ import annotations

import gc
import shutil
from pathlib import Path

import pytest

from understudy.errors import NotFoundError, ReleaseError, StoreError
from understudy.release import repository
from understudy.release.cache import Cache
from understudy.release.layout import release_file, release_folder
from understudy.release.staging import hash_file
from understudy.serve import Classifier
from understudy.serve.loading import Loader
from understudy.store import Store
from understudy.store.local import LocalStore
from understudy.store.memory import MemoryStore

from .live.scene import MODEL, RED, STAGE, add_release

LARGE = 10_000_000


@pytest.fixture(params=["local", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    return LocalStore(tmp_path / "store") if request.param == "local" else MemoryStore()


@pytest.fixture
def loader(store: Store, tmp_path: Path) -> Loader:
    return Loader(store, Cache(tmp_path / "cache", LARGE))


def load(loader: Loader, release: str) -> Classifier:
    return loader.load(MODEL, STAGE, release)


def best(classifier: Classifier) -> str:
    return classifier.classify(RED).predictions[0].label


def test_it_answers_as_the_release_that_it_names(
    loader: Loader, store: Store, tmp_path: Path
) -> None:
    for label in ("blue", "green"):
        release = add_release(store, tmp_path / label, label)
        with load(loader, release) as classifier:
            result = classifier.classify(RED)
            assert result.predictions[0].label == label
            assert (result.model, result.stage, result.release) == (MODEL, STAGE, release)


def test_what_is_not_there(loader: Loader) -> None:
    with pytest.raises(NotFoundError, match="no release"):
        load(loader, "0" * 32)


@pytest.mark.parametrize("name", ["model.onnx", "weights.bin", "selftest.npz"])
def test_a_damaged_file_is_refused(loader: Loader, store: Store, tmp_path: Path, name: str) -> None:
    release = add_release(store, tmp_path / "made", "blue")
    key = release_file(MODEL, release, name)
    data = store.get(key).data
    store.put(key, data[:-1] + bytes([data[-1] ^ 1]))
    with pytest.raises(ReleaseError, match=f"{name} of release .* is damaged"):
        load(loader, release)


def test_what_was_hashed_is_not_hashed_again_until_it_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = LocalStore(tmp_path / "store")
    release = add_release(store, tmp_path / "made", "blue")
    loader = Loader(store, Cache(tmp_path / "cache", LARGE))
    hashed: list[str] = []

    def hash_and_note(path: Path) -> str:
        hashed.append(path.name)
        return hash_file(path)

    monkeypatch.setattr(repository, "hash_file", hash_and_note)
    load(loader, release).close()
    assert sorted(hashed) == ["model.onnx", "selftest.npz", "weights.bin"]
    hashed.clear()
    load(loader, release).close()
    assert hashed == []
    weights = store.path(release_file(MODEL, release, "weights.bin"))
    with weights.open("r+b") as file:  # in place, as long as before
        first = file.read(1)
        file.seek(0)
        file.write(bytes([first[0] ^ 1]))
    with pytest.raises(ReleaseError, match=r"weights\.bin of release .* is damaged"):
        load(loader, release)
    assert hashed == ["weights.bin"]


def test_one_that_computes_otherwise_is_refused(
    loader: Loader, store: Store, tmp_path: Path
) -> None:
    release = add_release(store, tmp_path / "made", "blue", tolerance=-1.0)
    with pytest.raises(ReleaseError, match="self-test failed"):
        load(loader, release)


def test_a_folder_is_served_in_place_and_may_go_while_it_is_served(tmp_path: Path) -> None:
    store = LocalStore(tmp_path / "store")
    loader = Loader(store, Cache(tmp_path / "cache", LARGE))
    release = add_release(store, tmp_path / "made", "blue", extra=100_000)
    with load(loader, release) as classifier:
        assert not (tmp_path / "cache").exists()
        shutil.rmtree(store.path(release_folder(MODEL, release)))
        assert best(classifier) == "blue"
    with pytest.raises(NotFoundError):
        load(loader, release)


class TestThroughTheCache:
    @pytest.fixture
    def store(self) -> MemoryStore:
        return MemoryStore()

    def test_the_second_time_nothing_is_fetched(
        self, loader: Loader, store: MemoryStore, tmp_path: Path
    ) -> None:
        release = add_release(store, tmp_path / "made", "blue")
        load(loader, release).close()
        for name in ("model.onnx", "weights.bin"):
            store.delete(release_file(MODEL, release, name))
        with load(loader, release) as classifier:
            assert best(classifier) == "blue"

    def test_a_copy_that_decayed_is_fetched_again(
        self, loader: Loader, store: MemoryStore, tmp_path: Path
    ) -> None:
        release = add_release(store, tmp_path / "made", "blue")
        load(loader, release).close()
        for name in ("model.onnx", "selftest.npz"):
            (path,) = (tmp_path / "cache").rglob(name)
            path.write_bytes(bytes(path.stat().st_size))
            with load(loader, release) as classifier:
                assert best(classifier) == "blue"

    def test_it_stays_within_the_bound_but_never_loses_what_is_loaded(
        self, store: MemoryStore, tmp_path: Path
    ) -> None:
        releases = [
            add_release(store, tmp_path / str(n), "blue", extra=100_000 + n) for n in range(5)
        ]
        loader = Loader(store, Cache(tmp_path / "cache", 250_000))
        kept = load(loader, releases[0])
        for release in releases[1:]:
            load(loader, release).close()
            gc.collect()
            copies = list((tmp_path / "cache").glob("*.*.*"))
            assert len(copies) == 2
            assert any(copy.name.startswith(releases[0]) for copy in copies)
        other = load(loader, releases[1])
        with pytest.raises(StoreError, match="does not fit into the cache"):
            load(loader, releases[2])
        assert best(kept) == best(other) == "blue"

    def test_the_manifest_alone_is_no_release(
        self, loader: Loader, store: MemoryStore, tmp_path: Path
    ) -> None:
        release = add_release(store, tmp_path / "made", "blue")
        store.delete(release_file(MODEL, release, "weights.bin"))
        with pytest.raises(ReleaseError, match=r"weights\.bin of release .* is missing"):
            load(loader, release)
