"""How much clients notice when the release that answers them is swapped, again and again.

Eight clients classify without a pause; turns without swaps and turns with them, as fast as one
release can be loaded after the other. Every answer is compared with what its release must say.
Run: .venv/bin/python bench/swap.py [SWAPS]
"""

from __future__ import annotations

import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from machine import print_machine
from model18m import write_model

import understudy
from understudy import wiring
from understudy.delivery.pointer import Action, Change
from understudy.delivery.pointers import change_pointer
from understudy.following import live_model
from understudy.serve.live import Live, Pace
from understudy.store.local import LocalStore

CLIENTS, SWAPS, TURNS = 8, 300, 5
FASHION = Path(__file__).parents[1] / "examples" / "fashion"

Sources = tuple[list[Path], list[Path]]
Answers = dict[str, tuple[float, ...]]


def main() -> None:
    """Measure and print."""
    swaps = int(sys.argv[1]) if len(sys.argv) > 1 else SWAPS
    print_machine()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        small: Sources = ([FASHION / "first"], [FASHION / "better"])
        measure("28 x 28, 14 and 34 thousand parameters", folder / "small", small, (28, 28), swaps)
        for seed in (1, 2):
            (folder / str(seed)).mkdir()
        large: Sources = (
            list(write_model(folder / "1", 1)),
            list(write_model(folder / "2", 2)),
        )
        measure("128 x 128, 18 million parameters", folder / "large", large, (128, 128), swaps)


def measure(title: str, folder: Path, models: Sources, size: tuple[int, int], swaps: int) -> None:
    """Print what the clients of one model got."""
    store = LocalStore(folder)
    image = np.random.default_rng(0).integers(0, 256, (*size, 3), np.uint8)
    answers: Answers = {}
    for files in models:
        wiring.push_files(files, "model", store=store)
        with understudy.open("model", store=store) as fixed:
            result = fixed.classify(image, top_k=10)
            answers[str(result.release)] = _numbers(result)
    with live_model("model", store=store, pace=Pace(poll=60.0)) as live:
        swapper = Swapper(store, live, tuple(answers))
        quiet: list[float] = []
        busy: list[float] = []
        taken: list[float] = []
        turn(live, image, answers, quiet, lambda: time.sleep(1.0))  # warms up
        quiet.clear()
        for _ in range(TURNS):
            began = time.perf_counter()
            turn(live, image, answers, busy, lambda: taken.extend(swapper.run(swaps // TURNS)))
            spent = time.perf_counter() - began
            turn(live, image, answers, quiet, lambda spent=spent: time.sleep(spent))
    print(f"{title}: {CLIENTS} clients, {len(taken)} swaps, {len(quiet) + len(busy)} answers,")
    print("  none of them an error or of neither release")
    for share in (50, 99):
        without, during = np.percentile(quiet, share), np.percentile(busy, share)
        print(
            f"  p{share}  {without:8.1f} ms without swaps  {during:8.1f} ms during"
            f"  {during / without:5.2f} times as long"
        )
    print(f"  one swap, pointer to first answer: median {np.median(taken):.0f} ms\n")


def turn(
    live: Live,
    image: np.ndarray,  # type: ignore[type-arg]
    answers: Answers,
    times: list[float],
    until: Callable[[], None],
) -> None:
    """Let the clients ask while `until` runs; adds the milliseconds of each answer to `times`."""
    stop = threading.Event()
    problems: list[Exception] = []

    def ask() -> None:
        try:
            while not stop.is_set():
                began = time.perf_counter()
                result = live.classify(image, top_k=10)
                times.append((time.perf_counter() - began) * 1000)
                if not np.allclose(_numbers(result), answers[str(result.release)], atol=1e-4):
                    raise AssertionError(f"no answer of {result.release}: {result.predictions}")
        except Exception as error:
            problems.append(error)

    clients = [threading.Thread(target=ask) for _ in range(CLIENTS)]
    for client in clients:
        client.start()
    try:
        until()
    finally:
        stop.set()
        for client in clients:
            client.join()
    if problems:
        raise problems[0]


class Swapper:
    """Moves the pointer between two releases, and waits until each one answers."""

    def __init__(self, store: LocalStore, live: Live, releases: tuple[str, ...]) -> None:
        self._store = store
        self._live = live
        self._releases = releases
        self._count = 0

    def run(self, count: int) -> list[float]:
        """Swap so often; the milliseconds of each."""
        return [self._swap() for _ in range(count)]

    def _swap(self) -> float:
        self._count += 1
        serving = self._live.state.serving
        (release,) = (release for release in self._releases if release != serving)
        at = f"2025-01-01T00:00:00.{self._count:06}Z"
        change = Change(release, at, "bench", Action.PUSH, None, "", f"{self._count:016x}")
        change_pointer(self._store, "model", "dev", change)
        began = time.perf_counter()
        self._live.check_now()
        while self._live.state.serving != release:
            if self._live.state.problem is not None:
                raise self._live.state.problem
            time.sleep(0.002)
        return (time.perf_counter() - began) * 1000


def _numbers(result: understudy.Result) -> tuple[float, ...]:
    best = sorted(result.predictions, key=lambda prediction: prediction.index)
    return tuple(float(p.probability or 0.0) for p in best)


if __name__ == "__main__":
    main()
