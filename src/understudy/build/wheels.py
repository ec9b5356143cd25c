"""Installing the pinned packages for another machine, with uv, and whose each file is.

uv takes wheels only, each with its hash from the file of pins: nothing is built, nothing of a
package is executed, and what comes is what was pinned.
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

OF_AN_INSTALL = (
    *(".lock", "*.dist-info/RECORD", "*.dist-info/INSTALLER", "*.dist-info/REQUESTED"),
    *("*.dist-info/direct_url.json", "*.dist-info/uv_*.json"),
)
"""What pip and uv write about an install; a bundle without these is the same on every machine."""

OFFLINE = (
    "dns error",
    "failed to fetch",
    "error sending request",
    "client error",
    "network",
    "timed out",
)

MIRROR_HINT = "check the network; if you use a mirror, name it in UV_DEFAULT_INDEX"


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


def install(uv: Path, target: Target, folder: Path, pins: Path) -> None:
    """Install the pinned packages for a target into a folder.

    Raises:
        BuildError: they cannot be fetched, or are not what was pinned.
    """
    command = [str(uv), "pip", "install", "--quiet", "--no-deps", "--require-hashes"]
    command += ["--only-binary", ":all:", "--python-platform", target.platform]
    command += ["--python", sys.executable, "--python-version", target.python]
    command += ["--target", str(folder), "-r", str(pins)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment(), check=False)
    if done.returncode == 0:
        return
    why = cause(done.stderr)
    if is_offline(done.stderr):
        raise BuildError(f"the packages for {target} cannot be fetched: {why}", hint=MIRROR_HINT)
    raise BuildError(
        f"the packages for {target} cannot be installed: {why}",
        hint="build it with the newest understudy and the newest uv",
    )


def is_offline(said: str) -> bool:
    """Whether uv failed because nothing could be fetched, by what it said."""
    return any(sign in said.lower() for sign in OFFLINE)


def cause(said: str) -> str:
    """Why uv failed, as one line: without its hints; the innermost cause of a lost connection."""
    lines = [line.strip(" ×╰─▶│├") for line in said.partition("\nhint:")[0].splitlines()]
    if is_offline(said):
        lines = [line for line in lines if line][-1:]
    text = " ".join(" ".join(lines).split())
    return text.rpartition("cause: ")[2].removeprefix("error: ") or "uv does not say why"


def environment() -> dict[str, str]:
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
