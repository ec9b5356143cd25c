"""Printing what differs between two releases. No decisions."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from ..release.identity import short_id
from ..release.labels import counted
from .terminal import output, print_json, shown

if TYPE_CHECKING:
    from ..delivery.compare import Changed, Comparison, LayerLine, WeightChange
    from ..delivery.diff import Diff

MANY = 20
"""How many lines of a kind are printed; `--json` has all."""


def diff(found: Diff, *, as_json: bool) -> None:
    """Print what differs."""
    if as_json:
        print_json(asdict(found))
        return
    out = output()
    names = [
        short_id(side.release)
        if side.release.startswith(side.named)
        else f"{side.named} ({short_id(side.release)})"
        for side in (found.first, found.second)
    ]
    out.print(f"[bold]{found.model}[/]: {shown(names[0])} → {shown(names[1])}")
    if found.first.release == found.second.release:
        out.print("  they are the same release")
        return
    for title, changes in (
        ("the model", found.facts),
        ("preprocessing", found.preprocess),
        ("options", found.options),
    ):
        _changes(out, title, changes)
    _labels(out, found)
    _pieces(out, found.compared, found.pieces)
    _answers(out, found)


def _changes(out: Console, title: str, changes: Sequence[Changed]) -> None:
    if changes:
        out.print(f"{title}:")
    for change in changes:
        out.print(f"  {shown(change.key)}: {_value(change.before)} → {_value(change.after)}")


def _value(value: str | None) -> str:
    return "[dim]none[/]" if value is None else shown(value)


def _labels(out: Console, found: Diff) -> None:
    labels = found.labels
    if not (labels.added or labels.removed or labels.moved):
        return
    out.print("labels:")
    for sign, names in (("+", labels.added), ("-", labels.removed)):
        _some(out, [f"  {sign} {shown(name)}" for name in names])
    moved = [f"  {shown(name)}: output {a} → {b}" for name, a, b in labels.moved]
    _some(out, moved)


def _pieces(out: Console, what: str, found: Comparison) -> None:
    if found.added or found.removed or found.changed:
        out.print(f"{what}:")
    for sign, lines in (("+", found.added), ("-", found.removed)):
        _some(out, [f"  {sign} {_line(line)}" for line in lines])
    settings = []
    for change in found.changed:
        for one in change.settings:
            where = f"{shown(change.name)} ({shown(change.kind)}) {shown(one.key)}"
            settings.append(f"  {where}: {_value(one.before)} → {_value(one.after)}")
    _some(out, settings)
    same = counted(found.same_weights, "weight")
    if not found.weights:
        out.print(f"weights: all {same} that both have are equal")
        return
    equal = f"; {same} equal" if found.same_weights else ""
    out.print(f"weights: {counted(len(found.weights), 'weight')} changed{equal}")
    out.print(_weights(found.weights, "layer" if what == "layers" else "operator"))


def _line(line: LayerLine) -> str:
    count = f", {line.parameters:,} parameters" if line.parameters else ""
    return f"{shown(line.name)} ({shown(line.kind)}){count}"


def _weights(changes: Sequence[WeightChange], what: str) -> Table:
    """One line a layer: of its weights, the one that changed most."""
    layers: dict[str, list[WeightChange]] = defaultdict(list)
    for change in changes:
        layers[change.layer].append(change)
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column(f"  {what}", overflow="fold")
    table.add_column("changed most", overflow="fold")
    table.add_column("by", justify="right")
    table.add_column("at most", justify="right")
    for layer, mine in [*layers.items()][:MANY]:
        worst = max(mine, key=lambda one: math.inf if one.relative is None else one.relative)
        if worst.before != worst.after:
            by, most = f"shape {worst.before} → {worst.after}", ""
        else:
            by = "[dim]from 0[/]" if worst.relative is None else f"{100 * worst.relative:.2g} %"
            most = "[dim]not finite[/]" if worst.largest is None else f"{worst.largest:.2g}"
        table.add_row(f"  {shown(layer)}", shown(worst.weight), by, most)
    if layers.keys() - [*layers][:MANY]:
        table.add_row(f"  … {len(layers) - MANY:,} more, see --json")
    return table


def _answers(out: Console, found: Diff) -> None:
    answers = found.answers
    if not answers.cases:
        out.print("answers: not compared, the models take different inputs")
        return
    told = []
    if answers.same is not None:
        told.append(f"the same first label for {answers.same} of {answers.cases}")
    if answers.largest is not None:
        apart = f"outputs differ by at most {answers.largest:.2g}"
        told.append(apart if answers.largest else "the outputs are equal")
    inputs = counted(answers.cases, "self-test input")
    out.print(f"answers to {inputs}: {', '.join(told) or 'cannot be compared'}")


def _some(out: Console, lines: Sequence[str]) -> None:
    for line in lines[:MANY]:
        out.print(line)
    if len(lines) > MANY:
        out.print(f"  … {len(lines) - MANY:,} more, see --json")
