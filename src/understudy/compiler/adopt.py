"""A model that is ONNX already: its graph stays as it is, its weights move to `weights.bin`.

What is checked is what could reach outside or hide: where weights lie, types and sizes. Which
operators and opsets there are is onnxruntime's to know.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper

from ..errors import ModelFileError
from ..files import Buffer
from .compile import Compiled
from .emit import INLINE_BYTES, PAGE, WEIGHTS_FILE, Emitted
from .graph import Array, Lazy, Shape, Signature
from .report import LoadedTensor, Status, sha256

MAX_NODES = 200_000
MAX_GRAPH_BYTES = (1 << 31) - 1
"""What protobuf can hold; weights may lie beside it, in files of their own."""

HINT = "export the model again: torch.onnx.export, tf2onnx, or model.export('model.onnx')"
_ACTIVATIONS = {"Softmax": "softmax", "Sigmoid": "sigmoid", "LogSoftmax": "log_softmax"}


def adopt_onnx(data: Buffer, beside: Mapping[str, Buffer], name: str) -> Compiled:
    """Take an ONNX model over.

    Args:
        data: the file.
        beside: the files with weights that were given with it, by name.
        name: what to call it in errors.

    Raises:
        ModelFileError: it is damaged, or refers to files that were not given.
    """
    proto = _parse(data, name)
    graph = proto.graph
    _check_attributes(proto, name)
    report, weights, position, used = [], [], 0, set()
    for tensor in graph.initializer:
        dtype, shape = _stored_type(tensor, name), tuple(tensor.dims)
        location, make = _content(tensor, dtype, shape, beside, name)
        used.add(location)
        lazy = Lazy(shape, dtype, make)
        report.append(
            LoadedTensor(tensor.name, shape, dtype, tensor.name, Status.USED, sha256(make()))
        )
        if lazy.nbytes <= INLINE_BYTES and location is None:
            continue
        offset = -(-position // PAGE) * PAGE
        _move(tensor, offset, lazy.nbytes)
        weights.append((offset, lazy))
        position = offset + lazy.nbytes
    unused = [file for file in beside if file not in used]
    if unused:
        raise ModelFileError(
            f"{name} does not use {', '.join(unused)}", hint="give its own files only"
        )
    initial = {tensor.name for tensor in graph.initializer}
    inputs = tuple(_signature(v, name) for v in graph.input if v.name not in initial)
    outputs = tuple(_signature(v, name) for v in graph.output)
    if not inputs or not outputs:
        raise ModelFileError(f"{name} has no inputs or no outputs", hint=HINT)
    last = next((n for n in graph.node if outputs[0].name in n.output), None)
    opset = max((o.version for o in proto.opset_import if o.domain in ("", "ai.onnx")), default=0)
    return Compiled(
        inputs=inputs,
        outputs=outputs,
        activation=_ACTIVATIONS.get(last.op_type, "linear") if last is not None else "linear",
        rescales=False,
        parameters=sum(math.prod(tensor.dims) for tensor in graph.initializer),
        report=lambda: tuple(report),
        notes=("an ONNX model is taken as it is: only its goldens can show that it is right",),
        family=None,
        files=Emitted(proto.SerializeToString(deterministic=True), tuple(weights), position, opset),
        operators=tuple(node.op_type for node in graph.node),
    )


def _parse(data: Buffer, name: str) -> onnx.ModelProto:
    if len(data) > MAX_GRAPH_BYTES:
        raise ModelFileError(
            f"{name} has {len(data):,} bytes, more than an ONNX file can have",
            hint="export it with its weights in a file of their own (external data)",
        )
    proto = onnx.ModelProto()
    try:
        proto.ParseFromString(bytes(data))
    except Exception as error:  # protobuf's own, which depends on its implementation
        raise ModelFileError(f"{name} is a damaged ONNX file: {error}", hint=HINT) from None
    if not proto.HasField("graph") or not proto.graph.node:
        raise ModelFileError(f"{name} is ONNX without a graph", hint=HINT)
    if len(proto.graph.node) > MAX_NODES or len(proto.graph.initializer) > MAX_NODES:
        raise ModelFileError(f"{name} has more than {MAX_NODES:,} nodes or weights", hint=HINT)
    return proto


def _check_attributes(proto: onnx.ModelProto, name: str) -> None:
    """Refuse weights outside of the file anywhere but among the graph's own initializers."""
    if proto.training_info:
        raise ModelFileError(f"{name} is an ONNX training graph", hint="export it for inference")
    for tensor in _inner_tensors(proto):
        if tensor.data_location == TensorProto.EXTERNAL or tensor.external_data:
            raise ModelFileError(
                f"{name} keeps the constant {tensor.name!r} in another file", hint=HINT
            )


