"""The set `formats`: ways to write a model that the other sets do not have.

    python tests/golden/make_goldens.py --set formats ...

YAML, sharded weights, models of TensorFlow.js as tensorflowjs_converter makes them, and Teachable
Machine's export. tensorflowjs is taken from `$TENSORFLOWJS`, the folder of its unpacked wheel: only
its converters of Keras files are used, without all that it would install. Python 3.6 syntax.
"""

import importlib
import io
import json
import os
import shutil
import sys
import tempfile
import types
import zipfile
from collections import namedtuple

import numpy as np

Case = namedtuple("Case", "build sizes also full weights_from may_fail extras tolerance")
"""As in builders.py; what else to write, and how far predictions may be off."""

SHARD = 1500
"""Bytes of a shard of TensorFlow.js: small enough that weights are cut in two."""


def _case(build, *sizes, **options):
    extras, tolerance = options.get("extras", ()), options.get("tolerance", 1e-4)
    full = options.get("full", "compiled")
    return Case(build, sizes, (), full, "same", False, extras, tolerance)


# --- What is written ------------------------------------------------------------------------------


def zipped(path, files):
    """Write a zip without dates: name -> bytes, in order."""
    with zipfile.ZipFile(str(path), "w") as packed:
        for name, content in files:
            info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            packed.writestr(info, content)


def yaml(k, model, folder):
    """Write `model.to_yaml()`."""
    (folder / "architecture.yaml").write_text(model.to_yaml(), encoding="utf-8")
    return {"architecture_yaml": "architecture.yaml"}


def sharded(k, model, folder):
    """Write the architecture with sharded weights, zipped."""
    with tempfile.TemporaryDirectory() as place:
        model.save_weights(place + "/model.weights.json", max_shard_size=SHARD / 1024.0**3)
        names = sorted(os.listdir(place))
        files = [("architecture.json", (folder / "architecture.json").read_bytes())]
        files += [(name, open(place + "/" + name, "rb").read()) for name in names]
    zipped(folder / "sharded.zip", files)
    return {"sharded": "sharded.zip"}


def teachable(k, model, folder):
    """Write what Teachable Machine's "Keras" download has in it."""
    labels = b"".join(b"%d class %d\n" % (n, n) for n in range(model.output_shape[-1]))
    whole = (folder / "model.h5").read_bytes()
    zipped(
        folder / "converted_keras.zip",
        [("keras_model.h5", whole), ("labels.txt", labels)],
    )
    return {"teachable": "converted_keras.zip"}


def converters():
    """Import tensorflowjs' converter of Keras files, without the packages that others need."""
    root = os.environ["TENSORFLOWJS"] + "/tensorflowjs"
    for name in ("tensorflowjs", "tensorflowjs.converters"):
        if name not in sys.modules:
            sys.modules[name] = types.ModuleType(name)
            sys.modules[name].__path__ = [root + name[len("tensorflowjs") :].replace(".", "/")]
    package = sys.modules["tensorflowjs"]
    for name in ("quantization", "read_weights", "write_weights", "version"):
        setattr(package, name, importlib.import_module("tensorflowjs." + name))
    inside = sys.modules["tensorflowjs.converters"]
    inside.common = importlib.import_module("tensorflowjs.converters.common")
    return importlib.import_module("tensorflowjs.converters.keras_h5_conversion")


def tfjs(k, model, folder):
    """Write what tensorflowjs_converter makes of the model, zipped."""
    with tempfile.TemporaryDirectory() as place:
        convert(k, folder, place)
        files = [(name, open(place + "/" + name, "rb").read()) for name in sorted(os.listdir(place))]
    zipped(folder / "tfjs.zip", files)
    return {"tfjs": "tfjs.zip"}


def convert(k, folder, place, quantised=None, split=False):
    """Convert `folder`/model.h5, of Keras 3 model.keras, to a layers model in `place`."""
    conversion = converters()
    if k.generation == 3:
        with zipfile.ZipFile(str(folder / "model.keras")) as whole:
            import h5py

            weights = h5py.File(io.BytesIO(whole.read("model.weights.h5")), "r")
            said = [json.loads(whole.read(n).decode()) for n in ("metadata.json", "config.json")]
        parts = conversion.h5_v3_merged_saved_model_to_tfjs_format(weights, *said)
    else:
        parts = conversion.h5_merged_saved_model_to_tfjs_format(
            str(folder / "model.h5"), split_by_layer=split
        )
    conversion.write_artifacts(*parts, place, quantised, weight_shard_size_bytes=SHARD)


