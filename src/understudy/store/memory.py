"""A store in this process's memory: for tests, and for a model that is used and forgotten."""

from __future__ import annotations

from obstore import store as obstores

from .objects import ObstoreStore


class MemoryStore(ObstoreStore):
    """An empty store of its own; it goes when the object goes."""

    def __init__(self) -> None:
        super().__init__(obstores.MemoryStore(), "memory://")
