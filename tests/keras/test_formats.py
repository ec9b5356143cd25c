"""Which file is what, whatever it is called, and what is refused."""

from __future__ import annotations

import base64
import io
import json
import warnings
import zipfile
from typing import Any

import h5py
import numpy as np
import pytest
from golden_set import goldens

from keras_files import conv, functional, image_input
from understudy.errors import ModelFileError
from understudy.keras import normalize, read
from understudy.keras.formats import Format, Kind, Part, kind_of, recognise
from understudy.keras.formats.tfjs import weights_tree
from understudy.keras.formats.yaml import parse_yaml

ARCHITECTURE = json.dumps(functional([image_input(), conv("conv", "image")])).encode()


def hdf5(**attributes: Any) -> bytes:
    image = io.BytesIO()
    with h5py.File(image, "w") as file:
        file.attrs.update(attributes)
    return image.getvalue()


def packed(*members: tuple[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    image = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(image, "w", method) as archive:
        warnings.simplefilter("ignore")  # two members of one name
        for name, content in members:
            archive.writestr(zipfile.ZipInfo(name), content, method)
    return image.getvalue()


def golden(version: str, model: str, name: str) -> bytes:
    return next(g for g in goldens() if (g.version, g.model) == (version, model)).read(name)


def unpacked(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


TFJS = unpacked(golden("tensorflowjs-4.22.0", "teachable", "tfjs.zip"))
SHARDED = unpacked(golden("keras-3.15.1+formats", "sharded", "sharded.zip"))
WHOLE = golden("tfkeras-2.4+formats", "teachable", "model.h5")


# --- Kinds ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"{}", Kind.JSON),
        (b"\xef\xbb\xbf\n [1]", Kind.JSON),
        (b'"{}"', Kind.JSON),
        ('{"a": "ä"}'.encode("utf-16"), Kind.JSON),
        (b"\xfe\xff" + " [1]".encode("utf-16-be"), Kind.JSON),
        ("größe".encode("utf-16"), Kind.BINARY),
        (b"backend: tensorflow\nclass_name: Sequential\n", Kind.TEXT),
        ("größe".encode(), Kind.TEXT),
        (hdf5(), Kind.HDF5),
        (bytes(512) + hdf5(), Kind.HDF5),
        (packed(("a", b"")), Kind.ZIP),
        (packed(), Kind.ZIP),
        (b"\x08\x08\x12\x07pytorch", Kind.ONNX),
        (b"\x08\x07:\x02xy", Kind.ONNX),
        (b"\x00\x01\x02\x03", Kind.BINARY),
        (b"\x80\x04\x95", Kind.BINARY),
    ],
)
def test_the_bytes_tell_the_kind(data: bytes, kind: Kind) -> None:
    assert kind_of("x", data) is kind


def test_names_do_not_matter() -> None:
    """The forms of real models, under names that say something else."""
    yaml = golden("keras-2.0.6+formats", "yaml", "architecture.yaml")
    weights = golden("keras-2.0.6+formats", "yaml", "weights.h5")
    whole = golden("keras-3.15.1", "nested", "model.keras")
    forms: dict[Format, dict[str, bytes]] = {
        Format.YAML_H5: {"model.keras": yaml, "architecture.json": weights},
        Format.H5: {"model.keras": WHOLE},
        Format.KERAS: {"weights.h5": whole},
        Format.TFJS: TFJS | {"x.h5": TFJS["model.json"]},
        Format.JSON_SHARDS: SHARDED,
    }
    del forms[Format.TFJS]["model.json"]
    for kind, files in forms.items():
        found = recognise(files)
        assert found.format is kind
        assert normalize(read(found))[0].layers


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "is empty"),
        (b"\x00\x00\x00\x00TFL3", "TensorFlow Lite"),
        (b"\x80\x04\x95xxxxx\x01", "a pickle"),
        (b"\x1f\x8b\x08\x00", "gzip"),
        (b"\x00\x01\x02\x03", "none of the files that Keras writes"),
        (packed(("archive/data.pkl", b"x"), ("archive/data/0", b"x")), "PyTorch"),
        (packed(("readme.md", b"x")), "without a model"),
        (packed(("config.json", b"{}"), ("model.weights.npz", b"x")), "pickles"),
        (ARCHITECTURE, "its weights are missing"),
        (b"class_name: Sequential", "its weights are missing"),
        (hdf5(), "the architecture is missing"),
    ],
)
def test_one_file_that_is_no_model(data: bytes, said: str) -> None:
    with pytest.raises(ModelFileError, match=said) as caught:
        read({"file": data})
    assert caught.value.hint


