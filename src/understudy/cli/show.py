"""Printing: tables for people, JSON and CSV for programs. No decisions."""

from __future__ import annotations

import csv as csv_format
import json as json_format
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from ..delivery.pointer import Action
from ..errors import UnderstudyError, UnsupportedError
from ..release.identity import short_id
from ..release.labels import counted

if TYPE_CHECKING:
    from ..compiler.inspection import Inspection
    from ..delivery.actions import Delivered
    from ..delivery.status import ModelStatus, StageStatus
    from ..serve import Result

MANY = 2
"""From how many images on each gets one row."""

BAR = 24
"""The width of a probability of 1, in characters."""


PIPE_WIDTH = 1000
"""In a pipe nothing is wrapped or cut."""


def _out() -> Console:
    return Console(highlight=False, width=None if sys.stdout.isatty() else PIPE_WIDTH)


def _talk() -> Console:
    return Console(stderr=True, highlight=False, soft_wrap=True)


def error(error: UnderstudyError) -> None:
    """Print what is wrong and what to do."""
    console = _talk()
    console.print(f"[bold red]error:[/] {escape(_printable(error.what))}")
    if isinstance(error, UnsupportedError):
        for problem in error.problems:
            console.print(f"  - {escape(_printable(problem))}")
    console.print(f"[bold]hint:[/] {escape(_printable(error.hint))}")


def _json(value: Any, indent: int | None = 2) -> None:
    ascii_only = (sys.stdout.encoding or "").lower().replace("-", "") != "utf8"
    print(json_format.dumps(value, indent=indent, ensure_ascii=ascii_only), flush=True)  # noqa: T201


def _printable(text: str) -> str:
    """One line without control characters: names come from strangers' files."""
    return "".join(c if c.isprintable() else " " for c in text)


# --- inspect, compile ---------------------------------------------------------------------------


def inspection(found: Inspection, *, as_json: bool) -> None:
    """Print what a model's files are."""
    if as_json:
        _json(asdict(found) | {"compiles": not found.problems})
        return
    out = _out()
    out.print(_facts(found))
    if found.problems:
        out.print()
        out.print("[bold red]cannot be compiled:[/]")
        for problem in found.problems:
            out.print(f"  - {escape(_printable(problem))}")
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("layer")
    table.add_column("class")
    table.add_column("parameters", justify="right")
    for layer in found.layers:
        count = f"{layer.parameters:,}" if layer.parameters else ""
        table.add_row(escape(_printable(layer.name)), escape(_printable(layer.kind)), count)
    out.print()
    out.print(table)
    unused = [t for t in found.tensors if t.status == "unused"]
    if unused:
        out.print()
        out.print("tensors that no layer uses:")
        for tensor in unused:
            out.print(f"  {escape(_printable(tensor.source))} {tensor.shape}")


def _facts(found: Inspection) -> Table:
    facts = Table(box=None, show_header=False, pad_edge=False)
    facts.add_column(style="dim")
    facts.add_column()
    backend = f" on {found.origin.backend}" if found.origin.backend else ""
    if found.origin.keras_version:
        facts.add_row("written by", f"Keras {found.origin.keras_version}{backend}")
    facts.add_row("format", found.origin.format)
    facts.add_row(
        "model", f"{found.name}: {len(found.layers)} layers, {found.parameters:,} parameters"
    )
    for kind, signatures in (("input", found.inputs), ("output", found.outputs)):
        for signature in signatures or ():
            facts.add_row(kind, f"{signature.name}  {shape(signature.shape)}  {signature.dtype}")
    if found.activation:
        facts.add_row("ends with", found.activation)
    if found.operators:
        listed = ", ".join(f"{count} {op}" for op, count in found.operators.items())
        facts.add_row("compiles to", f"{sum(found.operators.values())} operators: {listed}")
    counts = Counter(tensor.status for tensor in found.tensors)
    facts.add_row("tensors", ", ".join(f"{n} {status}" for status, n in counts.items()))
    for note in found.notes:
        facts.add_row("note", escape(_printable(note)))
    return facts


def compiled(found: Inspection, folder: Path) -> None:
    """Print what was written."""
    out = _out()
    for name in ("model.onnx", "weights.bin"):
        path = folder / name
        out.print(f"{escape(str(path))}  {size(path.stat().st_size)}")
    for note in found.notes:
        _talk().print(f"[bold]note:[/] {escape(_printable(note))}")


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


# --- push, promote, status ----------------------------------------------------------------------


def delivered(done: Delivered, *, as_json: bool) -> None:
    """Print what a push or a promotion did."""
    manifest = done.manifest
    if as_json:
        _json(
            {
                "model": done.model,
                "stage": done.stage,
                "release": manifest.id,
                "previous": done.previous,
                "changed": done.moved,
                "verified": manifest.self_test.verified,
                "preprocess": manifest.preprocess,
                "assumed": list(manifest.assumed),
                "notes": list(manifest.origin.notes),
            }
        )
        return
    out = _out()
    verb = "now serves" if done.moved else "serves already"
    before = f" (before: {short_id(done.previous)})" if done.previous else ""
    out.print(f"[bold]{done.stage}[/] of {done.model} {verb} {short_id(manifest.id)}{before}")
    if done.repaired:
        out.print("  files that were missing or changed in the store were put right")
    origin = manifest.origin
    said = f"Keras {origin.keras_version}, " if origin.keras_version else ""
    out.print(
        f"  {said}{manifest.parameters:,} parameters, "
        f"{counted(len(manifest.labels), 'label') if manifest.labels else 'no labels'}, "
        f"{_verified(manifest.self_test.verified)}"
    )
    if done.pointer.history[0].action is not Action.PUSH:
        return
    if manifest.assumed:
        recorded = manifest.preprocess if isinstance(manifest.preprocess, dict) else {}
        listed = ", ".join(f"{key} {recorded.get(key)}" for key in manifest.assumed)
        out.print(f"  assumed, nobody says it: {listed}; check it")
    for note in origin.notes:
        out.print(f"  note: {escape(_printable(note))}")


