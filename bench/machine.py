"""What a measurement was made on."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path
from statistics import median
from time import perf_counter

PACKAGES = ("understudy", "onnxruntime", "onnx", "numpy", "pillow", "pyfive")


def print_machine() -> None:
    """Print the machine and the versions."""
    cpu = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        models = [
            line.split(":")[1] for line in info.read_text().splitlines() if "model name" in line
        ]
        cpu = models[0].strip() if models else cpu
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    print(f"{cpu}, {os.cpu_count()} cores{load}, {platform.platform()}")
    versions = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    print(f"Python {platform.python_version()}, {versions}\n")


class Stolen:
    """The share of the processors' time that the host gave to other machines, since this was made.

    Linux counts it: https://man7.org/linux/man-pages/man5/proc_stat.5.html
    """

    def __init__(self) -> None:
        self._before = _ticks()

    def share(self) -> float:
        """From 0 to 1; 0 where nobody counts it."""
        every, stolen = (now - then for now, then in zip(_ticks(), self._before, strict=True))
        return stolen / every if every else 0.0


def _ticks() -> tuple[int, int]:
    """All ticks of all processors, and those that were stolen."""
    stat = Path("/proc/stat")
    if not stat.exists():
        return 0, 0
    ticks = [int(field) for field in stat.read_text().splitlines()[0].split()[1:9]]
    return sum(ticks), ticks[7]


def alternate(
    ways: Mapping[str, Callable[[], float | None]], rounds: int, warm_up: int = 1
) -> dict[str, float]:
    """Run each way in turn, round after round; the median milliseconds of each.

    A way may time itself and give milliseconds; otherwise the whole call counts. Turns, because
    a noisy machine then disturbs all of them alike.
    """
    times: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(warm_up + rounds):
        for name, way in ways.items():
            started = perf_counter()
            own = way()
            taken = (perf_counter() - started) * 1000 if own is None else own
            if number >= warm_up:
                times[name].append(taken)
    return {name: median(measured) for name, measured in times.items()}


def print_ratios(title: str, times: Mapping[str, float], base: str) -> None:
    """Print medians, and how they compare with one of them."""
    print(title)
    for name, taken in times.items():
        ratio = times[base] / taken
        print(f"  {name:44} {taken:9.2f} ms   {ratio:7.2f} x as fast as {base}")
    print()
