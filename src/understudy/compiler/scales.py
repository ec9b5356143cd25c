"""Passes that put constant factors into the weights before or behind them.

A Mul by a constant, a scalar or one for each channel, after a Conv, a Gemm, or a MatMul with its
Add: ConvNeXt's LayerScale, InceptionResNetV2's residual scale. Or before a Conv: what scales the
pixels. Computed in float64, one tensor at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from .graph import Array, Graph, Lazy, Node

CHANNEL_AXIS = {"Conv": 0, "Gemm": 1, "MatMul": 1}
"""Linear operator -> the axis of its kernel that has one place for each output channel."""


def fold_scales(graph: Graph) -> Graph:
    """Multiply a constant factor into the linear operator that alone feeds it."""
    users = graph.users()
    producer = {name: n for n, node in enumerate(graph.nodes) for name in node.outputs}
    nodes: dict[int, Node] = dict(enumerate(graph.nodes))
    constants = dict(graph.constants)
    for number, node in enumerate(graph.nodes):
        if node.op != "Mul":
            continue
        found = _linear_before(node, nodes, producer, constants, users)
        if found is None:
            continue
        scale, chain = found
        linear = nodes[chain[0]]
        axis = CHANNEL_AXIS[linear.op]
        kernel = constants[linear.inputs[1]]
        factor = _for_channels(constants[scale], linear.op, kernel)
        if factor is None:
            continue
        constants[linear.inputs[1]] = kernel.map(kernel.shape, _scaled(factor, axis))
        for place in chain:
            bias = _bias_of(nodes[place], constants)
            if bias:
                constants[bias] = constants[bias].map(constants[bias].shape, _scaled(factor, -1))
        nodes[chain[-1]] = replace(nodes[chain[-1]], outputs=node.outputs)
        producer[node.outputs[0]] = chain[-1]
        del nodes[number]
    return replace(graph, nodes=tuple(nodes.values()), constants=constants)


def fold_input_scales(graph: Graph) -> Graph:
    """Multiply a constant factor into the kernel of the convolution that alone takes the product.

    Padding with zeros does not change this.
    """
    users = graph.users()
    nodes: dict[int, Node] = dict(enumerate(graph.nodes))
    constants = dict(graph.constants)
    for number, node in enumerate(graph.nodes):
        if node.op != "Mul" or len(users.get(node.outputs[0], [])) != 1:
            continue
        place = users[node.outputs[0]][0]
        conv = nodes.get(place, node)
        if conv.op != "Conv" or conv.inputs[0] != node.outputs[0]:
            continue
        found = [name for name in node.inputs if name in constants]
        kernel_name = conv.inputs[1]
        if len(found) != 1 or kernel_name not in constants or users[kernel_name] != [place]:
            continue
        kernel = constants[kernel_name]
        value = next(name for name in node.inputs if name not in constants)
        factor = _for_inputs(constants[found[0]], conv, kernel, _channels(value, graph))
        if factor is None:
            continue
        constants[kernel_name] = kernel.map(kernel.shape, _scaled(factor, 1))
        nodes[place] = replace(conv, inputs=(value, *conv.inputs[1:]))
        del nodes[number]
    return replace(graph, nodes=tuple(nodes.values()), constants=constants)


def _for_inputs(
    scale: Lazy, conv: Node, kernel: Lazy, channels: int | None
) -> Callable[[], Array] | None:
    """The factor for each input channel, or for all; None if it is another one."""
    shape, behind = scale.shape, len(kernel.shape) - 2
    if len(shape) > len(kernel.shape) or scale.dtype != "float32" or kernel.dtype != "float32":
        return None
    while shape and shape[0] == 1 and len(shape) > behind + 1:
        shape = shape[1:]
    each = shape == (channels, *(1,) * behind) and conv.attributes.get("group", 1) == 1
    if np.prod(shape) != 1 and not each:
        return None
    return lambda: scale.make().reshape(-1).astype(np.float64)


def _channels(value: str, graph: Graph) -> int | None:
    """How many channels a value has that is the input, moved and added to; None if not known."""
    made = {node.outputs[0]: node for node in graph.nodes}
    shapes = {signature.name: signature.shape for signature in graph.inputs}
    perm: tuple[int, ...] = ()
    while value in made:
        node = made[value]
        names = [name for name in node.inputs if name not in graph.constants]
        if len(names) != 1 or perm or node.op not in ("Add", "Transpose"):
            return None
        if node.op == "Transpose":
            perm = tuple(node.attributes["perm"])
        value = names[0]
    shape = shapes.get(value, ())
    return shape[perm[1] if perm else 1] if len(shape) > 1 else None


def _linear_before(
    mul: Node,
    nodes: Mapping[int, Node],
    producer: Mapping[str, int],
    constants: Mapping[str, Lazy],
    users: Mapping[str, list[int]],
) -> tuple[str, list[int]] | None:
    """The factor's name, and the nodes that make what it multiplies, the linear one first."""
    for scale, value in (mul.inputs, mul.inputs[::-1]):
        if scale not in constants or value in constants:
            continue
        chain: list[int] = []
        while True:
            place = producer.get(value)
            if place is None or place not in nodes or len(users[value]) != 1:
                return None
            node = nodes[place]
            chain.insert(0, place)
            if node.op in CHANNEL_AXIS:
                biases = [_bias_of(nodes[n], constants) for n in chain]
                mine = [node.inputs[1], *filter(None, biases)]
                alone = all(name in constants and len(users[name]) == 1 for name in mine)
                return (scale, chain) if alone else None
            bias = _bias_of(node, constants)
            if node.op != "Add" or not bias or len(chain) > 1:
                return None
            value = next(name for name in node.inputs if name != bias)
            if nodes.get(producer.get(value, -1), node).op != "MatMul":
                return None
    return None


def _bias_of(node: Node, constants: Mapping[str, Lazy]) -> str:
    """The constant with one place for each channel that a node adds; '' without one."""
    if node.op == "Add":
        return next((n for n in node.inputs if n in constants and len(constants[n].shape) == 1), "")
    return node.inputs[2] if node.op in ("Conv", "Gemm") and len(node.inputs) > 2 else ""


def _for_channels(scale: Lazy, op: str, kernel: Lazy) -> Callable[[], Array] | None:
    """The factor for each output channel, or for all; None if it is another one."""
    channels = kernel.shape[CHANNEL_AXIS[op]]
    behind = len(kernel.shape) - 2 if op == "Conv" else 0
    if (len(kernel.shape) != 2 and op != "Conv") or kernel.dtype != "float32":
        return None
    shape = scale.shape
    if len(shape) > len(kernel.shape) and op != "MatMul":  # whose result may have more axes
        return None
    while shape and shape[0] == 1 and len(shape) > behind + 1:
        shape = shape[1:]
    if scale.dtype != "float32" or (np.prod(shape) != 1 and shape != (channels, *(1,) * behind)):
        return None
    return lambda: scale.make().reshape(-1).astype(np.float64)


def _scaled(factor: Callable[[], Array], axis: int) -> Callable[[Array], Array]:
    def scale(array: Array) -> Array:
        sizes = [1] * array.ndim
        sizes[axis] = -1
        return (array * factor().reshape(sizes)).astype(np.float32)

    return scale
