"""The set `strangers`: what people do with Keras that its own examples do not.

    python tests/golden/make_goldens.py --set strangers ...

Rules: as in builders.py. A model is made by the versions that have its layers. Python 3.6 syntax.
"""

from collections import namedtuple

Case = namedtuple("Case", "build sizes also full weights_from may_fail")
"""As in builders.py."""


def _case(build, *sizes):
    return Case(build, sizes, (), "plain", "same", False)


def own_sequential(k):
    """A class derived from Sequential: newer versions write its name, not Sequential's."""
    layer = k.layers

    class Classifier(k.Sequential):
        """Whoever wrote it may train it in another way; it computes the same."""

    first = {"input_shape": (9, 8, 3)} if k.generation < 3 else {}
    stack = [] if first else [k.Input((9, 8, 3))]
    stack += [
        layer.Conv2D(4, 3, activation="relu", **first),
        layer.BatchNormalization(),
        layer.Flatten(),
        layer.Dense(4, activation="tanh"),
    ]
    return Classifier(stack)


def class_token(k):
    """A vision transformer's class token: a trained row, times ones made of the image."""
    layer = k.layers
    functions = k.tensorflow if k.generation < 3 else k.keras.ops
    image = k.Input((12, 8, 3))
    x = layer.Reshape((6, 5))(layer.Conv2D(5, 4, strides=4)(image))
    token = layer.Dense(5, use_bias=False)(functions.ones_like(x[:, :1]))
    x = layer.Concatenate(axis=1)([token, x, functions.zeros_like(x[:, :1])])
    x = layer.Add()([x, layer.MultiHeadAttention(2, 3)(x, x)])
    return k.Model(image, layer.Dense(4, activation="tanh")(x[:, 0]))


def pipeline(k):
    """Keras 3's Pipeline: a chain for images, with layers that change them at inference."""
    layer = k.layers
    image = k.Input((12, 8, 3))
    prepare = [layer.RandomFlip(), layer.Rescaling(2.0, -1.0), layer.Resizing(9, 10)]
    x = layer.Pipeline([*prepare, layer.RandomRotation(0.1)])(image)
    x = layer.Flatten()(layer.Conv2D(4, 3, strides=2, activation="relu")(x))
    return k.Model(image, layer.Dense(4, activation="tanh")(x))


def cases(k):
    """Return the models that this version can make, by name, in order."""
    made = {}
    if k.label in ("tfkeras-2.4", "tfkeras-2.15", "keras-3.15.1"):
        made["own_sequential"] = _case(own_sequential, (9, 8, 3))
        made["class_token"] = _case(class_token, (12, 8, 3))
    if k.has("Pipeline"):
        made["pipeline"] = _case(pipeline, (12, 8, 3))
    return made
