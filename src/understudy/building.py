"""Settings become what builds bundles: the part of `wiring` for functions in the cloud."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from .build.contents import CONTENTS, Function
from .build.interpreter import here
from .build.layout import Layout
from .build.target import Arch, Python, Target
from .wiring import push_files

if TYPE_CHECKING:
    from .build.bundle import Bundle, Recipe, Tell
    from .build.proof import Stand

DEFAULT_PYTHON = Python.PY313

MODEL = "rehearsal"


def build_bundle(
    python: Python = DEFAULT_PYTHON,
    arch: Arch | None = None,
    output: Path | None = None,
    tell: Tell = lambda _: None,
    *,
    function: Function = Function.SERVING,
    layout: Layout = Layout.PLAIN,
    requirements: Path | None = None,
    vendor: Path | None = None,
) -> Bundle:
    """Build the bundle of a function, and prove that it works.

    Args:
        python: its Python.
        arch: its architecture; by default this machine's.
        output: the zip; by default in the current folder, under a name that says what it is.
        tell: is told what is done now.
        function: which one.
        layout: where its packages are.
        requirements: a file of packages of your own, to be installed beside the others.
        vendor: a folder of packages of your own, prebuilt.

    Raises:
        BuildError: the packages cannot be had, it is too large, or does not work.
        InputError: the zip cannot be written.
    """
    from .build.bundle import Recipe, build

    target = Target(python, arch or here())
    recipe = Recipe(target, CONTENTS[function], layout, requirements, vendor)
    with tempfile.TemporaryDirectory(prefix="understudy-stand-") as name:
        return build(recipe, output or Path(file_name(recipe)), make_stand(Path(name)), tell)


def file_name(recipe: Recipe) -> str:
    """What the zip of a bundle is called."""
    function = recipe.contents.function
    kind = "" if function is Function.SERVING else f"-{function}"
    return f"understudy{kind}-python{recipe.target.python}-{recipe.target.arch}.zip"


def make_stand(folder: Path) -> Stand:
    """Push a small model to a store below a folder, and make images for it."""
    from .build import stand
    from .build.proof import Stand

    sources, store, images = folder / "sources", folder / "store", folder / "images"
    stand.write_sources(sources)
    stand.write_images(images)
    store.mkdir()
    push_files([sources], MODEL, store=store)
    return Stand(store, MODEL, images, stand.LABEL, stand.KERAS)
