"""A Python of the target's version on this machine: for its bytecode, and for the proof.

Bytecode belongs to one version of CPython; the machine does not matter to it. Nothing is fetched.
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .target import Arch, Python, Target, arch_of

ASK = (
    "import platform, sys; print(sys.implementation.name, '%d.%d' % sys.version_info[:2],"
    " sys.version_info.releaselevel, platform.system(), platform.machine(),"
    " platform.libc_ver()[0] or '-', platform.python_version())"
)


@dataclass(frozen=True, slots=True)
class Interpreter:
    """A Python that runs on this machine.

    Attributes:
        path: the program.
        version: all of it, such as 3.13.5.
        arch: what it runs on; None for what Lambda has not.
        system: whether it is one for Linux with glibc, as Lambda's is.
    """

    path: Path
    version: str
    arch: Arch | None
    system: bool

    def runs(self, target: Target) -> bool:
        """Whether it can run a bundle for this target."""
        return self.system and self.arch is target.arch


def here() -> Arch:
    """This machine's architecture, or the most usual one."""
    return arch_of(platform.machine()) or Arch.X86_64


def find_interpreter(uv: Path, python: Python) -> Interpreter | None:
    """A released CPython of this version, or None."""
    for path in _candidates(uv, python):
        found = _ask(path, python)
        if found is not None:
            return found
    return None


def _candidates(uv: Path, python: Python) -> Iterator[Path]:
    yield Path(sys.executable)
    named = shutil.which(f"python{python}")
    if named is not None:
        yield Path(named)
    command = [str(uv), "python", "find", "--no-python-downloads", "--no-project", python]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        yield Path(done.stdout.strip())
    beside = Path(sys.base_prefix).parent  # where pyenv and uv put one beside the other
    yield from sorted(beside.glob(f"*{python}.*/bin/python{python}"))
    pyenv = Path(os.environ.get("PYENV_ROOT") or "~/.pyenv").expanduser()
    yield from sorted(pyenv.glob(f"versions/{python}.*/bin/python{python}"))


def _ask(path: Path, python: Python) -> Interpreter | None:
    """What a program says it is; None unless it is what is looked for."""
    try:
        command = [str(path), "-I", "-S", "-c", ASK]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    said = done.stdout.split()
    if done.returncode or said[:3] != ["cpython", python, "final"] or len(said) != 7:
        return None
    _, _, _, system, machine, libc, version = said
    return Interpreter(path, version, arch_of(machine), (system, libc) == ("Linux", "glibc"))
