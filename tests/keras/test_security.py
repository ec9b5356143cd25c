"""Hostile models: nothing in them is executed, imported, decoded or looked up elsewhere.

Every case runs in a process of its own under an audit hook that hears of each file that is opened,
each connection, each import and each piece of code that is made, from any library.
"""

from __future__ import annotations

import base64
import json
import marshal
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from keras_files import conv, conv_weights, functional, image_input, layer, legacy_weights

TESTS = Path(__file__).resolve().parents[1]
WEIGHTS = legacy_weights(conv_weights("conv"))

CODE = base64.b64encode(
    marshal.dumps(compile("lambda x: __import__('os').system('true')", "x", "eval"))
).decode()
PICKLE = base64.b64encode(pickle.dumps({"a": 1})).decode()

WATCHED = """
import json, sys
sys.path[:0] = {path!r}
from understudy.compiler import compile_model
from understudy.errors import UnderstudyError
from understudy.keras import normalize, read

cases = json.loads(sys.stdin.read())
files = lambda case: {{name: bytes.fromhex(data) for name, data in case.items()}}

def try_(case):
    try:
        compiled = compile_model(normalize(read(files(case)))[0])
        for _ in compiled.files.pieces():
            pass
        return "compiled"
    except UnderstudyError as error:
        return str(error)

try_(cases[0])  # whatever is imported on the way is imported now
try_(cases[1])
heard = []
ALLOWED = {{"object.__getattr__", "object.__setattr__", "sys._getframe", "array.__new__",
           "os.putenv", "gc.get_objects", "builtins.id"}}

def hook(event, arguments):
    if watching and event not in ALLOWED:
        heard.append((event, repr(arguments)[:200]))

watching = False
sys.addaudithook(hook)
results = []
for case in cases:
    watching = True
    said = try_(case)
    watching = False
    results.append((said, list(heard)))
    heard.clear()
print(json.dumps(results))
"""


