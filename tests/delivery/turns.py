"""Several actors on one store, one call at a time, in an order that a test chooses."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable, Iterable

from understudy.errors import UnderstudyError
from understudy.store import Entry, Store

from .scene import Actor

DAYS = 24 * 3600.0


class Aged(Actor):
    """A store in which what was there when it was made is three days old."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self.old = {(entry.key, entry.etag) for entry in store.list("")}

    def list(self, folder: str) -> tuple[Entry, ...]:
        return tuple(
            dataclasses.replace(entry, modified=entry.modified - 3 * DAYS)
            if (entry.key, entry.etag) in self.old
            else entry
            for entry in super().list(folder)
        )


class Player:
    """A thread that stops before each call of its store until it may go on."""

    def __init__(self, store: Store, play: Callable[[Store], object]) -> None:
        self.actor = Actor(store)
        self.actor.before = self._wait
        self.told: UnderstudyError | None = None
        self.bug: BaseException | None = None
        self.done = False
        self._may, self._stopped = threading.Semaphore(0), threading.Semaphore(0)
        self._thread = threading.Thread(target=self._run, args=(play,), daemon=True)
        self._thread.start()
        self._stopped.acquire()

    def _run(self, play: Callable[[Store], object]) -> None:
        try:
            play(self.actor)
        except UnderstudyError as error:
            self.told = error
        except BaseException as error:
            self.bug = error
        self.done = True
        self._stopped.release()

    def _wait(self, _: int) -> None:
        self._stopped.release()
        self._may.acquire()

    def go(self, calls: int) -> None:
        """Let it make some calls; nothing more happens once it is done."""
        for _ in range(calls):
            if self.done:
                return
            self._may.release()
            self._stopped.acquire()

    def finish(self) -> None:
        """Let it end."""
        self.go(10_000)
        assert self.done
        self._thread.join()
        if self.bug is not None:
            raise self.bug


def play_turns(players: list[Player], turns: Iterable[tuple[int, int]]) -> None:
    """Let the players take turns: (who, how many calls); in the end each comes to its end."""
    for who, calls in turns:
        players[who].go(calls)
    for player in players:
        player.finish()
