"""Commands that deliver: which release a stage serves, and what it served before."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from .. import keeping, wiring
from . import compared, decoded, delivered, show
from .options import (
    AllowNan,
    Backend,
    DryRun,
    Json,
    Keep,
    Layers,
    Message,
    Name,
    Sources,
    Store,
)
from .terminal import progress


def push(
    sources: Sources,
    model: Annotated[str, typer.Option(help="the model's name", show_default=False)],
    labels: Annotated[Path | None, typer.Option(help="a text file, one class a line")] = None,
    preprocess: Annotated[
        Path | None, typer.Option(help="a JSON file: how an image becomes the input")
    ] = None,
    goldens: Annotated[
        Path | None, typer.Option(help="an npz file: inputs and what Keras answered")
    ] = None,
    message: Message = "",
    allow_nan: AllowNan = False,
    backend: Backend = None,
    layer: Layers = None,
    engine: Annotated[
        str | None,
        typer.Option(
            help="what runs the model: onnx, as which it is compiled, or keras, which must be"
            " installed wherever the release is opened; onnx without it",
            show_default=False,
        ),
    ] = None,
    dry_run: DryRun = False,
    store: Store = None,
    json: Json = False,
) -> None:
    """Make a release of a model's files and let dev serve it."""
    with progress() as tell:
        tell("making the release")
        done = wiring.push_files(
            sources,
            model,
            store=store,
            labels=labels,
            preprocess=preprocess,
            goldens=goldens,
            message=message,
            options=wiring.compile_options(
                allow_nan=allow_nan, backend=backend, layers=layer or (), engine=engine
            ),
            dry_run=dry_run,
        )
    delivered.delivered(done, as_json=json)


def promote(
    model: Name,
    from_stage: Annotated[str, typer.Option("--from", help="the stage to take it from")] = "dev",
    to_stage: Annotated[str, typer.Option("--to", help="the stage to bring it to")] = "prod",
    unverified: Annotated[
        bool,
        typer.Option(
            "--unverified",
            help="let prod take a release without goldens, which nobody compared with Keras",
        ),
    ] = False,
    message: Message = "",
    dry_run: DryRun = False,
    store: Store = None,
    json: Json = False,
) -> None:
    """Let prod serve the release that dev serves."""
    done = wiring.promote_model(
        model,
        from_stage,
        to_stage,
        store=store,
        message=message,
        unverified=unverified,
        dry_run=dry_run,
    )
    delivered.delivered(done, as_json=json)


def rollback(
    model: Name,
    to: Annotated[
        str | None,
        typer.Option(
            help="the beginning of the id of a release that the stage served; without it, the "
            "one that it served before",
            show_default=False,
        ),
    ] = None,
    stage: Annotated[str, typer.Option(help="the stage that goes back")] = "prod",
    message: Message = "",
    dry_run: DryRun = False,
    store: Store = None,
    json: Json = False,
) -> None:
    """Let prod serve again what it served before."""
    done = keeping.rollback_model(
        model, stage, to=to, store=store, message=message, dry_run=dry_run
    )
    delivered.delivered(done, as_json=json)


def status(
    model: Annotated[
        str | None, typer.Argument(help="a model's name; all models without it")
    ] = None,
    store: Store = None,
    json: Json = False,
) -> None:
    """Say what each stage serves, since when, and by whom."""
    where, models = wiring.model_status(model, store=store)
    delivered.status(models, where.describe(), as_json=json)


def history(
    model: Name,
    stage: Annotated[
        str | None, typer.Option(help="of one stage; of all without it", show_default=False)
    ] = None,
    store: Store = None,
    json: Json = False,
) -> None:
    """List every change of what the stages serve, newest first: who, when, and why."""
    delivered.history(keeping.model_history(model, stage, store=store), as_json=json)


def releases(model: Name, keep: Keep = 10, store: Store = None, json: Json = False) -> None:
    """List a model's releases, and which of them a prune would remove."""
    delivered.releases(keeping.model_releases(model, keep=keep, store=store), as_json=json)


def diff(
    model: Name,
    first: Annotated[
        str,
        typer.Argument(help="a release: the beginning of its id, or dev, or prod"),
    ],
    second: Annotated[str, typer.Argument(help="another one")],
    store: Store = None,
    json: Json = False,
) -> None:
    """Say what differs between two releases: layers, weights, labels, preprocessing, answers."""
    compared.diff(keeping.model_diff(model, first, second, store=store), as_json=json)


def decode_check(
    model: Annotated[str, typer.Option(help="the model's name", show_default=False)],
    images: Annotated[
        list[Path] | None,
        typer.Argument(
            help="images, and folders with images; without any, those in the release's goldens",
            show_default=False,
            readable=False,
        ),
    ] = None,
    stage: Annotated[str, typer.Option(help="whose release answers")] = wiring.DEFAULT_STAGE,
    store: Store = None,
    json: Json = False,
) -> None:
    """Say what "decode": "fast" would change for images: answers, and time."""
    found, total, left_out = keeping.decode_effects(model, images or [], stage=stage, store=store)
    if left_out is not None:
        show.note(left_out)
    summed = decoded.effects(show.with_progress(found, total), as_json=json)
    if summed.failed:
        raise typer.Exit(2 if summed.failed == total else 1)


COMMANDS: tuple[Callable[..., None], ...] = (
    push,
    promote,
    rollback,
    status,
    history,
    releases,
    diff,
    decode_check,
)
"""In the order in which the help lists them."""
