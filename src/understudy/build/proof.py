"""The proof that a bundle works: unpacked, alone on the path, it serves a release.

`rehearsal.py` is the program that runs in the target's Python: without site-packages, without
the user's variables, with nothing but the standard library and the bundle. The release passes its
self-test there, one image of each format is decoded and classified, and a client for S3 is made.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

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
        seconds: from an empty interpreter to the first answer.
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


def _run(interpreter: Interpreter, task: Path, home: Path, stand: Stand) -> dict[str, list[str]]:
    command = [str(interpreter.path), "-I", "-S", "-B", str(REHEARSAL), str(task)]
    command += [str(stand.store), stand.model, str(stand.images), stand.label]
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            env={"HOME": str(home), "TMPDIR": str(home), "UNDERSTUDY_CACHE": str(home)},
            cwd=home,
            timeout=SECONDS,
            check=False,
        )
        said = done.stderr.strip()
    except subprocess.TimeoutExpired:
        raise _failed(f"it took more than {SECONDS} seconds") from None
    if done.returncode or said:
        raise _failed(said.rpartition("\n")[2] or f"it ended with code {done.returncode}")
    found: dict[str, list[str]] = json.loads(done.stdout)
    return found


def _failed(said: str) -> BuildError:
    return BuildError(
        f"the bundle does not work: {said}",
        hint="nothing was written; report this with the versions of understudy and uv",
    )
