"""Keras 1: its architectures and weights in the words of Keras 2.

Everything is tables and plain rewriting: JSON in, JSON out; a tree of weights in, one out. What
Keras 1.2.2 did is the reference; where it differs from 1.0 and 1.1, both are taken.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from ...errors import ModelFileError
from ..backends import THEANO, turned_kernels
from ..formats.json import parse_json
from ..hdf5 import Group
from ..model import Tensor
from ..nodes import MalformedError
from ..owner import Owner, Roles
from ..raw import RawModel
from .document import is_keras1, modernise
from .kernels import modern_kernels
from .names import rename_weights, says_backend


@dataclass(frozen=True, slots=True)
class Modern:
    """A model's files in the words of Keras 2 or newer.

    Attributes:
        raw: the files; untouched unless Keras 1 wrote some of them.
        old_graph, old_weights: which of them Keras 1 wrote.
        backend: what the model ran on, as far as anything tells.
        weights_backend: what wrote the weights.
        notes: what had to be assumed.
    """

    raw: RawModel
    old_graph: bool
    old_weights: bool
    backend: str | None
    weights_backend: str | None
    notes: tuple[str, ...] = ()

    def layer(self, owner: Owner, roles: Roles) -> tuple[Owner, Roles]:
        """A layer with its weights as they were found, as Keras 2 would have had both."""
        if self.old_weights:
            roles = modern_kernels(owner, roles)
        if self.weights_backend == THEANO:
            roles = turned_kernels(owner.kind, owner.config, roles)
        alpha = roles.get("alpha")
        if self.old_graph and owner.kind == "PReLU" and alpha is not None:
            owner = replace(owner, config={**owner.config, "shared_axes": _shared_axes(alpha)})
        return owner, roles


def modern(raw: RawModel, said: str | None) -> Modern:
    """Rewrite what Keras 1 wrote.

    Args:
        raw: the files.
        said: the backend that a person says.

    Raises:
        ModelFileError: the architecture makes no sense.
    """
    document = raw.architecture
    if isinstance(document, str):
        document = parse_json(document.encode(), raw.name)
    own = document if isinstance(document, dict) else {}
    version = _text(own.get("keras_version")) or raw.keras_version
    seen = says_backend(raw.weights)
    old_weights = seen is not None or "nb_layers" in raw.weights.attributes
    written = _text(own.get("backend"))
    backend = said or written or raw.backend or seen
    weights_backend = said or (seen if old_weights else raw.backend or written)
    notes: list[str] = []
    try:
        old_graph = is_keras1(document, version)
        if old_graph:
            document, assumed = modernise(document, backend)
            notes += assumed
        if old_weights:
            raw = _renamed(raw, document)
    except (MalformedError, KeyError, TypeError, IndexError, AttributeError) as error:
        detail = f"no {error}" if isinstance(error, KeyError) else str(error)
        raise ModelFileError(
            f"{raw.name} is not a Keras model that makes sense: {detail}",
            hint="write it again with model.to_json()",
        ) from error
    if (old_graph or old_weights) and said is None:
        notes.append(_evidence(seen))
    raw = replace(raw, architecture=document)
    return Modern(raw, old_graph, old_weights, backend, weights_backend, tuple(notes))


def _evidence(seen: str | None) -> str:
    if seen is None:
        return "Keras 1 does not say what it ran on, TensorFlow is assumed; or say --backend theano"
    other = "theano" if seen == "tensorflow" else "tensorflow"
    return (
        f"by the names of the weights, Keras 1 ran on {seen}; if that is wrong, "
        f"say --backend {other}"
    )


def _renamed(raw: RawModel, document: Any) -> RawModel:
    """The files with the weights under new names."""
    layers = document["config"]
    entries = layers if isinstance(layers, list) else layers["layers"]
    names = [
        str(entry.get("name") or entry["config"]["name"])
        for entry in entries
        if document["class_name"] != "Sequential" or entry["class_name"] != "InputLayer"
    ]
    weights = rename_weights(raw.weights, names)
    if raw.root is raw.weights:
        return replace(raw, root=weights, weights=weights)
    groups = {
        name: weights if group is raw.weights else group for name, group in raw.root.groups.items()
    }
    root = Group(raw.root.path, raw.root.attributes, groups, raw.root.tensors)
    return replace(raw, root=root, weights=weights)


def _shared_axes(alpha: Tensor) -> list[int]:
    """Keras 1 did not write them: alpha has a size of 1 there. Where that is all, it is as well."""
    return [axis for axis, size in enumerate(alpha.shape, 1) if size == 1]


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None
