"""The set `corners`: what versions and backends compute or write differently, and rare layers.

    python tests/golden/make_goldens.py --set corners ...

Rules: as in builders.py. A model is made by the versions in which it is a corner.
"""

from collections import namedtuple

Case = namedtuple("Case", "build sizes also full weights_from may_fail")
"""As in builders.py."""

CHANNELS_FIRST = {"data_format": "channels_first"}


def _case(build, *sizes, **options):
    return Case(build, sizes, (), options.get("full", ""), "same", False)


def skipping(k):
    """`same` windows that lie apart: TensorFlow up to 1.6 begins later."""
    layer = k.layers
    image = k.Input((24, 22, 3))
    x = layer.Conv2D(3, 1, strides=(3, 1), padding="same")(image)
    one = layer.Conv2D(1, (2, 1), strides=(4, 3), padding="same", activation="relu")(x)
    ends = [
        layer.Conv2D(4, (1, 2), strides=(4, 4), padding="same")(x),
        layer.MaxPooling2D(1, strides=(4, 4), padding="same")(x),
        layer.SeparableConv2D(3, (1, 2), strides=(4, 4), padding="same")(x),
        layer.SeparableConv2D(3, 1, strides=(3, 3), padding="same")(one),
    ]
    x = layer.Concatenate()([layer.Flatten()(end) for end in ends])
    return k.Model(image, layer.Dense(4, activation="softmax")(x))


def local(k):
    """Locally connected layers as each implementation stores them."""
    layer = k.layers
    image = k.Input((9, 8, 2))
    x = layer.LocallyConnected2D(3, (2, 3), strides=(2, 1), implementation=1)(image)
    x = layer.LocallyConnected2D(2, 3, padding="same", implementation=2)(x)
    x = layer.LocallyConnected2D(3, (2, 3), (1, 2), padding="same", implementation=3)(x)
    x = layer.Permute((3, 1, 2))(x)
    x = layer.LocallyConnected2D(2, (2, 1), (2, 1), implementation=2, **CHANNELS_FIRST)(x)
    x = layer.LocallyConnected2D(2, (1, 2), implementation=3, use_bias=False, **CHANNELS_FIRST)(x)
    x = layer.Reshape((4, 2))(layer.Permute((2, 3, 1))(x))
    x = layer.LocallyConnected1D(3, 2, padding="same", implementation=3)(x)
    x = layer.LocallyConnected1D(3, 2, implementation=2, activation="tanh")(x)
    return k.Model(image, layer.Dense(4, activation="softmax")(layer.Flatten()(x)))


def session(k):
    """A layer that other models of the session call before, between and after."""
    layer = k.layers
    shared = layer.Dense(4, activation="tanh", name="shared")
    other, image = k.Input((4,)), k.Input((4,))
    x = shared(image)
    u = shared(other)
    y = shared(layer.Dense(4)(x))
    k.Model(other, shared(u))
    z = shared(y)
    return k.Model(image, [layer.Dense(4)(layer.Subtract()([x, z])), z])


def within(k):
    """A layer in a nested model and outside; a nested model in another one and outside."""
    layer = k.layers
    shared = layer.Dense(4, activation="tanh", name="shared")
    inside = k.Input((4,))
    inner = k.Model(inside, layer.Dense(4, name="own")(shared(inside)), name="inner")
    inside = k.Input((4,))
    outer = k.Model(inside, layer.Dense(4, name="own")(inner(inside)), name="outer")
    image = k.Input((4,))
    x = layer.Dense(4, activation="tanh")(outer(shared(image)))
    return k.Model(image, layer.Dense(4, activation="softmax")(layer.Add()([inner(x), x])))


def columns(k):
    """Channels first with as many columns as channels: a bias may belong to the columns."""
    layer = k.layers
    image = k.Input((3, 5, 4))
    x = layer.Conv2DTranspose(4, 1, **CHANNELS_FIRST)(image)
    x = layer.DepthwiseConv2D((2, 3), padding="same", activation="relu", **CHANNELS_FIRST)(x)
    x = layer.SeparableConv2D(4, (2, 1), **CHANNELS_FIRST)(x)
    return k.Model(image, layer.Dense(4, activation="softmax")(layer.Flatten()(x)))


def squares(k):
    """The same of plain convolutions, which TensorFlow computes in two ways, and JAX in one."""
    layer = k.layers
    image = k.Input((3, 5, 4))
    x = layer.Conv2D(4, (2, 3), padding="same", activation="relu", **CHANNELS_FIRST)(image)
    x = layer.DepthwiseConv2D((2, 3), padding="same", **CHANNELS_FIRST)(x)
    x = layer.EinsumDense("abcd,de->abce", (4, 5, 4), bias_axes="b")(x)
    return k.Model(image, layer.Dense(4, activation="softmax")(layer.Flatten()(x)))


def cases(k):
    """Return the models that this version can make, by name, in order."""
    made = {}
    if k.backend == "tensorflow" and k.label in ("keras-1.2.2", "keras-2.0.6", "keras-2.2.4"):
        made["skipping"] = _case(skipping, (24, 22, 3))
    if k.label in ("tfkeras-1.15", "tfkeras-2.15"):
        made["local"] = _case(local, (9, 8, 2))
    if k.generation == 3 and k.backend == "tensorflow":
        made["session"] = _case(session, (4,), full="plain")
        made["within"] = _case(within, (4,), full="plain")
    if k.label == "tfkeras-2.15":
        made["session"] = _case(session, (4,), full="plain")
    if k.label == "keras-3.15.1":
        made["columns"] = _case(columns, (3, 5, 4), full="plain")
    if k.label == "keras-3.15.1-jax":
        made["squares"] = _case(squares, (3, 5, 4), full="plain")
    return made
