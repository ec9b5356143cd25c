"""Printing what `"decode": "fast"` changes: a table for people, JSON for programs. No decisions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from rich.table import Table

from ..release.labels import counted
from ..serve.decoding import summary
from .terminal import output, print_json, shown, talk

if TYPE_CHECKING:
    from ..serve.decoding import Effect, Summary

MANY = 20
"""So many images are printed, those that change most first; `--json` has all."""


def effects(found: Iterable[Effect], *, as_json: bool) -> Summary:
    """Print what it changes for each image, and for all together."""
    every = [*found]
    summed = summary(every)
    if as_json:
        print_json(_rounded(asdict(summed)) | {"each": [_plain(effect) for effect in every]})
        return summed
    good = [effect for effect in every if effect.error is None]
    if good:
        _table(good)
        _summary(summed)
    for effect in every:
        if effect.error is not None:
            what = f"{shown(effect.image)}: {shown(effect.error.what)}"
            talk().print(f"[bold red]error:[/] {what}\n[bold]hint:[/] {shown(effect.error.hint)}")
    return summed


def _plain(effect: Effect) -> dict[str, Any]:
    if effect.error is not None:
        error = {"what": effect.error.what, "hint": effect.error.hint}
        return {"image": effect.image, "error": error}
    values = asdict(effect)
    del values["error"]
    return _rounded(values | {"is_changed": effect.is_changed})


def _rounded(values: dict[str, Any]) -> dict[str, Any]:
    """Milliseconds with three digits."""
    return {k: round(v, 3) if k.endswith("_ms") else v for k, v in values.items()}


def _table(effects: Sequence[Effect]) -> None:
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("image", overflow="fold")
    table.add_column("differs by", justify="right")
    table.add_column("exact")
    table.add_column("fast")
    first = sorted(effects, key=lambda effect: (not effect.is_changed, -effect.difference))
    for effect in first[:MANY]:
        fast = f"[yellow]{shown(effect.fast)}[/]" if effect.is_changed else "[dim]the same[/]"
        table.add_row(shown(effect.image), f"{effect.difference:.4f}", shown(effect.exact), fast)
    if first[MANY:]:
        table.add_row(f"… {len(first) - MANY:,} more, see --json")
    output().print(table)


def _summary(summed: Summary) -> None:
    out = output()
    images = counted(summed.images, "image")
    out.print(
        f"{images}: another label comes first for {summed.changed}; probabilities differ by at"
        f" most {summed.largest:.4f}, by {summed.mean:.4f} in the mean"
    )
    ratio = summed.exact_ms / summed.fast_ms if summed.fast_ms else 1.0
    each = [f"{total / summed.images:.1f} ms" for total in (summed.exact_ms, summed.fast_ms)]
    out.print(
        f"from file to tensor: {each[0]} an image exact, {each[1]} fast: {ratio:.1f} times as fast"
    )
