"""Small bundles with zipped packages, and processes that unpack them.

Run: python bundles.py BUNDLE SCRATCH [EVENT], which unpacks, and prints what the packages say.

With EVENT, the process kills itself before it does that to the disk for the n-th time: Python tells
of each file that is opened, made, renamed or removed (PEP 578).
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path

FILES = {
    "small/__init__.py": b"from small.inner.data import said\n",
    "small/inner/__init__.py": b"",
    "small/inner/data.py": b"said = 'unpacked'\n",
    "small.libs/lib.so": bytes(range(256)) * 20_000,
}
EVENTS = ("open", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "shutil.rmtree")


def make_bundle(folder: Path, files: dict[str, bytes] = FILES) -> Path:
    """A bundle as `build` makes it, of its two files for the packages alone."""
    folder.mkdir(parents=True)
    with zipfile.ZipFile(folder / "packages.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in sorted(files.items()):
            archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
    said = {
        "handler": "small",
        "sha256": hashlib.sha256((folder / "packages.zip").read_bytes()).hexdigest(),
        "files": {name: len(data) for name, data in files.items()},
    }
    (folder / "packages.json").write_text(json.dumps(said))
    return folder


def start(
    bundle: Path, scratch: Path, *more: str, box: Sequence[str] = ()
) -> subprocess.Popen[str]:
    """A process that unpacks a bundle; `box` is the command that runs it in a box."""
    return subprocess.Popen(
        [*box, sys.executable, __file__, str(bundle), str(scratch), *more],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process: subprocess.Popen[str]) -> str:
    """What it printed; its error, if it failed."""
    out, err = process.communicate(timeout=120)
    return out.strip() if process.returncode == 0 else err.strip()


def left(scratch: Path) -> set[str]:
    """What is in the folder of the packages, but for whole trees and the lock."""
    names = {path.name for path in (scratch / "understudy-packages").iterdir()}
    return {name for name in names if len(name) != 64} - {"lock"}


def _kill_at(count: int, below: str) -> None:
    seen = 0

    def watch(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal seen
        if event in EVENTS and str(arguments[0]).startswith(below):
            seen += 1
            if seen == count:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(watch)


def main(bundle: Path, scratch: Path, event: int) -> None:
    """Unpack, and import."""
    from importlib import import_module

    from understudy.errors import UnderstudyError
    from understudy.unpacking import read_index, unpack

    index = read_index(bundle)
    if event:
        _kill_at(event, str(scratch))
    try:
        tree = unpack(bundle, index, scratch)
    except UnderstudyError as error:
        sys.exit(str(error))
    sys.path.insert(0, str(tree))
    assert all((tree / name).stat().st_size == size for name, size in index.files.items())
    print(import_module("small").said)  # noqa: T201


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]) if sys.argv[3:] else 0)
