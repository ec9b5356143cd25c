"""A pass over chains of constant sums and factors: what scales the pixels becomes one of each.

A chain x -> (x + a) f, a and f constants, absorbs what follows it:

    ((x + a) f) g = (x + a) (f g),   (x + a) f + b = (x + (a + b / f)) f.

The sum stays before the factor, so that nothing cancels that did not cancel before. Constants are
computed in float64.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from .graph import Array, Graph, Lazy, Node

MOST = 4096
"""Constants with more elements, such as a mean image, stay what they are."""

LEAST, LARGEST = 1e-6, 1e6
"""Factors and sums beyond these may have been chosen for their rounding: they stay."""


@dataclass(frozen=True, slots=True)
class Affine:
    """x -> (x + offset) factor."""

    offset: Array
    factor: Array

    def then(self, after: Affine) -> Affine:
        """First this, then another. Both arrays keep the shape that makes the value as large."""
        offset = self.offset + after.offset / self.factor
        return Affine(*np.broadcast_arrays(offset, self.factor * after.factor))

    @property
    def sound(self) -> bool:
        """Whether all is within bounds."""
        factor, offset = np.abs(self.factor), np.abs(self.offset)
        return bool(((factor >= LEAST) & (factor <= LARGEST)).all() and (offset <= LARGEST).all())


def merge_affine(graph: Graph) -> Graph:
    """Make at most an Add and a Mul of a chain of constant Add, Sub, Mul and Div."""
    nodes: dict[int, Node] = dict(enumerate(graph.nodes))
    constants = dict(graph.constants)
    for chain in _chains(graph):
        whole = _composed([_affine(nodes[place], constants) for place in chain])
        if whole is None:
            continue
        steps = [
            (op, array.astype(np.float32))
            for op, array, nothing in (("Add", whole.offset, 0.0), ("Mul", whole.factor, 1.0))
            if (array != nothing).any()
        ]
        if not steps or len(steps) >= len(chain):
            continue
        source = _variable(nodes[chain[0]], constants)
        kept = chain[-len(steps) :]
        for place in chain[: -len(steps)]:
            del nodes[place]
        for place, (op, array) in zip(kept, steps, strict=True):
            output = nodes[place].outputs[0]
            name = f"{output}/{op.lower()}"
            constants[name] = Lazy.of(array)
            nodes[place] = Node(op, (source, name), (output,))
            source = output
    return replace(graph, nodes=tuple(nodes.values()), constants=constants)


def _chains(graph: Graph) -> list[list[int]]:
    """Runs of nodes that add and multiply constants; each alone takes the result before it."""
    users = graph.users()
    chains: dict[str, list[int]] = {}
    for place, node in enumerate(graph.nodes):
        value = _variable(node, graph.constants)
        if value and node.op in ("Add", "Sub", "Mul", "Div"):
            before = chains.pop(value, []) if len(users[value]) == 1 else []
            chains[node.outputs[0]] = [*before, place]
    return [chain for chain in chains.values() if len(chain) > 1]


def _composed(steps: list[Affine | None]) -> Affine | None:
    """The whole chain; None if a step of it is not sound."""
    whole = Affine(np.zeros(()), np.ones(()))
    for step in steps:
        if step is None or not step.sound:
            return None
        whole = whole.then(step)
        if not whole.sound:
            return None
    return whole


def _variable(node: Node, constants: Mapping[str, Lazy]) -> str:
    """The one input that is no constant; '' if there are more."""
    names = [name for name in node.inputs if name not in constants]
    return names[0] if len(names) == 1 else ""


def _affine(node: Node, constants: Mapping[str, Lazy]) -> Affine | None:
    """What a node computes, if it is a sum with a constant or a product of one."""
    right = node.inputs[1] in constants
    lazy = constants[node.inputs[1] if right else node.inputs[0]]
    if lazy.dtype != "float32" or np.prod(lazy.shape, dtype=int) > MOST:
        return None
    if node.op in ("Sub", "Div") and not right:
        return None
    array = lazy.make().astype(np.float64)
    if node.op in ("Add", "Sub"):
        return Affine(array if node.op == "Add" else -array, np.ones_like(array))
    with np.errstate(divide="ignore"):
        return Affine(np.zeros_like(array), array if node.op == "Mul" else 1 / array)
