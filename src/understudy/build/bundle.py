"""Builds a bundle: installs, plans, compiles, zips, measures, proves, and only then puts it there.

Every decision is in `plan`, `rules`, `layout`, `limits` and `ours`.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from ..errors import BuildError, InputError
from ..files import write_file
from . import archive, package, wheels
from .assembly import assemble
from .clash import shortened
from .contents import Contents
from .interpreter import find_interpreter
from .layout import Layout, laid_out
from .limits import Margin, margins
from .links import missing
from .plan import NOTHING, Plan, Size
from .proof import Proof, Stand, prove
from .requirements import add_requirements, check_requirements
from .rules import rules_for
from .slimming import slim
from .target import Target
from .vendor import add_vendored, check_vendored

Tell = Callable[[str], None]
"""Is told what is done now."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """What is built.

    Attributes:
        target: what it runs on.
        contents: what it is for.
        layout: where the packages are.
        requirements: a file of a person's own packages, which are installed beside ours.
        vendor: a folder of a person's own packages, prebuilt.
    """

    target: Target
    contents: Contents
    layout: Layout = Layout.PLAIN
    requirements: Path | None = None
    vendor: Path | None = None


@dataclass(frozen=True, slots=True)
class Archive:
    """A zip of a bundle, with its SHA-256."""

    path: Path
    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class Bundle:
    """What was built.

    Attributes:
        recipe: as what.
        zip: the function's zip.
        layer: the layer's; None if there is none.
        size: of all zips, and of what is in them.
        packages: the size of each; the largest first.
        saved: what each rule left out.
        margins: how much room it leaves.
        unpacked: bytes of /tmp that the function needs for its packages.
        compiled_by: the version of the Python that made the bytecode; None if there is none.
        proof: what was proved.
    """

    recipe: Recipe
    zip: Archive
    layer: Archive | None
    size: Size
    packages: Mapping[str, Size]
    saved: Mapping[str, Size]
    margins: tuple[Margin, ...]
    unpacked: int
    compiled_by: str | None
    proof: Proof

    @property
    def path(self) -> Path:
        """The function's zip."""
        return self.zip.path

    @property
    def sha256(self) -> str:
        """Of the function's zip."""
        return self.zip.sha256

    @property
    def target(self) -> Target:
        """What it runs on."""
        return self.recipe.target

    @property
    def handler(self) -> str:
        """What the function's setting `Handler` must be."""
        return self.recipe.contents.entry


def build(recipe: Recipe, output: Path, stand: Stand, tell: Tell = lambda _: None) -> Bundle:
    """Build a bundle.

    Args:
        recipe: what is built.
        output: the zip; an older one stays until the new one is whole and has proved itself. A
            layer is written beside it.
        stand: what it proves itself on.
        tell: is told what is done now.

    Raises:
        BuildError: the packages cannot be had, it is too large, or does not work.
        InputError: the zip cannot be written.
    """
    if output.is_dir():
        raise InputError(f"{output} is a folder", hint="name the zip in it that shall be written")
    if recipe.requirements is not None:
        check_requirements(recipe.requirements)
    vendored = check_vendored(recipe.vendor, recipe.target) if recipe.vendor is not None else ()
    target, contents = recipe.target, laid_out(recipe.contents, recipe.layout)
    uv = wheels.find_uv()
    with tempfile.TemporaryDirectory(prefix="understudy-build-") as name:
        folder = Path(name)
        tree = folder / "tree"
        tell(f"installing packages for {target}")
        wheels.install(uv, target, tree, contents.pins)
        ours = wheels.packages(tree) | package.copy_modules(tree, contents)
        added = _add(uv, recipe, vendored, tree, ours)
        tell("slimming and compiling")
        interpreter = find_interpreter(uv, target.python)
        made, done = slim(tree, target, ours, added, interpreter, rules_for(contents))
        check_links(done)
        tell("zipping")
        written = assemble(tree, done.kept, recipe.layout, recipe.contents, folder)
        by_package = _by_package(done, written.sizes)
        room = margins(written.zips, written.unzipped, written.unpacked)
        check_limits(room, by_package)
        saved = _saved(done, tree, folder / "left-out.zip")
        tell("proving that it works")
        proof = prove(written.function, target, interpreter, stand, contents, written.layer)
        layer = _put(written.layer, layer_path(output)) if written.layer else None
        function = _put(written.function, output)
    return Bundle(
        replace(recipe, contents=contents),
        function,
        layer,
        Size(sum(written.zips.values()), written.unzipped),
        by_package,
        saved,
        room,
        written.unpacked,
        interpreter.version if interpreter is not None and made else None,
        proof,
    )


def layer_path(output: Path) -> Path:
    """Where the layer of a function is written: beside its zip."""
    return output.with_name(f"{output.stem}-layer{output.suffix}")


def check_limits(room: tuple[Margin, ...], packages: Mapping[str, Size]) -> None:
    """Refuse a bundle that is over a limit.

    Raises:
        BuildError: it is; with the largest packages.
    """
    over = [margin for margin in room if margin.left < 0 and margin.limit.final]
    if over:
        raise BuildError(
            "the bundle is too large for Lambda",
            hint="; ".join(dict.fromkeys(margin.limit.hint for margin in over)),
            problems=tuple(
                f"{margin.name}: {margin.used:,} bytes, at most {margin.limit.most:,}"
                for margin in over
            )
            + tuple(f"{name}: {size.plain:,} bytes" for name, size in list(packages.items())[:3]),
        )


def check_links(done: Plan) -> None:
    """Refuse a bundle in which a native file would not find a library.

    Raises:
        BuildError: it is one; with all that is missing.
    """
    problems = missing(done.kept)
    if problems:
        raise BuildError(
            "the bundle would not work: libraries are missing",
            hint="add packages that bring these libraries, or put them into the folder of --vendor"
            if any(file.added for file in done.kept)
            else "build it with the newest understudy",
            problems=shortened(problems),
        )


def _add(
    uv: Path, recipe: Recipe, vendored: Iterable[str], tree: Path, ours: Mapping[str, str]
) -> dict[str, str]:
    """Put a person's own packages into the tree; gives whose each of their files is."""
    target, added = recipe.target, {}
    if recipe.requirements is not None:
        pins = recipe.contents.pins
        added = add_requirements(uv, target, recipe.requirements, pins, tree, ours)
    if recipe.vendor is not None:
        added |= add_vendored(recipe.vendor, vendored, tree, {**ours, **added})
    return added


def _by_package(done: Plan, sizes: Mapping[str, Size]) -> dict[str, Size]:
    totals: dict[str, Size] = {}
    for file in done.kept:
        totals[file.package] = totals.get(file.package, NOTHING) + sizes[file.path]
    return dict(sorted(totals.items(), key=lambda item: -item[1].plain))


def _saved(done: Plan, tree: Path, scratch: Path) -> dict[str, Size]:
    """What each rule left out, zipped in the same way."""
    every = {file.path: name for name, files in done.dropped.items() for file in files}
    sizes = archive.write_zip(scratch, {path: tree / path for path in every})
    totals = dict.fromkeys(done.dropped, NOTHING)
    for path, name in every.items():
        totals[name] = totals[name] + sizes[path]
    return totals


def _put(zipped: Path, output: Path) -> Archive:
    with zipped.open("rb") as file:
        write_file(output, iter(lambda: file.read(1 << 20), b""))
    return Archive(output, archive.digest(zipped), zipped.stat().st_size)
