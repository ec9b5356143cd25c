"""Builds a bundle: installs, plans, compiles, zips, measures, proves, and only then puts it there.

Every decision is in `plan`, `rules`, `limits` and `ours`.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ..errors import BuildError, InputError
from ..files import write_file
from . import archive, package, wheels
from .bytecode import compile_sources, stays
from .elf import read_elf
from .interpreter import Interpreter, find_interpreter
from .limits import Margin, margins
from .links import missing
from .plan import NOTHING, Found, Plan, Size, plan
from .proof import Proof, Stand, prove
from .target import Target

Tell = Callable[[str], None]
"""Is told what is done now."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """What was built.

    Attributes:
        path: the zip.
        target: what it runs on.
        sha256: of the zip.
        size: of the whole.
        packages: the size of each; the largest first.
        saved: what each rule left out.
        margins: how much room it leaves.
        compiled_by: the version of the Python that made the bytecode; None if there is none.
        proof: what was proved.
    """

    path: Path
    target: Target
    sha256: str
    size: Size
    packages: Mapping[str, Size]
    saved: Mapping[str, Size]
    margins: tuple[Margin, ...]
    compiled_by: str | None
    proof: Proof


def build(target: Target, output: Path, stand: Stand, tell: Tell = lambda _: None) -> Bundle:
    """Build a bundle for a target.

    Args:
        target: the runtime.
        output: the zip; an older one stays until the new one is whole and has proved itself.
        stand: what it proves itself on.
        tell: is told what is done now.

    Raises:
        BuildError: the packages cannot be had, it is too large, or does not work.
        InputError: the zip cannot be written.
    """
    if output.is_dir():
        raise InputError(f"{output} is a folder", hint="name the zip in it that shall be written")
    uv = wheels.find_uv()
    with tempfile.TemporaryDirectory(prefix="understudy-build-") as name:
        tree, zipped = Path(name, "tree"), Path(name, "bundle.zip")
        tell(f"installing packages for {target}")
        wheels.install(uv, target, tree)
        owners = wheels.packages(tree) | package.copy_modules(tree)
        tell("slimming and compiling")
        interpreter = find_interpreter(uv, target.python)
        made, done = _slim(tree, target, owners, interpreter)
        check_links(done)
        tell("zipping")
        sizes = archive.write_zip(zipped, {file.path: tree / file.path for file in done.kept})
        whole = Size(zipped.stat().st_size, sum(size.plain for size in sizes.values()))
        by_package = _by_package(done, sizes)
        room = margins(whole)
        check_limits(room, by_package)
        saved = _saved(done, tree, Path(name, "left-out.zip"))
        tell("proving that it works")
        proof = prove(zipped, target, interpreter, stand)
        digest = archive.digest(zipped)
        _put(zipped, output)
    compiled_by = interpreter.version if interpreter is not None and made else None
    return Bundle(output, target, digest, whole, by_package, saved, room, compiled_by, proof)


def check_limits(room: tuple[Margin, ...], packages: Mapping[str, Size]) -> None:
    """Refuse a bundle that is over a limit.

    Raises:
        BuildError: it is; with the largest packages.
    """
    over = [margin for margin in room if margin.left < 0]
    if over:
        raise BuildError(
            "the bundle is too large for Lambda",
            hint="; ".join(dict.fromkeys(margin.limit.hint for margin in over)),
            problems=tuple(
                f"{margin.limit.name}: {margin.used:,} bytes, at most {margin.limit.most:,}"
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
            hint="build it with the newest understudy",
            problems=problems,
        )


def _slim(
    tree: Path, target: Target, owners: Mapping[str, str], interpreter: Interpreter | None
) -> tuple[dict[str, str], Plan]:
    """Decide what stays, compile that, and decide again: then sources can go.

    Returns:
        the bytecode of each source, and the plan.
    """
    files = [_look(tree, path, owners) for path in _paths(tree)]
    _check_natives(files, target)
    first = plan(files)
    if interpreter is None:
        return {}, first
    sources = [file for file in first.kept if file.name.endswith(".py")]
    made = compile_sources(interpreter, target, tree, [file.path for file in sources])
    files += [Found(made[file.path], file.package) for file in sources if file.path in made]
    return made, plan(files, frozenset(path for path in made if not stays(path)))


def _paths(tree: Path) -> list[str]:
    return sorted(path.relative_to(tree).as_posix() for path in tree.rglob("*") if path.is_file())


def _look(tree: Path, path: str, owners: Mapping[str, str]) -> Found:
    native = read_elf((tree / path).read_bytes()) if ".so" in path else None
    return Found(path, owners.get(path, "others"), native)


def _check_natives(files: list[Found], target: Target) -> None:
    wrong = [file.path for file in files if file.native and file.native.arch is not target.arch]
    if wrong:
        raise BuildError(
            f"{wrong[0]} is not for {target.arch}",
            hint="clear uv's cache with `uv cache clean`, and build again",
        )


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


def _put(zipped: Path, output: Path) -> None:
    with zipped.open("rb") as file:
        write_file(output, iter(lambda: file.read(1 << 20), b""))
