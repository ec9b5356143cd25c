"""The parts depend downward only, and the serving part stays light."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "src" / "understudy"

PARTS = (
    "__init__",
    "cli",
    "deploying",
    "deploy",
    "edges",
    "admitting",
    "keeping",
    "building",
    "build",
    "following",
    "recording",
    "training",
    "wiring",
    "serve",
    "delivery",
    "engine",
    "release",
    "compiler",
    "keras",
    "store",
    "unpacking",
    "files",
    "errors",
)
"""From the top down; a part may import those below it. `__init__` is the Python interface."""

NOT_FOR_SERVING = {"compiler", "keras"}

HEAVY = [
    "h5py",
    "pyfive",
    "onnx",
    "typer",
    "rich",
    "starlette",
    "boto3",
    "tensorflow",
    "keras",
    "filelock",
]
"""What the serving code must not pull in, directly or through others."""


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def part_of(path: Path) -> str:
    first = path.relative_to(PACKAGE).parts[0]
    return first.removesuffix(".py")


def imported_parts(path: Path, text: str) -> Iterator[tuple[str, int]]:
    """Each part that a module imports, with the line; at any depth, lazy imports too."""
    package = ("understudy", *path.relative_to(PACKAGE).parts[:-1])
    for node in ast.walk(ast.parse(text)):
        targets: list[list[str]] = []
        if isinstance(node, ast.Import):
            targets = [alias.name.split(".") for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = list(package[: len(package) - node.level + 1]) if node.level else []
            base += (node.module or "").split(".") if node.module else []
            targets = [[*base, alias.name] for alias in node.names]
        for target in targets:
            if target[0] == "understudy" and len(target) > 1:
                yield (target[1] if target[1] in PARTS else "__init__"), node.lineno


def test_every_part_is_in_the_order() -> None:
    assert {part_of(path) for path in modules()} <= set(PARTS)


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_go_downward(path: Path) -> None:
    part = part_of(path)
    for target, line in imported_parts(path, path.read_text()):
        assert PARTS.index(target) >= PARTS.index(part), f"{path}:{line} imports {target}"
        if part == "serve":
            assert target not in NOT_FOR_SERVING, f"{path}:{line} imports {target}"


@pytest.mark.parametrize("module", ["understudy", "understudy.serve"])
def test_serving_imports_nothing_heavy(module: str) -> None:
    code = f"import sys, {module}; print(*{{name.split('.')[0] for name in sys.modules}})"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert "understudy" in loaded
    assert not set(HEAVY) & set(loaded)


def imports_keras(text: str) -> bool:
    """Whether a module imports Keras or TensorFlow, at any depth."""
    for node in ast.walk(ast.parse(text)):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names = [node.module or ""]
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module"):
            names = [one.value for one in node.args if isinstance(one, ast.Constant)]
        if {str(name).split(".")[0] for name in names} & {"keras", "tf_keras", "tensorflow"}:
            return True
    return False


def test_keras_is_imported_by_the_engine_and_for_goldens_only() -> None:
    found = {path.relative_to(PACKAGE) for path in modules() if imports_keras(path.read_text())}
    assert Path("training", "installed.py") in found
    assert {str(path) for path in found if path.parts[0] != "engine"} == {"training/installed.py"}


def test_the_scanner_sees_relative_absolute_and_lazy_imports() -> None:
    text = """
from . import session
from .. import errors
def f():
    from ..keras.raw import read
    import understudy.compiler.emit
    import numpy
"""
    found = [part for part, _ in imported_parts(PACKAGE / "serve" / "imagined.py", text)]
    assert sorted(found) == ["compiler", "errors", "keras", "serve"]
