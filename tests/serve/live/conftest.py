"""Fixtures: stages of a store that are followed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from understudy import following
from understudy.serve.live import Event, Fleet
from understudy.store import Store
from understudy.store.local import LocalStore
from understudy.store.memory import MemoryStore

from .scene import QUICK, add_release


@pytest.fixture(params=["local", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    return LocalStore(tmp_path / "store") if request.param == "local" else MemoryStore()


@pytest.fixture
def events() -> list[Event]:
    return []


@pytest.fixture
def fleet(
    store: Store, events: list[Event], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Fleet]:
    monkeypatch.setenv("UNDERSTUDY_CACHE", str(tmp_path / "cache"))
    with following.fleet(store=store, pace=QUICK, tell=events.append) as made:
        yield made


@pytest.fixture
def blue(store: Store, tmp_path: Path) -> str:
    return add_release(store, tmp_path / "blue", "blue")


@pytest.fixture
def green(store: Store, tmp_path: Path) -> str:
    return add_release(store, tmp_path / "green", "green")
