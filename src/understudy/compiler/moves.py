"""Passes over operators that only move elements: what follows another of its kind replaces it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from .graph import Graph, Lazy, Node

ELEMENTWISE = frozenset(
    {"Abs", "Add", "Cast", "Clip", "Div", "Max", "Min", "Mul", "Neg", "Relu", "Sqrt", "Sub"}
)
"""Operators that do the same to every element, apart from what constants add to it."""


def lift_transposes(graph: Graph) -> Graph:
    """Transpose the model's inputs before they are scaled with constants, not after.

    onnxruntime adds three numbers to the three channels of an image ten times as fast where the
    channels are in front.
    """
    users = graph.users()
    made = {node.outputs[0]: n for n, node in enumerate(graph.nodes)}
    starts = {signature.name: len(signature.shape) for signature in graph.inputs}
    nodes: dict[int, Node] = dict(enumerate(graph.nodes))
    constants = dict(graph.constants)
    for number, node in enumerate(graph.nodes):
        if node.op != "Transpose":
            continue
        perm, value, chain = tuple(node.attributes["perm"]), node.inputs[0], list[int]()
        while value in made and len(users[value]) == 1:
            place = made[value]
            found = _only_variable(nodes[place], constants, len(perm))
            if found is None:
                break
            chain.insert(0, place)
            value = found
        if not chain or starts.get(value) != len(perm):
            continue
        moved = f"{node.outputs[0]}/moved"
        lifted = [Node("Transpose", (value,), (moved,), {"perm": perm})]
        for place in chain:
            last = place == chain[-1]
            output = node.outputs[0] if last else f"{moved}/{len(lifted)}"
            inputs = [
                _moved(name, perm, constants) if name in constants else name and moved
                for name in nodes[place].inputs
            ]
            lifted.append(replace(nodes[place], inputs=tuple(inputs), outputs=(output,)))
            moved = output
        for place, made_anew in zip([*chain, number], lifted, strict=True):
            nodes[place] = made_anew
    return replace(graph, nodes=tuple(nodes.values()), constants=constants)


def _only_variable(node: Node, constants: Mapping[str, Lazy], rank: int) -> str | None:
    """The one input that is no constant, of an operator that works element by element."""
    names = [name for name in node.inputs if name and name not in constants]
    fits = all(len(constants[n].shape) <= rank for n in node.inputs if n in constants)
    return names[0] if node.op in ELEMENTWISE and len(names) == 1 and fits else None


def _moved(name: str, perm: tuple[int, ...], constants: dict[str, Lazy]) -> str:
    """A constant that fits to a transposed value."""
    lazy = constants[name]
    if all(size == 1 for size in lazy.shape):
        return name
    wide = (1,) * (len(perm) - len(lazy.shape)) + lazy.shape
    moved = f"{name}/{''.join(map(str, perm))}"
    constants[moved] = lazy.reshape(*wide).transpose(*perm)
    return moved


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
