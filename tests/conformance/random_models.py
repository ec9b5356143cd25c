"""Random models of every real Keras that there is, compiled and compared with it.

    python tests/conformance/random_models.py [--environments DIR] [--count N] [VERSION...]

Lets each Keras make N models that nobody has seen (make_random.py), in every format that it
writes, compiles each file, runs it with onnxruntime, and compares outputs, names, shapes and
dtypes. Prints a row for each version, and below it why files were refused, and which are wrong.
Exits 1 if one is wrong, or ends in anything but an answer or an error of ours. A version whose
environment is not there is set up; where that cannot be done, its row says so.

A model comes again by its seed: `random_models.py --seed N --count 1 --keep FOLDER VERSION`.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).resolve().parent
GOLDEN = HERE.parent / "golden"
sys.path[:0] = [str(HERE.parent), str(GOLDEN)]

from environments import TABLE, CannotMake, make  # noqa: E402
from make_goldens import RUNS  # noqa: E402

from running import compile_files, run  # noqa: E402
from understudy.errors import UnderstudyError  # noqa: E402

TOLERANCE = {False: 1e-4, True: 5e-3}
"""Without float16 and with it; as a share of the largest output, where that is above 1."""

THEANO_FLAGS = "device=cpu,floatX=float32,cxx=,optimizer=None,linker=py"
"""Theano computes with NumPy then. It would compile each model for minutes otherwise."""

HEAD = (
    f"{'version':24}{'models':>7}{'files':>7}{'right':>7}{'refused':>9}{'wrong':>7}{'seconds':>9}"
)


@dataclass(slots=True)
class Score:
    """What came of one version's files."""

    models: int = 0
    files: int = 0
    right: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    examples: dict[str, int] = field(default_factory=dict)
    thrown: dict[str, int] = field(default_factory=dict)

    def row(self, version: str, seconds: float) -> str:
        """The line of the table."""
        return (
            f"{version:24}{self.models:7}{self.files:7}{self.right:7}"
            f"{self.refused.total():9}{len(self.wrong):7}{seconds:9.0f}"
        )


def problem(folder: Path, files: list[str], about: dict[str, Any]) -> str | None:
    """What is wrong with the answers for a model's files; None if nothing is."""
    compiled = compile_files({name: (folder / name).read_bytes() for name in files})
    for side, signatures in (("inputs", compiled.inputs), ("outputs", compiled.outputs)):
        expected = ports(about[side])
        found = [(signature.name, signature.shape) for signature in signatures]
        if not about[side][0]["reported"]:
            expected = [
                (name, shape) for (name, _), (_, shape) in zip(found, expected, strict=False)
            ]
        if found != expected:
            return f"{side} {found} instead of {expected}"
    with np.load(folder / "goldens.npz") as goldens:
        inputs = [goldens[f"input_{number}"] for number in range(len(compiled.inputs))]
        outputs = [goldens[f"output_{number}"] for number in range(len(compiled.outputs))]
    for ours, theirs in zip(run(compiled, inputs), outputs, strict=True):
        # What Keras gives as float16, we give as float32.
        same = ours.dtype == theirs.dtype or (theirs.dtype, ours.dtype) == ("float16", "float32")
        if ours.shape != theirs.shape or not same:
            return f"{ours.dtype} {ours.shape} instead of {theirs.dtype} {theirs.shape}"
        difference = np.abs(ours.astype("float64") - theirs.astype("float64")).max()
        largest = max(1.0, float(np.abs(theirs).max()))
        if not difference <= TOLERANCE[about["half"]] * largest:
            return f"differs by {difference:.1e}, values are up to {largest:.1e}"
    return None


def ports(said: list[dict[str, Any]]) -> list[tuple[str, tuple[int | None, ...]]]:
    """Names and shapes of inputs or outputs; a name that comes again is numbered."""
    found: list[tuple[str, tuple[int | None, ...]]] = []
    names: Counter[str] = Counter()
    for port in said:
        number = names[port["name"]]
        names[port["name"]] += 1
        name = f"{port['name']}_{number}" if number else port["name"]
        found.append((name, tuple(port["shape"])))
    return found


def judge(folder: Path, about: dict[str, Any], score: Score) -> None:
    """Compile and compare each set of files of one model."""
    score.models += 1
    for files in about["sets"]:
        score.files += 1
        what = f"seed {about['seed']}, {' + '.join(files[:2])} ({about['saved']})"
        try:
            found = problem(folder, files, about)
        except UnderstudyError as error:
            first = next(iter(getattr(error, "problems", ())), str(error).splitlines()[0])
            reason = general(first)
            score.refused[reason] += 1
            score.examples.setdefault(reason, about["seed"])
        except Exception as error:
            score.wrong.append(f"{what}: {type(error).__name__}: {str(error)[:300]}")
        else:
            if found is None:
                score.right += 1
            else:
                score.wrong.append(f"{what}: {found}")


