"""Which of the given files is what to a release, and releases of several shards."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import numpy as np
import onnx
import pytest
from golden_set import goldens

from understudy import wiring
from understudy.delivery.making import plan_release
from understudy.delivery.options import Options
from understudy.delivery.sources import find_sources
from understudy.errors import InputError
from understudy.release.identity import Role
from understudy.release.repository import read_manifest


def golden(version: str, model: str, name: str) -> bytes:
    return next(g for g in goldens() if (g.version, g.model) == (version, model)).read(name)


def unpack(data: bytes, folder: Path) -> Path:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        archive.extractall(folder)
    return folder


@pytest.fixture
def teachable(tmp_path: Path) -> Path:
    """The folder of a Teachable Machine export for TensorFlow.js."""
    data = golden("tensorflowjs-4.22.0", "teachable", "tfjs.zip")
    return unpack(data, tmp_path / "my-model")


def roles(folder: Path, *more: Path) -> dict[str, str]:
    return {given.name: given.role.value for given in find_sources([folder, *more]).given}


def test_a_folder_of_tensorflow_js(teachable: Path) -> None:
    found = {"model.json": "model", "weights.bin": "shard", "metadata.json": "metadata"}
    assert roles(teachable) == found
    files = sorted(teachable.iterdir())
    assert {g.name: g.role.value for g in find_sources(files).given} == found
    name, labels = find_sources([teachable]).labels() or ("", ())
    assert (name, labels) == ("metadata.json", ("red", "green", "blue", "none"))
    (teachable / "labels.txt").write_text("a\nb\nc\nd\n")
    assert (find_sources([teachable]).labels() or ("", ()))[1] == ("a", "b", "c", "d")


def test_an_index_alone_names_what_is_missing(teachable: Path) -> None:
    with pytest.raises(InputError, match=r"weights\.bin"):
        find_sources([teachable / "model.json"])


def test_names_are_those_of_what_the_files_are(tmp_path: Path) -> None:
    """An HDF5 file that is called `.keras`, YAML that is called `.txt`."""
    (tmp_path / "a.keras").write_bytes(golden("keras-2.0.6", "shared", "model.h5"))
    assert roles(tmp_path / "a.keras") == {"model.h5": "model"}
    (tmp_path / "b.txt").write_bytes(golden("keras-2.0.6+formats", "yaml", "architecture.yaml"))
    (tmp_path / "c").write_bytes(golden("keras-2.0.6+formats", "yaml", "weights.h5"))
    both = {"architecture.yaml": "architecture", "weights.h5": "weights"}
    assert roles(tmp_path / "b.txt", tmp_path / "c") == both


def test_sharded_weights(tmp_path: Path) -> None:
    folder = unpack(golden("keras-3.15.1+formats", "sharded", "sharded.zip"), tmp_path / "m")
    found = roles(folder)
    assert found.pop("architecture.json") == "architecture"
    assert found.pop("weights.json") == "weights"
    assert set(found.values()) == {"shard"}
    assert sorted(found) == [f"model_0000{n}.weights.h5" for n in range(len(found))]


def test_the_id_covers_every_shard(teachable: Path, tmp_path: Path) -> None:
    before = plan_release(find_sources([teachable])).id
    assert plan_release(find_sources([teachable])).id == before
    weights = teachable / "weights.bin"
    whole = weights.read_bytes()
    weights.write_bytes(whole[:-1] + b"\x01")
    assert plan_release(find_sources([teachable])).id != before
    weights.write_bytes(whole)
    said = Options(backend="theano")
    assert plan_release(find_sources([teachable]), said).id != before
    assert plan_release(find_sources([teachable]), Options()).id == before


def test_a_shard_cannot_take_another_sources_name(teachable: Path) -> None:
    model = teachable / "model.json"
    (teachable / "model.h5").write_bytes((teachable / "weights.bin").read_bytes())
    model.write_text(model.read_text().replace("./weights.bin", "model.h5"))
    (teachable / "weights.bin").unlink()
    with pytest.raises(InputError, match=r"cannot be called model\.h5"):
        find_sources([teachable])


def test_a_saved_model_is_named(tmp_path: Path) -> None:
    (tmp_path / "saved_model.pb").write_bytes(b"x")
    with pytest.raises(InputError, match="SavedModel"):
        find_sources([tmp_path])


def test_there_is_no_third_backend() -> None:
    with pytest.raises(InputError, match="no backend 'cntk'"):
        Options(backend="cntk")


# --- Pushed ---------------------------------------------------------------------------------------


def dev(store: Path) -> list[str]:
    names = (path.name for path in (store / "tm" / "dev").iterdir())
    return sorted(name for name in names if name != "status.json")


def test_the_stage_folder_holds_all_shards_and_no_stale_ones(
    teachable: Path, tmp_path: Path
) -> None:
    store = tmp_path / "store"
    packed = tmp_path / "my-model.zip"
    packed.write_bytes(golden("tensorflowjs-4.22.0", "teachable", "tfjs.zip"))
    first = wiring.push_files([teachable], "tm", store=store)
    assert dev(store) == ["metadata.json", "model.json", "weights.bin"]
    assert first.manifest.labels == ("red", "green", "blue", "none")
    assert first.manifest.origin.format == "layers model of TensorFlow.js"
    second = wiring.push_files([packed], "tm", store=store)
    assert dev(store) == ["model.zip"]
    assert second.manifest.labels == first.manifest.labels
    again = wiring.push_files([store / "tm" / "dev"], "tm", store=store)
    assert not again.moved
    third = wiring.push_files([teachable], "tm", store=store)
    assert third.manifest.id == first.manifest.id
    assert dev(store) == ["metadata.json", "model.json", "weights.bin"]
    wiring.promote_model("tm", "dev", "prod", store=store, unverified=True)
    where = wiring.store_at(store)
    kept = read_manifest(where, "tm", first.manifest.id)
    assert [s.name for s in kept.sources if s.role is Role.SHARD] == ["weights.bin"]
    pixels = np.zeros((16, 16, 3), np.uint8)
    with wiring.open_model("tm", stage="prod", store=store) as classifier:
        answer = classifier.classify(pixels)
    assert answer.predictions[0].label in first.manifest.labels


def test_an_onnx_model_with_its_weights_beside_it(tmp_path: Path) -> None:
    folder = tmp_path / "m"
    folder.mkdir()
    kernel = np.random.default_rng(0).normal(0, 1, (300, 4)).astype(np.float32)
    shape = onnx.helper.make_tensor_value_info
    graph = onnx.helper.make_graph(
        [
            onnx.helper.make_node("Flatten", ["x"], ["f"]),
            onnx.helper.make_node("MatMul", ["f", "k"], ["m"]),
            onnx.helper.make_node("Softmax", ["m"], ["y"]),
        ],
        "net",
        [shape("x", onnx.TensorProto.FLOAT, ["N", 10, 10, 3])],
        [shape("y", onnx.TensorProto.FLOAT, ["N", 4])],
        [onnx.numpy_helper.from_array(kernel, "k")],
    )
    opset = [onnx.helper.make_opsetid("", 17)]
    model = onnx.helper.make_model(graph, opset_imports=opset, ir_version=8)
    onnx.save_model(
        model, str(folder / "net.onnx"), save_as_external_data=True, location="net.onnx.data",
        size_threshold=0,
    )  # fmt: skip
    done = wiring.push_files([folder], "tm", store=tmp_path / "store")
    assert dev(tmp_path / "store") == ["model.onnx", "net.onnx.data"]
    assert done.manifest.origin.format == "ONNX, as it is"
    again = wiring.push_files([tmp_path / "store" / "tm" / "dev"], "tm", store=tmp_path / "store")
    assert not again.moved
    with wiring.open_model("tm", store=tmp_path / "store") as classifier:
        assert len(classifier.classify(np.zeros((10, 10, 3), np.uint8)).predictions) == 4


def test_keras_1_with_and_without_a_backend(tmp_path: Path) -> None:
    for name in ("architecture.json", "weights.h5"):
        (tmp_path / name).write_bytes(golden("keras-1.2.2-theano", "vgg_functional", name))
    plain = wiring.push_files([tmp_path], "tm", store=tmp_path / "store")
    assert plain.manifest.origin.backend == "theano"
    assert any("--backend tensorflow" in note for note in plain.manifest.origin.notes)
    options = Options(backend="tensorflow")
    said = wiring.push_files([tmp_path], "tm", store=tmp_path / "store", options=options)
    assert said.manifest.id != plain.manifest.id
    assert said.manifest.origin.backend == "tensorflow"
    text = json.dumps([source.name for source in said.manifest.sources])
    assert text == '["architecture.json", "weights.h5"]'
