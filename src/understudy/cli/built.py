"""Printing what is in a bundle, what was left out, and how much room it leaves. No decisions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.table import Table

from ..build.limits import DEFAULT_TMP
from .terminal import output, print_json, shown, talk

if TYPE_CHECKING:
    from ..build.bundle import Bundle
    from ..build.plan import Size
    from ..build.proof import Proof


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
    if done.layer is not None:
        out.print(f"{shown(done.layer.path)}  its layer")
        out.print(f"sha256 {done.layer.sha256}")
    out.print(f"handler {done.handler}")
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
        table.add_row(margin.name, *map(_mb, numbers))
    return table


def _notes(done: Bundle) -> None:
    """Print what was proved, and what is not as it could be."""
    proof = done.proof
    if proof.ran:
        output().print(f"proved: alone on the path of Python {proof.python} {_did(proof)}")
    else:
        talk().print(f"[bold]note:[/] it was not run here: {shown(proof.why_not)}")
    if done.unpacked > DEFAULT_TMP:
        talk().print(
            f"[bold]note:[/] it unpacks {_mb(done.unpacked)} MB into /tmp, which has"
            f" {_mb(DEFAULT_TMP)}: give the function more ephemeral storage"
        )
    if too_large := _upload_note(done):
        talk().print(f"[bold]note:[/] {too_large}")
    if done.compiled_by is None:
        python = done.target.python
        talk().print(
            f"[bold]note:[/] it has no bytecode, and starts slower: there is no Python {python}"
            f" here; put one on the PATH, or `uv python install {python}`, and build again"
        )


def _did(proof: Proof) -> str:
    if not proof.formats:
        return "it compiled a model that Keras saved, which answers as Keras did"
    return f"it passed a release's self-test and classified {', '.join(proof.formats)}"


def _upload_note(done: Bundle) -> str:
    """What is over a limit that can be got around; empty if nothing is."""
    over = [margin for margin in done.margins if margin.left < 0]
    said = [f"the {margin.of} is too large to be {margin.limit.name}" for margin in over]
    return f"{' and '.join(said)}: {over[0].limit.hint}" if over else ""


def _mb(count: int) -> str:
    return f"{count / 1e6:.2f}"


def _as_json(done: Bundle) -> dict[str, Any]:
    proof = done.proof
    return {
        "file": str(done.path),
        "python": done.target.python,
        "arch": done.target.arch,
        "sha256": done.sha256,
        "layer": _layer(done),
        "function": done.recipe.contents.function,
        "handler": done.handler,
        **_sizes(done.size),
        "unpacked": done.unpacked,
        "packages": [{"package": name, **_sizes(size)} for name, size in done.packages.items()],
        "left_out": [{"rule": name, **_sizes(size)} for name, size in done.saved.items()],
        "limits": [
            {"limit": m.name, "used": m.used, "most": m.limit.most, "left": m.left}
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


def _layer(done: Bundle) -> dict[str, str] | None:
    if done.layer is None:
        return None
    return {"file": str(done.layer.path), "sha256": done.layer.sha256}


def _sizes(size: Size) -> dict[str, int]:
    return {"zipped": size.zipped, "unzipped": size.plain}
