"""What is in a compiled model: its operators with their weights, as ONNX has them.

Takes the two files that `emit` or `adopt` wrote; weights are views of `weights.bin`, read when
they are asked for.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from ..errors import ReleaseError
from ..files import Buffer
from .graph import Array, Lazy

HINT = "the release is damaged: repair it with `understudy fsck --repair`"


@dataclass(frozen=True, slots=True)
class Operator:
    """One node of the graph.

    Attributes:
        name: the name of its first output.
        kind: the operator.
        attributes: plain values; a graph inside it by the hash of its content.
        weights: the number of the input -> the constant that it takes.
    """

    name: str
    kind: str
    attributes: Mapping[str, Any]
    weights: Mapping[int, Lazy]


def operators(graph: Buffer, weights: Buffer) -> Iterator[Operator]:
    """Give the operators of `model.onnx`, with the constants that are in it or in `weights.bin`.

    Raises:
        ReleaseError: they are not such files.
    """
    proto = onnx.ModelProto()
    try:
        proto.ParseFromString(bytes(graph))
    except Exception as error:  # protobuf's own, which depends on its implementation
        raise ReleaseError(f"the compiled model cannot be read: {error}", hint=HINT) from None
    constants = {tensor.name: _constant(tensor, weights) for tensor in proto.graph.initializer}
    for node in proto.graph.node:
        yield Operator(
            node.output[0] if node.output else node.name,
            node.op_type,
            {attribute.name: _plain(attribute) for attribute in node.attribute},
            {n: constants[name] for n, name in enumerate(node.input) if name in constants},
        )


def _constant(tensor: TensorProto, weights: Buffer) -> Lazy:
    dtype = helper.tensor_dtype_to_np_dtype(tensor.data_type)
    shape = tuple(tensor.dims)
    if tensor.data_location != TensorProto.EXTERNAL:
        return Lazy(shape, dtype.name, lambda: numpy_helper.to_array(tensor))
    said = {entry.key: entry.value for entry in tensor.external_data}
    start, size = int(said.get("offset", "0")), math.prod(shape) * dtype.itemsize
    if start + size > len(weights):
        raise ReleaseError(f"weights.bin is too short for {tensor.name}", hint=HINT)
    content = memoryview(weights)[start : start + size]
    return Lazy(shape, dtype.name, _reader(content, dtype, shape))


def _reader(
    content: memoryview, dtype: np.dtype[Any], shape: tuple[int, ...]
) -> Callable[[], Array]:
    return lambda: np.frombuffer(content, dtype.newbyteorder("<")).reshape(shape)


def _plain(attribute: onnx.AttributeProto) -> Any:
    value = helper.get_attribute_value(attribute)
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    if isinstance(value, int | float | str):
        return value
    if isinstance(value, list | tuple) and all(isinstance(v, int | float) for v in value):
        return list(value)
    return hashlib.sha256(attribute.SerializeToString(deterministic=True)).hexdigest()[:16]
