"""The commands, each one a function: its parameters are the options, its docstring is the help."""

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
from . import show

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Serve a trained Keras image classifier, of any Keras version, without TensorFlow.",
    epilog="A store is a folder; say which with --store or UNDERSTUDY_STORE, default ./store.",
)

Sources = Annotated[
    list[Path],
    typer.Argument(
        help="architecture.json and weights.h5, or one whole model (.keras, .h5, .onnx), or "
        "TensorFlow.js' model.json with its shards, or a folder or a zip with these",
        show_default=False,
    ),
]
Name = Annotated[str, typer.Argument(help="the model's name in the store", show_default=False)]
Store = Annotated[
    str | None,
    typer.Option(help="the store, a folder", envvar=wiring.STORE_VARIABLE, show_default="./store"),
]
Json = Annotated[bool, typer.Option("--json", help="print JSON")]
AllowNan = Annotated[
    bool, typer.Option("--allow-nan", help="take weights that are NaN or infinite")
]
Backend = Annotated[
    str | None,
    typer.Option(
        help="what Keras 1 ran on, tensorflow or theano, where its files do not tell",
        show_default=False,
    ),
]
Layers = Annotated[
    list[str] | None,
    typer.Option(
        "--layer",
        metavar="NAME=EXPRESSION",
        help="what a Lambda or custom layer computes, e.g. 'scale=x / 127.5 - 1'; repeat it for "
        "several",
        show_default=False,
    ),
]
Message = Annotated[str, typer.Option("-m", "--message", help="why, for the history")]


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
    """Say what a model's files are, and whether they can be compiled."""
    options = wiring.compile_options(backend=backend, layers=layer or ())
    found = wiring.inspect_files(sources, options)
    show.inspection(found, as_json=json)
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
    show.compiled(wiring.compile_files(sources, output, options), output)


@app.command()
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
    store: Store = None,
    json: Json = False,
) -> None:
    """Make a release of a model's files and let dev serve it."""
    done = wiring.push_files(
        sources,
        model,
        store=store,
        labels=labels,
        preprocess=preprocess,
        goldens=goldens,
        message=message,
        options=wiring.compile_options(allow_nan=allow_nan, backend=backend, layers=layer or ()),
    )
    show.delivered(done, as_json=json)


@app.command()
def promote(
    model: Name,
    from_stage: Annotated[str, typer.Option("--from", help="the stage to take it from")] = "dev",
    to_stage: Annotated[str, typer.Option("--to", help="the stage to bring it to")] = "prod",
    message: Message = "",
    store: Store = None,
    json: Json = False,
) -> None:
    """Let prod serve the release that dev serves."""
    done = wiring.promote_model(model, from_stage, to_stage, store=store, message=message)
    show.delivered(done, as_json=json)


@app.command()
def status(
    model: Annotated[
        str | None, typer.Argument(help="a model's name; all models without it")
    ] = None,
    store: Store = None,
    json: Json = False,
) -> None:
    """Say what each stage serves, since when, and by whom."""
    where, models = wiring.model_status(model, store=store)
    show.status(models, where.describe(), as_json=json)


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
    paths = wiring.find_images(images)
    with wiring.open_model(model, stage=stage, store=store) as classifier:
        results = show.with_progress(classifier.classify_many(paths, top_k=top_k), len(paths))
        printed = show.results(results, len(paths), as_json=json, as_csv=csv)
    if printed.failed:
        raise typer.Exit(2 if printed.failed == len(paths) else 1)
