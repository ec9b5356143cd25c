"""Models that are ONNX already: taken as they are, or refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from running import run
from understudy.compiler.adopt import adopt_onnx
from understudy.errors import ModelFileError

RNG = np.random.default_rng(0)
KERNEL = RNG.normal(0, 0.3, (8, 3, 5, 5)).astype(np.float32)
DENSE = RNG.normal(0, 0.3, (8, 4)).astype(np.float32)


def net(end: str = "Softmax") -> onnx.ModelProto:
    """A convolution of 600 weights, a dense layer of 32, four biases written as numbers."""
    nodes = [
        helper.make_node("Conv", ["x", "kernel"], ["c"], pads=[2, 2, 2, 2]),
        helper.make_node("Relu", ["c"], ["r"]),
        helper.make_node("GlobalAveragePool", ["r"], ["p"]),
        helper.make_node("Flatten", ["p"], ["f"]),
        helper.make_node("Gemm", ["f", "dense", "bias"], ["g"]),
        helper.make_node(end, ["g"], ["y"]),
    ]
    graph = helper.make_graph(
        nodes,
        "net",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 3, 9, None])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["N", 4])],
        [
            numpy_helper.from_array(KERNEL, "kernel"),
            numpy_helper.from_array(DENSE, "dense"),
            helper.make_tensor("bias", TensorProto.FLOAT, [4], [0.1, 0.2, 0.3, 0.4]),
        ],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def answer(image: np.ndarray, proto: onnx.ModelProto) -> np.ndarray:
    """What the reference implementation gives for the model as it was."""
    from onnx.reference import ReferenceEvaluator

    return np.asarray(ReferenceEvaluator(proto).run(None, {"x": image})[0])


@pytest.mark.parametrize("end", ["Softmax", "Sigmoid", "Identity"])
def test_the_model_answers_as_before(end: str) -> None:
    proto = net(end)
    compiled = adopt_onnx(proto.SerializeToString(), {}, "model.onnx")
    image = RNG.normal(0, 1, (2, 3, 9, 7)).astype(np.float32)
    (found,) = run(compiled, [image])
    assert np.abs(found - answer(image, proto)).max() < 1e-5
    assert [(s.name, s.shape, s.dtype) for s in compiled.inputs] == [
        ("x", (None, 3, 9, None), "float32")
    ]
    assert compiled.outputs[0].shape == (None, 4)
    ends = {"Softmax": "softmax", "Sigmoid": "sigmoid", "Identity": "linear"}
    assert compiled.activation == ends[end]
    assert compiled.parameters == 600 + 32 + 4
    assert compiled.files.weights_size == 600 * 4  # the small ones stay in the graph
    assert any("as it is" in note for note in compiled.notes)


def outside(tmp_path: Path) -> tuple[bytes, bytes]:
    """The model and its weights in another file."""
    path = tmp_path / "model.onnx"
    onnx.save_model(
        net(), str(path), save_as_external_data=True, location="model.onnx.data", size_threshold=0
    )
    return path.read_bytes(), (tmp_path / "model.onnx.data").read_bytes()


def test_weights_outside_are_taken_only_if_they_are_given(tmp_path: Path) -> None:
    model, data = outside(tmp_path)
    compiled = adopt_onnx(model, {"model.onnx.data": data}, "model.onnx")
    image = RNG.normal(0, 1, (1, 3, 9, 7)).astype(np.float32)
    (found,) = run(compiled, [image])
    assert np.abs(found - answer(image, net())).max() < 1e-5
    with pytest.raises(ModelFileError, match="was not given"):
        adopt_onnx(model, {}, "model.onnx")
    with pytest.raises(ModelFileError, match="are there"):
        adopt_onnx(model, {"model.onnx.data": data[:100]}, "model.onnx")
    with pytest.raises(ModelFileError, match="does not use other"):
        adopt_onnx(model, {"model.onnx.data": data, "other": b"x"}, "model.onnx")


@pytest.mark.parametrize("location", ["/etc/passwd", "../../etc/passwd", "weights.bin", ""])
def test_weights_elsewhere_are_refused(location: str) -> None:
    proto = net()
    kernel = proto.graph.initializer[0]
    kernel.ClearField("raw_data")
    kernel.data_location = TensorProto.EXTERNAL
    kernel.external_data.add(key="location", value=location)
    with pytest.raises(ModelFileError, match="was not given"):
        adopt_onnx(proto.SerializeToString(), {}, "model.onnx")


@pytest.mark.parametrize("deep", [False, True])
def test_constants_elsewhere_are_refused(deep: bool) -> None:
    """In an operator's attribute, or in one inside a branch: onnxruntime would look for them."""
    tensor = TensorProto(name="hidden", data_type=TensorProto.FLOAT, dims=[2])
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="/etc/passwd")
    node = helper.make_node("Constant", [], ["k"], value=tensor)
    if deep:
        output = helper.make_tensor_value_info("k", TensorProto.FLOAT, [2])
        branch = helper.make_graph([node], "branch", [], [output])
        node = helper.make_node("If", ["f"], ["k"], then_branch=branch, else_branch=branch)
    proto = net()
    proto.graph.node.insert(4, node)
    with pytest.raises(ModelFileError, match="keeps the constant 'hidden' in another file"):
        adopt_onnx(proto.SerializeToString(), {}, "model.onnx")


