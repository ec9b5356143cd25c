"""Watching stage folders: what is told, how often it looks, and what cannot end it."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from understudy.delivery.admission import Admission, Outcome
from understudy.delivery.record import State
from understudy.delivery.watch import Trouble, Watch, models_with_folders, pause_after
from understudy.errors import ReleaseError, StoreError, UnderstudyError
from understudy.release.layout import pointer_key
from understudy.store import Store
from understudy.store.memory import MemoryStore

from .drops import Time, admission, drop, id_of_files
from .scene import MODEL, Actor
from .test_admission import ONE, TWO

STAGES = ("dev", "prod")


class Scene:
    """A watch without threads: what it told lies in `told`."""

    def __init__(self, store: Store, admits: Admission | None = None) -> None:
        self.told: list[Outcome | Trouble] = []
        admits = admits or admission(store, Time())
        self.watch = Watch(store, admits, None, STAGES, self.told.append, every=0.01)

    def look(self) -> list[Outcome | Trouble]:
        """What one look told."""
        self.told.clear()
        self.watch.look()
        return list(self.told)


def test_news_are_told_once() -> None:
    store = MemoryStore()
    scene = Scene(store)
    drop(store, "dev", ONE)
    (news,) = scene.look()
    assert isinstance(news, Outcome)
    assert (news.stage, news.state, news.release) == ("dev", State.ADMITTED, id_of_files(ONE))
    assert scene.look() == []
    drop(store, "dev", {"weights.h5": b"large 1"})
    (news,) = scene.look()
    assert isinstance(news, Outcome)
    assert news.state is State.REJECTED
    assert scene.look() == []


def test_a_model_that_is_new_is_found() -> None:
    store = MemoryStore()
    scene = Scene(store)
    assert scene.look() == []
    drop(store, "dev", ONE)
    for _ in range(10):
        if scene.look():
            return
    pytest.fail("it was not found")


def test_folders_that_are_no_models_are_left_alone() -> None:
    store = MemoryStore()
    for key in ("photos/2024/a.jpg", "notes.txt", "releases/dev/model.keras", "m/dev/x.keras"):
        store.put(key, b"x")
    assert models_with_folders(store, STAGES) == ("m",)


def test_a_damaged_model_does_not_stop_the_others() -> None:
    store = MemoryStore()
    drop(store, "dev", ONE)
    store.put(pointer_key("broken", "dev"), b"{")
    store.put("broken/dev/model.keras", b"whole 1")
    scene = Scene(store)
    told = scene.look()
    troubles = [news for news in told if isinstance(news, Trouble)]
    assert [(t.model, t.stage, type(t.error)) for t in troubles] == [
        ("broken", "dev", ReleaseError),
        ("broken", "prod", ReleaseError),
    ]
    assert [news.model for news in told if isinstance(news, Outcome)] == [MODEL]
    assert scene.look() == []


def test_a_fault_of_ours_is_told_and_the_watch_goes_on() -> None:
    store = MemoryStore()
    drop(store, "dev", ONE)

    def fail(*_: object) -> object:
        raise KeyError("oops")

    admits = Admission(store, fail, by="ada", now=Time().now, version="1")  # type: ignore[arg-type]
    scene = Scene(store, admits)
    (trouble,) = scene.look()
    assert isinstance(trouble, Trouble)
    assert isinstance(trouble.error, KeyError)


def test_a_store_that_is_down_is_told_once_and_asked_again() -> None:
    store = Actor(MemoryStore())
    drop(store, "dev", ONE)
    looks = 0

    def down(_: int) -> None:
        nonlocal looks
        looks += 1
        if looks == 3:
            store.before = lambda _: None
        raise StoreError("the line is dead", hint="wait")

    def tell(news: Outcome | Trouble) -> None:
        told.append(news)
        if isinstance(news, Outcome):
            watch.stop()

    told: list[Outcome | Trouble] = []
    store.before = down
    watch = Watch(store, admission(store, Time()), None, STAGES, tell, every=0.001)
    thread = threading.Thread(target=watch.run, daemon=True)
    thread.start()
    thread.join(20)
    assert not thread.is_alive()
    first, *rest = told
    assert isinstance(first, Trouble)
    assert isinstance(first.error, UnderstudyError)
    assert [news.state for news in rest if isinstance(news, Outcome)] == [State.ADMITTED]
    assert [news for news in rest if isinstance(news, Trouble)] == [Trouble(None, None, None)]


def test_it_ends_when_it_is_told(tmp_path: Path) -> None:
    store = MemoryStore()
    drop(store, "dev", TWO)
    watch = Watch(store, admission(store, Time()), [MODEL], STAGES, lambda _: None, every=100.0)
    thread = threading.Thread(target=watch.run, daemon=True)
    thread.start()
    watch.stop()
    thread.join(10)
    assert not thread.is_alive()


@pytest.mark.parametrize(
    ("seconds", "every", "pause"),
    [(0, 1, 0.1), (61, 1, 0.25), (301, 1, 1), (0, 30, 0.1), (61, 0.2, 0.2), (0, 0.01, 0.01)],
)
def test_how_often_it_looks(seconds: float, every: float, pause: float) -> None:
    assert pause_after(seconds, every) == pause
