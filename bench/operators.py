"""How many operators our graphs have, and how fast they run, against tf2onnx's.

    python bench/operators.py [--environments DIR] [--environment NAME] [--keep DIR] [NAME...]

For every architecture of keras.applications, at its smallest image size: lets the real Keras
make it and export it with tf2onnx (export_applications.py), compiles the same files, counts the
operators of both, and runs both with onnxruntime on one thread, in turns. Times are the
processor's, the median of many: what else the machine does counts little.

Needs the environment `keras-3.15.1` (or `tfkeras-2.15`) that tests/golden/environments.py makes,
and installs tf2onnx beside it, into a folder of its own. All 40 take about half an hour, most of
it in tf2onnx; with --keep they are taken from there the next time.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from time import thread_time

import numpy as np
import onnx
import onnxruntime as ort
from machine import alternate, print_machine

from understudy.wiring import compile_files, compile_options

ROOT = Path(__file__).resolve().parents[1]
CONVERTERS = {
    "keras-3.15.1": ("tf2onnx==1.17.0", "onnx==1.23.2", "requests==2.34.2"),
    "tfkeras-2.15": ("tf2onnx==1.16.1", "onnx==1.16.2", "requests==2.34.2"),
}
"""Environment -> what is installed beside it, without what it would bring along."""

TOLERANCE = 1e-4
ROUNDS = 30
SLOWEST = 8.0
"""Seconds that one model is run for at most."""


def main() -> int:
    """Measure, and print a row for each model."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("names", nargs="*", help="these architectures only")
    parser.add_argument("--environments", type=Path, default=ROOT / ".cache" / "keras-envs")
    parser.add_argument("--environment", choices=sorted(CONVERTERS), default="keras-3.15.1")
    parser.add_argument("--keep", type=Path, help="the folder where exported models stay")
    asked = parser.parse_args()
    python = asked.environments / asked.environment / "bin" / "python"
    if not python.exists():
        print(
            f"there is no {python}\nhint: python tests/golden/environments.py "
            f"{asked.environments} {asked.environment}",
            file=sys.stderr,
        )
        return 2
    pins = CONVERTERS[asked.environment]
    print_machine()
    print(f"{asked.environment}, {', '.join(pins[:2])}, one thread, batch 1\n")
    print("| model | operators | tf2onnx | ratio | ms | tf2onnx | ratio |")
    print("|---|---|---|---|---|---|---|", flush=True)
    ratios = []
    with tempfile.TemporaryDirectory() as scratch:
        folder = asked.keep or Path(scratch) / "exported"
        for name, error in exported(python, pins, folder, asked.names):
            if error:
                print(f"| {name} | {error} |", flush=True)
                continue
            line, ratio = row(folder / name, Path(scratch) / "compiled")
            ratios += [ratio] if ratio else []
            print(line, flush=True)
    for what, column in (("operators", 0), ("times", 1)):
        values = [ratio[column] for ratio in ratios]
        if values:
            mean = math.exp(sum(map(math.log, values)) / len(values))
            print(f"\n{what}: mean ratio {mean:.2f}, largest {max(values):.2f}", end="")
    print()
    return 0