def strings(proto: onnx.ModelProto) -> None:
    proto.graph.initializer[0].CopyFrom(
        helper.make_tensor("kernel", TensorProto.STRING, [1], [b""])
    )


def short(proto: onnx.ModelProto) -> None:
    proto.graph.initializer[0].raw_data = b"1234"


def huge(proto: onnx.ModelProto) -> None:
    proto.graph.initializer[0].dims[0] = 1 << 62


def negative(proto: onnx.ModelProto) -> None:
    proto.graph.initializer[0].dims[0] = -8


def misfit(proto: onnx.ModelProto) -> None:
    proto.graph.initializer[2].dims[0] = 5


def shapeless(proto: onnx.ModelProto) -> None:
    proto.graph.output[0].type.tensor_type.ClearField("shape")


def no_output(proto: onnx.ModelProto) -> None:
    del proto.graph.output[:]


def empty(proto: onnx.ModelProto) -> None:
    del proto.graph.node[:]


def text(proto: onnx.ModelProto) -> None:
    proto.graph.input[0].type.tensor_type.elem_type = TensorProto.STRING


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (strings, "a type or a shape that cannot be"),
        (short, "are there"),
        (huge, "are there"),
        (negative, "a type or a shape that cannot be"),
        (misfit, "are there"),
        (shapeless, "known shape"),
        (no_output, "no inputs or no outputs"),
        (empty, "without a graph"),
        (text, "no tensor of numbers"),
    ],
)
def test_what_makes_no_sense_is_refused(damage: object, said: str) -> None:
    proto = net()
    damage(proto)  # type: ignore[operator]
    with pytest.raises(ModelFileError, match=said):
        adopt_onnx(proto.SerializeToString(), {}, "model.onnx")


def test_a_damaged_file_is_refused() -> None:
    data = net().SerializeToString()
    with pytest.raises(ModelFileError, match="damaged ONNX"):
        adopt_onnx(data[: len(data) // 2], {}, "model.onnx")
    nested = b""
    for _ in range(5_000):  # a graph in an attribute of a node of a graph, and so on
        nested = b"\x32" + _length(nested)
        nested = b"\x2a" + _length(nested)
        nested = b"\x0a" + _length(nested)
    with pytest.raises(ModelFileError, match=r"damaged ONNX|without a graph"):
        adopt_onnx(b"\x08\x08\x3a" + _length(nested), {}, "model.onnx")


def _length(data: bytes) -> bytes:
    """A protobuf field's content after its length."""
    size, head = len(data), bytearray()
    while size > 127:
        head.append(size & 127 | 128)
        size >>= 7
    return bytes([*head, size]) + data
