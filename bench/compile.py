"""How long `understudy compile` takes for 18 million parameters, and how much memory at the most.

The whole command in a process of its own: starting Python, reading, compiling, writing.
Run: .venv/bin/python bench/compile.py [ARCHITECTURE WEIGHTS]   (without: a random 18M model)
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter

from machine import print_machine
from model18m import write_model

ROUNDS = 7


def main() -> None:
    """Measure and print."""
    print_machine()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files = [Path(argument) for argument in sys.argv[1:]] or list(write_model(folder))
        size = sum(file.stat().st_size for file in files) / 1e6
        runs = [measure(files, folder / "out") for _ in range(ROUNDS + 1)][1:]
        seconds, peak = median(run[0] for run in runs), max(run[1] for run in runs)
        print(f"understudy compile, {size:.0f} MB of sources: {seconds:.2f} s (median of {ROUNDS})")
        print(
            f"peak memory {peak:.0f} MB, {peak / size:.1f} times the sources (largest of {ROUNDS})"
        )


def measure(files: list[Path], folder: Path) -> tuple[float, float]:
    """Seconds, and the peak of the resident memory in MB, of one run of the command."""
    command = Path(sys.executable).with_name("understudy")
    started = perf_counter()
    process = subprocess.Popen(
        [command, "compile", *files, "-o", folder], stdout=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    seconds = perf_counter() - started
    if status:
        raise SystemExit("the command failed")
    return seconds, usage.ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)


if __name__ == "__main__":
    main()