@pytest.mark.parametrize(
    "files",
    [
        {"a": ARCHITECTURE, "b": ARCHITECTURE},
        {"a": hdf5(), "b": hdf5()},
        {"a": ARCHITECTURE, "b": hdf5(), "c": hdf5()},
        {"a": packed(("a", b"")), "b": hdf5()},
        TFJS | {"more.h5": hdf5()},
        SHARDED | {"more.json": ARCHITECTURE},
        {},
    ],
)
def test_files_that_are_not_one_model(files: dict[str, bytes]) -> None:
    with pytest.raises(ModelFileError, match=r"not one model|no model is among"):
        recognise(files)


# --- Folders and zips -----------------------------------------------------------------------------


def test_a_zip_stands_for_what_it_holds() -> None:
    files = [(f"my model/{name}", data) for name, data in TFJS.items()]
    junk = [("__MACOSX/my model/._model.json", b"x"), ("my model/.DS_Store", b"x")]
    found = recognise({"x.zip": packed(*files, *junk, ("my model/readme.txt", b"hello"))})
    assert found.format is Format.TFJS
    assert found.packed == "x.zip"
    assert found.labels == ("red", "green", "blue", "none")
    assert normalize(read(found))[0].layers


def test_a_teachable_machine_export_brings_its_labels() -> None:
    data = golden("tfkeras-2.4+formats", "teachable", "converted_keras.zip")
    found = recognise({"converted_keras.zip": data})
    assert found.format is Format.H5
    assert bytes(found.labels_text or b"").startswith(b"0 class 0\n1 class 1\n")


def test_the_folder_of_a_keras_3_model() -> None:
    """What `model.save(…, zipped=False)` writes."""
    whole = unpacked(golden("keras-3.15.1", "vgg_sequential", "model.keras"))
    found = recognise(whole)
    assert found.parts == {
        Part.METADATA: "metadata.json",
        Part.ARCHITECTURE: "config.json",
        Part.WEIGHTS: "model.weights.h5",
    }
    assert normalize(read(found))[1].keras_version == "3.15.1"


def link() -> bytes:
    image = io.BytesIO()
    with zipfile.ZipFile(image, "w") as archive:
        info = zipfile.ZipInfo("model.h5")
        info.external_attr = 0o120777 << 16
        archive.writestr(info, "/etc/passwd")
    return image.getvalue()


def patched(data: bytes, *changes: tuple[int, bytes]) -> bytes:
    """A zip with bytes changed in the first entry of its index."""
    made = bytearray(data)
    at = data.rindex(b"PK\x01\x02")
    for offset, content in changes:
        made[at + offset : at + offset + len(content)] = content
    return bytes(made)


PLAIN = packed(("model.h5", WHOLE))


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (packed(("../model.h5", WHOLE)), "leads outside"),
        (packed(("a/../../model.h5", WHOLE)), "leads outside"),
        (packed(("/model.h5", WHOLE)), "leads outside"),
        (packed(("C:/model.h5", WHOLE)), "leads outside"),
        (packed(("a\\..\\model.h5", WHOLE)), "leads outside"),
        (packed(("model.h5", WHOLE), ("model.h5", WHOLE)), "there twice"),
        (link(), "is a link"),
        (patched(PLAIN, (8, b"\x01")), "encrypted"),
        (packed(("model.h5", WHOLE), method=zipfile.ZIP_LZMA), "packed with method 14"),
        (packed(("m.h5", bytes(200 << 20)), method=zipfile.ZIP_DEFLATED), "claims to expand"),
        (patched(PLAIN, (20, b"\xff\xff\xff\x7f")), "beyond the end"),
        (patched(PLAIN, (24, b"\x01\x00\x00\x00")), "another size"),
        (patched(PLAIN, (42, b"\xff\xff\xff\x00")), "beyond the end|damaged"),
        (patched(PLAIN, (42, b"\x05\x00\x00\x00")), "damaged zip"),
        (patched(PLAIN, (16, b"\x00\x00\x00\x00")), "checksum"),
        (PLAIN[: len(PLAIN) // 2], "damaged zip"),
        (b"PK\x03\x04" + bytes(100), "damaged zip"),
    ],
)
def test_hostile_zips_are_refused(data: bytes, said: str) -> None:
    with pytest.raises(ModelFileError, match=said):
        read({"x.zip": data})


def test_a_zip64_that_lies_is_refused() -> None:
    extra = b"\x01\x00\x10\x00" + (1 << 60).to_bytes(8, "little") * 2
    info = zipfile.ZipInfo("model.h5")
    info.extra = extra
    image = io.BytesIO()
    with zipfile.ZipFile(image, "w") as archive:
        archive.writestr(info, WHOLE)
    data = patched(image.getvalue(), (20, b"\xff" * 8))
    with pytest.raises(ModelFileError, match="beyond the end"):
        read({"x.zip": data})


