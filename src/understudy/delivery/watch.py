"""Watching the stage folders of a store: look, admit what changed, tell what is new, look again.

It looks often while something changes, and less often when nothing does, because every look at a
bucket costs money. A store that is down is asked less and less often. Nothing that is dropped ends
the watch: trouble with one model is told once, and the others go on.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..errors import NotFoundError, ReleaseError, StoreError, UnderstudyError
from ..release.layout import is_name
from ..store.port import Store
from .admission import Admission, Outcome
from .record import State

EVERY_SECONDS = 1.0
LIVELY = ((60.0, 0.1), (300.0, 0.25))
"""So many seconds after something changed, there are at most so many between two looks."""

LONGEST_SECONDS = 30.0
FIND_ROUNDS = 10
"""New models are looked for once in so many rounds."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """A stage folder, or the whole store, that could not be looked at.

    Attributes:
        model: whose; None for the store.
        stage: whose; None for the store.
        error: why; None when it works again.
    """

    model: str | None
    stage: str | None
    error: Exception | None


Tell = Callable[[Outcome | Trouble], None]


class Watch:
    """Admits what people put into the stage folders, until it is stopped.

    Args:
        store: the store.
        admission: into it.
        models: which ones; None for all, also those that are new.
        stages: in their order.
        tell: is called with everything that is new, never twice with the same.
        every: seconds between two looks while nothing changes.
    """

    def __init__(
        self,
        store: Store,
        admission: Admission,
        models: Sequence[str] | None,
        stages: Sequence[str],
        tell: Tell,
        every: float = EVERY_SECONDS,
    ) -> None:
        self._store = store
        self._admission = admission
        self._given = models
        self._stages = tuple(stages)
        self._tell = tell
        self._every = every
        self._stopped = threading.Event()
        self._told: dict[tuple[str | None, str | None], object] = {}
        self._found: tuple[str, ...] = ()
        self._round = 0
        self._changed = time.monotonic()

    def stop(self) -> None:
        """Look no more; returns at once, while a look may still be under way."""
        self._stopped.set()

    def run(self) -> None:
        """Look until it is stopped."""
        failures = 0
        while not self._stopped.is_set():
            try:
                self.look()
                failures = 0
            except UnderstudyError as error:
                failures += 1
                self._say(Trouble(None, None, error))
            else:
                self._say(Trouble(None, None, None))
            pause = pause_after(time.monotonic() - self._changed, self._every)
            self._stopped.wait(min(pause * 2.0 ** min(failures, 20), LONGEST_SECONDS))

    def look(self) -> None:
        """Look once at every stage folder.

        Raises:
            StoreError: the store cannot be reached.
        """
        if self._given is None and self._round % FIND_ROUNDS == 0:
            self._found = models_with_folders(self._store, self._stages)
        self._round += 1
        for model in self._found if self._given is None else self._given:
            for stage in self._stages:
                if self._stopped.is_set():
                    return
                self._admit(model, stage)

    def _admit(self, model: str, stage: str) -> None:
        try:
            outcome = self._admission.admit(model, stage)
        except (ReleaseError, NotFoundError) as error:  # this model is damaged, others are not
            self._say(Trouble(model, stage, error))
            return
        except StoreError:
            raise
        except Exception as error:  # a fault of ours ends no watch
            self._say(Trouble(model, stage, error))
            return
        if outcome.again is not None or outcome.moved:
            self._changed = time.monotonic()
        if outcome.again is None:
            self._say(outcome)

    def _say(self, news: Outcome | Trouble) -> None:
        key = (news.model, news.stage)
        if isinstance(news, Trouble):
            what: object = None if news.error is None else (type(news.error), str(news.error))
            if what is None and self._told.get(key) is None:
                return
        else:
            what = (news.state, news.release, "" if _is_fine(news) else news.message)
            if key not in self._told and news.state is State.EMPTY and news.release is None:
                return
        if self._told.get(key) != what:
            self._told[key] = what
            self._tell(news)


def pause_after(seconds: float, every: float) -> float:
    """How long to wait before the next look, so many seconds after something changed."""
    return min([every, *(pause for limit, pause in LIVELY if seconds < limit)])


def _is_fine(outcome: Outcome) -> bool:
    return outcome.state is State.ADMITTED


def models_with_folders(store: Store, stages: Sequence[str]) -> tuple[str, ...]:
    """Give the names of all models that have a stage folder, served or not, sorted."""
    return tuple(
        name
        for name in store.list_folders("")
        if is_name(name) and not {*stages, "stages"}.isdisjoint(store.list_folders(name))
    )
