"""Which added files get in the way."""

from __future__ import annotations

import pytest

from understudy.build.clash import check_clashes, clashes
from understudy.errors import BuildError

THERE = {
    "numpy/__init__.py": "numpy 2",
    "numpy/core/a.cpython-313-x86_64-linux-gnu.so": "numpy 2",
    "google/protobuf/__init__.py": "protobuf 7",
    "typing_extensions.py": "typing_extensions 4",
    "pillow.libs/libz.so.1": "pillow 13",
}

CLASH = {
    "numpy/__init__.py": "numpy/__init__.py",
    "numpy.py": "numpy/__init__.py",
    "pillow.libs": "pillow.libs/libz.so.1",
    "numpy/core/a.py": "numpy/core/a.cpython-313-x86_64-linux-gnu.so",
    "numpy/core/a.abi3.so": "numpy/core/a.cpython-313-x86_64-linux-gnu.so",
    "typing_extensions/__init__.py": "typing_extensions.py",
    "typing_extensions.py/b": "typing_extensions.py",
    "pillow.libs/libz.so.1": "pillow.libs/libz.so.1",
}

FINE = (
    "google/cloud/__init__.py",
    "numpy/core/b.py",
    "numpy/data.txt",
    "numpy_more/__init__.py",
    "pillow.libs/libz.so.2",
)


@pytest.mark.parametrize("path", CLASH)
def test_clashes(path: str) -> None:
    there = CLASH[path]
    assert clashes(THERE, {path: "b 1"}) == (f"{path} of b 1 and {there} of {THERE[there]}",)


@pytest.mark.parametrize("path", FINE)
def test_no_clash(path: str) -> None:
    assert clashes(THERE, {path: "b 1"}) == ()


def test_each_two_packages_are_named_once() -> None:
    added = {"numpy/__init__.py": "numpy 1", "numpy/core/a.so": "numpy 1", "c.py": "c 1"}
    with pytest.raises(BuildError, match="vendor has files in the place of others") as caught:
        check_clashes(THERE, added, "vendor")
    assert caught.value.problems == (
        "numpy/__init__.py of numpy 1 and numpy/__init__.py of numpy 2",
    )