def test_too_many_members_are_refused() -> None:
    data = packed(*((f"{number}.h5", b"") for number in range(20_001)))
    with pytest.raises(ModelFileError, match="20,001 members"):
        read({"x.zip": data})


# --- Models of TensorFlow.js ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"format": "graph-model"}, "the layers are gone"),
        ({"modelTopology": {"node": []}}, "the layers are gone"),
        ({"modelTopology": None}, "no architecture"),
        ({"weightsManifest": None}, "without weights"),
        ({"weightsManifest": [{"paths": ["../weights.bin"], "weights": []}]}, "no plain file name"),
        ({"weightsManifest": [{"paths": ["/etc/passwd"], "weights": []}]}, "no plain file name"),
        ({"weightsManifest": [{"paths": ["http://x/w.bin"], "weights": []}]}, "no plain file name"),
        ({"weightsManifest": [{"paths": ["missing.bin"], "weights": []}]}, "were not given"),
        ({"weightsManifest": [{"paths": ["weights.bin"] * 2, "weights": []}]}, "makes no sense"),
    ],
)
def test_a_model_json_that_cannot_be_taken(change: dict[str, Any], said: str) -> None:
    document = json.loads(TFJS["model.json"]) | change
    with pytest.raises(ModelFileError, match=said):
        read(TFJS | {"model.json": json.dumps(document).encode()})


QUANTISED = {"name": "a", "shape": [2], "dtype": "float32"}


@pytest.mark.parametrize(
    ("weights", "said"),
    [
        ([{"name": "a", "shape": [3], "dtype": "float32"}], "up to 12"),
        ([{"name": "a", "shape": [1], "dtype": "float32"}], "hold 8 bytes"),
        ([{"name": "a", "shape": [1 << 62, 1 << 62], "dtype": "float32"}], "up to"),
        ([{"name": "a", "shape": [-2], "dtype": "float32"}], "has the shape"),
        ([{"name": "a", "shape": [2.0], "dtype": "float32"}], "has the shape"),
        ([{"name": "a", "shape": [2], "dtype": "string"}], "of type 'string'"),
        ([{"name": "a", "shape": [1], "dtype": "complex64"}], "of type"),
        ([{"name": "a", "shape": [1], "dtype": "float32"}] * 2, "two weights are called a"),
        ([QUANTISED | {"quantization": {"dtype": "uint8"}}], "scale"),
        ([QUANTISED | {"quantization": {"dtype": "uint8", "scale": "x", "min": 0}}], "quantised"),
        ([QUANTISED | {"quantization": {"dtype": "int4", "scale": 1, "min": 0}}], "of type 'int4'"),
        ([QUANTISED | {"quantization": [1]}], "makes sense"),
        ([None], "makes sense"),
        ([{"shape": [2]}], "makes sense"),
    ],
)
def test_a_manifest_that_lies_is_refused(weights: list[Any], said: str) -> None:
    document = {"weightsManifest": [{"paths": ["w.bin"], "weights": weights}]}
    with pytest.raises(ModelFileError, match=said):
        weights_tree(document, {"w.bin": bytes(8)}, "model.json")


def test_weights_are_cut_and_dequantised_as_tensorflow_js_does() -> None:
    floats = np.arange(6, dtype="<f4")
    small = np.array([0, 1, 255], "u1")
    half = np.array([0.5, -2], "<f2")
    content = floats.tobytes() + small.tobytes() + half.tobytes()
    scale = {"dtype": "uint8", "scale": 0.5, "min": -1.0}
    whole = scale | {"original_dtype": "int32"}
    weights = [
        {"name": "a", "shape": [2, 3], "dtype": "float32"},
        {"name": "b", "shape": [2], "dtype": "float32", "quantization": scale},
        {"name": "c", "shape": [1], "dtype": "int32", "quantization": whole},
        {"name": "d", "shape": [2], "dtype": "float32", "quantization": {"dtype": "float16"}},
    ]
    for cut in range(1, len(content)):
        shards = {"1": content[:cut], "2": content[cut:]}
        document = {"weightsManifest": [{"paths": ["1", "./2"], "weights": weights}]}
        tensors = weights_tree(document, shards, "model.json").tensors
        read_ = {name: tensor.read() for name, tensor in tensors.items()}
        assert np.array_equal(read_["a"], floats.reshape(2, 3))
        assert np.array_equal(read_["b"], [-1.0, -0.5])
        assert np.array_equal(read_["c"], [126])
        assert np.array_equal(read_["d"], [0.5, -2.0])
        assert {name: str(array.dtype) for name, array in read_.items()} == {
            name: tensor.dtype for name, tensor in tensors.items()
        }


# --- Shards of Keras 3 ----------------------------------------------------------------------------


