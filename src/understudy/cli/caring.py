"""Commands that look after a store."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import typer

from .. import keeping
from . import cared
from .options import DryRun, Json, Keep, Store

Model = Annotated[str | None, typer.Argument(help="a model's name; all models without it")]


def prune(
    model: Model = None,
    keep: Keep = 10,
    dry_run: DryRun = False,
    store: Store = None,
    json: Json = False,
) -> None:
    """Remove releases that no stage serves, nor served lately."""
    done = keeping.prune_models(model, keep=keep, store=store, dry_run=dry_run)
    cared.pruned(done, as_json=json)


def fsck(
    model: Model = None,
    repair: Annotated[
        bool, typer.Option("--repair", help="put right what can be, without guessing")
    ] = False,
    store: Store = None,
    json: Json = False,
) -> None:
    """Check every pointer and every file in the store; exit code 1 if something is wrong."""
    with cared.progress() as tell:
        report = keeping.check_store(model, repair=repair, store=store, tell=tell)
    cared.checked(report, as_json=json)
    if not report.is_clean:
        raise typer.Exit(1)


COMMANDS: tuple[Callable[..., None], ...] = (prune, fsck)
"""In the order in which the help lists them."""
