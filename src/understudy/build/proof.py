"""The proof that a bundle works: unpacked, alone on the path, it does its work once.

`rehearsal.py` is the program that runs in the target's Python: without site-packages, without
the user's variables, with nothing but the standard library and the bundle. The handler of the
function that serves opens a release there, which passes its self-test, and answers for one image of
each format. The bundle of the function that admits compiles a model that Keras saved.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import BuildError
from .archive import extract_zip, remove_read_only
from .contents import SERVING, Contents
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
        keras: a folder with a model's files by Keras, and what Keras answered.
        others: models of the store whose releases must open, too.
    """

    store: Path
    model: str
    images: Path
    label: str
    keras: Path
    others: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Proof:
    """What was proved.

    Attributes:
        ran: whether it could be run here.
        python: the version of the Python that ran it.
        formats: of the images that were classified; none by the function that admits.
        seconds: from the handler's import to the first answer, or to the compiled model.
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


def prove(
    bundle: Path,
    target: Target,
    interpreter: Interpreter | None,
    stand: Stand,
    contents: Contents = SERVING,
    layer: Path | None = None,
) -> Proof:
    """Run a bundle.

    Args:
        bundle: the function's zip.
        target: what it runs on.
        interpreter: a Python of this machine.
        stand: what it is proved on.
        contents: what it is for.
        layer: the layer's zip, if the packages are there.

    Raises:
        BuildError: it does not work.
    """
    reason = why_not(target, interpreter)
    if interpreter is None or reason:
        return Proof(ran=False, why_not=reason)
    with tempfile.TemporaryDirectory(prefix="understudy-proof-") as name:
        scratch = Path(name).resolve() / "tmp"
        scratch.mkdir()
        folders = {scratch.with_name("task"): bundle}
        folders |= {scratch.with_name("opt"): layer} if layer is not None else {}
        try:
            for folder, archive in folders.items():
                folder.mkdir()
                extract_zip(archive, folder)
            path = [str(f / "python" if f.name == "opt" else f) for f in folders]
            said = _run(interpreter, _case(contents, path, scratch, stand), scratch, stand)
        finally:
            for folder in filter(Path.exists, folders):
                remove_read_only(folder)
    return Proof(True, interpreter.version, tuple(said["formats"]), said["seconds"])


def _case(contents: Contents, path: list[str], scratch: Path, stand: Stand) -> Mapping[str, Any]:
    """What `rehearsal.py` is told."""
    return {
        "function": contents.function,
        "handler": contents.handler,
        "path": path,
        "scratch": str(scratch),
        "images": str(stand.images),
        "label": stand.label,
        "keras": str(stand.keras),
        "store": str(stand.store),
        "others": stand.others,
    }


def _run(
    interpreter: Interpreter, case: Mapping[str, Any], home: Path, stand: Stand
) -> dict[str, Any]:
    command = [str(interpreter.path), "-I", "-S", "-B", str(REHEARSAL), json.dumps(case)]
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
