"""What somebody's code made of an image, as one input of the model. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import InputError

Array = npt.NDArray[Any]
Shape = tuple[int | None, ...]

HINT = "give the array that model.predict takes, for one image"


def as_input(made: Any, shape: Shape, what: str) -> Array:
    """Take an array, or a framework's tensor, for one input.

    Args:
        made: numbers of the input's shape, or a batch of one.
        shape: the model's, without the batch; None for any size.
        what: what the array is, in errors.

    Returns:
        The input without a batch; numbers with a fraction as float32.

    Raises:
        InputError: it is no such array.
    """
    try:
        array: Array = np.asarray(made)
    except Exception as error:  # whatever a stranger's class does when it is asked for numbers
        raise InputError(f"{what} is no array: {_first_line(error)}", hint=HINT) from error
    if array.dtype.kind not in "fiub":
        raise InputError(f"{what} is {_kind(made)}, not an array of numbers", hint=HINT)
    if array.ndim == len(shape) + 1 and len(array) == 1:
        array = array[0]
    fits = array.ndim == len(shape) and all(
        wanted in (None, found) for wanted, found in zip(shape, array.shape, strict=True)
    )
    if not fits:
        raise InputError(
            f"{what} has the shape {_shown(array.shape)}, the model takes {_shown(shape)}",
            hint=HINT,
        )
    if not np.isfinite(array).all():
        raise InputError(f"{what} holds NaN or infinite numbers", hint="see how it is scaled")
    return array.astype(np.float32) if array.dtype.kind == "f" else array


def batch(inputs: Sequence[Array], names: Sequence[str]) -> Array:
    """Stack inputs.

    Raises:
        InputError: they have several shapes, which a model of any size takes one by one only.
    """
    for array, name in zip(inputs, names, strict=True):
        if array.shape != inputs[0].shape:
            raise InputError(
                f"{name} became an array of {_shown(array.shape)}, {names[0]} one of "
                f"{_shown(inputs[0].shape)}",
                hint="goldens hold inputs of one shape: give images of one size, or resize them",
            )
    return np.stack(inputs)


def _shown(shape: Sequence[int | None]) -> str:
    return " x ".join("any" if size is None else str(size) for size in shape) or "a single number"


def _kind(made: Any) -> str:
    return "None" if made is None else f"a {type(made).__name__}"


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0] or type(error).__name__
