"""Passes over operators that only move elements: what follows another of its kind replaces it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from .graph import Graph, Lazy, Node


def merge_moves(graph: Graph) -> Graph:
    """Make one Transpose of two, one Reshape of two, and nothing of a Transpose that moves nothing.

    The first of two stays if others take its result; it is dropped as unused otherwise.
    """
    made = {node.outputs[0]: node for node in graph.nodes}
    ends = {output.name for output in graph.outputs}
    instead: dict[str, str] = {}
    nodes: list[Node] = []
    for node in graph.nodes:
        inputs = tuple(instead.get(name, name) for name in node.inputs)
        node = replace(node, inputs=inputs)
        before = made.get(node.inputs[0]) if node.inputs else None
        if before is not None and before.op == node.op:
            node = _merged(before, node, graph.constants)
        made[node.outputs[0]] = node
        still = node.op == "Transpose" and list(node.attributes["perm"]) == sorted(
            node.attributes["perm"]
        )
        if still and node.outputs[0] not in ends:
            instead[node.outputs[0]] = node.inputs[0]
            continue
        nodes.append(node)
    return replace(graph, nodes=tuple(nodes))


def _merged(first: Node, second: Node, constants: Mapping[str, Lazy]) -> Node:
    """Two operators of one kind as one, if they can be."""
    if second.op == "Transpose":
        inner, outer = first.attributes["perm"], second.attributes["perm"]
        perm = tuple(inner[axis] for axis in outer)
        return replace(second, inputs=first.inputs, attributes={"perm": perm})
    if second.op == "Reshape" and _independent(first, second, constants):
        return replace(second, inputs=(first.inputs[0], second.inputs[1]))
    return second


def _independent(first: Node, second: Node, constants: Mapping[str, Lazy]) -> bool:
    """Whether a Reshape's result is the same without the Reshape before it.

    ONNX's 0 takes a size of the input as it is: then both must take the batch so.
    """
    if first.attributes or second.attributes:
        return False
    if first.inputs[1] not in constants or second.inputs[1] not in constants:
        return False
    inner = constants[first.inputs[1]].make().tolist()
    outer = constants[second.inputs[1]].make().tolist()
    return 0 not in outer or (inner[:1] == [0] and outer.count(0) == 1 and outer[0] == 0)
