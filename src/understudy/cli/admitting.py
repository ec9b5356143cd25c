"""Commands for files that people put into stage folders: take them in, and keep serving them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import typer

from .. import admitting
from ..errors import InputError
from ..release.layout import DEFAULT_STAGES
from . import admitted
from .options import Json, Store

Every = Annotated[
    float, typer.Option(help="seconds between two looks while nothing changes", min=0.05)
]


def admit(
    model: Annotated[
        str | None, typer.Argument(help="the model's name; with --watch, all models without it")
    ] = None,
    stage: Annotated[
        str | None, typer.Option(help="this stage's folder only", show_default=False)
    ] = None,
    watch: Annotated[bool, typer.Option("--watch", help="go on, until it is interrupted")] = False,
    every: Every = 1.0,
    store: Store = None,
    json: Json = False,
) -> None:
    """Take in the files that lie in a model's dev/ and prod/ folders."""
    if watch:
        if stage is not None:
            raise InputError("--watch looks at every stage", hint="leave out --stage")
        models = None if model is None else [model]
        with admitted.watching(as_json=json) as say:
            admitting.watch_folders(models, say.news, store=store, every=every)
        return
    if model is None:
        raise InputError("which model?", hint="give its name, or --watch for all of them")
    stages = DEFAULT_STAGES if stage is None else (stage,)
    with admitted.waiting() as waiting:
        done = admitting.admit_folders(model, stages, store=store, waiting=waiting)
    admitted.outcomes(done, as_json=json)
    if not all(admitted.is_good(outcome) for outcome in done):
        raise typer.Exit(1)


def serve(
    models: Annotated[
        list[str] | None, typer.Argument(help="models' names; all models without them")
    ] = None,
    every: Every = 1.0,
    store: Store = None,
    json: Json = False,
) -> None:
    """Take in what is put into stage folders, and keep what they serve ready to answer."""
    with (
        admitted.watching(as_json=json) as say,
        admitting.serving(models or None, say.news, say.event, store=store, every=every),
    ):
        say.forever()


COMMANDS: tuple[Callable[..., None], ...] = (admit, serve)
"""In the order in which the help lists them."""
