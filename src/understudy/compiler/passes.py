"""Graph -> Graph: simplifications that hold for every input, each one small function.

All work on constants and structure alone, keep the inputs' and outputs' names, and leave lazy
constants lazy.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from .affine import merge_affine
from .curves import name_curves
from .graph import Array, Graph, Lazy, Node
from .moves import lift_transposes, merge_moves
from .scales import fold_input_scales, fold_scales


def optimise(graph: Graph) -> Graph:
    """Apply every pass, in the order of the table."""
    for simplify in PASSES:
        graph = simplify(graph)
    return graph


OUTPUT_AXES = {"Conv": 0, "ConvTranspose": 1, "Gemm": 1}
"""Linear operator -> the axis of its kernel that has one place for each output channel."""


def fold_batch_normalization(graph: Graph) -> Graph:
    """Multiply a BatchNormalization into the Conv, ConvTranspose or Gemm that alone feeds it.

    gamma (W x + b - mean) / s + beta = (gamma/s W) x + (gamma/s (b - mean) + beta),
    s = sqrt(variance + epsilon); computed in float64.
    """
    users = graph.users()
    producer = {name: n for n, node in enumerate(graph.nodes) for name in node.outputs}
    nodes: dict[int, Node] = dict(enumerate(graph.nodes))
    constants = dict(graph.constants)
    for number, node in enumerate(graph.nodes):
        if node.op != "BatchNormalization":
            continue
        before = producer.get(node.inputs[0])
        if before is None or users[node.inputs[0]] != [number]:
            continue
        linear = nodes[before]
        axis = OUTPUT_AXES.get(linear.op)
        if axis is None:
            continue
        kernel_name = linear.inputs[1]
        if (
            users[kernel_name] != [before] or kernel_name not in constants
        ):  # shared with another call, or computed
            continue
        parameters = [constants[name] for name in node.inputs[1:]]
        factor = _lazy_factor(parameters, node.attributes["epsilon"])
        kernel = constants[kernel_name]
        bias = constants[linear.inputs[2]] if len(linear.inputs) > 2 else None
        constants[kernel_name] = kernel.map(kernel.shape, _scale_along(axis, factor))
        bias_name = f"{node.outputs[0]}/bias"
        constants[bias_name] = Lazy(
            parameters[0].shape, "float32", _folded_bias(bias, parameters, factor)
        )
        nodes[before] = Node(
            linear.op, (*linear.inputs[:2], bias_name), node.outputs, linear.attributes
        )
        del nodes[number]
        producer[node.outputs[0]] = before
    return _without_dead(replace(graph, nodes=tuple(nodes.values()), constants=constants))


def _lazy_factor(parameters: list[Lazy], epsilon: float) -> Callable[[], Array]:
    gamma, _, _, variance = parameters

    def factor() -> Array:
        spread = np.sqrt(variance.make().astype(np.float64) + epsilon)
        return gamma.make().astype(np.float64) / spread

    return factor


def _scale_along(axis: int, factor: Callable[[], Array]) -> Callable[[Array], Array]:
    def scale(kernel: Array) -> Array:
        sizes = [1] * kernel.ndim
        sizes[axis] = -1
        return (kernel * factor().reshape(sizes)).astype(np.float32)

    return scale


def _folded_bias(
    bias: Lazy | None, parameters: list[Lazy], factor: Callable[[], Array]
) -> Callable[[], Array]:
    _, beta, mean, _ = parameters

    def make() -> Array:
        own = 0.0 if bias is None else bias.make().astype(np.float64)
        return ((own - mean.make()) * factor() + beta.make()).astype(np.float32)

    return make


ZERO = 1e-20
"""A Pad that fills with less than this was made for zeros (`layers.margins.ALMOST_ZERO`)."""


def fold_padding(graph: Graph) -> Graph:
    """Give a zero padding of spatial axes to the convolution that alone takes it."""
    users = graph.users()
    producer = {node.outputs[0]: n for n, node in enumerate(graph.nodes) if node.op == "Pad"}
    nodes: dict[int, Node] = dict(enumerate(graph.nodes))
    for number, node in enumerate(graph.nodes):
        if node.op != "Conv" or "auto_pad" in node.attributes:
            continue
        before = producer.get(node.inputs[0])
        if before is None or users[node.inputs[0]] != [number]:
            continue
        pad = nodes[before]
        if not _pads_zeros(pad, graph.constants):
            continue
        more = graph.constants[pad.inputs[1]].make().tolist()
        rank = len(more) // 2
        own = node.attributes.get("pads", [0] * (2 * (rank - 2)))
        spatial = more[2:rank] + more[rank + 2 :]
        pads = [outer + inner for outer, inner in zip(spatial, own, strict=True)]
        nodes[number] = replace(
            node,
            inputs=(pad.inputs[0], *node.inputs[1:]),
            attributes={**node.attributes, "pads": pads},
        )
        del nodes[before]
    return _without_dead(replace(graph, nodes=tuple(nodes.values())))


def _pads_zeros(pad: Node, constants: Mapping[str, Lazy]) -> bool:
    """Whether a Pad adds zeros, and to spatial axes only."""
    if pad.attributes.get("mode", "constant") != "constant":
        return False
    if any(name and name not in constants for name in pad.inputs[1:]) or len(pad.inputs) > 3:
        return False
    pads = constants[pad.inputs[1]].make()
    rank = pads.size // 2
    filled = pad.inputs[2] if len(pad.inputs) > 2 else ""
    zeros = not filled or abs(float(constants[filled].make())) < ZERO
    return zeros and bool((pads >= 0).all()) and not pads.reshape(2, rank)[:, :2].any()


def share_equal(graph: Graph) -> Graph:
    """Compute once what several operators of one kind compute of the same tensors.

    After all else: a shared result keeps operators from being folded.
    """
    ends = {output.name for output in graph.outputs}
    first: dict[tuple[Any, ...], tuple[str, ...]] = {}
    instead: dict[str, str] = {}
    nodes: list[Node] = []
    for node in graph.nodes:
        node = replace(node, inputs=tuple(instead.get(name, name) for name in node.inputs))
        attributes = tuple(sorted((key, repr(value)) for key, value in node.attributes.items()))
        outputs = first.setdefault((node.op, node.inputs, attributes), node.outputs)
        if outputs is node.outputs or len(outputs) != len(node.outputs) or ends & {*node.outputs}:
            nodes.append(node)
        else:
            instead.update(zip(node.outputs, outputs, strict=True))
    return replace(graph, nodes=tuple(nodes))


def drop_identities(graph: Graph) -> Graph:
    """Give outputs their names where they are made, instead of copying them."""
    producer = {name: n for n, node in enumerate(graph.nodes) for name in node.outputs}
    nodes: dict[int, Node] = dict(enumerate(graph.nodes))
    renamed: dict[str, str] = {}
    for number, node in enumerate(graph.nodes):
        if node.op != "Identity":
            continue
        source, output = node.inputs[0], node.outputs[0]
        if source not in producer or source in renamed:
            continue  # an input, or a value that is two outputs
        renamed[source] = output
        del nodes[number]

    def rename(names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(renamed.get(name, name) for name in names)

    changed = tuple(
        replace(node, inputs=rename(node.inputs), outputs=rename(node.outputs))
        for node in nodes.values()
    )
    return replace(graph, nodes=changed)


def drop_unused(graph: Graph) -> Graph:
    """Drop operators whose results nobody takes, and then constants that no operator takes."""
    needed = {output.name for output in graph.outputs}
    kept: list[Node] = []
    for node in reversed(graph.nodes):
        if needed.intersection(node.outputs):
            kept.append(node)
            needed.update(node.inputs)
    return _without_dead(replace(graph, nodes=tuple(reversed(kept))))


def _without_dead(graph: Graph) -> Graph:
    used = {name for node in graph.nodes for name in node.inputs}
    constants = {name: lazy for name, lazy in graph.constants.items() if name in used}
    return replace(graph, constants=constants)


PASSES: tuple[Callable[[Graph], Graph], ...] = (
    drop_unused,
    merge_moves,
    drop_unused,
    lift_transposes,
    name_curves,
    merge_affine,
    fold_padding,
    fold_batch_normalization,
    fold_scales,
    fold_input_scales,
    share_equal,
    drop_identities,
    drop_unused,
)
"""Dead operators first: they count as users, and keep others from being folded."""
