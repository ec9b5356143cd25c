"""Damage many files, and see that each ends in an error of ours or in a model.

    python tests/fuzz/run.py [--count 20000] [--first 0] [--jobs 2]

Every case is read, normalised and compiled in a worker process with a limit of memory and of time;
a worker that dies or hangs is noticed and replaced. A case is its number: the same number gives
the same files, on every machine. Ends with a summary, and with status 1 if a case failed.
"""

from __future__ import annotations

import argparse
import faulthandler
import hashlib
import json
import random
import resource
import signal
import subprocess
import sys
import time
import traceback
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
for folder in ("src", "tests", "tests/golden"):
    sys.path.insert(0, str(ROOT / folder))

SECONDS = 5
"""A case that takes longer has hung."""

HARD_SECONDS = 10
"""Here the worker ends itself: what hangs does not listen to signals."""

MEMORY = 2 << 30
"""Address space of a worker; the libraries alone take a good part of it."""

LARGEST = 150_000
"""Goldens up to this size are taken: all of them are small."""

FORMS = (
    ("architecture.json", "weights.h5"),
    ("architecture.json", "model.weights.h5"),
    ("architecture.yaml", "weights.h5"),
    ("model.h5",),
    ("model.keras",),
    ("sharded.zip",),
    ("tfjs.zip",),
    ("converted_keras.zip",),
)


@cache
def seeds() -> list[tuple[str, dict[str, bytes]]]:
    """The whole files: (name, files), a set a form, unpacked ones beside the zips."""
    from golden_set import goldens

    found: list[tuple[str, dict[str, bytes]]] = []
    for golden in goldens():
        for form in FORMS:
            if not set(form) <= set(golden.files):
                continue
            files = {name: golden.read(name) for name in form}
            if sum(map(len, files.values())) <= LARGEST:
                found.append((f"{golden.version}/{golden.model}/{form[-1]}", files))
            if form[0] in ("tfjs.zip", "sharded.zip"):
                found.append((f"{golden.version}/{golden.model}/unpacked", unpacked(files)))
    found.append(("onnx", {"model.onnx": onnx_model()}))
    return found


def unpacked(files: Mapping[str, bytes]) -> dict[str, bytes]:
    import io
    import zipfile

    ((_, data),) = files.items()
    with zipfile.ZipFile(io.BytesIO(data)) as packed:
        return {name: packed.read(name) for name in packed.namelist()}


def onnx_model() -> bytes:
    """What the compiler itself makes of a golden, its weights inside."""
    import numpy as np
    import onnx
    from golden_set import goldens

    from running import compile_files

    golden = next(g for g in goldens() if g.version == "keras-2.0.6" and g.model == "resnet")
    files = {name: golden.read(name) for name in ("architecture.json", "weights.h5")}
    compiled = compile_files(files)
    proto = onnx.load_model_from_string(compiled.files.onnx)
    weights = b"".join(bytes(piece) for piece in compiled.files.pieces())
    for tensor in proto.graph.initializer:
        if tensor.external_data:
            said = {entry.key: entry.value for entry in tensor.external_data}
            start, size = int(said["offset"]), int(said["length"])
            array = np.frombuffer(weights[start : start + size], "<f4").reshape(tensor.dims)
            tensor.CopyFrom(onnx.numpy_helper.from_array(array, tensor.name))
    return bytes(proto.SerializeToString())


def files_of(number: int) -> tuple[str, dict[str, bytes]]:
    """The files of a case, and which whole ones they come from."""
    from fuzz.mutate import mutate

    rng = random.Random(number)
    name, whole = rng.choice(seeds())

    def others(chooser: random.Random) -> bytes:
        return chooser.choice(list(chooser.choice(seeds())[1].values()))

    return name, mutate(whole, others, rng.randrange(1 << 60))


def outcome(files: Mapping[str, bytes]) -> str:
    """`refused`, or the compiled model's hash.

    Raises:
        Exception: whatever is not an error of ours.
    """
    from understudy.compiler import compile_model
    from understudy.compiler.adopt import adopt_onnx
    from understudy.errors import UnderstudyError
    from understudy.keras import normalize, read
    from understudy.keras.formats import Format, Part, recognise

    try:
        found = recognise(files)
        if found.format is Format.ONNX:
            name = found.parts[Part.MODEL]
            beside = {said: found.files[given] for said, given in found.shards.items()}
            compiled = adopt_onnx(found.files[name], beside, name)
        else:
            compiled = compile_model(normalize(read(found))[0])
        digest = hashlib.sha256(compiled.files.onnx)
        for piece in compiled.files.pieces():
            digest.update(piece)
        return digest.hexdigest()
    except UnderstudyError as error:
        if "\n" in error.what or not error.what or not error.hint:
            raise AssertionError(f"an error that is not one line with a hint: {error!r}") from error
        return "refused"


