"""Printing errors, notes, and what images are: tables, JSON and CSV. No decisions."""

from __future__ import annotations

import csv as csv_format
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from ..errors import ProblemsError, UnderstudyError
from .terminal import output, print_json, print_problems, shown, talk

if TYPE_CHECKING:
    from ..serve import Result

Done = TypeVar("Done")

MANY = 2
"""From how many images on each gets one row."""

BAR = 24
"""The width of a probability of 1, in characters."""


def error(error: UnderstudyError) -> None:
    """Print what is wrong and what to do."""
    console = talk()
    console.print(f"[bold red]error:[/] {shown(error.what)}")
    if isinstance(error, ProblemsError):
        print_problems(console, error.problems)
    console.print(f"[bold]hint:[/] {shown(error.hint)}")


def note(text: str) -> None:
    """Print what people should know."""
    talk().print(f"[bold]note:[/] {shown(text)}")


@dataclass(frozen=True, slots=True)
class Printed:
    """How many images were printed, and how many of them could not be classified."""

    total: int
    failed: int


def with_progress(results: Iterator[Done], total: int) -> Iterator[Done]:
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
        print_json(result.to_json(), indent=None)
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
    noted: list[Result] = []
    for result in found:
        seen += 1
        noted += [result] if result.note else []
        name = shown(result.image)
        if result.error is not None:
            errors.append(result)
            table.add_row(name, "[red]cannot be classified[/]", "", "")
        else:
            first, *rest = result.predictions
            then = ", ".join(f"{shown(p.label)} {_value(p)}" for p in rest)
            table.add_row(name, shown(first.label), _value(first), then)
    output().print(table)
    _image_notes(noted)
    _image_errors(errors)
    return Printed(seen, len(errors))


def _one_table(found: Iterable[Result]) -> Printed:
    (result,) = found
    if result.error is not None:
        _image_errors([result])
        return Printed(1, 1)
    out = output()
    out.print(f"[bold]{shown(result.image)}[/]")
    scored = result.predictions[0].probability is None
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("label")
    table.add_column("score" if scored else "probability", justify="right")
    table.add_column("")
    for prediction in result.predictions:
        bar = "█" * round(BAR * (prediction.probability or 0))
        table.add_row(shown(prediction.label), _value(prediction), bar)
    out.print(table)
    _image_notes([result])
    return Printed(1, 0)


def _image_notes(results: Sequence[Result]) -> None:
    for result in results:
        if result.note is not None:
            talk().print(f"{shown(result.image)}: {shown(result.note)}")


def _image_errors(results: Sequence[Result]) -> None:
    """What is wrong with each image, and what to do; a hint once for images in a row."""
    console = talk()
    for number, result in enumerate(results):
        if result.error is None:
            continue
        console.print(f"[bold red]error:[/] {shown(result.image)}: {shown(result.error.what)}")
        after = results[number + 1].error if number + 1 < len(results) else None
        if after is None or after.hint != result.error.hint:
            console.print(f"[bold]hint:[/] {shown(result.error.hint)}")


def _value(prediction: Any) -> str:
    if prediction.probability is None:
        return f"{prediction.score:.4g}"
    return f"{100 * prediction.probability:.1f} %"
