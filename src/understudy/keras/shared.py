"""One layer in a nested model and outside of it: the numbered layout stores its weights once.

The architecture writes such a layer out wherever it is, with the same name and the same options.
Its weights are where Keras came upon it first; all other places have none. In that a layer can be
known again: one of another's making would have weights of its own.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from .owner import Assignment, Owner, Path


def likeness(owner: Owner) -> str:
    """What a layer, or a model, has in common with itself elsewhere: name, class, options."""
    inside = None if owner.children is None else [likeness(child) for child in owner.children]
    return repr((owner.name, owner.class_name, dict(owner.config), inside))


def complete(owners: Sequence[Owner], found: Assignment) -> list[str] | None:
    """Give layers without any weights those of the same layer elsewhere.

    Returns:
        What to say of it; None if some layer has no weights anywhere.
    """
    leaves = [leaf for owner in owners for leaf in owner.leaves() if leaf.roles()]
    held: dict[str, list[Owner]] = {}
    for leaf in leaves:
        if found.weights.get(leaf.path):
            held.setdefault(likeness(leaf), []).append(leaf)
    notes = []
    lent = {}
    for leaf in leaves:
        if found.weights.get(leaf.path):
            continue
        other = _nearest(leaf.path, [other.path for other in held.get(likeness(leaf), [])])
        if other is None:
            return None
        lent[leaf.path] = found.weights[other]
        notes.append(
            f"{'/'.join(leaf.path)} has no weights of its own in the file; it is taken for the "
            f"same layer as {'/'.join(other)}, which has"
        )
    found.weights.update(lent)
    return notes


def _nearest(path: Path, others: Sequence[Path]) -> Path | None:
    """The path that shares the most names with `path`, from the end; None if several do."""

    def shared(other: Path) -> int:
        pairs = zip(reversed(path), reversed(other), strict=False)
        return sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], pairs))

    most = max(map(shared, others), default=0)
    found = [other for other in others if shared(other) == most]
    return found[0] if len(found) == 1 else None
