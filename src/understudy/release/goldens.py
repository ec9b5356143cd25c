"""`goldens.npz`: inputs with the outputs that the training framework gave for them.

Arrays `inputs` and `outputs`; for models with several, `inputs/<name>` and `outputs/<name>`. The
first dimension counts the examples; inputs are ready tensors, as `model.predict` takes them.
The images that became the inputs may be there, too, as the bytes of their files: `images`, one
after the other, and `image_sizes`, the bytes of each.
The file is a stranger's: nothing is unpickled, and its size is bounded before it is unpacked.
"""

from __future__ import annotations

import math
import zipfile
from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import InputError
from ..files import Buffer, BufferFile
from .manifest import Signature
from .selftest import Cases

MAX_BYTES = 4 << 30
"""Of all arrays, unpacked."""

HINT = "save it with np.savez('goldens.npz', inputs=x, outputs=model.predict(x))"

IMAGES_HINT = (
    "images=np.frombuffer(b''.join(files), np.uint8), image_sizes=[len(file) for file in files]"
)

Array = npt.NDArray[Any]


def parse_goldens(
    data: Buffer,
    inputs: Sequence[Signature],
    outputs: Sequence[Signature],
    name: str = "goldens.npz",
) -> Cases:
    """Read goldens and check them against what the model takes and gives.

    Raises:
        InputError: not such a file, or its arrays do not fit the model.
    """
    arrays = _load(data, name)
    found_inputs = _of(arrays, "inputs", inputs, name)
    found_outputs = _of(arrays, "outputs", outputs, name)
    sides = [(found_inputs, inputs, "inputs"), (found_outputs, outputs, "outputs")]
    for found, signatures, kind in sides:
        for signature in signatures:
            _check(found[signature.name], signature, kind, name)
    counts = [len(array) for array in (*found_inputs.values(), *found_outputs.values())]
    if len(set(counts)) > 1 or 0 in counts:
        raise InputError(
            f"{name}: inputs and outputs must have the same number of examples, at least one; "
            f"they have {' and '.join(map(str, counts))}",
            hint=HINT,
        )
    typed = {s.name: found_inputs[s.name].astype(s.dtype, copy=False) for s in inputs}
    return Cases(typed, {s.name: found_outputs[s.name] for s in outputs})


def parse_images(data: Buffer, name: str = "goldens.npz") -> tuple[bytes, ...]:
    """Read the image files in goldens; there may be none.

    Raises:
        InputError: not such a file, or its arrays do not fit together.
    """
    arrays = _load(data, name, ("images", "image_sizes"))
    if "images" not in arrays:
        return ()
    images, sizes = arrays["images"], arrays.get("image_sizes")
    whole = sizes is not None and sizes.ndim == 1 and sizes.dtype.kind in "iu"
    if not whole or images.ndim != 1 or images.dtype != np.uint8:
        raise InputError(
            f"{name}: images must be bytes, and image_sizes say how many each of them has",
            hint=IMAGES_HINT,
        )
    assert sizes is not None
    if (sizes < 1).any() or int(sizes.sum()) != len(images):
        raise InputError(
            f"{name}: image_sizes add up to {int(sizes.sum()):,} bytes, images have "
            f"{len(images):,}",
            hint=IMAGES_HINT,
        )
    ends = np.cumsum(sizes)
    return tuple(images[end - size : end].tobytes() for end, size in zip(ends, sizes, strict=True))


def _load(data: Buffer, name: str, wanted: Collection[str] | None = None) -> dict[str, Array]:
    """Unpack the arrays that are wanted and there; all of them, if nothing is said."""
    try:
        with zipfile.ZipFile(BufferFile(data)) as archive:
            size = sum(info.file_size for info in archive.infolist())
        if size > MAX_BYTES:
            raise InputError(f"{name} unpacks to {size:,} bytes", hint="keep a few examples only")
        with np.load(BufferFile(data), allow_pickle=False) as arrays:
            return {key: arrays[key] for key in arrays.files if wanted is None or key in wanted}
    except InputError:
        raise
    except Exception as error:  # NumPy and zipfile have a dozen kinds for a file that is damaged
        said = str(error).partition("\n")[0] or type(error).__name__
        raise InputError(f"{name} cannot be read: {said}", hint=HINT) from error


def _of(
    arrays: dict[str, Array], kind: str, signatures: Sequence[Signature], name: str
) -> dict[str, Array]:
    if len(signatures) == 1 and kind in arrays:
        return {signatures[0].name: arrays[kind]}
    found = {s.name: arrays[f"{kind}/{s.name}"] for s in signatures if f"{kind}/{s.name}" in arrays}
    if len(found) < len(signatures):
        needed = [kind] if len(signatures) == 1 else [f"{kind}/{s.name}" for s in signatures]
        raise InputError(
            f"{name} needs arrays called {', '.join(needed)}; it has {', '.join(arrays) or 'none'}",
            hint=HINT,
        )
    return found


def _check(array: Array, signature: Signature, kind: str, name: str) -> None:
    shape = ("n", *("any" if size is None else size for size in signature.shape[1:]))
    fits = array.ndim == len(signature.shape) and all(
        size in (None, found)
        for size, found in zip(signature.shape[1:], array.shape[1:], strict=False)
    )
    if not fits or array.dtype.kind not in "fiub":
        raise InputError(
            f"{name}: {kind} for {signature.name} have the shape {array.shape} and type "
            f"{array.dtype}, the model's is ({', '.join(map(str, shape))})",
            hint=HINT,
        )
    if not math.prod(array.shape):
        raise InputError(f"{name}: {kind} for {signature.name} are empty", hint=HINT)
