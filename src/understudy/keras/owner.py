"""Who owns weights, and which names of the file are which names of the architecture."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .model import Tensor
from .places import places
from .specs import INPUT_CLASS
from .spellings import WRAPPERS
from .wrappers import FOLD, UNFOLD

Path = tuple[str, ...]
Roles = dict[str, Tensor]

WRAPPING = frozenset({INPUT_CLASS, FOLD, UNFOLD})
"""What is in a wrapper beside the layer that it calls."""

_NUMBERS = re.compile(r"(_\d+)+$")
"""Automatic numbers: Keras' own, and after it TensorFlow 1's, which makes a repeated name unique
(a model that was loaded and saved again in one session has `conv2d_1_1`)."""


@dataclass(frozen=True, slots=True)
class Owner:
    """A layer, or a nested model, that may own weights.

    Attributes:
        path: names from the outermost model inwards.
        class_name: as written, without a package.
        kind: the class by its newest name.
        config: the options, by their newest names.
        children: a nested model's layers, in the file's order; None for a layer.
    """

    path: Path
    class_name: str
    kind: str
    config: Mapping[str, Any]
    children: tuple[Owner, ...] | None = None

    @property
    def name(self) -> str:
        """The layer's own name."""
        return self.path[-1]

    def leaves(self) -> Iterator[Owner]:
        """The layers in it, at any depth; itself if it is a layer."""
        if self.children is None:
            yield self
        else:
            for child in self.children:
                yield from child.leaves()

    @property
    def wrapped(self) -> Owner | None:
        """The layer that a wrapper only calls."""
        if self.class_name not in WRAPPERS or self.children is None:
            return None
        return next(child for child in self.children if child.kind not in WRAPPING)

    def roles(self) -> tuple[str, ...] | None:
        """The layer's weights in Keras' order; None for a class that is not in the table."""
        found = places(self.kind, self.config)
        return None if found is None else tuple(place.role for place in found)


@dataclass(frozen=True, slots=True)
class Assignment:
    """The weights of each layer, by its path.

    Attributes:
        weights: what was found.
        notes: what had to be assumed.
        places: where the file should hold each weight, by the layer's path and the role.
    """

    weights: dict[Path, Roles]
    notes: tuple[str, ...]
    places: dict[Path, dict[str, str]]

    def missing(self, owner: Owner) -> dict[str, str]:
        """The layer's weights that were not found: role -> where they were looked for."""
        found = self.weights.get(owner.path, {})
        places = self.places.get(owner.path, {})
        return {role: place for role, place in places.items() if role not in found}


def has_weights(owner: Owner) -> bool:
    """Whether the layer must own weights; a class that is not in the table may or may not."""
    return any(leaf.roles() for leaf in owner.leaves())


def pair(ours: Sequence[str], theirs: Sequence[str], *, by_number: bool) -> dict[str, str] | None:
    """Our names -> theirs: the same ones, or, where only automatic numbers differ, by order.

    Args:
        ours: the names of the architecture, in its order.
        theirs: the names of the file, in its order.
        by_number: order is that of the numbers, not of the lists (a frozen layer's weights
            are listed last).

    Returns:
        None if the names are not those of one model.
    """
    if set(ours) <= set(theirs):
        return {name: name for name in ours}
    mine, yours = _by_base(ours), _by_base(theirs)
    if {base: len(names) for base, names in mine.items()} != {
        base: len(names) for base, names in yours.items()
    }:
        return None
    pairs: dict[str, str] = {}
    for base, names in mine.items():
        numbered = dict(
            zip(sorted(names, key=_number), sorted(yours[base], key=_number), strict=True)
        )
        listed = dict(zip(names, yours[base], strict=True))
        if not by_number and numbered != listed:
            return None
        pairs.update(numbered)
    return pairs


def _by_base(names: Sequence[str]) -> dict[str, list[str]]:
    bases: dict[str, list[str]] = {}
    for name in dict.fromkeys(names):
        bases.setdefault(without_number(name), []).append(name)
    return bases


def without_number(name: str) -> str:
    """A name without the automatic numbers at its end."""
    return _NUMBERS.sub("", name)


def _number(name: str) -> tuple[tuple[int, str], ...]:
    """What orders automatic numbers: `conv2d` < `conv2d_2` < `conv2d_10` < `conv2d_10_1`."""
    match = _NUMBERS.search(name)
    return tuple((len(n), n) for n in match[0].split("_")[1:]) if match else ()


def renamed_note(renamed: Mapping[str, str]) -> str:
    """What to say of layers (ours -> theirs) that were paired by order."""
    ours, theirs = next(iter(renamed.items()))
    more = f" and {len(renamed) - 1} more" if len(renamed) > 1 else ""
    return (
        f"the weights' layers have other automatic numbers than the architecture's; "
        f"paired by order, as Keras does: {ours} takes those of {theirs}{more}"
    )
