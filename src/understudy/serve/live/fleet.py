"""Several stages of several models, followed at once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Self

from ...errors import NotFoundError
from .live import Live


class Fleet:
    """Stages that are followed; each by itself, so that trouble with one is no trouble for others.

    Args:
        make: begins to follow a stage of a model.
    """

    def __init__(self, make: Callable[[str, str], Live]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._live: dict[tuple[str, str], Live] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def follow(self, model: str, stage: str) -> Live:
        """Follow a stage of a model, unless it is followed already; never waits for a store."""
        with self._lock:
            if (model, stage) not in self._live:
                self._live[model, stage] = self._make(model, stage)
            return self._live[model, stage]

    def leave(self, model: str, stage: str) -> None:
        """Follow a stage no more."""
        with self._lock:
            live = self._live.pop((model, stage), None)
        if live is not None:
            live.close()

    def get(self, model: str, stage: str) -> Live:
        """Give a stage that is followed.

        Raises:
            NotFoundError: it is not.
        """
        live = self._live.get((model, stage))
        if live is None:
            known = ", ".join(f"{stage} of {model}" for model, stage in sorted(self._live))
            raise NotFoundError(
                f"{stage} of {model} is not served here",
                hint=f"what is served: {known}" if known else "nothing is served here yet",
            )
        return live

    def all(self) -> tuple[Live, ...]:
        """All stages that are followed, sorted by model."""
        with self._lock:
            return tuple(self._live[key] for key in sorted(self._live))

    def check_now(self, model: str | None = None) -> None:
        """Look at the pointers of a model, or of all, at once; returns without waiting."""
        for live in self.all():
            if model in (None, live.model):
                live.check_now()

    def close(self) -> None:
        """Follow nothing any more."""
        for live in self.all():
            self.leave(live.model, live.stage)
