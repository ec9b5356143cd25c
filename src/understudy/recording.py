"""Settings become what records goldens: the part of `wiring` for where models are trained."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .errors import InputError
from .files import map_file, write_file
from .training.loading import Loading
from .wiring import find_images

if TYPE_CHECKING:
    from .training.installed import KerasModel
    from .training.tensors import Array

Tell = Callable[[str], None]

QUIET = {"TF_CPP_MIN_LOG_LEVEL": "2"}
"""TensorFlow says how it was built, each time, unless it is told."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """What was recorded.

    Attributes:
        path: the file.
        images: those that are in it.
        found: how many there were to choose from.
        left_out: in one line, which images in folders cannot be read; None if all can.
        inputs: their shape and type, with the batch.
        low, high: the smallest and the largest number in them.
        outputs: their shape.
        keras: which Keras answered.
        prepared: by what.
    """

    path: Path
    images: tuple[Path, ...]
    found: int
    left_out: str | None
    inputs: tuple[tuple[int, ...], str]
    low: float
    high: float
    outputs: tuple[int, ...]
    keras: str
    prepared: str


def record_goldens(
    files: Sequence[Path],
    images: Sequence[Path],
    output: Path,
    how: str | Loading,
    *,
    count: int,
    folder: Path,
    tell: Tell = lambda _: None,
) -> Recorded:
    """Prepare images, let the installed Keras answer, and write `goldens.npz`.

    What somebody else's code prints goes to stderr.

    Args:
        files: the model's.
        images: files, and folders with images.
        output: the file to write.
        how: a person's own function, `module:function`, or how Keras' functions load images.
        count: at most so many images are taken, in even steps.
        folder: where the module of the function is looked for first.
        tell: is told what is done now.

    Raises:
        InputError: something that was given cannot be used, or Keras is not installed.
    """
    from .delivery.sources import find_sources
    from .training.files import model_files
    from .training.function import named_function
    from .training.goldens import Goldens, check_answers, encode, spread
    from .training.installed import InstalledKeras
    from .training.tensors import batch

    found, left_out = find_images([*images])
    chosen = spread(found, count)
    contents = tuple(_content(path) for path in chosen)
    opened = model_files(find_sources(files))
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    with contextlib.redirect_stdout(sys.stderr):
        prepare = named_function(how, folder) if isinstance(how, str) else how
        tell("importing Keras")
        keras = InstalledKeras()
        tell("opening the model")
        model = keras.open(opened)
        tell("preparing the images")
        names = [str(path) for path in chosen]
        inputs = batch([_input(model, path, prepare, how) for path in chosen], names)
        tell("asking the model")
        outputs = model.predict(inputs)
    check_answers(outputs, names)
    write_file(output, [encode(Goldens(inputs, outputs, contents))])
    return Recorded(
        output,
        chosen,
        len(found),
        left_out,
        (inputs.shape, str(inputs.dtype)),
        float(inputs.min()),
        float(inputs.max()),
        outputs.shape,
        keras.name,
        str(how),
    )


def _content(path: Path) -> bytes:
    content = bytes(map_file(path))
    if not content:
        raise InputError(f"{path} is empty", hint="give images that are whole")
    return content


def _input(
    model: KerasModel, path: Path, prepare: Callable[[str], object] | Loading, how: str | Loading
) -> Array:
    from .training.tensors import as_input

    if isinstance(prepare, Loading):
        model.check_image()
        return as_input(model.load(path, prepare), model.shape, f"what Keras makes of {path}")
    return as_input(prepare(str(path)), model.shape, f"what {how} gives for {path}")
