"""From the last byte of a new model in dev/ to the first answer by it: how long, and where it goes.

The parts of `understudy serve` run here with their default settings. Something changed
in the last minutes, so that they look four times a second; after five minutes without a change it
is once a second, which adds half a second in the mean. Each round puts another architecture and
other weights into dev/, in one order or the other, so that all 18 million parameters are compiled
anew. A folder on disk, and SeaweedFS where it is installed.

A virtual machine shares its processors with others. Rounds in which these took more than 3 % of the
time are made again, and counted; the median of all rounds is printed, too.
Run: .venv/bin/python bench/update.py [ARCHITECTURE WEIGHTS]   (without: a random 18M model)
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from time import perf_counter, sleep

import numpy as np
from machine import Stolen, print_machine
from model18m import write_model
from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from store.servers import BUCKET, program, running
from understudy import admitting
from understudy.delivery.admission import Outcome
from understudy.errors import UnderstudyError
from understudy.serve.live import Event, Fleet
from understudy.store.aws import settings
from understudy.store.local import LocalStore
from understudy.store.s3 import S3Store

ROUNDS = 9
MOST_ROUNDS = 30
DISTURBED = 0.03
"""The share of the processors' time that was stolen in a round that is made again."""

LAST = ("weights", "architecture")
STEPS = ("seen", "compiled", "pointer moved", "loaded", "answered")


@dataclass(frozen=True, slots=True)
class Round:
    """When each step was done, in seconds, and the share of the processors' time stolen."""

    at: dict[str, float]
    stolen: float


class Noting:
    """A store that notes when it is first asked for what belongs to each step of a round."""

    at: dict[str, float]

    def note(self, step: str) -> None:
        """Note the first time of a step."""
        self.at.setdefault(step, perf_counter())

    def download(self, key: str, path: Path) -> str:
        """The first file of the drop is read."""
        self.note("seen")
        return super().download(key, path)  # type: ignore[misc, no-any-return]

    def put_file(self, key: str, path: Path) -> str:
        """The compiled model is written."""
        if key.endswith("/model.onnx"):
            self.note("compiled")
        return super().put_file(key, path)  # type: ignore[misc, no-any-return]

    def put_if(self, key: str, data: bytes, *, expected: str | None) -> str:
        """The pointer is written."""
        etag: str = super().put_if(key, data, expected=expected)  # type: ignore[misc]
        if "/stages/" in key:
            self.note("pointer moved")
        return etag


class NotingFolder(Noting, LocalStore):
    """A folder."""


class NotingBucket(Noting, S3Store):
    """A bucket."""


def main() -> None:
    """Measure and print."""
    print_machine()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files = [Path(argument) for argument in sys.argv[1:]] or list(write_model(folder))
        size = sum(file.stat().st_size for file in files) / 1e6
        print(f"{size:.0f} MB of sources; seconds since the last byte, medians of {ROUNDS} rounds")
        print(f"{'':10}{'last written':13}" + "".join(f"{step:>15}" for step in STEPS))
        for last in LAST:
            store = NotingFolder(folder / last)
            show("folder", last, measure(store, files, folder, weights_last=last == "weights"))
        if program() is None:
            print("SeaweedFS: not measured, there is no `weed` here")
            return
        with running() as server:
            for last in LAST:
                bucket = NotingBucket(BUCKET, last, settings(server.environment()))
                show(
                    "SeaweedFS",
                    last,
                    measure(bucket, files, folder, weights_last=last == "weights"),
                )


def show(name: str, last: str, rounds: Sequence[Round]) -> None:
    """Print a row: the medians, the range of the last step, and what it was in all rounds."""
    quiet = [one.at for one in rounds if one.stolen <= DISTURBED]
    every = f"of all {len(rounds)} rounds {median(one.at['answered'] for one in rounds):.2f}"
    if len(quiet) < ROUNDS:
        print(f"{name:10}{last:13}only {len(quiet)} undisturbed rounds; {every}", flush=True)
        return
    row = "".join(f"{median(times[step] for times in quiet):15.2f}" for step in STEPS)
    answered = sorted(times["answered"] for times in quiet)
    print(
        f"{name:10}{last:13}{row}   ({answered[0]:.2f} to {answered[-1]:.2f}; {every})", flush=True
    )


def measure(
    store: NotingFolder | NotingBucket, files: list[Path], folder: Path, *, weights_last: bool
) -> list[Round]:
    """Every round but the first, until enough of them were undisturbed."""
    store.at = {}
    architecture = files[0].read_bytes()
    data = bytearray(files[1].read_bytes())
    weights = folder / "dropped.h5"
    image = Image.fromarray(np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8))

    def news(what: object) -> None:
        if not isinstance(what, Outcome) or what.state not in ("admitted", "empty", "waiting"):
            print(what)

    def told(event: Event) -> None:
        if event.kind == "serving":
            store.note("loaded")

    rounds: list[Round] = []
    before: str | None = None
    with admitting.serving(["m"], news, told, store=store, every=1.0) as fleet:
        for number in range(MOST_ROUNDS + 1):
            sleep(8.0 + 0.37 * (number % 3))  # not in step with the looks
            data[len(data) // 2] ^= number + 1  # in the middle of the largest weight
            weights.write_bytes(data)
            drops = [
                partial(store.put, "m/dev/architecture.json", architecture + b" " * number),
                partial(store.put_file, "m/dev/weights.h5", weights),
            ]
            if not weights_last:
                drops.reverse()
            drops[0]()
            store.at.clear()
            drops[1]()
            start, stolen = perf_counter(), Stolen()
            while (serves := serving(fleet)) in (None, before):
                sleep(0.01)
            answer = fleet.get("m", "dev").classify(image)
            assert answer.release == serves
            store.note("answered")
            before = serves
            at = {step: store.at[step] - start for step in STEPS}
            rounds.append(Round(at, stolen.share()))
            if sum(one.stolen <= DISTURBED for one in rounds[1:]) == ROUNDS:
                break
    return rounds[1:]


def serving(fleet: Fleet) -> str | None:
    """The release that answers."""
    try:
        return fleet.get("m", "dev").state.serving
    except UnderstudyError:
        return None


if __name__ == "__main__":
    main()
