"""Record the names that `keras.applications` gives its models and layers: `python make.py NAME`.

It runs in an environment with Keras 3 or tf.keras 2. Writes `NAME.npz` beside this file:
`<module>/<model>` -> the model's name, and the names of its layers, in order; and `version`.
"""

import inspect
import pathlib
import sys

import numpy as np
import tensorflow as tf

HERE = pathlib.Path(__file__).parent

try:
    import keras
except ImportError:
    keras = tf.keras
if not getattr(keras, "__version__", "2").startswith("3"):
    keras = tf.keras


def main():
    """Make every model, without weights."""
    version = getattr(keras, "__version__", "tf.keras")
    found = {"version": np.array(f"{version}, TensorFlow {tf.__version__}")}
    for name, make in vars(keras.applications).items():
        if inspect.isfunction(make) and name[0].isupper():
            module = make.__module__.rpartition(".")[2]
            model = make(weights=None)
            names = [model.name, *(layer.name for layer in model.layers)]
            found[f"{module}/{name}"] = np.array(names)
            tf.keras.backend.clear_session()
    np.savez_compressed(HERE / f"{sys.argv[1]}.npz", **found)


if __name__ == "__main__":
    main()
