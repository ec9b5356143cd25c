"""A small stage to play on: a store that can be watched and killed, a clock, releases."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

from release.releases import Sources, id_of, stage
from understudy.delivery.actions import Delivered, push_release
from understudy.delivery.pointers import read_pointer
from understudy.release.layout import stage_folder
from understudy.release.manifest import Manifest
from understudy.release.repository import fetch_release, read_manifest
from understudy.store import Entry, Object, Store
from understudy.store.port import Downloaded

MODEL = "parasites"

Answer = TypeVar("Answer")


class Clock:
    """A second later each time it is asked."""

    def __init__(self) -> None:
        self.time = datetime(2025, 1, 2, 3, 4, 5, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.time += timedelta(seconds=1)
        return self.time


class Killed(BaseException):
    """The process is gone."""


class Actor:
    """A store seen by one process: every call is counted, and may be its last."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.calls = 0
        self.writes: list[str] = []
        self.before: Callable[[int], None] = lambda _: None
        self.after: Callable[[int], None] = lambda _: None

    def describe(self) -> str:
        return self._store.describe()

    def get(self, key: str) -> Object:
        return self._call(lambda: self._store.get(key))

    def get_if_changed(self, key: str, etag: str) -> Object | None:
        return self._call(lambda: self._store.get_if_changed(key, etag))

    def download(self, key: str, path: Path) -> Downloaded:
        return self._call(lambda: self._store.download(key, path))

    def read_range(self, key: str, start: int, stop: int) -> bytes:
        return self._call(lambda: self._store.read_range(key, start, stop))

    def put(self, key: str, data: bytes) -> str:
        return self._call(lambda: self._store.put(key, data), key)

    def put_file(self, key: str, path: Path) -> str:
        return self._call(lambda: self._store.put_file(key, path), key)

    def put_if(self, key: str, data: bytes, *, expected: str | None) -> str:
        return self._call(lambda: self._store.put_if(key, data, expected=expected), key)

    def copy(self, source: str, target: str) -> str:
        return self._call(lambda: self._store.copy(source, target), target)

    def delete(self, key: str) -> None:
        return self._call(lambda: self._store.delete(key), key)

    def list(self, folder: str) -> tuple[Entry, ...]:
        return self._call(lambda: self._store.list(folder))

    def list_folders(self, folder: str) -> tuple[str, ...]:
        return self._call(lambda: self._store.list_folders(folder))

    def _call(self, call: Callable[[], Answer], written: str | None = None) -> Answer:
        number = self.calls
        self.calls += 1
        self.before(number)
        try:
            answer = call()
            if written is not None:
                self.writes.append(written)
            return answer
        finally:
            self.after(number)


def push(store: Store, folder: Path, sources: Sources, **more: object) -> Delivered:
    """Push a release of these sources, staged under `folder`."""
    arguments = {"by": "ada", "now": Clock(), "message": "better"} | more
    return push_release(
        store,
        MODEL,
        id_of(folder / "sources", sources),
        lambda staging: stage(staging, sources),
        **arguments,  # type: ignore[arg-type]
    )


def serves(store: Store, stage_name: str) -> str | None:
    """The release that the stage serves."""
    found = read_pointer(store, MODEL, stage_name)
    return None if found is None else found.pointer.release


def folder_of(store: Store, stage_name: str) -> dict[str, bytes]:
    """People's files in the stage folder."""
    folder = stage_folder(MODEL, stage_name)
    return {
        entry.key.removeprefix(f"{folder}/"): store.get(entry.key).data
        for entry in store.list(folder)
        if not entry.key.endswith("/status.json")
    }


def check_served(store: Store, stage_name: str, cache: Path) -> Manifest | None:
    """Load what the stage serves as a server would: whole and undamaged, or nothing at all."""
    release = serves(store, stage_name)
    if release is None:
        return None
    manifest = read_manifest(store, MODEL, release)
    fetch_release(store, MODEL, manifest, cache / release)
    return manifest
