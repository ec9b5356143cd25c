"""The layout of TensorFlow.js: one list of weights, called `<layer>/<weight>`, without groups.

Layers' names are unique throughout the model there, those in nested models included
(tfjs-layers 4.22 `Container.loadWeights`). So they are found as in one group of the legacy layout.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .hdf5 import Group
from .legacy import Legacy, named_places
from .owner import Assignment, Owner


@dataclass(slots=True)
class Flat:
    """A group with all the weights in it, and what to call its file in errors."""

    root: Group
    name: str

    def assign(self, owners: Sequence[Owner]) -> Assignment:
        """Give every layer its tensors, by the names of both."""
        notes: list[str] = []
        whole = Owner(("the model",), "Functional", "Functional", {}, tuple(owners))
        tensors = dict(self.root.tensors)
        weights = Legacy(self.root, self.name).distribute(whole, tensors, notes)
        return Assignment(weights, tuple(notes), named_places(whole, ""))
