"""The commands, each one a function: its parameters are the options, its docstring is the help.

Those about models and images are here, that for where models are trained is in `recording`. Those
that deliver are in `delivering`, those that look after a store in `caring`, those for the cloud in
`building` and `deploying`.
"""

from __future__ import annotations

import errno
import io
import os
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from .. import wiring
from ..errors import InputError, UnderstudyError
from ..files import reason
from . import admitting, building, caring, delivering, deploying, inspected, recording, show
from .options import AllowNan, Backend, Json, Layers, Sources, Store

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Serve a trained Keras image classifier, of any Keras version, without TensorFlow.",
    epilog="A store is a folder or s3://bucket/prefix: --store or UNDERSTUDY_STORE, else ./store.",
)

CANNOT_WRITE = frozenset({errno.ENOSPC, errno.EIO, errno.EBADF, errno.EDQUOT})


def run() -> int:
    """Run a command and give the exit code. Nothing of a person's doing ends in a traceback."""
    _prepare_streams()
    code = 0
    try:
        try:
            app()
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 1
        sys.stdout.flush()
    except UnderstudyError as error:
        show.error(error)
        return 2
    except BrokenPipeError:  # `understudy … | head`: who reads has enough
        _drop_output()
        return 0
    except OSError as error:
        if error.errno not in CANNOT_WRITE:
            raise
        _drop_output()
        show.error(
            InputError(f"the output cannot be written: {reason(error)}", hint="write it elsewhere")
        )
        return 2
    return code


def _prepare_streams() -> None:
    """Make sure that there are streams, and that none fails on a letter it cannot show."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:  # closed, as in `>&-`
            setattr(sys, name, Path(os.devnull).open("w"))  # noqa: SIM115 for the process
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _drop_output() -> None:
    """Let the interpreter flush into nothing when it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(version("understudy"))
        raise typer.Exit


@app.callback()
def _root(
    _: Annotated[
        bool,
        typer.Option("--version", help="print the version", callback=_print_version, is_eager=True),
    ] = False,
) -> None:
    """Serve a trained Keras image classifier, of any Keras version, without TensorFlow."""


@app.command()
def inspect(
    sources: Sources, backend: Backend = None, layer: Layers = None, json: Json = False
) -> None:
    """Say what a model's files are, whether they can be compiled, and what becomes of each tensor.

    An architecture without weights will do for a first look.
    """
    options = wiring.compile_options(backend=backend, layers=layer or ())
    found = wiring.inspect_files(sources, options)
    inspected.inspection(found, as_json=json)
    if found.problems:
        raise typer.Exit(1)


@app.command()
def compile(
    sources: Sources,
    output: Annotated[
        Path, typer.Option("-o", "--output", help="the folder to write to", show_default=False)
    ],
    allow_nan: AllowNan = False,
    backend: Backend = None,
    layer: Layers = None,
) -> None:
    """Compile a model to ONNX: model.onnx and weights.bin."""
    options = wiring.compile_options(allow_nan=allow_nan, backend=backend, layers=layer or ())
    inspected.compiled(wiring.compile_files(sources, output, options), output)


for command in (*recording.COMMANDS, *delivering.COMMANDS):
    app.command()(command)


@app.command()
def classify(
    images: Annotated[
        list[Path],
        typer.Argument(help="images, and folders with images", show_default=False, readable=False),
    ],
    model: Annotated[str, typer.Option(help="the model's name", show_default=False)],
    stage: Annotated[str, typer.Option(help="whose release answers")] = wiring.DEFAULT_STAGE,
    top_k: Annotated[int, typer.Option("-k", "--top-k", help="how many labels", min=1)] = 5,
    json: Annotated[bool, typer.Option("--json", help="print JSON, one line an image")] = False,
    csv: Annotated[bool, typer.Option("--csv", help="print CSV, one row a label")] = False,
    store: Store = None,
) -> None:
    """Print the most likely labels of images."""
    if json and csv:
        raise InputError("--json and --csv exclude each other", hint="give one of them")
    paths, left_out = wiring.find_images(images)
    with wiring.open_model(model, stage=stage, store=store) as classifier:
        if left_out is not None:
            show.note(left_out)
        results = show.with_progress(classifier.classify_many(paths, top_k=top_k), len(paths))
        printed = show.results(results, len(paths), as_json=json, as_csv=csv)
    if printed.failed:
        raise typer.Exit(2 if printed.failed == len(paths) else 1)


for command in (
    *admitting.COMMANDS,
    *caring.COMMANDS,
    *building.COMMANDS,
    *deploying.COMMANDS,
):
    app.command()(command)