def _inner_tensors(proto: onnx.ModelProto) -> Iterator[TensorProto]:
    waiting: list[Any] = [proto.graph, *proto.functions]
    outermost = True
    while waiting:
        graph = waiting.pop(0)
        if not outermost and isinstance(graph, onnx.GraphProto):
            yield from graph.initializer
        for sparse in getattr(graph, "sparse_initializer", ()):
            yield from (sparse.values, sparse.indices)
        for attribute in (a for node in graph.node for a in node.attribute):
            yield from (attribute.t, *attribute.tensors)
            for inner in (attribute.sparse_tensor, *attribute.sparse_tensors):
                yield from (inner.values, inner.indices)
            waiting += [g for g in (attribute.g, *attribute.graphs) if g.node]
        outermost = False


def _stored_type(tensor: TensorProto, name: str) -> str:
    try:
        dtype = helper.tensor_dtype_to_np_dtype(tensor.data_type)
    except (KeyError, ValueError, TypeError):
        dtype = np.dtype(object)
    if dtype.kind not in "fiub" or any(side < 0 for side in tensor.dims):
        raise ModelFileError(
            f"{name}: the weight {tensor.name!r} has a type or a shape that cannot be",
            hint=HINT,
        )
    return dtype.name


def _content(
    tensor: TensorProto, dtype: str, shape: tuple[int, ...], beside: Mapping[str, Buffer], name: str
) -> tuple[str | None, Callable[[], Array]]:
    """The file beside the model that holds a weight, if one does, and what reads it."""
    kind = np.dtype(dtype).newbyteorder("<")
    size = math.prod(shape) * kind.itemsize
    if tensor.data_location != TensorProto.EXTERNAL:
        raw = tensor.raw_data
        if tensor.HasField("raw_data"):
            if len(raw) != size:
                raise _misfit(tensor, name, len(raw), size)
            return None, lambda: np.frombuffer(raw, kind).reshape(shape)
        copy = TensorProto()
        copy.CopyFrom(tensor)
        try:
            array = onnx.numpy_helper.to_array(copy)
        except Exception:  # whatever NumPy says of lists that do not fit
            raise _misfit(tensor, name, tensor.ByteSize(), size) from None
        if array.shape != shape:
            raise _misfit(tensor, name, array.nbytes, size)
        return None, lambda: array
    said = {entry.key: entry.value for entry in tensor.external_data}
    location = said.get("location", "")
    file = beside.get(location.removeprefix("./"))
    if file is None:
        raise ModelFileError(
            f"{name} keeps its weights in {location!r}, which was not given",
            hint="give that file too, from the same folder, under the same name",
        )
    try:
        start = int(said.get("offset", "0"))
        length = int(said.get("length", str(size)))
    except ValueError:
        start, length = -1, -1
    if start < 0 or length != size or start + size > len(file):
        raise _misfit(tensor, name, max(len(file) - max(start, 0), 0), size)
    content = memoryview(file)[start : start + size]
    return location.removeprefix("./"), lambda: np.frombuffer(content, kind).reshape(shape)


def _misfit(tensor: TensorProto, name: str, found: int, needed: int) -> ModelFileError:
    return ModelFileError(
        f"{name}: the weight {tensor.name!r} takes {needed:,} bytes, {found:,} are there",
        hint="copy or export the model again",
    )


def _move(tensor: TensorProto, offset: int, size: int) -> None:
    """Let an initializer's content be in `weights.bin`."""
    name, data_type, dims = tensor.name, tensor.data_type, list(tensor.dims)
    tensor.Clear()
    tensor.name, tensor.data_type = name, data_type
    tensor.dims.extend(dims)
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in (("location", WEIGHTS_FILE), ("offset", offset), ("length", size)):
        tensor.external_data.add(key=key, value=str(value))


def _signature(value: onnx.ValueInfoProto, name: str) -> Signature:
    found = value.type.tensor_type
    try:
        dtype = helper.tensor_dtype_to_np_dtype(found.elem_type)
    except (KeyError, ValueError, TypeError):
        dtype = np.dtype(object)
    if dtype.kind not in "fiub" or not found.HasField("shape"):
        raise ModelFileError(
            f"{name}: {value.name!r} is no tensor of numbers with a known shape",
            hint="run onnx.shape_inference.infer_shapes on it, and save it again",
        )
    shape: Shape = tuple(
        side.dim_value if side.HasField("dim_value") and side.dim_value > 0 else None
        for side in found.shape.dim
    )
    return Signature(value.name, shape, dtype.name)