# --- The worker -----------------------------------------------------------------------------------


class Hang(BaseException):
    """The time is over; not an Exception, so that nothing swallows it."""


def work(first: int, count: int, step: int) -> None:
    """Run cases, a line of JSON each: before it its number, after it what came of it."""

    def over(*_: Any) -> None:
        raise Hang

    seeds()
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    signal.signal(signal.SIGALRM, over)
    for number in range(first, first + count, step):
        print(json.dumps({"number": number}), flush=True)  # noqa: T201
        name, files = files_of(number)
        started = time.monotonic()
        faulthandler.dump_traceback_later(HARD_SECONDS, exit=True)
        signal.setitimer(signal.ITIMER_REAL, SECONDS)
        try:
            result, detail = outcome(files), ""
        except Hang:
            result, detail = "hang", traceback.format_exc()
        except MemoryError:
            result, detail = "memory", traceback.format_exc()
        except BaseException:
            result, detail = "crash", traceback.format_exc()
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            faulthandler.cancel_dump_traceback_later()
        if len(result) == 64:
            result = "same" if result == whole_hash(name) else "compiled"
        took = time.monotonic() - started
        line = {"number": number, "seed": name, "result": result, "took": took, "detail": detail}
        print(json.dumps(line), flush=True)  # noqa: T201


@cache
def whole_hash(name: str) -> str:
    return outcome(dict(seeds())[name])


# --- Over the workers -----------------------------------------------------------------------------


def results(first: int, count: int, jobs: int) -> Iterator[dict[str, Any]]:
    """What came of every case, in no order."""
    running = {job: (start(first + job, first, count, jobs), first + job) for job in range(jobs)}
    current = dict.fromkeys(running, -1)
    while running:
        for job, (process, _) in list(running.items()):
            assert process.stdout is not None
            line = process.stdout.readline()
            if line:
                said = json.loads(line)
                current[job] = said["number"]
                if "result" in said:
                    yield said
                    current[job] = -said["number"] - 1
                continue
            del running[job]
            number = current[job]
            if process.wait() != 0:
                if number < 0:
                    raise SystemExit(f"a worker ended with {process.returncode} between cases")
                yield {
                    "number": number,
                    "seed": "?",
                    "result": "died",
                    "took": 0.0,
                    "detail": f"the worker ended with {process.returncode}",
                }
                if number + jobs < first + count:
                    running[job] = (start(number + jobs, first, count, jobs), number + jobs)


def start(number: int, first: int, count: int, jobs: int) -> subprocess.Popen[str]:
    left = first + count - number
    command = [sys.executable, __file__, "--worker", str(number), str(left), str(jobs)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


FAILURES = ("crash", "hang", "memory", "died")


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--first", type=int, default=0, help="the first case's number")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--worker", nargs=3, type=int, help=argparse.SUPPRESS)
    asked = parser.parse_args(arguments)
    if asked.worker:
        work(*asked.worker)
        return 0
    counts: Counter[str] = Counter()
    slowest: tuple[float, int] = (0.0, -1)
    started = time.monotonic()
    for done in results(asked.first, asked.count, asked.jobs):
        counts[done["result"]] += 1
        slowest = max(slowest, (done["took"], done["number"]))
        if done["result"] in FAILURES:
            print(f"case {done['number']} ({done['seed']}): {done['result']}\n{done['detail']}")  # noqa: T201
        total = sum(counts.values())
        if sys.stderr.isatty() and total % 100 == 0:
            print(f"\r{total:,} of {asked.count:,}", end="", file=sys.stderr)  # noqa: T201
    failed = sum(counts[result] for result in FAILURES)
    listed = ", ".join(f"{count:,} {result}" for result, count in counts.most_common())
    print(f"{sum(counts.values()):,} files in {time.monotonic() - started:.0f} s: {listed}")  # noqa: T201
    print(f"slowest: case {slowest[1]} with {slowest[0]:.2f} s; failed: {failed}")  # noqa: T201
    return 1 if failed or sum(counts.values()) != asked.count else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
