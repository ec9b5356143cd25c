"""A pass that knows activation functions by what they are computed of.

MobileNetV3 spells its hard sigmoid as relu6(x + 3) / 6, with layers. ONNX has one operator for
it, and one for its product with x.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from .graph import Graph, Lazy, Node

CLOSE = 1e-6
"""Constants that differ by less are the same: 1/6 in float32 is not 1/6."""


def name_curves(graph: Graph) -> Graph:
    """Make one operator of a spelled-out hard sigmoid or hard swish.

    clip(x + b, 0, h) s = max(0, min(1, s x + b s)) where h s = 1 (ONNX `HardSigmoid`), and
    x max(0, min(1, x / 6 + 1 / 2)) is `HardSwish`.
    """
    made = {node.outputs[0]: node for node in graph.nodes}
    users = graph.users()
    nodes: list[Node] = []
    for node in graph.nodes:
        named = _hard_sigmoid(node, made, users, graph.constants) or _hard_swish(node, made, users)
        made[node.outputs[0]] = named or node
        nodes.append(named or node)
    return replace(graph, nodes=tuple(nodes))


def _hard_sigmoid(
    node: Node,
    made: Mapping[str, Node],
    users: Mapping[str, list[int]],
    constants: Mapping[str, Lazy],
) -> Node | None:
    factor = _with_number(node, ("Mul", "Div"), constants)
    if factor is None or (node.op == "Div" and not factor[1]):
        return None
    scale = factor[1] if node.op == "Mul" else 1 / factor[1]
    clip = made.get(factor[0])
    if clip is None or clip.op != "Clip" or len(users[factor[0]]) != 1:
        return None
    low, high = (_number(name, constants) for name in (*clip.inputs[1:], "", "")[:2])
    if low != 0 or high is None or abs(high * scale - 1) > CLOSE:
        return None
    shifted = made.get(clip.inputs[0])
    shift = shifted and _with_number(shifted, ("Add",), constants)
    if not shift or len(users[clip.inputs[0]]) != 1:
        return None
    attributes = {"alpha": scale, "beta": shift[1] * scale}
    return Node("HardSigmoid", (shift[0],), node.outputs, attributes)


def _hard_swish(
    node: Node, made: Mapping[str, Node], users: Mapping[str, list[int]]
) -> Node | None:
    if node.op != "Mul":
        return None
    for value, gate in (node.inputs, node.inputs[::-1]):
        curve = made.get(gate)
        if curve is None or curve.op != "HardSigmoid" or len(users[gate]) != 1:
            continue
        alpha, beta = curve.attributes.get("alpha", 0.2), curve.attributes.get("beta", 0.5)
        same = abs(alpha - 1 / 6) < CLOSE and abs(beta - 0.5) < CLOSE
        if same and curve.inputs == (value,):
            return Node("HardSwish", (value,), node.outputs)
    return None


def _with_number(
    node: Node, ops: tuple[str, ...], constants: Mapping[str, Lazy]
) -> tuple[str, float] | None:
    """The value and the number that an operator with a constant number takes."""
    if node.op not in ops:
        return None
    left, right = node.inputs
    for value, name in ((left, right), (right, left)):
        number = _number(name, constants)
        if number is not None and value not in constants and (node.op != "Div" or name == right):
            return value, number
    return None


def _number(name: str, constants: Mapping[str, Lazy]) -> float | None:
    lazy = constants.get(name)
    if lazy is None or lazy.shape not in ((), (1,)) or lazy.dtype != "float32":
        return None
    return float(lazy.make().reshape(()))