def general(reason: str) -> str:
    """A refusal without the names and numbers of one model."""
    reason = re.sub(r"^([A-Z]\w+) \S+: ", r"\1: ", reason)
    return re.sub(r"\d+", "N", reason)[:160]


def version_of(name: str, flavour: str, variables: dict[str, str]) -> str:
    """What to call a run: its environment, and what else tells it apart."""
    backend = variables.get("KERAS_BACKEND", "tensorflow")
    more = [backend] if backend != "tensorflow" else []
    more += ["tf.keras"] if flavour == "tf.keras" and name.startswith("keras") else []
    return "+".join([name, *more])


def python_of(environments: Path, name: str) -> Path:
    """The version's interpreter; its environment is made if there is none."""
    python = environments / name / "bin" / "python"
    if not python.exists():
        environments.mkdir(parents=True, exist_ok=True)
        print(f"{name}: setting it up ...", file=sys.stderr, flush=True)
        (environment,) = (row for row in TABLE if row.name == name)
        make(environment, environments / name)
    return python


def listen(maker: subprocess.Popen[str], folder: Path, score: Score, *, keep: bool) -> None:
    """Judge each model that is made, and let the next one be made."""
    assert maker.stdout is not None
    assert maker.stdin is not None
    for line in maker.stdout:
        if not line.startswith("{"):
            continue
        said = json.loads(line)
        if "thrown" in said:
            score.thrown = said["thrown"]
            return
        place = folder / str(said["seed"])
        judge(place, said, score)
        if not keep:
            shutil.rmtree(place)
        maker.stdin.write("\n")
        maker.stdin.flush()


def play(
    python: Path, flavour: str, variables: dict[str, str], asked: argparse.Namespace, folder: Path
) -> Score:
    """Let one Keras make its models, and judge each."""
    score = Score()
    command = [str(python), str(HERE / "make_random.py"), str(folder), flavour]
    environment = {
        **os.environ,
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "CUDA_VISIBLE_DEVICES": "-1",
        "PYTHONPATH": str(GOLDEN),
        "PYTHONHASHSEED": "0",
        "HOME": str(folder),
        **variables,
        "THEANO_FLAGS": THEANO_FLAGS,
    }
    said = folder / "stderr.txt"
    with said.open("w", encoding="utf-8") as errors:
        maker = subprocess.Popen(
            [*command, str(asked.seed), str(asked.count)], env=environment, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors,
        )  # fmt: skip
        # A maker that is gone cannot be told to go on; its exit status says why.
        with contextlib.suppress(BrokenPipeError), maker:
            listen(maker, folder, score, keep=asked.keep is not None)
    if maker.returncode:
        tail = said.read_text(encoding="utf-8").strip().splitlines()[-3:]
        score.wrong.append(f"the maker ended with {maker.returncode}: {' '.join(tail)[:300]}")
    return score


def main() -> int:
    """Parse, run every version, and give the exit status."""
    versions = {version_of(*row): row for row in RUNS}
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("versions", nargs="*", metavar="VERSION", help=", ".join(versions))
    parser.add_argument("--environments", type=Path, default=Path("/opt/keras-envs"))
    parser.add_argument("--count", type=int, default=20, help="models of each version")
    parser.add_argument("--seed", type=int, default=int(time.time()) % 10**6 * 1000)
    parser.add_argument("--keep", type=Path, help="leave the files in this folder")
    asked = parser.parse_args()
    unknown = [name for name in asked.versions if name not in versions]
    if unknown:
        parser.error(f"no such version: {', '.join(unknown)}. There are {', '.join(versions)}")
    print(f"seed {asked.seed}\n{HEAD}", flush=True)
    failed = 0
    for version in asked.versions or versions:
        name, flavour, variables = versions[version]
        start = time.perf_counter()
        try:
            python = python_of(asked.environments, name)
        except CannotMake as error:
            print(f"{version:24}  skipped: {error}", flush=True)
            continue
        folder = Path(tempfile.mkdtemp(prefix="understudy-random-"))
        try:
            score = play(python, flavour, variables, asked, folder)
            if asked.keep:
                shutil.copytree(folder, asked.keep / version, dirs_exist_ok=True)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        print(score.row(version, time.perf_counter() - start), flush=True)
        if score.models < asked.count:
            for reason, times in Counter(score.thrown).most_common(5):
                print(f"    not made {times:3} times: {reason}")
        for reason, times in score.refused.most_common():
            print(f"    refused {times:4} times: {reason} (seed {score.examples[reason]})")
        for wrong in score.wrong:
            print(f"    WRONG {wrong}")
        sys.stdout.flush()
        failed += bool(score.wrong or not score.models)
    print(f"{failed} versions have wrong answers" if failed else "none is wrong")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
