"""Printing what was removed from a store, and what was found wrong in it. No decisions."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from ..release.identity import short_id
from ..release.labels import counted
from .inspected import size
from .terminal import output, print_json, shown

if TYPE_CHECKING:
    from ..delivery.fsck import Finding, Report, Tell
    from ..delivery.prune import Pruned


def pruned(done: Sequence[Pruned], *, as_json: bool) -> None:
    """Print what a prune did, or would do."""
    if as_json:
        print_json([asdict(one) | {"freed": one.freed} for one in done])
        return
    out = output()
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in ("model", "release", "size", "", "why"):
        table.add_column(column, no_wrap=column == "release")
    count = 0
    for one in done:
        for verdict in one.verdicts:
            count += not verdict.keep
            word = "would go" if one.dry_run else "removed"
            word = "kept" if verdict.keep else f"[yellow]{word}[/]"
            row = (one.model, short_id(verdict.release), size(verdict.size), word)
            table.add_row(*row, shown(verdict.why))
    if table.rows:
        out.print(table)
    freed = size(sum(one.freed for one in done))
    dry = any(one.dry_run for one in done)
    verb = "would be removed" if dry else "removed"
    out.print(f"{counted(count, 'release')} {verb}, {freed}")


@contextlib.contextmanager
def progress() -> Iterator[Tell]:
    """Show on a terminal how much is read; nothing in a pipe."""
    if not sys.stderr.isatty():
        yield lambda _done, _total: None
        return
    columns = (TextColumn("checking"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as shown_progress:
        task = shown_progress.add_task("", total=None)
        yield lambda done, total: shown_progress.update(task, completed=done, total=total)


def checked(report: Report, *, as_json: bool) -> None:
    """Print what was found."""
    if as_json:
        print_json(asdict(report) | {"clean": report.is_clean})
        return
    out = output()
    for finding in report.findings:
        out.print(f"{_word(finding)} {finding.model}: {shown(finding.problem)}")
        if finding.repaired is not None:
            out.print(f"  {shown(finding.repaired)}")
        elif finding.hint:
            out.print(f"  hint: {shown(finding.hint)}")
    left = sum(finding.is_open for finding in report.findings)
    models = counted(len(report.models), "model")
    read = f"{models}, {counted(report.files, 'file')}, {size(report.size)} read"
    out.print(f"{read}: " + (counted(left, "problem") if left else "all is well"))


def _word(finding: Finding) -> str:
    if finding.repaired is not None:
        return "[green]repaired:[/]"
    return "[bold red]problem:[/]" if finding.is_open else "note:"
