"""A model's graph as a file has it: layers with their calls, all names as they were written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .nodes import Key, NodeSpec

INPUT_CLASS = "InputLayer"


@dataclass(frozen=True, slots=True)
class LayerSpec:
    """A layer as written.

    Attributes:
        name: unique in its model.
        class_name: as written; a layer registered by a package has it as `package>Class`.
        config: as written.
        nodes: its calls, in the order of the file's node numbers.
        model: what it contains, where it is itself a model.
    """

    name: str
    class_name: str
    config: Mapping[str, Any]
    nodes: tuple[NodeSpec, ...]
    model: ModelSpec | None = None


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """A model's graph as written; a Sequential is the chain that it means."""

    name: str
    sequential: bool
    layers: tuple[LayerSpec, ...]
    inputs: tuple[Key, ...]
    outputs: tuple[Key, ...]
