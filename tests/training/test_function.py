"""A person's own function: found, called, and what goes wrong in it."""

from __future__ import annotations

import sys
from itertools import count
from pathlib import Path

import pytest

from understudy.errors import InputError
from understudy.training.function import named_function

NUMBERS = count()


@pytest.fixture(autouse=True)
def _own_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [*sys.path])


def module(folder: Path, text: str) -> str:
    """Write a module under a name that no other test has imported."""
    name = f"prep{next(NUMBERS)}"
    (folder / f"{name}.py").write_text(text)
    return name


def test_it_is_imported_from_the_folder_and_called_with_a_path(tmp_path: Path) -> None:
    name = module(tmp_path, "def load(path):\n    return [path, 1]\n")
    assert named_function(f"{name}:load", tmp_path)("a.jpg") == ["a.jpg", 1]


def test_it_may_be_in_a_package(tmp_path: Path) -> None:
    inner = tmp_path / f"package{next(NUMBERS)}"
    inner.mkdir()
    (inner / "images.py").write_text("load = len\n")
    assert named_function(f"{inner.name}.images:load", tmp_path)("abc") == 3


@pytest.mark.parametrize("said", ["prep", "prep.py", "prep.py:", ":load", "a b:load", "prep:a.b"])
def test_what_is_no_name_is_refused_with_the_way_to_write_it(said: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="names no function") as caught:
        named_function(said, tmp_path)
    assert "prep:load" in caught.value.hint


def test_a_file_that_is_named_instead_of_its_module_is_explained(tmp_path: Path) -> None:
    (tmp_path / "preparing.py").write_text("def load(path): ...\n")
    with pytest.raises(InputError, match=r"there is no module preparing\.py") as caught:
        named_function("preparing.py:load", tmp_path)
    assert "preparing:FUNCTION" in caught.value.hint


def test_a_module_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no module nowhere in"):
        named_function("nowhere.at.all:load", tmp_path)


def test_a_function_that_is_not_there_says_which_are(tmp_path: Path) -> None:
    name = module(tmp_path, "from pathlib import Path\ndef load_one(path): ...\n")
    with pytest.raises(InputError, match=r"has no function load\n") as caught:
        named_function(f"{name}:load", tmp_path)
    assert caught.value.hint == "it has load_one"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("import nowhere_at_all\n", r"No module named 'nowhere_at_all' \(prep\d+\.py, line 1\)"),
        ("x = 1\nload = x / 0\n", r"ZeroDivisionError: division by zero \(prep\d+\.py, line 2\)"),
        ("def load(path:\n", r"SyntaxError: .* \(prep\d+\.py, line 1\)"),
        ("raise SystemExit(3)\n", r"it ends the program \(3\)"),
    ],
)
def test_a_module_that_fails_says_where(text: str, why: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=f"cannot be imported: .*{why}"):
        named_function(f"{module(tmp_path, text)}:load", tmp_path)


def test_a_function_that_fails_says_where(tmp_path: Path) -> None:
    name = module(tmp_path, "import json\ndef load(path):\n    return json.loads(path)\n")
    with pytest.raises(InputError, match=rf"fails on a\.jpg: JSON.* \({name}\.py, line 3\)"):
        named_function(f"{name}:load", tmp_path)("a.jpg")