def watched(*cases: dict[str, bytes]) -> list[tuple[str, list[Any]]]:
    """(what was said, what was heard) of each case; the first two warm the process up."""
    script = WATCHED.format(path=[str(TESTS.parent / "src"), str(TESTS)])
    given = [{name: data.hex() for name, data in case.items()} for case in cases]
    run = subprocess.run(
        [sys.executable, "-c", script],
        input=json.dumps(given),
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    return [(said, heard) for said, heard in json.loads(run.stdout)]


def files(document: Any, weights: bytes = WEIGHTS) -> dict[str, bytes]:
    return {"architecture.json": json.dumps(document).encode(), "weights.h5": weights}


def model(*more: dict[str, Any]) -> Any:
    """A convolution, and hostile layers after it."""
    return functional([image_input(), conv("conv", "image"), *more])


def keras3(class_name: str, package: str, registered: str | None = None, **config: Any) -> Any:
    """A layer as Keras 3 writes it: it names the module to import."""
    return layer(class_name, "evil", "conv", **config) | {
        "module": package,
        "registered_name": registered,
    }


LAMBDA = {"class_name": "__lambda__", "config": {"code": CODE, "defaults": None, "closure": None}}

HOSTILE: dict[str, tuple[Any, str]] = {
    "a Lambda with bytecode": (
        layer("Lambda", "evil", "conv", function=[CODE, None, None], function_type="lambda"),
        "Lambda evil",
    ),
    "a Lambda of Keras 3 with bytecode": (
        keras3("Lambda", "keras.layers", function=LAMBDA),
        "Lambda evil",
    ),
    "a Lambda that names a function": (
        layer("Lambda", "evil", "conv", function="os.system", function_type="function"),
        "Lambda evil",
    ),
    "enable_unsafe_deserialization (CVE-2025-1550)": (
        keras3(
            "function",
            "keras.config",
            "function",
            function={
                "module": "keras.config",
                "class_name": "function",
                "config": "enable_unsafe_deserialization",
                "registered_name": "function",
            },
        ),
        "evil",
    ),
    "a module that is not Keras'": (
        keras3("system", "os", "system", command="true"),
        "evil",
    ),
    "a class of Keras' that runs a program": (
        keras3("Popen", "keras.src.subprocess", "Popen", args=["true"]),
        "evil",
    ),
    "TorchModuleWrapper with a pickle": (
        keras3("TorchModuleWrapper", "keras.layers", module=PICKLE),
        "TorchModuleWrapper evil",
    ),
    "TFSMLayer that loads a folder": (
        keras3("TFSMLayer", "keras.layers", filepath="/etc", call_endpoint="serve"),
        "TFSMLayer evil",
    ),
    "StringLookup with a file": (
        keras3("StringLookup", "keras.layers", vocabulary="/etc/passwd"),
        "StringLookup evil",
    ),
    "TextVectorization with a URL": (
        keras3("TextVectorization", "keras.layers", vocabulary="http://127.0.0.1:1/v.txt"),
        "TextVectorization evil",
    ),
    "an activation that is code": (
        layer("Activation", "evil", "conv", activation=LAMBDA),
        "Activation evil",
    ),
    "an activation from a module": (
        layer(
            "Activation",
            "evil",
            "conv",
            activation={"module": "os", "class_name": "function", "config": "system"},
        ),
        "Activation evil",
    ),
    "an initializer from a module": (
        conv("evil", "conv", kernel_initializer={"module": "os", "class_name": "system"}),
        "evil/kernel",
    ),
    "a layer in a wrapper": (
        layer("TimeDistributed", "evil", "conv", layer=keras3("TFSMLayer", "keras.layers")),
        "evil",
    ),
    "a regularizer that is code": (
        conv("evil", "conv", kernel_regularizer=LAMBDA),
        "evil/kernel",
    ),
}


def test_hostile_layers_are_refused_and_nothing_happens() -> None:
    benign = [files(model()), files(model(layer("Nonsense", "evil", "conv")))]
    cases = [*benign, *(files(model(entry)) for entry, _ in HOSTILE.values())]
    results = watched(*cases)
    assert results[0] == ("compiled", [])
    for (name, (_, said)), (found, heard) in zip(HOSTILE.items(), results[2:], strict=True):
        assert said in found, f"{name}: {found}"
        assert "hint:" in found, name
        assert heard == [], name


def keras_zip(document: Any) -> dict[str, bytes]:
    import io
    import zipfile

    image = io.BytesIO()
    with zipfile.ZipFile(image, "w") as archive:
        archive.writestr("metadata.json", json.dumps({"keras_version": "3.15.1"}))
        archive.writestr("config.json", json.dumps(document))
        archive.writestr("model.weights.h5", WEIGHTS)
        archive.writestr("assets/evil/vocabulary.txt", "../../../etc/passwd")
    return {"model.keras": image.getvalue()}


def test_hostile_files_of_every_format_touch_nothing() -> None:
    """No file is opened and nothing is connected to, whether they are read or refused."""
    tfjs = {
        "format": "layers-model",
        "modelTopology": model(),
        "weightsManifest": [{"paths": ["/etc/passwd"], "weights": []}],
    }
    yaml = b"class_name: !!python/object/apply:os.system ['true']\nconfig: []\n"
    cases = [
        files(model()),
        keras_zip(model(keras3("TFSMLayer", "keras.layers", filepath="/etc"))),
        {"model.json": json.dumps(tfjs).encode(), "passwd": b"x"},
        {"a.yaml": yaml, "weights.h5": WEIGHTS},
        {"a.yaml": b"class_name: !!python/module:antigravity ''", "weights.h5": WEIGHTS},
        files({"class_name": "Functional", "config": {"name": "/etc/passwd"}}),
        {"weights.h5": WEIGHTS, "a.json": b"[" * 100_000},
        {"x.zip": b"PK\x03\x04" + bytes(200)},
    ]
    for said, heard in watched(*cases)[1:]:
        assert "hint:" in said
        assert heard == [], said


def test_the_hook_hears_what_it_should() -> None:
    """Otherwise silence would prove nothing."""
    script = WATCHED.replace("def try_(case):", "def try_(case):\n    open('/dev/null').close()")
    script = script.format(path=[str(TESTS.parent / "src"), str(TESTS)])
    given = json.dumps([{"a": "00"}, {"a": "00"}])
    run = subprocess.run(
        [sys.executable, "-c", script], input=given, capture_output=True, text=True, check=True
    )
    events = {event for _, heard in json.loads(run.stdout) for event, _ in heard}
    assert "open" in events


@pytest.mark.parametrize("name", ["external link", "external storage", "virtual dataset"])
def test_hdf5_never_leads_outside(name: str, tmp_path: Path) -> None:
    """A weights file that points to another one, which would fit."""
    import h5py
    import numpy as np

    (tmp_path / "whole.h5").write_bytes(WEIGHTS)
    path = tmp_path / "weights.h5"
    with h5py.File(path, "w") as file, h5py.File(tmp_path / "whole.h5") as whole:
        file.attrs.update(whole.attrs)
        group = file.create_group("conv")
        group.attrs.update(whole["conv"].attrs)
        inner = group.create_group("conv")
        inner["bias:0"] = whole["conv/conv/bias:0"][()]
        shape = whole["conv/conv/kernel:0"].shape
        size = int(np.prod(shape)) * 4
        if name == "external link":
            inner["kernel:0"] = h5py.ExternalLink("whole.h5", "conv/conv/kernel:0")
        elif name == "external storage":
            outside = [(str(tmp_path / "whole.h5"), 0, size)]
            inner.create_dataset("kernel:0", shape, "<f4", external=outside)
        else:
            layout = h5py.VirtualLayout(shape, "<f4")
            layout[:] = h5py.VirtualSource("whole.h5", "conv/conv/kernel:0", shape)
            inner.create_virtual_dataset("kernel:0", layout)
    case = files(model(), path.read_bytes())
    (_, heard) = watched(files(model()), case)[1]
    assert heard == []
    assert watched(files(model()), case)[1][0] != "compiled"
