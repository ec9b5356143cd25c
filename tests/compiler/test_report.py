"""The load report: every tensor of the files is accounted for, and so are those they lack."""

from __future__ import annotations

import hashlib
import io
import json
import math
import zipfile
from typing import Any

import h5py
import numpy as np
import onnx
import pytest
from golden_set import goldens

from keras_files import (
    conv,
    conv_weights,
    files,
    functional,
    hdf5,
    image_input,
    layer,
    legacy_weights,
    numbered_weights,
    random,
    sequential,
)
from understudy.compiler import compile_model, load_report
from understudy.compiler.adopt import adopt_onnx
from understudy.compiler.inspection import describe_architecture, inspect
from understudy.compiler.report import LoadedTensor, Status
from understudy.errors import WeightsError
from understudy.keras import Model, normalize, read
from understudy.keras.formats import recognise

DOCUMENT = functional([image_input(), conv("one", "image"), conv("two", "one")])
SHAPE = (3, 3, 4, 4)


def model_of(document: Any, weights: bytes) -> Model:
    return normalize(read(files(document, weights)))[0]


def report_of(document: Any, weights: bytes) -> dict[str, LoadedTensor]:
    return {tensor.source: tensor for tensor in load_report(model_of(document, weights))}


def golden(version: str, model: str, name: str) -> bytes:
    return next(g for g in goldens() if (g.version, g.model) == (version, model)).read(name)


def stored(array: np.ndarray) -> str:
    little = array.astype(array.dtype.newbyteorder("<"))
    return hashlib.sha256(little.tobytes("C")).hexdigest()


# --- Hashes ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "version", ["keras-1.2.2", "keras-1.2.2-theano+keras1", "tfkeras-2.4", "keras-3.15.1"]
)
def test_a_hash_is_of_what_the_file_holds(version: str) -> None:
    """Whatever is turned and transposed for the graph, the hash is of what h5py reads."""
    one = next(g for g in goldens() if g.version == version)
    weights = next(name for name in one.files if name.endswith("weights.h5"))
    content = {name: one.read(name) for name in ("architecture.json", weights)}
    report = load_report(normalize(read(content))[0])
    assert report
    with h5py.File(io.BytesIO(content[weights])) as file:
        for tensor in report:
            array = file[tensor.source][()]
            assert (tensor.shape, tensor.dtype) == (array.shape, array.dtype.name)
            assert tensor.sha256 == stored(array)


def test_order_and_compression_make_no_difference() -> None:
    kernel = random(3, 3, 3, 4)

    def hashed(**options: Any) -> str | None:
        def write(file: h5py.File) -> None:
            file.attrs["layer_names"] = [b"one"]
            group = file.create_group("one")
            group.attrs["weight_names"] = [b"one/kernel:0"]
            group.create_dataset("one/kernel:0", **({"data": kernel} | options))

        document = functional([image_input(), conv("one", "image", use_bias=False)])
        return report_of(document, hdf5(write))["one/one/kernel:0"].sha256

    assert hashed() == stored(kernel)
    assert hashed(data=kernel.astype(">f4")) == hashed()
    assert hashed(chunks=(2, 2, 2, 2), compression="gzip", shuffle=True) == hashed()
    assert hashed(data=kernel.astype(np.float64)) != hashed()


def test_a_quantised_tensor_is_what_lies_in_the_shards() -> None:
    data = golden("tfkeras-2.15+formats", "tfjs_uint8", "tfjs.zip")
    found = recognise({"tfjs.zip": data})
    report = load_report(normalize(read(found))[0])
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        document = json.loads(archive.read("model.json"))
        position, entries = 0, {}
        for group in document["weightsManifest"]:
            held = b"".join(archive.read(path) for path in group["paths"])
            position = 0
            for entry in group["weights"]:
                dtype = entry.get("quantization", entry)["dtype"]
                size = math.prod(entry["shape"]) * np.dtype(dtype).itemsize
                entries[entry["name"]] = (dtype, held[position : position + size])
                position += size
    assert {tensor.source for tensor in report} == set(entries)
    for tensor in report:
        dtype, held = entries[tensor.source]
        assert tensor.dtype == dtype
        assert tensor.sha256 == hashlib.sha256(held).hexdigest()
        assert tensor.status is Status.USED
    assert "uint8" in {tensor.dtype for tensor in report}


