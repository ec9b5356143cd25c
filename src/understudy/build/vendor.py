"""A person's own packages, prebuilt, in a folder as `pip install --target` makes one.

Nothing in it is executed. It is read here, checked by `fit`, and copied into the tree. What leads
out of the folder, or is no plain file, is refused.
"""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path

from ..errors import BuildError, InputError
from . import wheels
from .clash import check_clashes, shortened
from .fit import problems
from .target import Target

CACHE = "__pycache__"
"""Bytecode of another Python is of no use; it is made anew."""


def check_vendored(folder: Path, target: Target) -> tuple[str, ...]:
    """See whether prebuilt packages run on a target.

    Returns:
        the paths of their files.

    Raises:
        InputError: there is no such folder, it is empty, or has what is refused.
        BuildError: something in it is for another machine or Python.
    """
    if not folder.is_dir():
        raise InputError(
            f"there is no folder {folder}", hint="name a folder with prebuilt packages"
        )
    paths = _files(folder)
    if not paths:
        raise InputError(
            f"{folder} has no packages", hint=f"fill it: pip install --target {folder} PACKAGE"
        )
    wrong = tuple(
        f"{path} {problem}"
        for path in paths
        for problem in problems(path, (folder / path).read_bytes(), target)
    )
    if wrong:
        raise BuildError(
            f"{folder} has what does not run on {target}",
            hint="build these packages on Amazon Linux 2023 with this Python, or take their wheels"
            " with --requirements",
            problems=shortened(wrong),
        )
    return tuple(paths)


def add_vendored(
    folder: Path, paths: Iterable[str], tree: Path, there: Mapping[str, str]
) -> dict[str, str]:
    """Copy prebuilt packages into a tree that has ours.

    Args:
        folder: the packages.
        paths: their files.
        tree: where they go.
        there: whose each file in the tree is.

    Returns:
        whose each new file is: `name version` where a package says so, else its first folder.

    Raises:
        BuildError: something is in the way of what is there.
    """
    named = wheels.packages(folder)
    owners = {path: named.get(path) or _top(path) for path in paths}
    check_clashes(there, owners, str(folder))
    for path in paths:
        (tree / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(folder / path, tree / path)
    return owners


def _files(folder: Path) -> list[str]:
    """The paths of all files.

    Raises:
        InputError: there are links, or what is neither a file nor a folder.
    """
    found, refused = [], []
    for path, mode in _walk(folder):
        if stat.S_ISREG(mode):
            if not any(fnmatchcase(path, pattern) for pattern in wheels.OF_AN_INSTALL):
                found.append(path)
        elif not stat.S_ISDIR(mode):
            refused.append(f"{path} is {'a link' if stat.S_ISLNK(mode) else 'no plain file'}")
    if refused:
        raise InputError(
            f"{folder} has what is not taken: {'; '.join(refused[:3])}",
            hint="put plain files and folders there; `cp -rL` copies what links lead to",
        )
    return sorted(found)


def _walk(folder: Path) -> Iterator[tuple[str, int]]:
    """Everything below a folder, and its mode; no link is followed."""
    for parent, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if name != CACHE]
        for name in (*folders, *files):
            path = Path(parent, name)
            yield path.relative_to(folder).as_posix(), path.lstat().st_mode


def _top(path: str) -> str:
    return path.partition("/")[0].removesuffix(".py")
