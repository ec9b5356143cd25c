"""Every architecture of keras.applications, compiled and compared with the real Keras.

    python tests/conformance/applications.py [--environment DIR] [NAME...]

Lets the newest real Keras make each model with random weights (make_applications.py), compiles
it, runs it with onnxruntime, and prints a row: parameters, operators, seconds, peak memory beside
the weights', the largest difference. Exits 1 if a model cannot be compiled, differs by more than
1e-4, or needs more than three times its weights. Needs the environment `keras-3.15.1` that
tests/golden/environments.py makes.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TOLERANCE = 1e-4
MEMORY = 3.0
ENVIRONMENTS = "/opt/keras-envs"
ENVIRONMENT = "keras-3.15.1"
HERE = Path(__file__).resolve().parent
HEAD = f"{'model':20}{'parameters':>13}{'operators':>11}{'seconds':>9}{'peak MB':>9}{'weights':>9}"


def measure(folder: Path) -> dict[str, float]:
    """Compile and run the model in a folder, in a process of its own; what was measured."""
    done = subprocess.run(
        [sys.executable, __file__, "--measure", str(folder)], capture_output=True, text=True
    )
    if done.returncode:
        lines = done.stderr.strip().splitlines() or ["it says nothing"]
        raise RuntimeError(" ".join(lines[-4:])[:300])
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def compile_here(folder: Path) -> dict[str, float]:
    """Compile the model in a folder as `understudy compile` does, and compare its answers."""
    import numpy as np

    # Imported here, so that it is no model's memory.
    import understudy.delivery.compiling  # noqa: F401
    from understudy import wiring

    files = [folder / "architecture.json", folder / "model.weights.h5"]
    options = wiring.compile_options()
    before, start = memory("VmRSS"), time.perf_counter()
    found = wiring.compile_files(files, folder / "out", options)
    seconds, peak = time.perf_counter() - start, memory("VmHWM") - before
    with np.load(folder / "goldens.npz") as goldens:
        inputs, expected = goldens["inputs"], goldens["outputs"]
    assert found.inputs is not None
    answers = wiring.rehearse(folder / "out", {found.inputs[0].name: inputs})
    (answer,) = answers.values()
    return {
        "operators": sum(found.operators.values()),
        "seconds": seconds,
        "peak": peak,
        "weights": (folder / "out" / "weights.bin").stat().st_size,
        "difference": float(np.abs(answer - expected).max()),
        "spread": float(np.abs(expected - expected[:1]).max()),
    }


def memory(field: str) -> int:
    """Bytes of this process, as Linux counts them."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(re.search(rf"{field}:\s+(\d+) kB", status)[1]) * 1024  # type: ignore[index]


def row(name: str, parameters: int, found: dict[str, float]) -> tuple[str, bool]:
    """One line of the table, and whether the model passes."""
    wrong = []
    if not found["difference"] <= TOLERANCE:
        wrong.append("WRONG")
    if found["peak"] > MEMORY * found["weights"] and found["peak"] > 100e6:
        wrong.append("MEMORY")
    if found["spread"] < 0.01:
        wrong.append("DULL")
    line = (
        f"{name:20}{parameters:13,}{found['operators']:11,.0f}{found['seconds']:9.2f}"
        f"{found['peak'] / 1e6:9.0f}{found['weights'] / 1e6:9.0f}{found['difference']:12.1e}  "
        f"{' '.join(wrong)}"
    )
    return line.rstrip(), not wrong


def run(python: Path, names: list[str]) -> int:
    """Make and compare the models; how many failed."""
    failed = 0
    folder = Path(tempfile.mkdtemp(prefix="understudy-applications-"))
    variables = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "HOME": str(folder)}
    command = [str(python), str(HERE / "make_applications.py"), str(folder), *names]
    print(f"{HEAD}{'difference':>12}", flush=True)
    try:
        with subprocess.Popen(
            command, env=variables, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        ) as maker:  # fmt: skip
            assert maker.stdout is not None
            assert maker.stdin is not None
            for line in maker.stdout:
                made = json.loads(line)
                try:
                    text, good = row(
                        made["name"], made["parameters"], measure(folder / made["name"])
                    )
                except RuntimeError as error:
                    text, good = f"{made['name']:20}  FAILED: {error}", False
                print(text, flush=True)
                failed += not good
                shutil.rmtree(folder / made["name"])
                maker.stdin.write("\n")
                maker.stdin.flush()
        if maker.returncode:
            print(f"{python} failed", file=sys.stderr)
            failed += 1
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return failed


def main() -> int:
    """Parse, run, and give the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("names", nargs="*", help="these architectures only")
    parser.add_argument("--environments", type=Path, default=Path(ENVIRONMENTS))
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.measure:
        print(json.dumps(compile_here(asked.measure)))
        return 0
    python = asked.environments / ENVIRONMENT / "bin" / "python"
    if not python.exists():
        print(
            f"there is no {python}\n"
            f"hint: python tests/golden/environments.py {asked.environments} {ENVIRONMENT}",
            file=sys.stderr,
        )
        return 2
    failed = run(python, asked.names)
    print(f"{failed} failed" if failed else "all are right")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
