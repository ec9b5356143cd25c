"""Which modules of understudy go into a bundle."""

from __future__ import annotations

from pathlib import Path

import understudy
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


def test_of_the_real_package() -> None:
    modules, packages = {}, set()
    for path in ROOT.rglob("*.py"):
        parts = ("understudy", *path.relative_to(ROOT).with_suffix("").parts)
        name = ".".join(parts).removesuffix(".__init__")
        modules[name] = path.read_text()
        packages |= {name} if path.name == "__init__.py" else set()
    found = needed(modules, frozenset(packages))
    assert {"understudy.edges.lambda_.handler", "understudy.following"} <= found
    assert {"understudy.store.s3", "understudy.serve.tensor", "understudy.serve.live"} <= found
    parts = {name.split(".")[1] for name in found if "." in name}
    assert parts == {
        *{"edges", "following", "wiring", "serve", "delivery", "release", "store"},
        *{"files", "errors"},
    }
    assert "understudy.delivery.making" not in found
    # All of these serve: one that is not there needs what no bundle has.
    serving = ("understudy.serve", "understudy.store", "understudy.edges.lambda_")
    assert {name for name in modules if name.startswith(serving)} <= found