def test_an_onnx_models_weights_have_hashes() -> None:
    kernel = random(3, 2)
    node = onnx.helper.make_node("MatMul", ["x", "kernel"], ["y"])
    ends = [
        onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, ["n", size])
        for name, size in (("x", 3), ("y", 2))
    ]
    weights = [onnx.numpy_helper.from_array(kernel, "kernel")]
    graph = onnx.helper.make_graph([node], "g", ends[:1], ends[1:], weights)
    compiled = adopt_onnx(onnx.helper.make_model(graph).SerializeToString(), {}, "model.onnx")
    assert [tensor.sha256 for tensor in compiled.report()] == [stored(kernel)]


# --- What became of each ---------------------------------------------------------------------


def test_gates_that_keras_1_kept_apart_are_each_in_the_report() -> None:
    found = [g for g in goldens() if g.version == "keras-1.2.2+keras1"]
    joined = 0
    for one in found:
        model, _ = normalize(read({n: one.read(n) for n in ("architecture.json", "weights.h5")}))
        report = load_report(model)
        assert {tensor.status for tensor in report} == {Status.USED}
        with h5py.File(io.BytesIO(one.read("weights.h5"))) as file:
            assert all(tensor.source in file for tensor in report)
        targets = [tensor.target for tensor in report]
        joined += len(targets) - len(set(targets))
    assert joined > 0


def test_layers_that_no_output_needs() -> None:
    document = functional(
        [image_input(), conv("one", "image"), conv("side", "image"), conv("far", "side", size=1)],
        outputs=("one",),
    )
    weights = conv_weights("one") | conv_weights("side")
    report = report_of(document, legacy_weights(weights))
    assert report["side/side/kernel:0"].status is Status.UNREACHED
    assert report["side/side/kernel:0"].target == "side/kernel"
    lacking = report["far/far/kernel"]
    assert (lacking.status, lacking.shape, lacking.sha256) == (Status.MISSING, None, None)
    assert compile_model(model_of(document, legacy_weights(weights)))


def test_states_of_training_and_what_cannot_be_hashed() -> None:
    def write(file: h5py.File) -> None:
        file["layers/conv2d/vars/0"], file["layers/conv2d/vars/1"] = random(3, 3, 3, 4), random(4)
        file["layers/dropout/seed_generator/vars/0"] = np.array([0, 7], np.uint32)
        file["optimizer/vars/0"] = np.int64(3)
        file["spare"] = random(2)
        file["words"] = np.array([b"red", b"green"])

    dropout = layer("Dropout", "dropout", "one", rate=0.5)
    report = report_of(functional([image_input(), conv("one", "image"), dropout]), hdf5(write))
    status = {source: str(tensor.status) for source, tensor in report.items()}
    assert status == {
        "layers/conv2d/vars/0": "used",
        "layers/conv2d/vars/1": "used",
        "layers/dropout/seed_generator/vars/0": "training",
        "optimizer/vars/0": "optimizer",
        "spare": "unused",
        "words": "unused",
    }
    assert {source for source, tensor in report.items() if tensor.sha256 is None} == {"words"}


def test_a_tensor_that_nobody_needs_may_be_damaged() -> None:
    def write(file: h5py.File) -> None:
        file["layers/conv2d/vars/0"], file["layers/conv2d/vars/1"] = random(3, 3, 3, 4), random(4)
        file.create_dataset("optimizer/vars/0", (64, 64), "f4", chunks=(32, 32))[:32] = 1

    report = report_of(functional([image_input(), conv("one", "image")]), hdf5(write))
    assert report["optimizer/vars/0"].sha256 is None


# --- What is missing -------------------------------------------------------------------------


def refused(document: Any, weights: bytes) -> tuple[str, ...]:
    with pytest.raises(WeightsError) as caught:
        compile_model(model_of(document, weights))
    assert inspect(*normalize(read(files(document, weights)))).problems == (
        caught.value.problems or (caught.value.what,)
    )
    return caught.value.problems


def test_a_misnamed_layer_is_found_by_what_is_missing_and_what_is_unused() -> None:
    weights = legacy_weights(
        conv_weights("one") | {"second": {"k/kernel:0": random(*SHAPE), "k/bias:0": random(4)}}
    )
    assert refused(DOCUMENT, weights) == (
        "two/kernel of Conv2D should have the shape (3, 3, 4, 4), the file has none; "
        "it was looked for at two/two/kernel",
        "two/bias of Conv2D should have the shape (4,), the file has none; "
        "it was looked for at two/two/bias",
        "second/k/bias:0 (4,) is in the file, and no layer uses it",
        "second/k/kernel:0 (3, 3, 4, 4) is in the file, and no layer uses it",
    )


