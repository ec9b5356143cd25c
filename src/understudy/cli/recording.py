"""Commands for where models are trained."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from .. import recording
from ..errors import InputError
from ..training.loading import Interpolation, Loading, Scale
from . import recorded
from .terminal import progress


def goldens(
    images: Annotated[
        list[Path],
        typer.Argument(help="images, and folders with images", show_default=False, readable=False),
    ],
    from_keras: Annotated[
        list[Path],
        typer.Option(
            help="model.keras or model.h5; or repeat it: architecture.json, and its weights",
            show_default=False,
        ),
    ],
    output: Annotated[Path, typer.Option("-o", "--output", help="the file to write")] = Path(
        "goldens.npz"
    ),
    prepare: Annotated[
        str | None,
        typer.Option(
            metavar="MODULE:FUNCTION",
            help="your own function: it takes a path, and gives the array that the model takes",
            show_default=False,
        ),
    ] = None,
    scale: Annotated[
        Scale | None,
        typer.Option(
            help="without --prepare: what your training made of the grey levels 0 to 255; the words"
            " of preprocess.json",
            show_default=False,
        ),
    ] = None,
    interpolation: Annotated[
        Interpolation | None,
        typer.Option(
            help="without --prepare: how load_img resized; nearest without it, as in Keras",
            show_default=False,
        ),
    ] = None,
    count: Annotated[
        int, typer.Option(help="take at most so many of the images, in even steps", min=1)
    ] = 8,
) -> None:
    """Let the Keras that is installed here answer some images, for `push --goldens`.

    It writes the images, what they became, and what the model answered. Keras 3 must be installed
    beside understudy; no code in the model's files is run.
    """
    how = _how(prepare, scale, interpolation)
    with progress() as tell:
        done = recording.record_goldens(
            from_keras, images, output, how, count=count, folder=Path.cwd(), tell=tell
        )
    recorded.goldens(done, from_keras)


def _how(
    prepare: str | None, scale: Scale | None, interpolation: Interpolation | None
) -> str | Loading:
    """What makes an input of an image: one way, and no guess at it."""
    if prepare is not None:
        if scale is not None or interpolation is not None:
            raise InputError(
                "--scale and --interpolation say what Keras' load_img does, --prepare is your own"
                " function instead of it",
                hint="give --prepare alone, or the others without it",
            )
        return prepare
    if scale is None:
        raise InputError(
            "nothing says how an image becomes the model's input",
            hint="give --prepare module:function, your own function; or what followed load_img:"
            f" --scale {', '.join(Scale)}",
        )
    return Loading(scale, interpolation or Interpolation.NEAREST)


COMMANDS: tuple[Callable[..., None], ...] = (goldens,)
"""In the order in which the help lists them."""