def test_a_shard_that_is_missing_or_doubled_is_refused() -> None:
    shards = sorted(name for name in SHARDED if name.endswith(".h5"))
    assert len(shards) > 1
    with pytest.raises(ModelFileError, match=shards[1]):
        read({name: data for name, data in SHARDED.items() if name != shards[1]})
    with pytest.raises(ModelFileError, match="two of the files"):
        read(SHARDED | {shards[1]: SHARDED[shards[0]]})
    with pytest.raises(ModelFileError, match="the architecture is missing"):
        read({name: data for name, data in SHARDED.items() if name != "architecture.json"})
    index = {"weight_map": {"/vars": "../x.weights.h5"}}
    with pytest.raises(ModelFileError, match="no plain file name"):
        read(SHARDED | {"model.weights.json": json.dumps(index).encode()})


# --- YAML -----------------------------------------------------------------------------------------


def scalar(code: str, content: bytes, order: str = "<") -> str:
    dtype = f"!!python/object/apply:numpy.dtype {{args: [{code}, 0, 1], state: [3, '{order}']}}"
    text = base64.b64encode(content).decode()
    return f"!!python/object/apply:numpy.core.multiarray.scalar [{dtype}, !!binary '{text}']"


def array(shape: str, content: bytes, columns_first: str = "false") -> str:
    dtype = "!!python/object/apply:numpy.dtype {args: [i4, 0, 1], state: [3, <]}"
    text = base64.b64encode(content).decode()
    return (
        "!!python/object/apply:numpy.core.multiarray._reconstruct "
        "{args: [!!python/name:numpy.ndarray '', !!python/tuple [0], !!binary 'Yg=='], "
        f"state: [1, {shape}, {dtype}, {columns_first}, !!binary '{text}']}}"
    )


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: &x !!python/tuple [1, 2.5, null, true, text]\nb: *x", None),
        ("!!python/unicode 'relu'", "relu"),
        ("!!python/long '7'", 7),
        ("'1.2.2'", "1.2.2"),
        ("1e3", "1e3"),
        ("2017-01-01", "2017-01-01"),
        (scalar("i8", b"\x30" + bytes(7)), 48),
        (scalar("f4", np.array([0.5], ">f4").tobytes(), ">"), 0.5),
        (array("[2, 2]", np.arange(4, dtype="<i4").tobytes()), [[0, 1], [2, 3]]),
        (array("[2, 2]", np.arange(4, dtype="<i4").tobytes(), "true"), [[0, 2], [1, 3]]),
        (array("[]", b"\x07\0\0\0"), 7),
    ],
)
def test_yaml_is_plain_data(text: str, value: Any) -> None:
    found = parse_yaml(text.encode(), "a.yaml")
    whole = [1, 2.5, None, True, "text"]
    assert found == (value if value is not None else {"a": whole, "b": whole})


BOMB = "a0: &a0 [x]\n" + "".join(
    f"a{n + 1}: &a{n + 1} [{', '.join([f'*a{n}'] * 10)}]\n" for n in range(20)
)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("!!python/object/apply:os.system ['true']", "no plain data"),
        ("!!python/object/new:os.system ['true']", "no plain data"),
        ("!!python/name:os.system ''", "no plain data"),
        ("!!python/module:os ''", "no plain data"),
        ("!!python/object:os.Foo {}", "no plain data"),
        ("!custom {}", "no plain data"),
        (scalar("O", bytes(8)), "NumPy data"),
        (scalar("i8", bytes(4)), "without its bytes"),
        (array("[3]", bytes(4)), "without its bytes"),
        (array("[-1]", bytes(4)), "without its bytes"),
        (array("{}", bytes(4)), "makes no sense|no plain data|bytes"),
        (BOMB, "more than 300,000"),
        ("a: &a [*a]", "not known yet"),
        ("[" * 1000 + "]" * 1000, "nested more than|nor YAML"),
        ("? [1]\n: 2", "a key that is no plain value"),
        ("--- 1\n--- 2\n", "more than one document"),
        ("", "it is empty"),
        ("1" * 10_000, "thousands of digits"),
        ("a: b: c", "nor YAML"),
        ("\tx: 1", "nor YAML"),
    ],
)
def test_yaml_that_is_more_is_refused(text: str, said: str) -> None:
    with pytest.raises(ModelFileError, match=said):
        parse_yaml(text.encode(), "a.yaml")


def test_surrogates_and_depth_in_json() -> None:
    for data in (b'{"class_name": "\\ud800"}', b"[" * 500 + b"]" * 500, b'{"a":' * 200_000):
        with pytest.raises(ModelFileError):
            read({"architecture.json": data, "weights.h5": hdf5()})


def test_an_error_is_one_line_whatever_files_are_called() -> None:
    with pytest.raises(ModelFileError) as caught:
        read({"a\nb\x1b[31m\ud800" + "x" * 10_000: b""})
    assert caught.value.what.isprintable()
    assert len(caught.value.what) < 2_100