def test_all_that_is_missing_is_listed_in_the_numbered_layout() -> None:
    inner = functional([image_input("inside"), conv("deep", "inside")], ("inside",))
    document = functional(
        [
            image_input(),
            conv("one", "image"),
            {**layer("Functional", "block", "one"), "config": {**inner["config"], "name": "block"}},
        ]
    )
    document["config"]["layers"][2]["config"]["layers"][0]["config"]["batch_input_shape"] = [
        *(None, 4, 3, 4)
    ]
    problems = refused(document, numbered_weights({"other": [random(2)]}))
    assert [problem.rpartition("; ")[2] for problem in problems] == [
        "it was looked for at layers/conv2d/vars/0",
        "it was looked for at layers/conv2d/vars/1",
        "it was looked for at layers/functional/layers/conv2d/vars/0",
        "it was looked for at layers/functional/layers/conv2d/vars/1",
        "layers/other/vars/0 (2,) is in the file, and no layer uses it",
    ]


def test_listed_tensors_that_the_file_does_not_hold_are_all_named() -> None:
    def write(file: h5py.File) -> None:
        file.attrs["layer_names"] = [b"one", b"two"]
        for name in ("one", "two"):
            file.create_group(name).attrs["weight_names"] = [f"{name}/kernel:0".encode()]

    with pytest.raises(WeightsError) as caught:
        model_of(DOCUMENT, hdf5(write))
    assert caught.value.problems == ("one/one/kernel:0", "two/two/kernel:0")


def test_one_problem_is_one_line() -> None:
    weights = conv_weights("one") | conv_weights("two", (3, 3, 4, 5))
    del weights["two"]["two/bias:0"]
    weights["two"]["two/bias:0"] = random(4)
    with pytest.raises(WeightsError) as caught:
        compile_model(model_of(DOCUMENT, legacy_weights(weights)))
    assert caught.value.problems == ()
    assert "(3, 3, 4, 4), found (3, 3, 4, 5) at two/two/kernel:0" in caught.value.what


def test_goldens_lack_nothing() -> None:
    for one in goldens():
        if {"architecture.json", "weights.h5"} <= set(one.files):
            content = {name: one.read(name) for name in ("architecture.json", "weights.h5")}
            report = load_report(normalize(read(content))[0])
            assert {t.status for t in report} <= {Status.USED, Status.TRAINING}, one


# --- The architecture alone ------------------------------------------------------------------


def alone(document: Any) -> Any:
    found = recognise({"architecture.json": json.dumps(document).encode()}, weightless=True)
    return describe_architecture(*normalize(read(found)))


def test_an_architecture_alone_says_what_its_layers_need() -> None:
    found = alone(DOCUMENT)
    assert (found.needs_weights, found.problems, found.tensors) == (True, (), ())
    assert [(one.name, one.parameters) for one in found.layers] == [("one", 112), ("two", 148)]
    assert found.parameters == 260
    assert [port.shape for port in found.inputs or ()] == [(None, 6, 5, 3)]
    assert [port.shape for port in found.outputs or ()] == [(None, 2, 1, 4)]
    assert found.origin.format == "json"


def test_an_architecture_alone_says_what_cannot_be_compiled() -> None:
    found = alone(sequential(image_input(), layer("Mystery", "riddle"), layer("Enigma", "puzzle")))
    assert len(found.problems) == 2
    assert [one.kind for one in found.layers] == ["Mystery", "Enigma"]


@pytest.mark.parametrize("version", ["keras-1.2.2", "keras-2.2.4", "tfkeras-2.15", "keras-3.15.1"])
def test_an_architecture_alone_counts_as_the_whole_model(version: str) -> None:
    """Its parameters, inputs and outputs are those of the compiled model, whatever wrote it."""
    tried = 0
    for one in goldens():
        names = ("architecture.json", next((n for n in one.files if n.endswith("weights.h5")), ""))
        if one.version != version or not set(names) <= set(one.files):
            continue
        if one.model == "activation_layers" and version == "keras-1.2.2":
            continue  # only the weights tell which axes its PReLU shares
        whole = inspect(*normalize(read({name: one.read(name) for name in names})))
        found = alone(json.loads(one.read("architecture.json")))
        assert (found.inputs, found.outputs) == (whole.inputs, whole.outputs), one
        assert found.activation == whole.activation
        unneeded = [t for t in whole.tensors if t.target and t.target.endswith("/count")]
        assert found.parameters == whole.parameters - sum(math.prod(t.shape) for t in unneeded), one
        tried += 1
    assert tried >= 15
