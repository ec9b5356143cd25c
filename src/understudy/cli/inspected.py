"""Printing what a model's files are, and what became of every tensor in them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from rich.markup import escape
from rich.table import Table

from .terminal import ALL_THERE, output, print_json, print_problems, shown, talk

if TYPE_CHECKING:
    from ..compiler.inspection import Inspection
    from ..compiler.report import LoadedTensor

MAX_TENSORS = 20
"""How many lines of a load report are printed."""

DIGITS = 12
"""How many digits of a hash are printed."""


def inspection(found: Inspection, *, as_json: bool) -> None:
    """Print what a model's files are."""
    if as_json:
        print_json(asdict(found) | {"compiles": not (found.problems or found.needs_weights)})
        return
    out = output()
    out.print(_facts(found))
    if found.problems:
        out.print()
        out.print("[bold red]cannot be compiled:[/]")
        print_problems(out, found.problems)
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("layer")
    table.add_column("class")
    table.add_column("parameters", justify="right")
    for layer in found.layers:
        count = f"{layer.parameters:,}" if layer.parameters else ""
        table.add_row(shown(layer.name), shown(layer.kind), count)
    out.print()
    out.print(table)
    _load_report(found.tensors)


def _load_report(tensors: Sequence[LoadedTensor]) -> None:
    """Print what became of each tensor; first those that deserve a look, then as many as fit."""
    if not tensors:
        return
    rank = {"missing": 0, "unused": 1, "unreached": 2, "used": 3}
    listed = sorted(tensors, key=lambda tensor: rank.get(tensor.status, len(rank)))
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in ("tensor", "shape", "type", "status", "target", "sha256"):
        table.add_column(column, overflow="fold" if column in ("tensor", "target") else "ellipsis")
    for tensor in listed[:MAX_TENSORS]:
        table.add_row(
            shown(tensor.source),
            "" if tensor.shape is None else " × ".join(map(str, tensor.shape)) or "scalar",
            shown(tensor.dtype or ""),
            tensor.status,
            shown(tensor.target or ""),
            (tensor.sha256 or "")[:DIGITS],
        )
    out = output()
    out.print()
    out.print(table)
    if listed[MAX_TENSORS:]:
        out.print(f"and {len(listed) - MAX_TENSORS:,} more: {ALL_THERE}, with whole hashes")


def _facts(found: Inspection) -> Table:
    facts = Table(box=None, show_header=False, pad_edge=False)
    facts.add_column(style="dim")
    facts.add_column()
    backend = f" on {shown(found.origin.backend)}" if found.origin.backend else ""
    if found.origin.keras_version:
        facts.add_row("written by", f"Keras {shown(found.origin.keras_version)}{backend}")
    facts.add_row("format", found.origin.format)
    facts.add_row(
        "model",
        f"{shown(found.name)}: {len(found.layers)} layers, {found.parameters:,} parameters",
    )
    if found.needs_weights:
        facts.add_row("weights", "none were given; they are needed to compile it")
    for kind, signatures in (("input", found.inputs), ("output", found.outputs)):
        for signature in signatures or ():
            name, sizes = shown(signature.name), shape(signature.shape)
            facts.add_row(kind, f"{name}  {sizes}  {signature.dtype}")
    if found.activation:
        facts.add_row("ends with", found.activation)
    if found.operators:
        listed = ", ".join(f"{count} {op}" for op, count in found.operators.items())
        facts.add_row("compiles to", f"{sum(found.operators.values())} operators: {listed}")
    if found.tensors:
        facts.add_row("tensors", _counts(found.tensors))
    for note in found.notes:
        facts.add_row("note", shown(note))
    return facts


def _counts(tensors: Sequence[LoadedTensor]) -> str:
    counts = Counter(tensor.status for tensor in tensors)
    return ", ".join(f"{count} {status}" for status, count in counts.items())


def compiled(found: Inspection, folder: Path) -> None:
    """Print what was written."""
    out = output()
    for name in ("model.onnx", "weights.bin"):
        path = folder / name
        out.print(f"{escape(str(path))}  {size(path.stat().st_size)}")
    out.print(f"tensors: {_counts(found.tensors)}")
    _load_report(found.tensors)
    for note in found.notes:
        talk().print(f"[bold]note:[/] {shown(note)}")


def shape(sizes: Sequence[int | None]) -> str:
    """`batch x 128 x 128 x 3`; `any` where a size is free."""
    names = ["batch" if axis == 0 else "any" for axis in range(len(sizes))]
    return " × ".join(
        name if size is None else str(size) for name, size in zip(names, sizes, strict=True)
    )


def size(count: int) -> str:
    """Bytes, as people read them."""
    for unit, scale in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if count >= scale:
            return f"{count / scale:.1f} {unit}"
    return f"{count} bytes"
