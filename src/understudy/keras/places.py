"""Which weights a layer has, and where each layout keeps those of the layers inside it.

A weight's role is a path: `kernel`, or `forward_layer/kernel` for one of a layer inside. The
numbered layout calls such a layer by the attribute that holds it, the legacy layout by its name.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .model import Part
from .spellings import CELL_LAYERS, INNER_GROUPS, WEIGHTS


@dataclass(frozen=True, slots=True)
class Place:
    """Where one weight is. In a group, weights are numbered in their order.

    Attributes:
        role: which weight of the layer it is.
        groups: the groups below the layer's that may hold it in the numbered layout; '' is the
            layer's own. Versions differ; one of them exists.
    """

    role: str
    groups: tuple[str, ...]


def places(kind: str, config: Mapping[str, Any]) -> tuple[Place, ...] | None:
    """The weights of a layer in Keras' order; None for a class that is not in the table."""
    if kind == "Bidirectional":
        forward = config.get("layer")
        parts = {"forward_layer": forward, "backward_layer": config.get("backward_layer", forward)}
        return _of_parts(parts, {})
    if kind == "RNN":
        cells = config.get("cells")
        if not isinstance(cells, tuple):
            return None
        names = numbered_names([_cell_class(cell) for cell in cells])
        return _of_parts(
            {f"cells/{number}": cell for number, cell in enumerate(cells)},
            {f"cells/{number}": f"cell/cells/{name}" for number, name in enumerate(names)},
        )
    rows = WEIGHTS.get(kind)
    if rows is None:
        return None
    roles = [role for role, when in rows if _exists(when, config)]
    inside = [role.rpartition("/")[0] for role in roles]
    return tuple(
        Place(role, INNER_GROUPS.get((kind, part), (part,)))
        for role, part in zip(roles, inside, strict=True)
    )


def _exists(when: str | None, config: Mapping[str, Any]) -> bool:
    """Whether a weight exists, by what `WEIGHTS` says of it."""
    if when is None:
        return True
    word, _, rest = when.partition(" ")
    if word == "with":
        return all(_has(config, option) for option in rest.split())
    if word == "without":
        return config.get(rest) is None
    return bool(config.get(when, True))


def _has(config: Mapping[str, Any], wanted: str) -> bool:
    """`option`: it is set; `option=value`: it has this value."""
    option, equals, value = wanted.partition("=")
    return config.get(option) == value if equals else bool(config.get(option))


def _of_parts(parts: Mapping[str, Any], groups: Mapping[str, str]) -> tuple[Place, ...] | None:
    """The weights of layers inside a layer, one after the other."""
    found: list[Place] = []
    for name, part in parts.items():
        inner = places(part.kind, part.config) if isinstance(part, Part) else None
        if inner is None:
            return None
        outer = groups.get(name, name)
        # A cell in a list of cells lies there itself; elsewhere its layer holds it as `cell`.
        own = {"cell"} if name in groups else set()
        for place in inner:
            below = tuple(
                outer if group in own or not group else f"{outer}/{group}" for group in place.groups
            )
            found.append(Place(f"{name}/{place.role}", below))
    return tuple(found)


def _cell_class(part: Any) -> str:
    layers = {layer: cell for cell, layer in CELL_LAYERS.items()}
    return layers.get(part.kind, part.kind) if isinstance(part, Part) else ""


def numbered_names(class_names: Sequence[str]) -> list[str]:
    """The groups of layers in the numbered layout: by class, and by number among its class."""
    counts: Counter[str] = Counter()
    names = []
    for class_name in class_names:
        snake = snake_case(class_name)
        names.append(f"{snake}_{counts[snake]}" if counts[snake] else snake)
        counts[snake] += 1
    return names


def snake_case(name: str) -> str:
    """Keras' own rule for group names (keras `utils.naming.to_snake_case`)."""
    name = re.sub(r"\W+", "", name)
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()
