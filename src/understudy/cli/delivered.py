"""Printing what stages serve and served: tables for people, JSON for programs. No decisions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from rich.markup import escape
from rich.table import Table

from ..delivery.pointer import Action
from ..release.identity import short_id
from ..release.labels import counted
from .inspected import size
from .terminal import output, print_json, shown

if TYPE_CHECKING:
    from ..delivery.actions import Delivered
    from ..delivery.history import Event, ListedRelease
    from ..delivery.status import ModelStatus, StageStatus


def delivered(done: Delivered, *, as_json: bool) -> None:
    """Print what a push, a promotion or a rollback did, or would do."""
    manifest = done.manifest
    if as_json:
        print_json(
            {
                "model": done.model,
                "stage": done.stage,
                "release": manifest.id,
                "previous": done.previous,
                "changed": done.moved,
                "dry_run": done.dry_run,
                "verified": manifest.self_test.verified,
                "preprocess": manifest.preprocess,
                "assumed": list(manifest.assumed),
                "notes": list(manifest.origin.notes),
            }
        )
        return
    out = output()
    verb = "would serve" if done.dry_run else "now serves"
    verb = verb if done.moved else "serves already"
    before = f" (before: {short_id(done.previous)})" if done.previous else ""
    out.print(f"[bold]{done.stage}[/] of {done.model} {verb} {short_id(manifest.id)}{before}")
    if done.dry_run:
        out.print("  nothing was written: this was a dry run")
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
        out.print(f"  note: {shown(note)}")


def _verified(verified: bool) -> str:
    return "verified with goldens" if verified else "unverified (no goldens)"


def status(models: Sequence[ModelStatus], where: str, *, as_json: bool) -> None:
    """Print what each stage serves."""
    if as_json:
        print_json([asdict(model) for model in models])
        return
    out = output()
    if not models:
        out.print(f"no models in {escape(where)}; `understudy push` brings the first")
        return
    table = _table("model", "stage", "release", "since (UTC)", "by", "")
    for model in models:
        if model.problem is not None:
            table.add_row(model.model, "", *_problem(model.problem))
        for number, stage in enumerate(model.stages):
            table.add_row(model.model if number == 0 else "", stage.stage, *_stage(stage))
    out.print(table)


def _problem(what: str) -> tuple[str, ...]:
    return ("", "", "", f"[red]{shown(what)}[/]")


def _stage(stage: StageStatus) -> tuple[str, ...]:
    if stage.problem is not None:
        return _problem(stage.problem)
    if stage.change is None:
        return ("[dim]nothing yet[/]",)
    state = "" if stage.facts is None else "verified" if stage.facts.verified else "unverified"
    change = stage.change
    return (short_id(change.release), _time(change.at), shown(change.by), state)


def history(events: Sequence[Event], *, as_json: bool) -> None:
    """Print every change, newest first."""
    if as_json:
        print_json(
            [
                {"stage": event.stage, "version": event.version}
                | asdict(event.change)
                | {"verified": event.verified}
                for event in events
            ]
        )
        return
    table = _table("when (UTC)", "stage", "release", "what", "by", "", "why")
    for event in events:
        change = event.change
        what = f"{change.action} from {change.from_stage}" if change.from_stage else change.action
        state = {True: "verified", False: "unverified", None: "[dim]removed[/]"}[event.verified]
        row = (event.stage, short_id(change.release), what, shown(change.by), state)
        table.add_row(_time(change.at, seconds=True), *row, shown(change.message))
    output().print(table)


def releases(listed: Sequence[ListedRelease], *, as_json: bool) -> None:
    """Print all releases of a model."""
    if as_json:
        print_json([asdict(release) for release in listed])
        return
    table = _table("release", "since (UTC)", "by", "size", "written by", "", "served by", "prune")
    for one in listed:
        keras = f"Keras {one.keras_version}" if one.keras_version else one.format or ""
        state = {True: "verified", False: "unverified", None: ""}[one.verified]
        if one.problem is not None:
            state = f"[red]{shown(one.problem)}[/]"
        verdict = "keeps it" if one.keep else "[yellow]removes it[/]"
        table.add_row(
            short_id(one.release),
            _time(one.at),
            shown(one.by or ""),
            size(one.size),
            shown(keras),
            state,
            ", ".join(one.stages),
            f"{verdict}: {shown(one.why)}",
        )
    output().print(table)


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in columns:
        table.add_column(column, no_wrap=column == "release")
    return table


def _time(at: str, *, seconds: bool = False) -> str:
    return at.replace("T", " ").removesuffix("Z")[: 19 if seconds else 16]
