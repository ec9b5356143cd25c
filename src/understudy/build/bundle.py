"""Builds a bundle: installs, plans, compiles, zips, measures, proves, and only then puts it there.

Every decision is in `plan`, `rules`, `limits` and `ours`.
"""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution, version
from pathlib import Path

from ..errors import BuildError, InputError
from ..files import Buffer, reason
from . import archive, wheels
from .bytecode import compile_sources, stays
from .elf import read_elf
from .interpreter import Interpreter, find_interpreter
from .limits import Margin, margins
from .ours import PACKAGE, needed
from .plan import NOTHING, Found, Plan, Size, plan
from .proof import Proof, Stand, prove
from .rules import RULES, Rule
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
    uv = wheels.find_uv()
    with tempfile.TemporaryDirectory(prefix="understudy-build-") as name:
        tree, zipped = Path(name, "tree"), Path(name, "bundle.zip")
        tell(f"installing packages for {target}")
        wheels.install(uv, target, tree)
        owners = wheels.packages(tree) | _add_ours(tree)
        tell("slimming and compiling")
        interpreter = find_interpreter(uv, target.python)
        found, done = _slim(tree, target, owners, interpreter)
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
    compiled_by = interpreter.version if interpreter is not None and found else None
    return Bundle(
        output, target, digest, whole, by_package, saved, room, compiled_by, proof
    )


def check_limits(room: tuple[Margin, ...], packages: Mapping[str, Size]) -> None:
    """Refuse a bundle that is over a limit.

    Raises:
        BuildError: it is; with the largest packages.
    """
    over = [margin for margin in room if margin.left < 0]
    if over:
        raise BuildError(
            "the bundle is too large for Lambda",
            hint="; ".join(margin.limit.hint for margin in over),
            problems=tuple(
                f"{margin.limit.name}: {margin.used:,} bytes, at most {margin.limit.most:,}"
                for margin in over
            )
            + tuple(f"{name}: {size.plain:,} bytes" for name, size in list(packages.items())[:3]),
        )


def _add_ours(tree: Path) -> dict[str, str]:
    """Copy the modules of understudy that are needed, and what says whose they are."""
    root = Path(__file__).parents[1]
    modules, packages = {}, set()
    for path in root.rglob("*.py"):
        parts = (PACKAGE, *path.relative_to(root).with_suffix("").parts)
        name = ".".join(parts).removesuffix(".__init__")
        packages |= {name} if parts[-1] == "__init__" else set()
        modules[name] = path
    texts = {name: path.read_text(encoding="utf-8") for name, path in modules.items()}
    owner = f"{PACKAGE} {version(PACKAGE)}"
    owners = {}
    for name in needed(texts, frozenset(packages)):
        path = f"{PACKAGE}/{modules[name].relative_to(root).as_posix()}"
        (tree / path).parent.mkdir(parents=True, exist_ok=True)
        (tree / path).write_text(texts[name], encoding="utf-8")
        owners[path] = owner
    return owners | {path: owner for path in _add_metadata(tree)}


def _add_metadata(tree: Path) -> list[str]:
    """Copy understudy's metadata and licence, wherever it is installed from."""
    try:
        ours = distribution(PACKAGE)
    except PackageNotFoundError:
        return []
    folder = f"{PACKAGE}-{ours.version}.dist-info"
    written = []
    for name in ("METADATA", "licenses/LICENSE"):
        text = ours.read_text(name)
        if text is not None:
            path = tree / folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            written.append(f"{folder}/{name}")
    return written


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


def rule_of(name: str) -> Rule:
    """The rule with a name."""
    return next(rule for rule in RULES if rule.name == name)


def _put(zipped: Path, output: Path) -> None:
    from ..files import write_file

    with zipped.open("rb") as file:
        write_file(output, iter(lambda: file.read(1 << 20), b""))
