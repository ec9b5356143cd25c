"""What each process of a race does: it pushes, promotes and rolls back, and says what came of it.

Run as a program: `python -m delivery.racing STORE FOLDER PLAYERS TURNS KINDS`, with the tests'
folder on the path. It prints `ready`, waits for a line, and becomes a process for each player; they
print one JSON value a turn.
"""

from __future__ import annotations

import json
import os
import random
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from release.releases import TWO_FILES, Sources
from understudy.delivery.actions import Delivered, promote, rollback
from understudy.delivery.prune import prune
from understudy.errors import ConflictError
from understudy.release.identity import Role
from understudy.store import Store, open_store

from .scene import MODEL, push

VERSIONS: list[Sources] = [TWO_FILES | {Role.WEIGHTS: b"version %d" % i} for i in range(6)]


def now() -> datetime:
    """The clock."""
    return datetime.now(UTC)


def play(store: Store, folder: Path, player: str, turns: int, kinds: str) -> None:
    """Take turns; which, the player's name decides."""
    dice = random.Random(player)
    moves: dict[str, Callable[[], Delivered]] = {
        "push": lambda: push(store, folder, dice.choice(VERSIONS), by=player, now=now),
        "promote": lambda: promote(store, MODEL, "dev", "prod", by=player, now=now),
        "rollback": lambda: rollback(
            store, MODEL, dice.choice(("dev", "prod")), by=player, now=now
        ),
    }
    names = kinds.split(",")
    for _ in range(turns):
        name = dice.choice(names)
        try:
            if name == "prune":
                prune(store, MODEL, by=player, now=now, keep=1)
                continue
            done = moves[name]()
            nonce = done.pointer.history[0].nonce if done.moved else ""
            told = [name, done.stage, "moved" if done.moved else "stayed", nonce]
        except ConflictError as error:
            told = [name, "", "lost", error.what]
        os.write(1, f"{json.dumps(told)}\n".encode())  # a whole line at once: others write too


if __name__ == "__main__":
    where, folder, players, turns, kinds = sys.argv[1:]
    print("ready", flush=True)  # noqa: T201
    sys.stdin.readline()
    first, *others = players.split(",")
    mine = next((name for name in others if os.fork() == 0), first)
    play(open_store(where), Path(folder) / mine, mine, int(turns), kinds)
    if mine == first:
        assert not any(os.wait()[1] for _ in others)
