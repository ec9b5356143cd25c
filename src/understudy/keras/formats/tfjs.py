"""Layers models of TensorFlow.js: `model.json` and shards of raw weights, perhaps quantised.

Each group of the manifest is its shards' bytes one after the other, cut into weights in the
manifest's order without gaps (tensorflowjs 4.22 `read_weights.py`; tfjs-core `io_utils.ts`).
A quantised weight is `stored * scale + min`, computed as float64 and kept as float32.
"""

from __future__ import annotations

import bisect
import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ...errors import ModelFileError
from ...files import Buffer
from ..hdf5 import Group
from ..model import Array, Tensor
from .json import parse_json

HINT = "give model.json and its shards as model.save() or tensorflowjs_converter wrote them"
MAX_WEIGHTS = 20_000

_DTYPES = {"float32": "<f4", "int32": "<i4", "bool": "|u1", "float16": "<f2", "uint8": "|u1"}
_QUANTISED = {"uint8": "|u1", "uint16": "<u2", "float16": "<f2"}


def topology(document: Mapping[str, Any], name: str) -> Any:
    """The architecture in a `model.json`, as `parse_architecture` takes it.

    tensorflowjs_converter puts Keras' JSON under `model_config`; what JavaScript saved is
    itself the model.
    """
    found = document.get("modelTopology")
    if isinstance(found, str):
        found = parse_json(found.encode(), name)
    if not isinstance(found, dict):
        raise ModelFileError(f"{name} holds weights only, no architecture", hint=HINT)
    if document.get("format") == "graph-model" or "node" in found:
        raise ModelFileError(
            f"{name} is a graph model of TensorFlow.js, from which the layers are gone",
            hint="convert the Keras model itself (.keras, .h5), or to a layers model: "
            "tensorflowjs_converter --output_format=tfjs_layers_model",
        )
    inner = found.get("model_config", found)
    if isinstance(inner, str):
        inner = parse_json(inner.encode(), name)
    if not isinstance(inner, dict):
        raise ModelFileError(f"{name} holds no architecture that is known", hint=HINT)
    said = {key: found[key] for key in ("keras_version", "backend") if key in found}
    return {**inner, **said}


def weights_tree(document: Mapping[str, Any], shards: Mapping[str, Buffer], name: str) -> Group:
    """The weights as a tree of groups, by the parts of their names.

    Raises:
        ModelFileError: the manifest makes no sense, or does not fit the shards.
    """
    tensors: dict[str, Tensor] = {}
    try:
        for group in document["weightsManifest"]:
            pieces = _Pieces([memoryview(shards[p.removeprefix("./")]) for p in group["paths"]])
            position = 0
            for entry in group["weights"]:
                tensor, size = _tensor(entry, pieces, position, name)
                if tensor.path in tensors:
                    raise _damaged(name, f"two weights are called {tensor.path}")
                tensors[tensor.path] = tensor
                position += size
                if len(tensors) > MAX_WEIGHTS:
                    raise _damaged(name, f"it lists more than {MAX_WEIGHTS:,} weights")
            if position != pieces.size:
                raise ModelFileError(
                    f"the shards that {name} names hold {pieces.size:,} bytes, "
                    f"its weights take {position:,}",
                    hint="copy or download the shards again; are they those of this model.json?",
                )
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise _damaged(name, f"{type(error).__name__}: {error}") from None
    return _tree(tensors)


class _Pieces:
    """Buffers one after the other."""

    def __init__(self, buffers: Sequence[memoryview]) -> None:
        self._buffers = buffers
        self._ends = list(itertools.accumulate(len(buffer) for buffer in buffers))
        self.size = self._ends[-1] if self._ends else 0

    def cut(self, start: int, size: int) -> Buffer:
        """`size` bytes from `start` on; a view where they lie in one buffer."""
        found: list[memoryview] = []
        number = bisect.bisect_right(self._ends, start)
        while size and number < len(self._buffers):
            buffer = self._buffers[number]
            first = start - (self._ends[number] - len(buffer))
            piece = buffer[first : first + size]
            found.append(piece)
            start, size, number = start + len(piece), size - len(piece), number + 1
        return found[0] if len(found) == 1 else b"".join(found)


def _tensor(entry: Mapping[str, Any], pieces: _Pieces, start: int, name: str) -> tuple[Tensor, int]:
    """One weight of the manifest, and how many bytes it takes."""
    path, written = entry["name"], entry["dtype"]
    shape = tuple(entry["shape"])
    if not isinstance(path, str) or not all(type(side) is int and side >= 0 for side in shape):
        raise _damaged(name, f"the weight {str(path)[:80]!r} has the shape {str(shape)[:80]}")
    quantised = entry.get("quantization")
    kind = written if quantised is None else quantised["dtype"]
    known = _DTYPES if quantised is None else _QUANTISED
    if kind not in known or written not in _DTYPES:
        raise _damaged(name, f"the weight {path} is of type {kind!r}")
    dtype = np.dtype(known[kind])
    size = math.prod(shape) * dtype.itemsize
    if start + size > pieces.size:
        raise ModelFileError(
            f"the shards that {name} names end at {pieces.size:,} bytes, "
            f"{path} should take those up to {start + size:,}",
            hint="copy or download the shards again; are they those of this model.json?",
        )

    def stored() -> Array:
        return np.frombuffer(pieces.cut(start, size), dtype).reshape(shape)

    if quantised is None:
        return Tensor(path, shape, written, stored), size
    change = _dequantise(quantised, kind, path, name)
    target = "int32" if written == "int32" else "float32"
    source = Tensor(path, shape, kind, stored)
    return Tensor(path, shape, target, lambda: change(stored()), (source,)), size


def _dequantise(
    quantised: Mapping[str, Any], stored: str, path: str, name: str
) -> Callable[[Array], Array]:
    if stored == "float16":
        return lambda array: array.astype(np.float32)
    scale, low = quantised["scale"], quantised["min"]
    numbers = isinstance(scale, (int, float)) and isinstance(low, (int, float))
    if not numbers or not math.isfinite(scale) or not math.isfinite(low):
        raise _damaged(name, f"the weight {path} is quantised by {scale!r} and {low!r}")
    if quantised.get("original_dtype") == "int32":
        return lambda array: np.round(array * float(scale) + float(low)).astype(np.int32)
    return lambda array: (array * float(scale) + float(low)).astype(np.float32)


def _tree(tensors: Mapping[str, Tensor]) -> Group:
    """Flat, by the whole names; nested, as HDF5 is, if they are Keras 3's paths in a file."""
    if not all("/vars/" in path for path in tensors):
        return Group("", {}, {}, dict(tensors))
    nested: dict[str, Any] = {}
    for path, tensor in tensors.items():
        *folders, last = path.split("/")
        below = nested
        for folder in folders:
            below = below.setdefault(folder, {})
        below[last] = tensor
    return _group(nested, "")


def _group(members: Mapping[str, Any], path: str) -> Group:
    groups = {
        name: _group(member, f"{path}/{name}" if path else name)
        for name, member in members.items()
        if not isinstance(member, Tensor)
    }
    tensors = {name: member for name, member in members.items() if isinstance(member, Tensor)}
    return Group(path, {}, groups, tensors)


def _damaged(name: str, why: str) -> ModelFileError:
    return ModelFileError(f"{name} is no manifest of weights that makes sense: {why}", hint=HINT)
