"""Puts understudy itself into a bundle: the modules that are needed, from where they are installed.

Which these are, `ours` says.
"""

from __future__ import annotations

from importlib.metadata import distribution
from pathlib import Path

from .contents import PACKAGE, SERVING, Contents
from .ours import needed


def copy_modules(tree: Path, contents: Contents = SERVING) -> dict[str, str]:
    """Copy the modules that a bundle needs, and the metadata.

    Returns:
        `understudy version` for the path of each file.
    """
    root = Path(__file__).parents[1]
    modules, packages = {}, set()
    for path in root.rglob("*.py"):
        parts = (PACKAGE, *path.relative_to(root).with_suffix("").parts)
        name = ".".join(parts).removesuffix(".__init__")
        packages |= {name} if parts[-1] == "__init__" else set()
        modules[name] = path
    texts = {name: path.read_text(encoding="utf-8") for name, path in modules.items()}
    wanted = sorted(needed(texts, frozenset(packages), contents))
    written = [_copy_text(tree, _path_of(modules[name], root), texts[name]) for name in wanted]
    return dict.fromkeys(
        written + _add_metadata(tree), f"{PACKAGE} {distribution(PACKAGE).version}"
    )


def _path_of(module: Path, root: Path) -> str:
    return f"{PACKAGE}/{module.relative_to(root).as_posix()}"


def _add_metadata(tree: Path) -> list[str]:
    """Copy understudy's metadata and its licence, where it is installed with one."""
    ours = distribution(PACKAGE)
    folder = f"{PACKAGE}-{ours.version}.dist-info"
    texts = {name: ours.read_text(name) for name in ("METADATA", "licenses/LICENSE")}
    return [_copy_text(tree, f"{folder}/{n}", text) for n, text in texts.items() if text]


def _copy_text(tree: Path, path: str, text: str) -> str:
    (tree / path).parent.mkdir(parents=True, exist_ok=True)
    (tree / path).write_text(text, encoding="utf-8", newline="\n")
    return path
