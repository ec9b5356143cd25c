"""Make models of keras.applications and let tf2onnx convert them, one after the other.

    PYTHONPATH=TF2ONNX:tests/conformance PYTHON export_applications.py FOLDER [NAME...]

Run by operators.py, with the Python of a real Keras. Prints a JSON line for each model when
`FOLDER/<name>/` holds its architecture, its weights and the converter's `converted.onnx`, and
waits for a line on stdin before it makes the next. The converter is called as users call it:
`model.export` in Keras 3, `tf2onnx.convert.from_keras` in tf.keras.

Rules: images are as small as the architecture allows. Kernels are those that Keras begins with,
all vectors are random, so that no converter meets a factor of one or a sum of zero.
"""

import json
import pathlib
import sys
import time
import warnings

import numpy as np
from make_applications import functions, leaves, make, value

SEED = 5


def randomize(model):
    """Give random values to all weights of one axis."""
    rng = np.random.RandomState(SEED)
    for layer in leaves(model):
        if type(layer).__name__ == "Normalization":
            continue  # mean and variance of ImageNet are in the options
        for weight in layer.weights:
            if len(weight.shape) == 1:
                name = weight.name.split("/")[-1].split(":")[0]
                weight.assign(value(rng, name, tuple(weight.shape)))


def export(keras, model, path):
    """Convert the model with tf2onnx."""
    if int(keras.__version__.split(".")[0]) > 2:
        model.export(str(path), format="onnx", verbose=False)
        return
    import tf2onnx

    tf2onnx.convert.from_keras(model, output_path=str(path))


def main():
    """Make the models that are asked for, or all."""
    warnings.simplefilter("ignore")
    import keras

    folder = pathlib.Path(sys.argv[1])
    newest = int(keras.__version__.split(".")[0]) > 2
    known = functions(keras.applications)
    for name in sys.argv[2:] or sorted(known):
        if name not in known:
            said = {"name": name, "error": "this Keras does not have it"}
        else:
            keras.backend.clear_session()
            keras.utils.set_random_seed(SEED)
            model = make(keras, known[name])
            randomize(model)
            model(np.zeros((1, *model.input_shape[1:]), "float32"))  # Keras 3 wants it
            where = folder / name
            where.mkdir(parents=True, exist_ok=True)
            (where / "architecture.json").write_text(model.to_json(), encoding="utf-8")
            model.save_weights(str(where / ("model.weights.h5" if newest else "weights.h5")))
            started = time.perf_counter()
            said = {"name": name}
            try:
                export(keras, model, where / "converted.onnx")
            except Exception as error:  # a converter fails in many ways
                said["error"] = f"{type(error).__name__}: {error}"[:200]
            said["seconds"] = time.perf_counter() - started
            del model
        sys.stdout.write("\n" + json.dumps(said) + "\n")
        sys.stdout.flush()
        if not sys.stdin.readline():
            return


if __name__ == "__main__":
    main()
