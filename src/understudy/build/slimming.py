"""Carries out the plan of a bundle in its tree: looks at the files, and compiles the sources."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from ..errors import BuildError
from .bytecode import compile_sources
from .elf import read_elf
from .interpreter import Interpreter
from .layout import is_ours
from .plan import Found, Plan, plan
from .rules import RULES, Rule
from .target import Target


def slim(
    tree: Path,
    target: Target,
    ours: Mapping[str, str],
    added: Mapping[str, str],
    interpreter: Interpreter | None,
    rules: Sequence[Rule] = RULES,
) -> tuple[dict[str, str], Plan]:
    """Decide what stays, compile that, and decide again: then sources can go.

    Args:
        tree: the files.
        target: what they must run on.
        ours: whose each of our files is.
        added: whose each file is that a person added.
        interpreter: a Python of the target's version, if there is one.
        rules: what to leave out.

    Returns:
        the bytecode of each source, and the plan.

    Raises:
        BuildError: a file is for another machine.
    """
    files = [_look(tree, path, ours, added) for path in _paths(tree)]
    _check_natives(files, target)
    first = plan(files, rules=rules)
    if interpreter is None:
        return {}, first
    sources = [file for file in first.kept if file.name.endswith(".py")]

    def stays(path: str) -> bool:
        return is_ours(path) or path in added

    made = compile_sources(interpreter, target, tree, [file.path for file in sources], stays)
    files += [
        replace(file, path=made[file.path], native=None) for file in sources if file.path in made
    ]
    return made, plan(files, frozenset(path for path in made if not stays(path)), rules)


def _paths(tree: Path) -> list[str]:
    return sorted(path.relative_to(tree).as_posix() for path in tree.rglob("*") if path.is_file())


def _look(tree: Path, path: str, ours: Mapping[str, str], added: Mapping[str, str]) -> Found:
    native = read_elf((tree / path).read_bytes()) if ".so" in path else None
    return Found(path, added.get(path) or ours.get(path, "others"), native, path in added)


def _check_natives(files: list[Found], target: Target) -> None:
    wrong = [file.path for file in files if file.native and file.native.arch is not target.arch]
    if wrong:
        raise BuildError(
            f"{wrong[0]} is not for {target.arch}",
            hint="clear uv's cache with `uv cache clean`, and build again",
        )
