"""A model opened with Keras, behind the same few methods as a session of onnxruntime.

Keras is imported when the first model is opened, not before. Its exceptions stay in here.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import InputError, ReleaseError
from .document import DOCUMENT, Document, decode, names_in
from .said import short
from .trust import check_trust

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

BACKENDS = ("jax", "tensorflow", "torch")
"""What Keras can run on; the first that is installed, where KERAS_BACKEND does not say."""

VARIABLES = {"JAX_PLATFORMS": "cpu", "TF_CPP_MIN_LOG_LEVEL": "3"}
"""Where nobody says otherwise: look for no GPU, print no banners."""

HINT_MISSING = (
    "install keras with jax beside understudy; for a function on Lambda, `understudy build"
    " --engine keras`"
)


@dataclass(frozen=True, slots=True)
class Node:
    """An input or an output, as onnxruntime has them; a side that is free is None."""

    name: str
    type: str
    shape: tuple[int | None, ...]


class KerasSession:
    """An open model.

    One call computes at a time: what Keras keeps between calls is not made for several threads.
    Images are computed one by one, because a backend compiles the model anew for each size of
    batch.

    Args:
        model: a `keras.Model`.
        flatten: makes one list of what a model gives.
        names: those in the architecture.
    """

    def __init__(
        self, model: Any, flatten: Callable[[Any], list[Any]], names: Container[str]
    ) -> None:
        self._model = model
        self._flatten = flatten
        self._lock = threading.Lock()
        self._inputs = tuple(
            # Names that Keras makes up have numbers, which differ from process to process.
            _node(tensor.name if tensor.name in names else f"input_{number}", tensor)
            for number, tensor in enumerate(model.inputs)
        )
        self._outputs = tuple(map(_node, _output_names(model), model.outputs))

    def get_inputs(self) -> Sequence[Node]:
        """In Keras' order."""
        return self._inputs

    def get_outputs(self) -> Sequence[Node]:
        """In Keras' order, by the names of the layers that give them."""
        return self._outputs

    def run(
        self, output_names: Sequence[str] | None, input_feed: Mapping[str, Array]
    ) -> Sequence[Array]:
        """The named outputs, all of them for None, in order; floats as float32."""
        feeds = [np.asarray(input_feed[node.name]) for node in self._inputs]
        with self._lock:
            rows = [self._row([feed[n : n + 1] for feed in feeds]) for n in range(len(feeds[0]))]
        columns = (np.concatenate(column) for column in zip(*rows, strict=True))
        made = dict(zip((node.name for node in self._outputs), columns, strict=True))
        return [made[name] for name in output_names or made]

    def _row(self, feeds: list[Array]) -> list[Array]:
        found = self._model.predict_on_batch(feeds if len(feeds) > 1 else feeds[0])
        return [_plain(np.asarray(value)) for value in self._flatten(found)]


def open_keras(folder: Path, *, allow_lambda: bool = False) -> KerasSession:
    """Open the `keras.json` of a folder, with the weights that it names.

    Args:
        folder: holds both files.
        allow_lambda: whether the operator allows the code of Lambda layers.

    Raises:
        InputError: Keras is not here, or the model holds what it is not trusted with.
        ReleaseError: a file is missing or damaged, or Keras cannot open the model.
    """
    try:
        document = decode((folder / DOCUMENT).read_bytes())
    except OSError:
        raise ReleaseError(
            f"there is no {DOCUMENT} in {folder}", hint="fetch the release again"
        ) from None
    check_trust(document.model, allow_lambda=allow_lambda)
    keras = import_keras()
    names = set(names_in(document.model))
    try:
        model = _build(keras, document, allow_lambda)
        model.load_weights(folder / document.weights)
        return KerasSession(model, keras.tree.flatten, names)
    except Exception as error:  # Keras' own, and whatever its backend raises
        raise ReleaseError(
            f"Keras {keras.__version__} cannot open the model: {short(error)}",
            hint="load it with this Keras where it was trained, and save it again",
        ) from error


def import_keras() -> Any:
    """Import Keras, which takes seconds, with a backend that is here.

    Raises:
        InputError: it is not here, or too old.
    """
    if "keras" not in sys.modules:
        for name, value in (*VARIABLES.items(), *_backend()):
            os.environ.setdefault(name, value)
    try:
        import keras
    except ImportError as error:
        raise InputError(
            f"the release needs Keras, which cannot be imported here: {short(error)}",
            hint=HINT_MISSING,
        ) from error
    if not keras.__version__.startswith("3."):
        raise InputError(
            f"the release needs Keras 3, and Keras {keras.__version__} is here", hint=HINT_MISSING
        )
    return keras


def _backend() -> list[tuple[str, str]]:
    from importlib.util import find_spec

    found = [name for name in BACKENDS if find_spec(name) is not None]
    return [("KERAS_BACKEND", name) for name in found[:1]]


def _build(keras: Any, document: Document, allow_lambda: bool) -> Any:
    """The model without its weights; Keras takes the document apart."""
    if allow_lambda:
        keras.config.enable_unsafe_deserialization()
    said: dict[str, Any] = dict(document.model)
    if "module" in said:
        model = keras.saving.deserialize_keras_object(said, safe_mode=not allow_lambda)
    else:  # of Keras 2, which names no modules
        kind = keras.Sequential if said["class_name"] == "Sequential" else keras.Model
        config = said["config"]
        if isinstance(config, list):
            config = {"name": "sequential", "layers": config}
        model = kind.from_config(config)
    if not isinstance(model, keras.Model) or not model.inputs:
        raise ValueError("it is no model that says what it takes")
    return model


def _output_names(model: Any) -> list[str]:
    """The names of the layers that give the outputs, told apart where one gives several."""
    names = getattr(model, "output_names", None) or [model.layers[-1].name]
    if len(set(names)) == len(names) == len(model.outputs):
        return list(names)
    return [f"output_{number}" for number in range(len(model.outputs))]


def _node(name: str, tensor: Any) -> Node:
    dtype = str(tensor.dtype)
    return Node(name, "float32" if "float" in dtype else dtype, tuple(tensor.shape))


def _plain(array: Array) -> Array:
    """Any float as float32; `bfloat16` is no type of NumPy's own."""
    return array if array.dtype.kind in "biu" else array.astype(np.float32)