def quantised(dtype):
    """Return what writes the model with weights of this type, and predictions with these."""

    def write(k, model, folder):
        with tempfile.TemporaryDirectory() as place:
            convert(k, folder, place, {dtype: True}, split=dtype == "float16")
            names = sorted(os.listdir(place))
            files = [(name, open(place + "/" + name, "rb").read()) for name in names]
            groups = sys.modules["tensorflowjs"].read_weights.read_weights(
                json.loads(dict(files)["model.json"].decode())["weightsManifest"], place
            )
        read = {entry["name"]: entry["data"] for group in groups for entry in group}
        for layer in model.layers:
            names = [weight.name.split(":")[0] for weight in layer.weights]
            layer.set_weights([read[name] for name in names])
        with np.load(str(folder / "goldens.npz")) as arrays:
            inputs = arrays["inputs"]
        outputs = model.predict(inputs, verbose=0)
        for path in folder.iterdir():
            path.unlink()
        np.savez_compressed(str(folder / "goldens.npz"), inputs=inputs, outputs=outputs)
        zipped(folder / "tfjs.zip", files)
        return {"tfjs": "tfjs.zip"}

    return write


# --- The models -----------------------------------------------------------------------------------


def plain(k):
    """A residual block and a flattened end: shared shapes are YAML's aliases."""
    layer = k.layers
    image = k.Input((9, 8, 3))
    x = layer.Conv2D(4, 3, padding="same", activation="relu")(image)
    y = layer.BatchNormalization()(layer.Conv2D(4, 3, padding="same")(x))
    x = layer.MaxPooling2D(2)(layer.Add()([x, y]))
    x = layer.Dense(5, activation="relu")(layer.Flatten()(layer.Dropout(0.2)(x)))
    return k.Model(image, layer.Dense(4, activation="softmax")(x))


def nested(k):
    """A Sequential of Sequentials, a functional model in the first: Teachable Machine's way."""
    layer = k.layers
    image = k.Input((12, 12, 3))
    x = layer.ZeroPadding2D(((0, 1), (0, 1)), name="Conv1_pad")(image)
    x = layer.Conv2D(4, 3, strides=2, use_bias=False, name="Conv1")(x)
    x = layer.ReLU(6.0, name="Conv1_relu")(layer.BatchNormalization(name="bn_Conv1")(x))
    y = layer.DepthwiseConv2D(3, padding="same", use_bias=False, name="block_depthwise")(x)
    y = layer.BatchNormalization(name="block_BN")(y)
    x = layer.Add(name="block_add")([x, y])
    features = k.Model(image, layer.Conv2D(6, 1, name="Conv_1")(x), name="model1")
    trunk = k.Sequential([features, layer.GlobalAveragePooling2D()])
    head = k.Sequential([layer.Dense(6, activation="relu", input_shape=(6,))])
    head.add(layer.Dense(4, activation="softmax", use_bias=False))
    return k.Sequential([trunk, head])


def cases(k):
    """Return the set's models for this version, by name."""
    minor = (k.generation, k.minor)
    found = {}
    if k.generation < 3 and hasattr(k.keras.models.Model, "to_yaml") and minor <= (2, 3):
        if k.generation > 1:
            found["yaml"] = _case(plain, (9, 8, 3), extras=(yaml,), full="")
    if k.label == "tfkeras-2.4":
        found["teachable"] = _case(nested, (12, 12, 3), extras=(teachable,))
    if k.label == "keras-3.15.1":
        found["sharded"] = _case(plain, (9, 8, 3), extras=(sharded,), full="")
    if k.label in ("tfkeras-2.15", "keras-3.15.1"):
        found["tfjs"] = _case(nested if k.generation == 2 else plain, *[
            (12, 12, 3) if k.generation == 2 else (9, 8, 3)
        ], extras=(tfjs,))
    if k.label == "tfkeras-2.15":
        for dtype in ("uint8", "uint16", "float16"):
            found["tfjs_" + dtype] = _case(plain, (9, 8, 3), extras=(quantised(dtype),))
    return found
