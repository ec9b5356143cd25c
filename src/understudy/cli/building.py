"""Commands that build what runs in the cloud."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from .. import building
from ..build.target import Arch, Python
from . import built
from .options import Json


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
    json: Json = False,
) -> None:
    """Build the bundle of an AWS Lambda function that serves, and prove that it works."""
    with built.progress() as tell:
        done = building.build_bundle(python, arch, output, tell)
    built.bundle(done, as_json=json)


COMMANDS: tuple[Callable[..., None], ...] = (build,)
"""In the order in which the help lists them."""
