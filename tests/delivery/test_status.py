"""What people are told of their models."""

from __future__ import annotations

from pathlib import Path

import pytest

from release.releases import ONE_FILE, TWO_FILES
from understudy.delivery.actions import promote
from understudy.delivery.status import Facts, StageStatus, status
from understudy.errors import InputError, NotFoundError, StoreError
from understudy.release.layout import manifest_key, pointer_key
from understudy.store.local import LocalStore
from understudy.store.memory import MemoryStore
from understudy.store.port import GET_LIMIT

from .scene import MODEL, Actor, Clock, push

FACTS = Facts(
    verified=True,
    labels=2,
    format="Keras JSON + HDF5 weights",
    keras_version="2.0.6",
    input_shape=(None, 8, 8, 3),
    parameters=1234,
)
NEVER = StageStatus("prod", 0, None, None, None)


@pytest.fixture
def store() -> Actor:
    return Actor(MemoryStore())


def test_an_empty_store(store: Actor, tmp_path: Path) -> None:
    assert status(store) == ()
    assert status(LocalStore(tmp_path / "store")) == ()
    assert not (tmp_path / "store").exists()
    with pytest.raises(NotFoundError, match=r"no model parasites in memory://\nhint: push one"):
        status(store, MODEL)
    with pytest.raises(InputError):
        status(store, "a/b")


def test_a_model_with_its_stages(store: Actor, tmp_path: Path) -> None:
    first = push(store, tmp_path, TWO_FILES)
    ((found,),) = [status(store, MODEL)]
    assert found.model == MODEL
    assert found.stages == (StageStatus("dev", 1, first.pointer.history[0], FACTS, None), NEVER)
    promoted = promote(store, MODEL, "dev", "prod", by="bob", now=Clock())
    second = push(store, tmp_path, ONE_FILE)
    ((found,),) = [status(store, MODEL)]
    assert [(stage.stage, stage.version) for stage in found.stages] == [("dev", 2), ("prod", 1)]
    assert found.stages[0].change == second.pointer.history[0]
    assert found.stages[1].change == promoted.pointer.history[0]


def test_all_models_and_nothing_else(store: Actor, tmp_path: Path) -> None:
    push(store, tmp_path, TWO_FILES)
    store.put("other/stages/odd.json", b"{}")
    store.put("other/stages/readme.txt", b"")
    store.put("docs/notes.txt", b"")
    store.put("file", b"")
    store.put("bad name/stages/dev.json", b"")
    other, parasites = status(store)
    assert (other.model, parasites.model) == ("other", "parasites")
    assert [stage.stage for stage in other.stages] == ["dev", "prod", "odd"]
    with pytest.raises(NotFoundError, match="the models there are: other, parasites"):
        status(store, "docs")


def test_damage_is_told_in_its_place(store: Actor, tmp_path: Path) -> None:
    first = push(store, tmp_path, TWO_FILES)
    promote(store, MODEL, "dev", "prod", by="bob", now=Clock())
    store.put(pointer_key(MODEL, "prod"), b"{}")
    store.put(manifest_key(MODEL, first.manifest.id), b"{}")
    ((found,),) = [status(store)]
    dev, prod = found.stages
    assert dev.change == first.pointer.history[0]
    assert dev.facts is None
    assert dev.problem is not None
    assert "release.json of release" in dev.problem
    assert prod.change is None
    assert prod.problem is not None
    assert "the pointer of prod of parasites is damaged" in prod.problem
    store.delete(manifest_key(MODEL, first.manifest.id))
    ((found,),) = [status(store)]
    assert found.stages[0].problem is not None
    assert "has no release" in found.stages[0].problem


class Broken(MemoryStore):
    """A store one folder of which cannot be listed."""

    folder = "broken"

    def list_folders(self, folder: str) -> tuple[str, ...]:
        if folder == self.folder:
            raise StoreError(f"{folder} cannot be listed: permission denied", hint="look at it")
        return super().list_folders(folder)


def test_a_model_that_cannot_be_read_has_its_row_and_hides_no_other(tmp_path: Path) -> None:
    store = Broken()
    push(store, tmp_path, TWO_FILES)
    store.put("broken/stages/dev.json", b"{}")
    store.put("large/stages/dev.json", bytes(GET_LIMIT + 1))
    broken, large, whole = status(store)
    assert (broken.model, broken.stages) == ("broken", ())
    assert broken.problem == "broken cannot be listed: permission denied"
    assert large.problem is None
    assert "large/stages/dev.json" in (large.stages[0].problem or "")
    assert whole.problem is None
    assert whole.stages[0].facts == FACTS
    store.folder = ""
    with pytest.raises(StoreError):
        status(store)


def test_it_only_reads(store: Actor, tmp_path: Path) -> None:
    push(store, tmp_path, TWO_FILES)
    store.writes.clear()
    status(store)
    assert store.writes == []
