"""Settings become what builds bundles: the part of `wiring` for functions in the cloud."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from .build.contents import CONTENTS, Function
from .build.interpreter import here
from .build.layout import Layout, usual_layout
from .build.target import Arch, Python, Target
from .errors import InputError
from .release.manifest import KERAS, ONNX
from .wiring import compile_options, now, open_files, push_files, store_at, trial, user

if TYPE_CHECKING:
    from .build.bundle import Bundle, Recipe, Tell
    from .build.proof import Stand

DEFAULT_PYTHON = Python.PY313

MODEL = "rehearsal"
KERAS_MODEL = "rehearsal-keras"


def build_bundle(
    python: Python = DEFAULT_PYTHON,
    arch: Arch | None = None,
    output: Path | None = None,
    tell: Tell = lambda _: None,
    *,
    function: Function = Function.SERVING,
    layout: Layout | None = None,
    engine: str = ONNX,
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
        layout: where its packages are; by default beside understudy, or zipped if Keras is among
            them.
        engine: `keras` for a function that runs models with Keras, too.
        requirements: a file of packages of your own, to be installed beside the others.
        vendor: a folder of packages of your own, prebuilt.

    Raises:
        BuildError: the packages cannot be had, it is too large, or does not work.
        InputError: the zip cannot be written, or there is no such bundle.
    """
    from .build.bundle import Recipe, build

    target, contents = Target(python, arch or here()), CONTENTS.get((function, engine))
    if contents is None:
        raise InputError(
            f"there is no bundle of the function for {function} with the engine {engine!r}",
            hint=f"give {ONNX}, or {KERAS} for the function that serves",
        )
    recipe = Recipe(target, contents, layout or usual_layout(engine), requirements, vendor)
    with tempfile.TemporaryDirectory(prefix="understudy-stand-") as name:
        stand = make_stand(Path(name), engine)
        return build(recipe, output or Path(file_name(recipe)), stand, tell)


def file_name(recipe: Recipe) -> str:
    """What the zip of a bundle is called."""
    function = recipe.contents.function
    kind = "" if function is Function.SERVING else f"-{function}"
    kind += "" if recipe.contents.engine == ONNX else f"-{recipe.contents.engine}"
    return f"understudy{kind}-python{recipe.target.python}-{recipe.target.arch}.zip"


def make_stand(folder: Path, engine: str = ONNX) -> Stand:
    """Push a small model to a store below a folder, and make images for it.

    For Keras, which need not be here, a second one is pushed: then this one answers.
    """
    from .build import stand
    from .build.proof import Stand

    sources, store, images = folder / "sources", folder / "store", folder / "images"
    stand.write_sources(sources)
    stand.write_images(images)
    store.mkdir()
    push_files([sources], MODEL, store=store)
    if engine == ONNX:
        return Stand(store, MODEL, images, stand.LABEL, stand.KERAS)
    _push_for_keras(store)
    with open_files(stand.KERAS, labels=stand.KERAS_LABELS) as model:
        label = model.classify(images / "image.png").predictions[0].label
    return Stand(store, KERAS_MODEL, images, label, stand.KERAS, (MODEL,))


def _push_for_keras(store: Path) -> None:
    """Push the model that Keras saved; what Keras answered is known, so it is not run here."""
    from .build import stand
    from .delivery.actions import push_release
    from .delivery.making import Trial, make_release, plan_release
    from .delivery.sources import find_sources
    from .release.identity import Role

    labels = store.with_name("labels.txt")
    labels.write_text("".join(f"{label}\n" for label in stand.KERAS_LABELS))
    sources = find_sources([stand.KERAS], {Role.LABELS: labels})
    plan = plan_release(sources, compile_options(engine=KERAS))
    answers = Trial(
        lambda _folder, _inputs: stand.keras_answers(), trial().prepare, lambda _: stand.SIGNATURES
    )
    push_release(
        store_at(store),
        KERAS_MODEL,
        plan.id,
        lambda staging: make_release(plan, staging, answers),
        by=user(),
        now=now,
    )
