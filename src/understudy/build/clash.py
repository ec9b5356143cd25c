"""Whether files that are added to a bundle get in the way of what is there. Pure.

Two files clash when they have the same path, when one is a folder of the other's path, or when they
are the same module: `a.py`, `a/__init__.py` and `a.abi3.so` are all `a`.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..errors import BuildError

MODULES = (".py", ".pyc", ".so")
SHOWN = 10
"""The most problems that an error lists."""


def check_clashes(there: Mapping[str, str], added: Mapping[str, str], of: str) -> None:
    """Refuse files that clash.

    Args:
        there: whose each file is that is there.
        added: whose each file is that is added.
        of: where the added ones come from.

    Raises:
        BuildError: some clash; with each pair of packages.
    """
    found = clashes(there, added)
    if found:
        raise BuildError(
            f"{of} has files in the place of others in the bundle",
            hint="leave these packages out of it: the bundle has its own",
            problems=shortened(found),
        )


def clashes(there: Mapping[str, str], added: Mapping[str, str]) -> tuple[str, ...]:
    """What is in the way of what: a line for each two packages."""
    taken = {place: path for path in there for place in _places(path)}
    folders = {folder: path for path in there for folder in _folders(path)}
    found: dict[tuple[str, str], str] = {}
    for path, owner in added.items():
        hits = [taken.get(place) for place in (*_places(path), *_folders(path))]
        other = next((hit for hit in (*hits, folders.get(path)) if hit is not None), None)
        if other is not None:
            found.setdefault(
                (owner, there[other]), f"{path} of {owner} and {other} of {there[other]}"
            )
    return tuple(found.values())


def shortened(problems: tuple[str, ...]) -> tuple[str, ...]:
    """The first of many problems, and how many more there are."""
    more = len(problems) - SHOWN
    return (*problems[:SHOWN], *([f"and {more} more"] if more > 0 else []))


def _places(path: str) -> tuple[str, ...]:
    """The path, and the module that it is, if it is one."""
    folder, _, name = path.rpartition("/")
    if not name.endswith(MODULES) or "__pycache__" in path:
        return (path,)
    stem = name.partition(".")[0]
    module = folder if stem == "__init__" else f"{folder}/{stem}".removeprefix("/")
    return path, f"module {module}"


def _folders(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[:count]) for count in range(1, len(parts))]
