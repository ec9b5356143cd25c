"""A person's own packages, from a file of requirements: resolved and installed by uv, beside ours.

Our versions are constraints, so they do not move. Only wheels are taken: nothing is built here.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from fnmatch import fnmatchcase
from pathlib import Path

from ..errors import BuildError, InputError
from . import wheels
from .clash import check_clashes
from .target import Target

PINNED = re.compile(r"^(?P<name>[a-z0-9-]+)==(?P<version>\S+)", re.MULTILINE)

NO_WHEEL = ("no usable wheels", "no wheels with", "building source distributions is disabled")
"""What uv says of a package that has no wheel for the target."""

LEFT_OUT = (*wheels.OF_AN_INSTALL, "bin/*")
"""uv makes programs in `bin` for the Python of this machine."""


def check_requirements(file: Path) -> None:
    """See whether there is a file of requirements.

    Raises:
        InputError: there is none.
    """
    if not file.is_file():
        raise InputError(f"there is no file {file}", hint="name a file as pip reads it")


def add_requirements(
    uv: Path, target: Target, file: Path, pins: Path, tree: Path, there: Mapping[str, str]
) -> dict[str, str]:
    """Install the packages of a file of requirements into a tree that has ours.

    Args:
        uv: the program.
        target: what they must run on.
        file: as pip reads it.
        pins: our packages.
        tree: where they are installed.
        there: whose each file in the tree is.

    Returns:
        `name version` of the package of each new file.

    Raises:
        BuildError: they do not go with ours, have no wheels, or cannot be fetched.
    """
    ours = dict(PINNED.findall(pins.read_text(encoding="utf-8")))
    folder, constraints = tree.with_name("requirements"), tree.with_name("constraints.txt")
    constraints.write_text("".join(f"{name}=={version}\n" for name, version in ours.items()))
    command = [str(uv), "pip", "install", "--quiet", "--only-binary", ":all:"]
    command += ["--python-platform", target.platform]
    command += ["--python", sys.executable, "--python-version", target.python]
    command += ["--target", str(folder), "-c", str(constraints), "-r", str(file)]
    done = subprocess.run(
        command, capture_output=True, text=True, env=wheels.environment(), check=False
    )
    if done.returncode:
        raise refusal(done.stderr, file, target, ours)
    _check_editable(folder)
    owners = {
        path: owner
        for path, owner in wheels.packages(folder).items()
        if owner.partition(" ")[0].replace("_", "-").lower() not in ours
        and not any(fnmatchcase(path, pattern) for pattern in LEFT_OUT)
        and (folder / path).is_file()
    }
    check_clashes(there, owners, str(file))
    for path in owners:
        (tree / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(folder / path, tree / path)
    return owners


def refusal(said: str, file: Path, target: Target, ours: Mapping[str, str]) -> BuildError:
    """What is wrong, from what uv said on stderr."""
    why = wheels.cause(said)
    named = [f"{name} {version}" for name, version in ours.items() if f"{name}=={version}" in why]
    if wheels.is_offline(said):
        hint = wheels.MIRROR_HINT
    elif any(sign in why.lower() for sign in NO_WHEEL):
        hint = (
            f"choose a version that has a wheel for {target}; or build it yourself on Amazon Linux"
            " 2023, and give the folder with --vendor"
        )
    elif named:
        hint = f"the bundle has {', '.join(named)}: choose versions that work with that"
    else:
        hint = "correct the file; uv reads it as pip does"
    return BuildError(f"the packages of {file} cannot be had for {target}: {why}", hint=hint)


def _check_editable(folder: Path) -> None:
    for path in sorted(folder.glob("*.dist-info/direct_url.json")):
        if json.loads(path.read_bytes()).get("dir_info", {}).get("editable"):
            name = path.parent.name.partition("-")[0]
            raise BuildError(
                f"{name} is installed as editable, so its modules stay on this machine",
                hint="build a wheel of it, and name that file instead",
            )
