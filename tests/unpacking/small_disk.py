"""A disk of a few MB, which is there for one command only: in a mount namespace of its own."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

MOUNT = 'mount -t tmpfs -o size="$1" tmpfs "$2" && shift 2 && exec "$@"'


@contextmanager
def small_disk(megabytes: int) -> Iterator[tuple[Path, list[str]]]:
    """A folder, and the beginning of a command that has a disk of this size there.

    `bwrap` makes it, or else `unshare`; without both, or where the system allows neither, the test
    is skipped.
    """
    size = megabytes * 1024 * 1024
    with tempfile.TemporaryDirectory(prefix="disk-", dir="/var/tmp") as name:
        bind = ("--bind", "/", "/", "--dev-bind", "/dev", "/dev")
        alone = ("--user", "--map-root-user", "--mount")
        boxes = [
            ["bwrap", *bind, "--size", str(size), "--tmpfs", name],
            ["unshare", *alone, "sh", "-c", MOUNT, "sh", str(size), name],
        ]
        for box in boxes:
            if shutil.which(box[0]) is not None and _works(box):
                yield Path(name), box
                return
    pytest.skip("neither bwrap nor unshare makes a small disk here")


def _works(box: list[str]) -> bool:
    done = subprocess.run([*box, "true"], capture_output=True, check=False)
    return done.returncode == 0
