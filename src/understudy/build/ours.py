"""Which modules of understudy a bundle needs: what its roots import, and no more. Pure.

Imports inside functions count, too. A module that cannot be imported in the bundle, because it
needs a package or a part that is not there, is left out with all that only it needs: such imports
are in functions that serve other purposes, such as compiling a model.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from .contents import SERVING, Contents


@dataclass(frozen=True, slots=True)
class Import:
    """A module that another may import, and whether it does so when it is imported itself."""

    target: str
    at_once: bool


def needed(
    modules: Mapping[str, str], packages: frozenset[str], contents: Contents = SERVING
) -> frozenset[str]:
    """The names of the modules that a bundle needs.

    Args:
        modules: the sources of all modules, by their dotted names.
        packages: which of these are packages: names in them are relative to themselves.
        contents: which bundle.
    """
    imports = {
        name: tuple(_imports(name, text, name in packages)) for name, text in modules.items()
    }
    unfit = _unfit(imports, contents)
    found: set[str] = set()
    waiting = [name for name in modules if any(fnmatchcase(name, root) for root in contents.roots)]
    while waiting:
        name = waiting.pop()
        if name in found or name not in modules or name in unfit:
            continue
        found.add(name)
        waiting += _parents(name)
        waiting += [one.target for one in imports[name]]
    return frozenset(found)


def _unfit(imports: Mapping[str, tuple[Import, ...]], contents: Contents) -> set[str]:
    """The modules that cannot be imported in the bundle."""
    unfit = {name for name in imports if set(name.split(".")[1:2]) & contents.absent}
    for name, found in imports.items():
        tops = {one.target.partition(".")[0] for one in found if one.at_once}
        if not tops <= contents.present | sys.stdlib_module_names:
            unfit.add(name)
    while True:
        more = {
            name
            for name, found in imports.items()
            if name not in unfit and any(one.at_once and one.target in unfit for one in found)
        }
        if not more:
            return unfit
        unfit |= more


def _parents(name: str) -> list[str]:
    parts = name.split(".")
    return [".".join(parts[:count]) for count in range(1, len(parts))]


def _imports(name: str, text: str, is_package: bool) -> Iterator[Import]:
    """All that a module imports; a name from a module may be a module, too."""
    parts = name.split(".") if is_package else name.split(".")[:-1]
    for node, at_once in _statements(ast.parse(text), at_once=True):
        if isinstance(node, ast.Import):
            yield from (Import(alias.name, at_once) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = parts[: len(parts) - node.level + 1] if node.level else []
            base = base + (node.module.split(".") if node.module else [])
            yield Import(".".join(base), at_once)
            yield from (Import(".".join([*base, alias.name]), at_once) for alias in node.names)


def _statements(node: ast.AST, *, at_once: bool) -> Iterator[tuple[ast.AST, bool]]:
    """All statements, and whether they run when the module is imported."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            for other in child.orelse:
                yield other, at_once
                yield from _statements(other, at_once=at_once)
            continue
        later = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        yield child, at_once
        yield from _statements(child, at_once=at_once and not later)
