"""Small members of the families of keras.applications, by Keras' own functions.

    /opt/keras-envs/keras-3.15.1/bin/python tests/golden/maker/applications.py

Writes tests/golden/keras-3.15.1+applications/models.zip. The architectures are those of the
applications, with a few filters in each layer; the weights are random multiples of 1/128, which
compress well. Batch statistics are those of a random batch, with noise. The large ones are made
by tests/conformance/applications.py, with the functions that this uses.
"""

import json
import os
import pathlib
import shutil
import sys
import tempfile
import zlib

import numpy as np

HERE = pathlib.Path(__file__).resolve().parent
CONFORMANCE = HERE.parent.parent / "conformance"
CLASSES = 5
SIZE = (45, 38, 3)


def families():
    """Return what makes each model, by name."""
    from keras.src.applications import (
        convnext,
        efficientnet,
        efficientnet_v2,
        mobilenet,
        mobilenet_v2,
        mobilenet_v3,
        nasnet,
    )

    same = {"weights": None, "classes": CLASSES, "input_shape": SIZE}
    return {
        "mobilenet": lambda: mobilenet.MobileNet(alpha=0.1, **same),
        "mobilenet_v2": lambda: mobilenet_v2.MobileNetV2(alpha=0.1, **same),
        "mobilenet_v3": lambda: mobilenet_v3.MobileNetV3Small(alpha=0.1, **same),
        "efficientnet": lambda: efficientnet.EfficientNet(
            0.1, 0.3, 32, name="efficientnet", weights_name="b0", **same
        ),
        "efficientnet_v2": lambda: efficientnet_v2.EfficientNetV2(
            0.05, 0.1, 32, name="efficientnetv2-b0", weights_name="b0", **same
        ),
        "convnext": lambda: convnext.ConvNeXt(
            [1, 1, 2, 1], [8, 8, 12, 16], name="convnext_tiny", weights_name="tiny", **same
        ),
        "nasnet": lambda: nasnet.NASNet(
            penultimate_filters=96, num_blocks=1, stem_block_filters=4, skip_reduction=False,
            filter_multiplier=2, **same
        ),
    }


def manifest(name, model, keras):
    """Return what the tests read: names, shapes, files, versions."""

    def ports(tensors, names):
        return [
            {"name": said, "reported": True, "shape": list(tensor.shape)}
            for said, tensor in zip(names, tensors)
        ]

    return {
        "model": name,
        "about": "keras.applications, with a few filters in each layer",
        "keras_version": keras.__version__,
        "backend": keras.backend.backend(),
        "parameters": int(model.count_params()),
        "layers": sorted({type(layer).__name__ for layer in model.layers}),
        "files": {
            "architecture": "architecture.json",
            "weights": "model.weights.h5",
            "goldens": ["goldens.npz"],
        },
        "inputs": ports(model.inputs, [tensor._keras_history[0].name for tensor in model.inputs]),
        "outputs": ports(model.outputs, model.output_names),
        "tolerance": 1e-4,
    }


def main():
    """Make every family's small member."""
    sys.path[:0] = [str(CONFORMANCE), str(HERE.parent)]
    import keras
    import make_applications as applications
    from make_goldens import pack

    root = HERE.parent / "keras-3.15.1+applications"
    shutil.rmtree(str(root), ignore_errors=True)
    root.mkdir()
    for name, build in families().items():
        keras.utils.clear_session()
        rng = np.random.RandomState(zlib.crc32(name.encode()) % 2**32)
        model = build()
        images = np.round(applications.pictures(rng, SIZE))
        if not applications.takes_pixels(model):
            images = np.round(images / 127.5 * 64 - 64) / 64
        applications.randomize(keras, model, images, rng)
        applications.calm(model, images)
        for weight in model.weights:
            if "variance" not in weight.name and "seed" not in weight.name:
                weight.assign(np.round(weight.numpy() * 128) / 128)
        outputs = model.predict(images[:2], verbose=0)
        folder = root / name
        folder.mkdir()
        (folder / "architecture.json").write_text(model.to_json(), encoding="utf-8")
        model.save_weights(str(folder / "model.weights.h5"))
        np.savez_compressed(str(folder / "goldens.npz"), inputs=images[:2], outputs=outputs)
        text = json.dumps(manifest(name, model, keras), indent=1, sort_keys=True)
        (folder / "manifest.json").write_text(text + "\n", encoding="utf-8")
        apart = float(np.abs(outputs[0] - outputs[1]).max())
        line = "%s: %d parameters, certainty %.3f, images differ by %.3f\n"
        sys.stdout.write(line % (name, model.count_params(), outputs.max(), apart))
    pack(root)
    sys.stdout.write("%d kB\n" % ((root / "models.zip").stat().st_size / 1e3))


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with tempfile.TemporaryDirectory() as home:
        os.environ["HOME"] = home
        main()
