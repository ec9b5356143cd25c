"""Make the virtual environments of the Keras versions that the goldens come from.

    python tests/golden/environments.py DIR [NAME...]

Makes DIR/NAME for every row of TABLE (or for the names given), says which could not be
made and why, and exits 1 if there was such a one. A row that was made with the same pins
before is left alone, so a second run is quick.

Rules: standard library only; packages come from the package index through pip; the
interpreters come from pyenv (`$PYENV_ROOT`, `~/.pyenv`) or from the PATH; nothing is
installed outside DIR. Needs Python 3.11 or newer itself.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

OLD_PIP = ("pip==21.3.1", "setuptools==59.6.0", "wheel<0.38")
"""For Python 3.6 to 3.8: newer ones do not run there or do not build the old sources."""


@dataclass(frozen=True)
class Environment:
    """One virtual environment: which Python, which pins, and how to see that it works."""

    name: str
    python: str
    pins: tuple[str, ...]
    check: tuple[str, ...]
    variables: tuple[tuple[str, str], ...] = ()


THEANO = (
    ("KERAS_BACKEND", "theano"),
    ("THEANO_FLAGS", "device=cpu,floatX=float32,gcc.cxxflags=-Wno-narrowing"),
)

TABLE = (
    Environment(
        "keras-2.0.6",
        "3.6",
        (
            "keras==2.0.6",
            "tensorflow==1.3.0",
            "h5py==2.7.1",
            "numpy==1.13.3",
            "pillow",
            "protobuf<3.18",
            "scipy==1.1.0",
            "pyyaml==3.13",
        ),
        ("keras",),
    ),
    Environment(
        "keras-3.15.1",
        "3.12",
        ("keras==3.15.1", "tensorflow-cpu==2.21.0"),
        ("keras",),
    ),
    Environment(
        "tfkeras-2.15",
        "3.11",
        ("tensorflow-cpu==2.15.1", "numpy<2"),
        ("tensorflow.keras",),
    ),
    Environment(
        "keras-2.3.1-tf-1.15",
        "3.7",
        (
            "keras==2.3.1",
            "tensorflow==1.15.5",
            "h5py==2.10.0",
            "numpy<1.19",
            "protobuf<3.21",
            "pillow",
        ),
        ("keras", "tensorflow.keras"),
    ),
    Environment(
        "keras-2.2.4",
        "3.6",
        (
            "keras==2.2.4",
            "tensorflow==1.12.3",
            "h5py==2.9.0",
            "numpy==1.16.6",
            "pillow",
            "protobuf<3.18",
            "scipy==1.2.3",
        ),
        ("keras",),
    ),
    Environment(
        "tfkeras-2.4",
        "3.8",
        ("tensorflow-cpu==2.4.4", "protobuf<3.21"),
        ("tensorflow.keras",),
    ),
    Environment(
        "keras-3.0.5",
        "3.11",
        ("tensorflow-cpu==2.16.2", "keras==3.0.5", "numpy<2"),
        ("keras",),
    ),
    Environment(
        "tfkeras-2.8",
        "3.9",
        ("tensorflow-cpu==2.8.4", "protobuf<3.20", "numpy<1.25"),
        ("tensorflow.keras",),
    ),
    Environment(
        "tfkeras-2.10",
        "3.9",
        ("tensorflow-cpu==2.10.1", "numpy<2"),
        ("tensorflow.keras",),
    ),
    Environment(
        "tfkeras-2.13",
        "3.10",
        ("tensorflow-cpu==2.13.1", "numpy<1.25"),
        ("tensorflow.keras",),
    ),
    Environment(
        "keras-1.2.2",
        "3.6",
        (
            "keras==1.2.2",
            "tensorflow==1.2.1",
            "theano==0.9.0",
            "h5py==2.7.1",
            "numpy==1.13.3",
            "pillow",
            "protobuf<3.18",
            "scipy==0.19.1",
            "pyyaml==3.13",
        ),
        ("keras",),
        THEANO,
    ),
)
"""The environments, in the order in which they are made."""


class CannotMake(Exception):
    """An environment could not be made; the text says why and what to do."""


def interpreter(version: str) -> Path:
    """Return the newest interpreter of a minor version, e.g. `3.6`; pyenv's first."""
    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    found = sorted(
        (root / "versions").glob(f"{version}.*/bin/python"),
        key=lambda path: int(path.parts[-3].split(".")[2]),
    )
    if found:
        return found[-1]
    on_path = shutil.which(f"python{version}")
    if on_path:
        return Path(on_path)
    raise CannotMake(f"no Python {version}. hint: pyenv install {version}")


def run(command: list[str], variables: dict[str, str] | None = None) -> None:
    """Run a command quietly; on failure raise with the last lines of what it said."""
    done = subprocess.run(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, **(variables or {})},
        check=False,
    )
    if done.returncode != 0:
        tail = "\n    ".join(done.stdout.strip().splitlines()[-8:])
        raise CannotMake(f"`{' '.join(command[:6])} ...` failed:\n    {tail}")


def recipe(environment: Environment) -> str:
    """Return what an environment is made from, as the text kept in it."""
    return json.dumps([environment.python, environment.pins], indent=1)


def make(environment: Environment, target: Path) -> str:
    """Make one environment in `target`; return `kept` or `made`, or raise CannotMake."""
    note = target / "understudy-recipe.json"
    if note.is_file() and note.read_text(encoding="utf-8") == recipe(environment):
        return "kept"
    base = interpreter(environment.python)
    if target.exists():
        shutil.rmtree(target)
    old = environment.python in {"3.6", "3.7", "3.8"}
    run([str(base), "-m", "venv", str(target)])
    python = str(target / "bin" / "python")
    pip = [python, "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    if old:
        run([*pip, *OLD_PIP])
    run([*pip, *environment.pins])
    variables = {"TF_CPP_MIN_LOG_LEVEL": "3", **dict(environment.variables)}
    for module in environment.check:
        run([python, "-c", f"import {module}"], variables)
    note.write_text(recipe(environment), encoding="utf-8")
    return "made"


def main(arguments: list[str]) -> int:
    """Make the environments asked for; one line each on stdout."""
    names = [environment.name for environment in TABLE]
    unknown = [name for name in arguments[1:] if name not in names]
    if not arguments or arguments[0].startswith("-") or unknown:
        wrong = f"unknown: {', '.join(unknown)}\n" if unknown else ""
        sys.stderr.write(
            f"{wrong}usage: environments.py DIR [NAME...]\nnames: {' '.join(names)}\n"
        )
        return 2
    directory = Path(arguments[0]).resolve()
    directory.mkdir(parents=True, exist_ok=True)
    failed = 0
    for environment in TABLE:
        if arguments[1:] and environment.name not in arguments[1:]:
            continue
        begun = time.monotonic()
        try:
            state = make(environment, directory / environment.name)
        except CannotMake as error:
            failed += 1
            state = f"NOT MADE: {error}"
        took = time.monotonic() - begun
        sys.stdout.write(f"{environment.name}: {state} ({took:.0f} s)\n")
        sys.stdout.flush()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
