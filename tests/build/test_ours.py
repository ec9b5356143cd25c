"""Which modules of understudy go into a bundle."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

import understudy
from understudy.build.contents import ADMISSION, SERVING
from understudy.build.layout import Layout, laid_out
from understudy.build.ours import needed

ROOT = Path(understudy.__file__).parent

SMALL = {
    "understudy": "",
    "understudy.wiring": """
from typing import TYPE_CHECKING
from .serve import run
from . import errors
if TYPE_CHECKING:
    from .only_types import A
def compile_it():
    from .making import make
def look():
    from .looking import look
""",
    "understudy.serve": "import numpy as np",
    "understudy.serve.run": "from .inner import x",
    "understudy.serve.inner": "",
    "understudy.errors": "import os.path",
    "understudy.only_types": "",
    "understudy.making": "from .compiler import compile_it\nfrom . import only_making",
    "understudy.only_making": "",
    "understudy.compiler": "import onnx",
    "understudy.looking": "def f():\n    import filelock",
    "understudy.locking": "import filelock",
}


def test_what_the_roots_import_and_no_more() -> None:
    packages = frozenset({"understudy", "understudy.serve"})
    assert needed(SMALL, packages) == {
        *("understudy", "understudy.wiring", "understudy.serve", "understudy.serve.run"),
        *("understudy.serve.inner", "understudy.errors", "understudy.looking"),
    }


def test_a_module_that_needs_what_is_absent_is_left_out() -> None:
    said = SMALL | {"understudy.looking": "from .locking import lock"}
    found = needed(said, frozenset({"understudy", "understudy.serve"}))
    assert not found & {"understudy.looking", "understudy.locking"}


@pytest.fixture(scope="module")
def real() -> tuple[dict[str, str], frozenset[str]]:
    """The modules of understudy, and which of them are packages."""
    modules, packages = {}, set()
    for path in ROOT.rglob("*.py"):
        parts = ("understudy", *path.relative_to(ROOT).with_suffix("").parts)
        name = ".".join(parts).removesuffix(".__init__")
        modules[name] = path.read_text()
        packages |= {name} if path.name == "__init__.py" else set()
    return modules, frozenset(packages)


def parts(names: frozenset[str]) -> set[str]:
    return {name.split(".")[1] for name in names if "." in name}


def test_what_serves(real: tuple[dict[str, str], frozenset[str]]) -> None:
    found = needed(*real)
    assert {"understudy.edges.lambda_.handler", "understudy.following"} <= found
    assert {"understudy.store.s3", "understudy.serve.tensor", "understudy.serve.live"} <= found
    assert parts(found) == {
        *{"edges", "following", "wiring", "serve", "delivery", "release", "store"},
        *{"engine", "files", "errors"},
    }
    assert "understudy.delivery.making" not in found
    assert "understudy.edges.lambda_.admission" not in found


def test_no_module_that_serves_needs_what_no_bundle_has(
    real: tuple[dict[str, str], frozenset[str]],
) -> None:
    serving = ("understudy.serve", "understudy.store")
    every = replace(SERVING, roots=tuple(f"{part}*" for part in serving))
    assert {name for name in real[0] if name.startswith(serving)} <= needed(*real, every)


def test_what_admits(real: tuple[dict[str, str], frozenset[str]]) -> None:
    found = needed(*real, ADMISSION)
    every = ("understudy.keras", "understudy.compiler", "understudy.store", "understudy.release")
    assert {name for name in real[0] if name.startswith(every)} <= found
    assert {ADMISSION.handler, "understudy.delivery.making", "understudy.serve.session"} <= found
    assert not parts(found) & ADMISSION.absent


def test_a_bundle_with_zipped_packages_has_what_unpacks_them(
    real: tuple[dict[str, str], frozenset[str]],
) -> None:
    more = needed(*real, laid_out(SERVING, Layout.ZIPPED)) - needed(*real)
    assert more == {"understudy.edges.lambda_.zipped", "understudy.unpacking"}