def exported(
    python: Path, pins: tuple[str, ...], folder: Path, names: list[str]
) -> Iterator[tuple[str, str]]:
    """The models, each when it lies in the folder, and why one does not."""
    kept = sorted(path.parent.name for path in folder.glob("*/converted.onnx"))
    yield from ((name, "") for name in kept if not names or name in names)
    wanted = [name for name in names or architectures(python) if name not in kept]
    if not wanted:
        return
    beside = ROOT / ".cache" / "tf2onnx" / python.parents[1].name
    if not (beside / "tf2onnx").exists():
        command = [str(python), "-m", "pip", "install", "-q", "--no-deps", "--target", str(beside)]
        subprocess.run([*command, *pins], check=True)
    variables = {
        **os.environ,
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "PYTHONPATH": os.pathsep.join([str(beside), str(ROOT / "tests" / "conformance")]),
    }
    with subprocess.Popen(
        [str(python), str(ROOT / "bench" / "export_applications.py"), str(folder), *wanted],
        env=variables, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as maker:  # fmt: skip
        assert maker.stdout is not None
        assert maker.stdin is not None
        for line in maker.stdout:
            if line.startswith('{"name"'):
                said = json.loads(line)
                yield said["name"], said.get("error", "")
                maker.stdin.write("\n")
                maker.stdin.flush()


def architectures(python: Path) -> list[str]:
    """All architectures that this Keras has."""
    code = (
        "import inspect, keras, sys; sys.stdout.write(' '.join(n for n, f in"
        " inspect.getmembers(keras.applications, inspect.isfunction)))"
    )
    found = subprocess.run([str(python), "-c", code], check=True, capture_output=True, text=True)
    return found.stdout.split()


def row(folder: Path, compiled: Path) -> tuple[str, tuple[float, float] | None]:
    """One line of the table, and its two ratios, if there is something to compare with."""
    weights = next(folder.glob("*weights.h5"))
    files = [folder / "architecture.json", weights]
    compile_files(files, compiled, compile_options())
    graphs = (compiled / "model.onnx", folder / "converted.onnx")
    ours, theirs = map(operators, graphs)
    line = f"| {folder.name} | {ours} | {theirs}"
    try:
        Run(graphs[1])
    except Exception as error:  # onnxruntime's own exceptions have no common base but this
        why = next(iter(re.findall(r"No Op registered for \w+", str(error))), "invalid")
        return f"{line}, cannot be opened: {why} | | | | |", None
    fast, slow, apart = times(*graphs)
    mark = f" wrong by {apart:.0e}" if apart > TOLERANCE else ""
    line = f"{line} | {ours / theirs:.2f} | {fast:.1f} | {slow:.1f}{mark} | {fast / slow:.2f} |"
    return line, (ours / theirs, fast / slow)


def operators(path: Path) -> int:
    """How many operators a graph has; constants are none."""
    graph = onnx.load(path, load_external_data=False).graph
    return sum(node.op_type != "Constant" for node in graph.node)


def times(ours: Path, theirs: Path) -> tuple[float, float, float]:
    """The median milliseconds of one image, and by how much the converter's answer is wrong.

    Right is what graphs give when onnxruntime leaves them as they are. With random weights, some
    models blow up every rounding error; what those answer says nothing.
    """
    runs = [Run(path) for path in (ours, theirs)]
    first, second = (run.answer() for run in runs)
    known, right = (Run(path, as_it_is=True).answer() for path in (ours, theirs))
    steady = np.allclose(known, first, atol=TOLERANCE)
    if steady and not np.allclose(first, right, atol=TOLERANCE):
        raise SystemExit(f"{ours} is wrong by {np.abs(first - right).max():.1e}")
    once = median(run.timed() for run in runs)
    rounds = max(5, min(ROUNDS, round(SLOWEST / once * 1000 / 2)))
    taken = alternate({str(n): run.timed for n, run in enumerate(runs)}, rounds, warm_up=2)
    return taken["0"], taken["1"], float(np.abs(second - right).max()) if steady else 0.0


class Run:
    """A session on one thread, and an image for it."""

    def __init__(self, path: Path, *, as_it_is: bool = False) -> None:
        options = ort.SessionOptions()
        if as_it_is:
            options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 4
        self.session = ort.InferenceSession(str(path), options, ["CPUExecutionProvider"])
        random = np.random.default_rng(0)
        self.feeds = {}
        for entry in self.session.get_inputs():
            image = isinstance(entry.shape[0], str)
            sizes = [side if isinstance(side, int) else 1 for side in entry.shape]
            # Keras' export leaves the mean and the spread of a Normalization as inputs, and
            # their values nowhere: 0 and 1, which Keras begins with.
            spread = float("Sqrt" in entry.name)
            self.feeds[entry.name] = (
                random.random(sizes, np.float32) if image else np.full(sizes, spread, np.float32)
            )

    def answer(self) -> np.ndarray:
        """What the model says."""
        return np.asarray(self.session.run(None, self.feeds)[0])

    def timed(self) -> float:
        """Milliseconds of this thread's processor time for one image."""
        started = thread_time()
        self.session.run(None, self.feeds)
        return (thread_time() - started) * 1000


if __name__ == "__main__":
    sys.exit(main())
