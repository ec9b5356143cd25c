"""The Keras that is installed beside understudy. Nothing else here imports it: docs/adr/0010.

It opens files without what they were compiled with, and in its safe mode. What it raises is said in
one line.
"""

from __future__ import annotations

import contextlib
import importlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..engine.said import short
from ..errors import InputError
from .files import SNIPPET, ModelFiles
from .loading import Loading, Scale
from .tensors import Shape

Array = npt.NDArray[Any]

OLDEST = 3
"""Older ones need a NumPy that understudy does not run with."""

COLOR_MODES = {1: "grayscale", 3: "rgb", 4: "rgba"}


class InstalledKeras:
    """Keras 3, imported.

    Raises:
        InputError: it is not installed, too old, or cannot be imported.
    """

    def __init__(self) -> None:
        try:
            self._keras = importlib.import_module("keras")
            version = str(self._keras.__version__)
        except Exception as error:  # of Keras, or of what it runs on
            raise _not_imported(error) from error
        if int(version.partition(".")[0]) < OLDEST:
            raise InputError(
                f"Keras {version} is installed, this needs Keras {OLDEST} or newer", hint=SNIPPET
            )
        self.name = f"Keras {version} on {self._keras.backend.backend()}"

    def open(self, files: ModelFiles) -> KerasModel:
        """Open a model, without running any code that may be in its files.

        Raises:
            InputError: Keras cannot open it, or it is not one image's classifier.
        """
        keras = self._keras
        with _said(f"{self.name} cannot open {files.path.name}", SNIPPET):
            if files.architecture is None:
                model = keras.saving.load_model(str(files.path), compile=False, safe_mode=True)
            else:
                model = keras.models.model_from_json(files.architecture)
                model.load_weights(str(files.path))
        inputs = getattr(model, "inputs", None) or []
        outputs = getattr(model, "outputs", None) or []
        if len(inputs) != 1 or len(outputs) != 1:
            raise InputError(
                f"{files.path.name} has {len(inputs)} inputs and {len(outputs)} outputs, a"
                " classifier has one of each",
                hint=SNIPPET,
            )
        return KerasModel(keras, model, tuple(inputs[0].shape[1:]))


@dataclass(frozen=True, slots=True)
class KerasModel:
    """A model that Keras opened.

    Attributes:
        shape: of an input, without the batch.
    """

    _keras: Any
    _model: Any
    shape: Shape

    def predict(self, inputs: Array) -> Array:
        """Answer (n, ...) with (n, ...), of float32.

        Raises:
            InputError: Keras cannot.
        """
        with _said("Keras cannot run the model", "is it whole, and for such images?"):
            answer = np.asarray(self._model.predict(inputs, verbose=0))
            return answer if answer.dtype.kind in "iub" else answer.astype(np.float32)

    def check_image(self) -> None:
        """See that `load` knows the size and the colours that the model takes.

        Raises:
            InputError: it does not.
        """
        height, width, channels, _ = self._layout()
        if height is None or width is None or channels not in COLOR_MODES:
            shown = " x ".join("any" if size is None else str(size) for size in self.shape)
            raise InputError(
                f"the model takes {shown}, which does not say an image's size and colours",
                hint="prepare the images with your own function: --prepare module:function",
            )

    def load(self, path: Path, how: Loading) -> Array:
        """Make an input of an image file with `load_img` and `img_to_array`.

        Raises:
            InputError: Keras cannot.
        """
        height, width, channels, order = self._layout()
        utils = self._keras.utils
        with _said(f"Keras cannot load {path}", "is it an image that is whole?"):
            image = utils.load_img(
                str(path),
                color_mode=COLOR_MODES[channels or 0],
                target_size=(height, width),
                interpolation=str(how.interpolation),
            )
            array = utils.img_to_array(image, data_format=order, dtype="float32")
            return self._scaled(array, how.scale, order)

    def _layout(self) -> tuple[int | None, int | None, int | None, str]:
        """Height, width, channels, and where these are."""
        if len(self.shape) != 3:
            return None, None, None, "channels_last"
        first, second, third = self.shape
        if third not in COLOR_MODES and first in COLOR_MODES:
            return second, third, first, "channels_first"
        return first, second, third, "channels_last"

    def _scaled(self, array: Array, scale: Scale, order: str) -> Array:
        if scale is Scale.NONE:
            return array
        if scale is Scale.UNIT:
            return array / np.float32(255)
        if scale is Scale.SYMMETRIC:
            return array / np.float32(127.5) - np.float32(1)
        scaled = self._keras.applications.imagenet_utils.preprocess_input(
            array[np.newaxis].copy(), data_format=order, mode=str(scale)
        )
        made: Array = np.asarray(scaled)[0]
        return made


def _not_imported(error: Exception) -> InputError:
    if isinstance(error, ModuleNotFoundError) and error.name == "keras":
        return InputError(
            f"Keras is not installed for {sys.executable}",
            hint="install understudy where Keras 3 is, and run it there; or save goldens.npz with"
            " the lines in docs/preprocess.md, which need no understudy",
        )
    if isinstance(error, ModuleNotFoundError) and error.name in ("tensorflow", "jax", "torch"):
        return InputError(
            f"Keras is installed, but not {error.name}, on which it would run",
            hint="set KERAS_BACKEND to what is installed: tensorflow, jax or torch",
        )
    return InputError(f"Keras cannot be imported: {short(error)}", hint=SNIPPET)


@contextlib.contextmanager
def _said(what: str, hint: str) -> Iterator[None]:
    try:
        yield
    except Exception as error:  # of Keras, of Pillow, of what it runs on: there is no common one
        raise InputError(f"{what}: {short(error)}", hint=hint) from error
