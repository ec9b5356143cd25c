"""Arguments and options that several commands have."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from .. import wiring
from ..release.manifest import KERAS, ONNX


class Engine(StrEnum):
    """What runs models."""

    ONNX = ONNX
    KERAS = KERAS


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
    typer.Option(
        help="the store: a folder, or s3://BUCKET",
        envvar=wiring.STORE_VARIABLE,
        show_default="./store",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="print JSON")]
AllowNan = Annotated[
    bool, typer.Option("--allow-nan", help="take weights that are NaN or infinite")
]
Backend = Annotated[
    str | None,
    typer.Option(
        help="what Keras ran on, where its files do not tell: tensorflow, theano, jax or torch",
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
DryRun = Annotated[bool, typer.Option("--dry-run", help="say what would happen, and write nothing")]
Keep = Annotated[
    int,
    typer.Option(help="of each stage, the releases of how many last changes a prune keeps", min=1),
]