def _verified(verified: bool) -> str:
    return "verified with goldens" if verified else "unverified (no goldens)"


def status(models: Sequence[ModelStatus], where: str, *, as_json: bool) -> None:
    """Print what each stage serves."""
    if as_json:
        _json([asdict(model) for model in models])
        return
    out = _out()
    if not models:
        out.print(f"no models in {escape(where)}; `understudy push` brings the first")
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in ("model", "stage", "release", "since (UTC)", "by", ""):
        table.add_column(column, no_wrap=column == "release")
    for model in models:
        for number, stage in enumerate(model.stages):
            table.add_row(model.model if number == 0 else "", stage.stage, *_stage(stage))
    out.print(table)


def _stage(stage: StageStatus) -> tuple[str, ...]:
    if stage.problem is not None:
        return ("", "", "", f"[red]{escape(stage.problem)}[/]")
    if stage.change is None:
        return ("[dim]nothing yet[/]",)
    since = stage.change.at.replace("T", " ").removesuffix("Z")[:16]
    state = "" if stage.facts is None else "verified" if stage.facts.verified else "unverified"
    return (short_id(stage.change.release), since, escape(stage.change.by), state)


# --- classify -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Printed:
    """How many images were printed, and how many of them could not be classified."""

    total: int
    failed: int


def with_progress(results: Iterator[Result], total: int) -> Iterator[Result]:
    """Show on a terminal how far it is; nothing in a pipe, or for a handful."""
    if not sys.stderr.isatty() or total < 20:
        yield from results
        return
    columns = (
        TextColumn("classifying"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=total)
        for result in results:
            progress.advance(task)
            yield result


def results(found: Iterable[Result], total: int, *, as_json: bool, as_csv: bool) -> Printed:
    """Print results as they come, in a form for programs or for people."""
    if as_json:
        return _results_json(found)
    if as_csv:
        return _results_csv(found)
    return _results_table(found, total)


def _results_json(found: Iterable[Result]) -> Printed:
    total = failed = 0
    for result in found:
        total, failed = total + 1, failed + (result.error is not None)
        _json(result.to_json(), indent=None)
    return Printed(total, failed)


def _results_csv(found: Iterable[Result]) -> Printed:
    writer = csv_format.writer(sys.stdout, lineterminator="\n")
    writer.writerow(("image", "rank", "label", "index", "probability", "score", "error"))
    total = failed = 0
    for result in found:
        total, failed = total + 1, failed + (result.error is not None)
        if result.error is not None:
            writer.writerow((result.image, "", "", "", "", "", result.error.what))
        for rank, prediction in enumerate(result.predictions, 1):
            numbers = (prediction.index, prediction.probability, prediction.score)
            writer.writerow((result.image, rank, prediction.label, *numbers, ""))
    return Printed(total, failed)


def _results_table(found: Iterable[Result], total: int) -> Printed:
    if total < MANY:
        return _one_table(found)
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("image", overflow="fold")
    table.add_column("label")
    table.add_column("probability", justify="right")
    table.add_column("then", style="dim", overflow="fold")
    seen = 0
    errors: list[Result] = []
    for result in found:
        seen += 1
        name = _shown(result.image)
        if result.error is not None:
            errors.append(result)
            table.add_row(name, "[red]cannot be classified[/]", "", "")
        else:
            first, *rest = result.predictions
            then = ", ".join(f"{_shown(p.label)} {_value(p)}" for p in rest)
            table.add_row(name, _shown(first.label), _value(first), then)
    _out().print(table)
    _image_errors(errors)
    return Printed(seen, len(errors))


def _one_table(found: Iterable[Result]) -> Printed:
    (result,) = found
    if result.error is not None:
        _image_errors([result])
        return Printed(1, 1)
    out = _out()
    out.print(f"[bold]{_shown(result.image)}[/]")
    scored = result.predictions[0].probability is None
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("label")
    table.add_column("score" if scored else "probability", justify="right")
    table.add_column("")
    for prediction in result.predictions:
        bar = "█" * round(BAR * (prediction.probability or 0))
        table.add_row(_shown(prediction.label), _value(prediction), bar)
    out.print(table)
    return Printed(1, 0)


def _image_errors(results: Sequence[Result]) -> None:
    """What is wrong with each image, and what to do; a hint once for images in a row."""
    console = _talk()
    for number, result in enumerate(results):
        if result.error is None:
            continue
        console.print(
            f"[bold red]error:[/] {_shown(result.image)}: {escape(_printable(result.error.what))}"
        )
        after = results[number + 1].error if number + 1 < len(results) else None
        if after is None or after.hint != result.error.hint:
            console.print(f"[bold]hint:[/] {escape(_printable(result.error.hint))}")


def _shown(name: object) -> str:
    """A name that a stranger may have chosen, safe for a terminal."""
    return escape(_printable(str(name)))


def _value(prediction: Any) -> str:
    if prediction.probability is None:
        return f"{prediction.score:.4g}"
    return f"{100 * prediction.probability:.1f} %"
