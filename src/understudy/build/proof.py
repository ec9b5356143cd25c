"""The proof that a bundle works: unpacked, alone on the path, it serves a release.

`rehearsal.py` is the program that runs in the target's Python: without site-packages, without
the user's variables, with nothing but the standard library and the bundle. The function's handler
opens the release there, which passes its self-test, and answers for one image of each format.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import BuildError
from .archive import extract_zip, remove_read_only
from .interpreter import Interpreter
from .target import Target

REHEARSAL = Path(__file__).with_name("rehearsal.py")
SECONDS = 300
"""How long it may take, on a machine that is busy with other things."""


@dataclass(frozen=True, slots=True)
class Stand:
    """What a bundle is proved on.

    Attributes:
        store: a folder with a model, whose first stage serves a release.
        model: its name.
        images: a folder with one image of each format.
        label: what each of them is.
    """

    store: Path
    model: str
    images: Path
    label: str


@dataclass(frozen=True, slots=True)
class Proof:
    """What was proved.

    Attributes:
        ran: whether it could be run here.
        python: the version of the Python that ran it.
        formats: of the images that were classified.
        seconds: from the handler's import to the first answer.
        why_not: why it could not be run; empty if it was.
    """

    ran: bool
    python: str = ""
    formats: tuple[str, ...] = ()
    seconds: float | None = None
    why_not: str = ""


def why_not(target: Target, interpreter: Interpreter | None) -> str:
    """Why a bundle cannot be run here; empty if it can."""
    if interpreter is None:
        return f"there is no Python {target.python} here"
    if not interpreter.runs(target):
        return f"this machine cannot run programs for Linux on {target.arch}"
    return ""


def prove(bundle: Path, target: Target, interpreter: Interpreter | None, stand: Stand) -> Proof:
    """Run a bundle.

    Raises:
        BuildError: it does not work.
    """
    reason = why_not(target, interpreter)
    if interpreter is None or reason:
        return Proof(ran=False, why_not=reason)
    with tempfile.TemporaryDirectory(prefix="understudy-proof-") as name:
        task, home = Path(name, "task"), Path(name, "tmp")
        task.mkdir()
        home.mkdir()
        try:
            extract_zip(bundle, task)
            said = _run(interpreter, task, home, stand)
        finally:
            remove_read_only(task)
    return Proof(True, interpreter.version, tuple(said["formats"]), said["seconds"])


def _run(interpreter: Interpreter, task: Path, home: Path, stand: Stand) -> dict[str, Any]:
    command = [str(interpreter.path), "-I", "-S", "-B", str(REHEARSAL)]
    command += [str(task), str(stand.images), stand.label]
    variables: dict[str, Path | str] = {"HOME": home, "TMPDIR": home, "UNDERSTUDY_CACHE": home}
    variables |= {"UNDERSTUDY_STORE": stand.store, "UNDERSTUDY_MODEL": stand.model}
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            env={name: str(value) for name, value in variables.items()},
            cwd=home,
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise _failed(f"it took more than {SECONDS} seconds") from None
    if done.returncode:
        said = done.stderr.strip().rpartition("\n")[2]
        raise _failed(said or f"it ended with code {done.returncode}")
    found: dict[str, Any] = json.loads(done.stdout.strip().rpartition("\n")[2])
    return found


def _failed(said: str) -> BuildError:
    return BuildError(
        f"the bundle does not work: {said}",
        hint="nothing was written; report this with the versions of understudy and uv",
    )
