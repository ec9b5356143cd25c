"""Commands that build what runs in the cloud."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from .. import building
from ..build.contents import Function
from ..build.layout import Layout
from ..build.target import Arch, Python
from ..errors import InputError
from . import built
from .options import Engine, Json
from .terminal import progress


def build(
    python: Annotated[
        Python, typer.Option(help="the function's Python: 3.13 or 3.14")
    ] = building.DEFAULT_PYTHON,
    arch: Annotated[
        Arch | None,
        typer.Option(
            help="its architecture: x86_64 or arm64; this machine's without it",
            show_default=False,
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            help="the zip; understudy-python3.13-x86_64.zip or so without it",
            show_default=False,
        ),
    ] = None,
    function: Annotated[
        Function, typer.Option(help="what it does: serving answers, admission compiles")
    ] = Function.SERVING,
    requirements: Annotated[
        Path | None,
        typer.Option(help="a file of packages of your own, as pip reads it", show_default=False),
    ] = None,
    vendor: Annotated[
        Path | None,
        typer.Option(help="a folder of packages of your own, prebuilt", show_default=False),
    ] = None,
    zip_dependencies: Annotated[
        bool,
        typer.Option(
            "--zip-dependencies",
            help="the packages stay zipped, and are unpacked into /tmp at a cold start",
        ),
    ] = False,
    engine: Annotated[
        Engine,
        typer.Option(
            help="keras brings Keras and JAX along, for releases pushed with --engine keras; its"
            " packages stay zipped"
        ),
    ] = Engine.ONNX,
    layer: Annotated[
        bool, typer.Option("--layer", help="the packages go into a zip of their own, for a layer")
    ] = False,
    json: Json = False,
) -> None:
    """Build the bundle of an AWS Lambda function, and prove that it works."""
    if zip_dependencies and layer:
        raise InputError(
            "--zip-dependencies and --layer are two places for the same packages",
            hint="choose one of them",
        )
    if engine is Engine.KERAS and layer:
        raise InputError(
            "Keras and what it needs are too large for a layer",
            hint="leave out --layer: with --engine keras the packages stay zipped",
        )
    layout = Layout.ZIPPED if zip_dependencies else Layout.LAYER if layer else None
    with progress() as tell:
        done = building.build_bundle(
            python,
            arch,
            output,
            tell,
            function=function,
            layout=layout,
            engine=engine,
            requirements=requirements,
            vendor=vendor,
        )
    built.bundle(done, as_json=json)


COMMANDS: tuple[Callable[..., None], ...] = (build,)
"""In the order in which the help lists them."""
