"""How long an image takes from its file to the model's input, against code written by hand.

By hand: `np.asarray(Image.open(f).convert("RGB").resize(size, BILINEAR), "float32") / 255`, with
and without turning the image upright. The tensors are compared bit by bit first. Then where the
time goes, what `"decode": "fast"` saves, and what a row of images gains from several cores.
Run: .venv/bin/python bench/decode.py
"""

from __future__ import annotations

import io
import tempfile
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np
from machine import alternate, print_machine, print_ratios
from PIL import Image, ImageOps

from understudy.release.resolve import Resolved, resolve
from understudy.serve.lookahead import look_ahead
from understudy.serve.prepare import Place, empty_batch, prepare
from understudy.serve.session import cores

ROUNDS = {640: 120, 1600: 40, 4000: 12}
SIDE = 128
IMAGES = 16
EXACT, FAST = "understudy", 'understudy, "decode": "fast"'
BY_HAND, UPRIGHT = "by hand", "by hand, turned upright"


def main() -> None:
    """Measure and print."""
    print_machine()
    how = resolve(None, (SIDE, SIDE, 3))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "photo.jpg")
        for width, height in ((640, 480), (1600, 1200), (4000, 3000)):
            path.write_bytes(photograph(width, height))
            compare(path, how, ROUNDS[width], f"JPEG of {width} x {height}")
        path.write_bytes(photograph(1600, 1200))
        row(path, how)


def compare(path: Path, how: Resolved, rounds: int, title: str) -> None:
    """One file, in all ways; and where each of them spends its time."""
    fast = replace(how, decode="fast")
    if not np.array_equal(tensor(path, how), by_hand(path)):
        raise SystemExit("the tensors differ: nothing to compare")
    off = np.abs(tensor(path, how) - tensor(path, fast)) * 255
    ways: dict[str, Callable[[], Any]] = {
        EXACT: lambda: tensor(path, how),
        FAST: lambda: tensor(path, fast),
        BY_HAND: lambda: by_hand(path),
        UPRIGHT: lambda: by_hand(path, upright=True),
    }
    times = alternate({name: _silent(way) for name, way in ways.items()}, rounds, 2)
    size = f"{path.stat().st_size / 1000:.0f} kB, to {SIDE} x {SIDE} x 3"
    print_ratios(f"{title}, {size}", times, BY_HAND)
    print(
        f"  exact takes {times[EXACT] / times[BY_HAND]:.2f} of the time by hand; fast is"
        f" {times[EXACT] / times[FAST]:.2f} x as fast as exact, and off by {off.mean():.2f} grey"
        f" levels in the mean, {off.max():.0f} at most"
    )
    spent = stages(path, {"exact": 1, "fast": _factor(path, fast)}, rounds)
    for name, taken in spent.items():
        listed = ", ".join(f"{stage} {ms:.2f}" for stage, ms in taken.items())
        print(f"  {name:6} ms: {listed}")
    print()


def tensor(path: Path, how: Resolved) -> np.ndarray:  # type: ignore[type-arg]
    """What the model would get."""
    place = Place("image", empty_batch(how, 1), 0)
    if prepare(path, how, place).error is not None:
        raise SystemExit("the image cannot be decoded")
    return place.batch[0]


def by_hand(path: Path, *, upright: bool = False) -> np.ndarray:  # type: ignore[type-arg]
    """What people write."""
    with Image.open(path) as image:
        turned = ImageOps.exif_transpose(image) if upright else image
        small = turned.convert("RGB").resize((SIDE, SIDE), Image.Resampling.BILINEAR)
    return np.asarray(small, np.float32) / 255.0


def stages(path: Path, factors: dict[str, int], rounds: int) -> dict[str, dict[str, float]]:
    """The median milliseconds of each step, done with Pillow's own calls."""
    times: dict[str, dict[str, list[float]]] = {way: defaultdict(list) for way in factors}
    for _ in range(rounds):
        for way, factor in factors.items():
            started = perf_counter()

            def done(stage: str, spent: dict[str, list[float]] = times[way]) -> None:
                nonlocal started
                now = perf_counter()
                spent[stage].append((now - started) * 1000)
                started = now

            data = path.read_bytes()
            done("read")
            image: Image.Image = Image.open(io.BytesIO(data))
            image.getexif()
            done("header")
            if factor > 1:
                image.draft("RGB", (image.width // factor, image.height // factor))
            image.load()
            done("decode")
            image = image if image.mode == "RGB" else image.convert("RGB")
            done("convert")
            small = image.resize((SIDE, SIDE), Image.Resampling.BILINEAR)
            done("resize")
            out = np.empty((SIDE, SIDE, 3), np.float32)
            np.copyto(out, np.asarray(small))
            out /= 255.0
            done("scale")
    return {
        way: {stage: median(taken) for stage, taken in spent.items()}
        for way, spent in times.items()
    }


def row(path: Path, how: Resolved) -> None:
    """Many images: one after the other, and on all cores, as `classify_many` does it."""
    data = path.read_bytes()

    def ahead() -> None:
        batch = empty_batch(how, IMAGES)
        places = [Place(index, batch, index) for index in range(IMAGES)]
        jobs = look_ahead(
            lambda place: prepare(data, how, place), places, workers=cores(), ahead=IMAGES
        )
        for _ in jobs:
            pass

    def one_by_one() -> None:
        for _ in range(IMAGES):
            by_hand(path)

    times = alternate({f"understudy, {cores()} cores": ahead, BY_HAND: one_by_one}, 10, 1)
    print_ratios(f"{IMAGES} JPEGs of 1600 x 1200", times, BY_HAND)


def photograph(width: int, height: int) -> bytes:
    """A JPEG with as much detail as a photograph has."""
    random = np.random.default_rng(0)
    coarse = random.integers(0, 256, (height // 16, width // 16, 3), np.uint8)
    smooth = Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)
    grain = random.normal(0, 6, (height, width, 3))
    pixels = np.clip(np.asarray(smooth, np.float32) + grain, 0, 255).astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=88)
    return buffer.getvalue()


def _factor(path: Path, how: Resolved) -> int:
    from understudy.serve.reduction import reduction

    with Image.open(path) as image:
        return reduction(image.size, how)


def _silent(way: Callable[[], Any]) -> Callable[[], None]:
    def run() -> None:
        way()

    return run


if __name__ == "__main__":
    main()
