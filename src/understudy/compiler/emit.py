"""The fourth step: Graph -> bytes. `model.onnx` holds the graph, `weights.bin` the weights.

Weights are raw little-endian arrays at page boundaries, named in the graph as ONNX external data,
so that a session opens by mapping the file: nothing is parsed or copied. Small constants stay in
the graph.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper

from .graph import Array, Graph, Lazy, Shape, Signature

OPSET = 21
AVERAGING_OPSET = 18
"""For graphs with an AveragePool, where nothing in them needs a newer one: onnxruntime 1.31
computes that of opset 19 and newer half as fast (`bench/operators.py`, NASNetMobile)."""

UNCHANGED = frozenset(
    [
        "Add",
        "AveragePool",
        "BatchNormalization",
        "Clip",
        "Concat",
        "Conv",
        "Div",
        "Flatten",
        "Gemm",
        "GlobalAveragePool",
        "GlobalMaxPool",
        "HardSigmoid",
        "HardSwish",
        "LeakyRelu",
        "MatMul",
        "MaxPool",
        "Mul",
        "Pad",
        "ReduceMax",
        "ReduceMean",
        "Relu",
        "Reshape",
        "Sigmoid",
        "Slice",
        "Softmax",
        "Sub",
        "Tanh",
        "Transpose",
    ]
)
"""Operators that compute the same in both."""

IR_VERSION = 10
"""ONNX 1.16: read by onnxruntime 1.18 and newer."""

WEIGHTS_FILE = "weights.bin"
PAGE = 4096
"""Where each weight starts, as the ONNX specification advises for external data."""

INLINE_BYTES = 1024
"""Constants up to this size are kept in the graph; a page each would cost more."""


@dataclass(frozen=True, slots=True)
class Emitted:
    """The two files of a compiled model.

    Attributes:
        onnx: the content of `model.onnx`.
        weights: the constants of `weights.bin`, each with its offset, in order.
        weights_size: the size of `weights.bin` in bytes.
        opset: the version of ONNX's operators that the graph is written in.
    """

    onnx: bytes
    weights: tuple[tuple[int, Lazy], ...]
    weights_size: int
    opset: int

    def pieces(self) -> Iterator[bytes | memoryview]:
        """The content of `weights.bin`, one weight at a time."""
        position = 0
        for offset, lazy in self.weights:
            if offset > position:
                yield bytes(offset - position)
            array = stored(lazy)
            yield array.reshape(-1).view(np.uint8).data
            position = offset + lazy.nbytes
        if position < self.weights_size:
            yield bytes(self.weights_size - position)


def emit(graph: Graph) -> Emitted:
    """Write a graph as ONNX with its weights apart."""
    external: list[tuple[int, Lazy]] = []
    initializers = []
    position = 0
    for name, lazy in graph.constants.items():
        if lazy.nbytes <= INLINE_BYTES:
            initializers.append(
                helper.make_tensor(
                    name, _element_type(lazy.dtype), lazy.shape, stored(lazy).tobytes(), raw=True
                )
            )
            continue
        offset = -(-position // PAGE) * PAGE
        initializers.append(_external(name, lazy, offset))
        external.append((offset, lazy))
        position = offset + lazy.nbytes
    nodes = [
        helper.make_node(
            node.op, node.inputs, node.outputs, name=node.outputs[0], **_attributes(node.attributes)
        )
        for node in graph.nodes
    ]
    opset = opset_for({node.op for node in graph.nodes})
    proto = helper.make_model(
        helper.make_graph(
            nodes,
            graph.name,
            [_value_info(signature) for signature in graph.inputs],
            [_value_info(signature) for signature in graph.outputs],
            initializers,
        ),
        producer_name="understudy",
        opset_imports=[helper.make_opsetid("", opset)],
        ir_version=IR_VERSION,
    )
    return Emitted(proto.SerializeToString(deterministic=True), tuple(external), position, opset)


def opset_for(operators: set[str]) -> int:
    """The version of ONNX's operators for a graph of these."""
    return AVERAGING_OPSET if "AveragePool" in operators and operators <= UNCHANGED else OPSET


def stored(lazy: Lazy) -> Array:
    """The array as it is written: contiguous and little-endian."""
    made = lazy.make()
    if made.shape != lazy.shape:
        raise RuntimeError(f"a constant has the shape {made.shape}, not {lazy.shape}")
    array = np.ascontiguousarray(made, lazy.dtype).reshape(lazy.shape)
    return array if sys.byteorder == "little" else array.astype(array.dtype.newbyteorder("<"))


def _external(name: str, lazy: Lazy, offset: int) -> TensorProto:
    tensor = TensorProto(name=name, data_type=_element_type(lazy.dtype), dims=lazy.shape)
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in (
        ("location", WEIGHTS_FILE),
        ("offset", str(offset)),
        ("length", str(lazy.nbytes)),
    ):
        tensor.external_data.add(key=key, value=value)
    return tensor


def _attributes(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """A Cast's target is a type in ONNX; all others are as they are."""
    return {
        name: _element_type(str(value)) if name == "to" else value
        for name, value in attributes.items()
    }


def _value_info(signature: Signature) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(
        signature.name, _element_type(signature.dtype), _dimensions(signature.name, signature.shape)
    )


def _dimensions(name: str, shape: Shape) -> list[int | str]:
    """Free sizes by name; the batch is one and the same everywhere."""
    return [
        ("batch" if axis == 0 else f"{name}_{axis}") if size is None else size
        for axis, size in enumerate(shape)
    ]


def _element_type(dtype: str) -> int:
    return int(helper.np_dtype_to_tensor_dtype(np.dtype(dtype)))
