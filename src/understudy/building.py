"""Settings become what builds bundles: the part of `wiring` for functions in the cloud."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from .build.interpreter import here
from .build.target import Arch, Python, Target
from .wiring import push_files

if TYPE_CHECKING:
    from .build.bundle import Bundle, Tell
    from .build.proof import Stand

DEFAULT_PYTHON = Python.PY313

MODEL = "rehearsal"


def build_bundle(
    python: Python = DEFAULT_PYTHON,
    arch: Arch | None = None,
    output: Path | None = None,
    tell: Tell = lambda _: None,
) -> Bundle:
    """Build the bundle of the function that serves, and prove that it works.

    Args:
        python: its Python.
        arch: its architecture; by default this machine's.
        output: the zip; by default in the current folder, under a name that says what it is.
        tell: is told what is done now.

    Raises:
        BuildError: the packages cannot be had, it is too large, or does not work.
        InputError: the zip cannot be written.
    """
    from .build.bundle import build

    target = Target(python, arch or here())
    with tempfile.TemporaryDirectory(prefix="understudy-stand-") as name:
        return build(target, output or Path(target.file_name), make_stand(Path(name)), tell)


def make_stand(folder: Path) -> Stand:
    """Push a small model to a store below a folder, and make images for it."""
    from .build import stand
    from .build.proof import Stand

    sources, store, images = folder / "sources", folder / "store", folder / "images"
    stand.write_sources(sources)
    stand.write_images(images)
    store.mkdir()
    push_files([sources], MODEL, store=store)
    return Stand(store, MODEL, images, stand.LABEL)
