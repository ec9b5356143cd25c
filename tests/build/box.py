"""A box that is like Lambda's: the bundle cannot be written, /tmp is small and begins empty.

`bwrap` makes it. Where it is not at hand, or the system does not let it, tests are skipped.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from understudy.build import archive

TMP = 512 * 1024 * 1024
"""Bytes of /tmp that Lambda gives when nothing is set."""


@dataclass(frozen=True)
class Box:
    """A bundle that is unpacked for a box.

    Attributes:
        folder: of the bundle; what lies beside it can be read in the box, too.
        path: Python's path in the box.
        size: of its /tmp, in bytes.
    """

    folder: Path
    path: str
    size: int = TMP

    def command(self) -> list[str]:
        """The beginning of a command that runs in the box, in the bundle's folder."""
        mounts = ("--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc")
        disk = ("--size", str(self.size), "--tmpfs", "/tmp")
        process = ("--die-with-parent", "--chdir", str(self.folder))
        return ["bwrap", *mounts, *disk, *process, "--setenv", "PYTHONPATH", self.path]


@contextmanager
def boxed(
    function: Path, layer: Path | None = None, files: Mapping[str, Path] | None = None
) -> Iterator[Box]:
    """Unpack a bundle for a box, and put more files and folders beside it."""
    if why := _missing():
        pytest.skip(why)
    with tempfile.TemporaryDirectory(prefix="box-", dir="/var/tmp") as name:
        task, opt = Path(name, "task"), Path(name, "opt")
        unpacked = {task: function} | ({opt: layer} if layer else {})
        for folder, zipped in unpacked.items():
            folder.mkdir()
            archive.extract_zip(zipped, folder)
        for beside, source in (files or {}).items():
            shutil.copytree(source, Path(name, beside))
        try:
            yield Box(task, os.pathsep.join([str(task), *([f"{opt}/python"] if layer else [])]))
        finally:
            for folder in unpacked:
                archive.remove_read_only(folder)


def _missing() -> str | None:
    if shutil.which("bwrap") is None:
        return "bwrap is not installed here: bundles are not run in a box"
    done = subprocess.run(
        ["bwrap", "--ro-bind", "/", "/", "--tmpfs", "/tmp", "true"],
        capture_output=True,
        text=True,
        check=False,
    )
    return f"bwrap does not work here: {done.stderr.strip()}" if done.returncode else None
