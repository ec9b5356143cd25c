"""Printing what is in a bundle, what was left out, and how much room it leaves. No decisions."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

from .terminal import output, print_json, shown, talk

if TYPE_CHECKING:
    from ..build.bundle import Bundle, Tell
    from ..build.plan import Size


@contextlib.contextmanager
def progress() -> Iterator[Tell]:
    """Show on a terminal what is done now; nothing in a pipe."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    with Console(stderr=True).status("") as status:
        yield lambda text: status.update(f"{text} ...")


def bundle(done: Bundle, *, as_json: bool) -> None:
    """Print what was built."""
    if as_json:
        print_json(_as_json(done))
        return
    out = output()
    out.print(_table("package", [*done.packages.items(), ("all", done.size)]))
    out.print()
    out.print(_table("left out", [item for item in done.saved.items() if item[1].plain]))
    out.print()
    out.print(_limits(done))
    out.print()
    out.print(f"{shown(done.path)}  {done.target}")
    out.print(f"sha256 {done.sha256}")
    _notes(done)


def _table(title: str, rows: list[tuple[str, Size]]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column(title)
    table.add_column("MB zipped", justify="right")
    table.add_column("MB unzipped", justify="right")
    for name, size in rows:
        table.add_row(shown(name), _mb(size.zipped), _mb(size.plain))
    return table


def _limits(done: Bundle) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("Lambda's limit")
    for column in ("MB used", "at most", "left"):
        table.add_column(column, justify="right")
    for margin in done.margins:
        numbers = (margin.used, margin.limit.most, margin.left)
        table.add_row(margin.limit.name, *map(_mb, numbers))
    return table


def _notes(done: Bundle) -> None:
    """Print what was proved, and what is not as it could be."""
    proof = done.proof
    if proof.ran:
        output().print(
            f"proved: alone on the path of Python {proof.python} it passed a release's self-test"
            f" and classified {', '.join(proof.formats)}"
        )
    else:
        talk().print(f"[bold]note:[/] it was not run here: {shown(proof.why_not)}")
    if done.compiled_by is None:
        python = done.target.python
        talk().print(
            f"[bold]note:[/] it has no bytecode, and starts slower: there is no Python {python}"
            f" here; put one on the PATH, or `uv python install {python}`, and build again"
        )


def _mb(count: int) -> str:
    return f"{count / 1e6:.2f}"


def _as_json(done: Bundle) -> dict[str, Any]:
    proof = done.proof
    return {
        "file": str(done.path),
        "python": done.target.python,
        "arch": done.target.arch,
        "sha256": done.sha256,
        **_sizes(done.size),
        "packages": [{"package": name, **_sizes(size)} for name, size in done.packages.items()],
        "left_out": [{"rule": name, **_sizes(size)} for name, size in done.saved.items()],
        "limits": [
            {"limit": m.limit.name, "used": m.used, "most": m.limit.most, "left": m.left}
            for m in done.margins
        ],
        "compiled_by": done.compiled_by,
        "proof": {
            "ran": proof.ran,
            "python": proof.python or None,
            "formats": list(proof.formats),
            "seconds": proof.seconds,
            "why_not": proof.why_not or None,
        },
    }


def _sizes(size: Size) -> dict[str, int]:
    return {"zipped": size.zipped, "unzipped": size.plain}
