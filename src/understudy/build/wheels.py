"""Installing the pinned packages for another machine, with uv, and whose each file is.

uv takes wheels only, each with its hash from the pin file beside this module: nothing is built,
nothing of a package is executed, and what comes is what was pinned.
"""

from __future__ import annotations

import csv
import os
import shutil
import subprocess
import sys
from pathlib import Path

from ..errors import BuildError
from .target import Target

PINS = Path(__file__).with_name("serving.txt")

OFFLINE = (
    "dns error",
    "failed to fetch",
    "error sending request",
    "client error",
    "network",
    "timed out",
)


def find_uv() -> Path:
    """The uv program: beside this Python, on the path, or in the package `uv`.

    Raises:
        BuildError: there is none.
    """
    beside = shutil.which("uv", path=str(Path(sys.executable).parent))
    found = beside or shutil.which("uv")
    if found is not None:
        return Path(found)
    try:
        from uv import find_uv_bin  # type: ignore[import-not-found,unused-ignore]

        return Path(find_uv_bin())
    except (ImportError, FileNotFoundError):
        raise BuildError(
            "there is no uv, which brings packages for other machines",
            hint="`pip install uv`, or put the program on the PATH",
        ) from None


def install(uv: Path, target: Target, folder: Path, pins: Path = PINS) -> None:
    """Install the pinned packages for a target into a folder.

    Raises:
        BuildError: they cannot be fetched, or are not what was pinned.
    """
    command = [str(uv), "pip", "install", "--quiet", "--no-deps", "--require-hashes"]
    command += ["--only-binary", ":all:", "--python-platform", target.platform]
    command += ["--python", sys.executable, "--python-version", target.python]
    command += ["--target", str(folder), "-r", str(pins)]
    done = subprocess.run(command, capture_output=True, text=True, env=_environment(), check=False)
    if done.returncode == 0:
        return
    said = [line.strip(" ×╰─▶│├") for line in done.stderr.splitlines()]
    if any(sign in done.stderr.lower() for sign in OFFLINE):
        raise BuildError(
            f"the packages for {target} cannot be fetched: {_cause(said)}",
            hint="check the network; if you use a mirror, name it in UV_DEFAULT_INDEX",
        )
    raise BuildError(
        f"the packages for {target} cannot be installed: {' '.join(' '.join(said).split())}",
        hint="build it with the newest understudy and the newest uv",
    )


def _cause(lines: list[str]) -> str:
    """The innermost cause that uv names."""
    return next((line for line in reversed(lines) if line), "uv does not say why").removeprefix(
        "cause: "
    )


def _environment() -> dict[str, str]:
    """The variables for uv: its own that would change what is installed are left out."""
    changing = ("UV_TARGET", "UV_PYTHON", "UV_NO_BINARY", "UV_CONSTRAINT", "UV_OVERRIDE")
    return {name: value for name, value in os.environ.items() if name not in changing}


def packages(folder: Path) -> dict[str, str]:
    """Whose each installed file is, by its path: what the packages' RECORD files say.

    Returns:
        `name version` of a package for each path.
    """
    owners: dict[str, str] = {}
    for record in sorted(folder.glob("*.dist-info/RECORD")):
        name, _, version = record.parent.name.removesuffix(".dist-info").partition("-")
        with record.open(newline="", encoding="utf-8") as file:
            for row in csv.reader(file):
                owners[row[0]] = f"{name} {version}"
    return owners
