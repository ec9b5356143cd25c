"""Bytecode that never looks at its source, with nothing of this machine in it."""

from __future__ import annotations

import marshal
import sys
from pathlib import Path

import pytest

from understudy.build.bytecode import bytecode_path, compile_sources
from understudy.build.interpreter import Interpreter
from understudy.build.layout import is_ours
from understudy.build.target import Arch, Python, Target
from understudy.errors import BuildError

TARGET = Target(Python.PY313, Arch.X86_64)
THIS = Interpreter(Path(sys.executable), "3", None, True)
HEADER = 16
UNCHECKED_HASH = 0b01


def tree(folder: Path) -> Path:
    for name, text in {
        "package/__init__.py": "def f():\n    return {'a', 'b', 'c'}, (1, 'x')\n",
        "understudy/serve.py": "from package import f\n",
        "package/old.py": "print 'hello'\n",
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def compiled(folder: Path) -> dict[str, str]:
    sources = ["package/__init__.py", "package/old.py", "understudy/serve.py"]
    return compile_sources(THIS, TARGET, tree(folder), sources, is_ours)


def test_where_it_is_and_what_is_left_alone(tmp_path: Path) -> None:
    assert compiled(tmp_path) == {
        "package/__init__.py": "package/__init__.pyc",
        "understudy/serve.py": "understudy/__pycache__/serve.cpython-313.pyc",
    }


def test_it_is_never_compared_with_its_source_and_names_the_path_in_the_bundle(
    tmp_path: Path,
) -> None:
    compiled(tmp_path)
    data = (tmp_path / "package" / "__init__.pyc").read_bytes()
    assert int.from_bytes(data[4:8], "little") == UNCHECKED_HASH
    assert marshal.loads(data[HEADER:]).co_filename == "package/__init__.py"


def test_the_same_wherever_it_is_made(tmp_path: Path) -> None:
    found = []
    for name in ("first", "another"):
        made = compiled(tmp_path / name)
        found.append([(tmp_path / name / path).read_bytes() for path in made.values()])
    assert found[0] == found[1]


def test_an_interpreter_that_fails_is_named(tmp_path: Path) -> None:
    broken = tmp_path / "python3.13"
    broken.write_text("#!/bin/sh\necho 'no module encodings' >&2\nexit 1\n")
    broken.chmod(0o755)
    with pytest.raises(BuildError, match="no module encodings"):
        compile_sources(Interpreter(broken, "3", None, True), TARGET, tmp_path, ["a.py"], is_ours)


def test_paths_beside_our_own_sources() -> None:
    other = Target(Python.PY314, Arch.ARM64)
    found = bytecode_path("understudy/serve/live/__init__.py", other, stays=True)
    assert found == "understudy/serve/live/__pycache__/__init__.cpython-314.pyc"
