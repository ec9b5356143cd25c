"""The set `operations`: functions of TensorFlow and of Keras 3 called on symbolic tensors.

    python tests/golden/make_goldens.py --set operations ...

Rules: as in builders.py. tf.keras writes TensorFlow's functions down as graph nodes up to 2.3, as
functions from 2.4 on; Keras 3 its own operations. Each operation has an output of its own, from a
convolution's result, which a compiler may keep in another order of axes. Python 3.6 syntax.
"""

import importlib
from collections import namedtuple

import numpy as np

Case = namedtuple("Case", "build sizes also full weights_from may_fail")
"""As in builders.py."""

SIZE = (6, 4, 4)


def _start(k):
    image = k.Input(SIZE)
    return image, k.layers.Conv2D(4, 3, padding="same")(image)


def _arithmetic(tf, k, x):
    positive = x * x + 1.0
    made = [
        x + 1.0,
        1.5 - x,
        3.0 / positive,
        x / 4.0 - 1.0,
        -x,
        positive ** 1.3,
        tf.exp(x),
        tf.math.log(positive),
        tf.sqrt(positive),
        2.0 * tf.math.rsqrt(positive),
        tf.math.squared_difference(x, 0.5),
        tf.maximum(x, 0.1),
        tf.minimum(x, 2.0 * x),
        tf.where(tf.logical_and(x > 0.0, x < 0.5), x, -x),
        tf.cast(x > 0.1, "float32") * x,
        x * np.array([1.0, -2.0, 3.0, 4.0], "float32"),
        tf.nn.bias_add(x, [0.5, 1.0, -1.0, 2.0]),
        tf.abs(x) + tf.sign(x) * 0.1,
    ]
    # In 1.15 a layer's name has a slash then, which its own HDF5 writer cannot take.
    return made if tf.__version__[0] == "1" else made + [tf.clip_by_value(x, -0.5, 0.75)]


def _activations(tf, k, x):
    made = [
        tf.nn.relu(x),
        tf.nn.relu6(3.0 * x),
        tf.nn.elu(x),
        tf.nn.selu(x),
        tf.nn.leaky_relu(x, 0.3),
        tf.nn.softmax(x),
        tf.nn.softmax(x, axis=1),
        tf.nn.log_softmax(x),
        tf.nn.softplus(x),
        tf.tanh(x),
        tf.sigmoid(x),
    ]
    if k.minor >= 4 and k.tensorflow.__version__[0] == "2":
        made += [tf.nn.gelu(x), tf.nn.gelu(x, approximate=True), tf.nn.silu(x)]
    return made


def _reductions(tf, k, x):
    return [
        tf.reduce_mean(x, [1, 2]),
        tf.reduce_sum(x, 1) / 4.0,
        tf.reduce_max(x, -1, keepdims=True),
        tf.reduce_min(x, [2, 3]),
        x * tf.reduce_mean(x, [1, 2], keepdims=True),
        tf.math.reduce_std(x, [1, 2]),
        tf.cast(tf.argmax(x, 3), "float32"),
        tf.squeeze(tf.reduce_mean(x, [1, 2], keepdims=True), [1, 2]),
    ]


def _shapes(tf, k, x):
    halves = tf.split(x, 2, axis=-1)
    rows = tf.split(x, [1, 2, 3], axis=1)
    return [
        x[:, 1:, ::2, ..., tf.newaxis],
        x[..., 0],
        x[:, -1, ::-1],
        x[..., ::-1],
        x[:, 1:3, :, 1:2],
        tf.concat([x, halves[0], halves[1]], -1),
        tf.concat([rows[2], rows[1], rows[0]], 1),
        tf.stack([x, x * 2.0], 1),
        tf.transpose(x, [0, 3, 1, 2]),
        tf.reshape(x, [-1, 24, 4]),
        tf.pad(x, [[0, 0], [1, 0], [2, 1], [0, 0]]),
        tf.pad(x, [[0, 0], [1, 0], [2, 1], [0, 0]], "REFLECT"),
        tf.pad(x, [[0, 0], [1, 0], [0, 0], [0, 0]], constant_values=2.0),
        tf.expand_dims(x, 1),
        tf.tile(x, [1, 2, 1, 1]),
        tf.reverse(x, [1]),
        tf.gather(x, [2, 0, 0], axis=-1),
        tf.matmul(x, x, transpose_b=True),
        tf.nn.depth_to_space(x, 2),
        tf.nn.space_to_depth(x, 2),
    ] + tf.unstack(x, axis=-1)


def _images(tf, k, x):
    made = [
        tf.image.resize(x, (9, 7)),
        tf.image.resize(x, (4, 3), method="nearest"),
        tf.nn.max_pool2d(x, 2, 2, "SAME"),
        tf.nn.avg_pool2d(x, (3, 2), (2, 1), "VALID"),
    ]
    if k.tensorflow.__version__[0] == "2":
        made += [
            tf.image.resize(x, (9, 7), method="bicubic"),
            tf.image.resize(x, (4, 3), antialias=True),
            tf.reshape(x, (tf.shape(x)[0], x.shape[1] * 4, 4)),
            k.keras.applications.densenet.preprocess_input(200.0 * x[..., :3]),
            k.keras.applications.resnet50.preprocess_input(200.0 * x[..., :3]) / 100.0,
            tf.image.per_image_standardization(x),
        ]
    return made


def _keras_arithmetic(ops, k, x):
    positive = x * x + 1.0
    return [
        x + 1,
        1.5 - x,
        3.0 / positive,
        x / 4.0 - 1.0,
        -x,
        positive ** 1.3,
        ops.exp(x),
        ops.log(positive),
        ops.sqrt(positive),
        2.0 * ops.rsqrt(positive),
        ops.clip(x, -0.5, 0.75),
        ops.maximum(x, 0.1),
        ops.minimum(x, 2.0 * x),
        ops.where(ops.logical_and(x > 0.0, x < 0.5), x, -x),
        ops.cast(x > 0.1, "float32") * x,
        x * np.array([1.0, -2.0, 3.0, 4.0], "float32"),
        ops.abs(x) + ops.sign(x) * 0.1,
        k.layers.Add()([x, x]) + x,
        ops.relu(x),
        ops.relu6(3.0 * x),
        ops.elu(x, 0.7),
        ops.leaky_relu(x, 0.3),
        ops.softmax(x, axis=1),
        ops.gelu(x),
        ops.gelu(x, approximate=False),
        ops.silu(x),
        2.0 * ops.hard_sigmoid(x),
        k.keras.activations.relu(x, negative_slope=0.2, max_value=1.0, threshold=0.1),
        ops.normalize(x, -1),
    ]


def _keras_shapes(ops, k, x):
    halves = list(ops.split(x, 2, axis=-1))
    rows = list(ops.split(x, [1, 3], axis=1))
    return [
        ops.mean(x, [1, 2]),
        ops.sum(x, 1) / 4.0,
        ops.max(x, -1, keepdims=True),
        x * ops.mean(x, [1, 2], keepdims=True),
        ops.std(x, [1, 2]),
        ops.cast(ops.argmax(x, 3), "float32"),
        x[:, 1:, ::2, ..., None],
        x[..., 0],
        x[:, -1, ::-1],
        x[:, 1:3, :, 1:2],
        ops.concatenate([x, halves[0], halves[1]], -1),
        ops.concatenate([rows[2], rows[1], rows[0]], 1),
        ops.stack([x, x * 2.0], 1),
        ops.transpose(x, [0, 3, 1, 2]),
        ops.swapaxes(x, 1, 2),
        ops.moveaxis(x, -1, 1),
        ops.reshape(x, [-1, 24, 4]),
        ops.pad(x, [[0, 0], [1, 0], [2, 1], [0, 0]], constant_values=2.0),
        ops.pad(x, [[0, 0], [1, 0], [2, 1], [0, 0]], "reflect"),
        ops.expand_dims(x, 1),
        ops.squeeze(ops.mean(x, [1, 2], keepdims=True), (1, 2)),
        ops.tile(x, [1, 2, 1, 1]),
        ops.repeat(x, 2, axis=1),
        ops.flip(x, 1),
        ops.take(x, [2, 0, 0], axis=-1),
        ops.matmul(x, ops.swapaxes(x, 2, 3)),
        ops.einsum("bhwc,bhvc->bwv", x, x) / 4.0,
        ops.max_pool(x, 2, 2, "same"),
        ops.average_pool(x, (3, 2), (2, 1), "valid"),
        ops.image.resize(x, (9, 7)),
        ops.image.resize(x, (4, 3), interpolation="nearest"),
        ops.image.extract_patches(x, 2),
        k.keras.applications.densenet.preprocess_input(200.0 * x[..., :3]),
    ]


def _model(make):
    def build(k):
        image, x = _start(k)
        if k.generation == 3:
            outputs = make(k.keras.ops, k, x)
        else:
            outputs = make(k.tensorflow, k, x)
        return k.Model(image, list(outputs))

    build.__doc__ = make.__name__.strip("_") + ": an output for each."
    return build


def lambdas(k):
    """Lambda layers by Keras' own code, which nobody has to decode."""
    layer = k.layers
    image, x = _start(k)
    applications = k.keras.applications
    outputs = [
        layer.Lambda(getattr(applications, name).preprocess_input)(200.0 * x[..., :3])
        for name in ("densenet", "mobilenet_v2")
    ]
    if k.label == "tfkeras-2.4":
        module = importlib.import_module("tensorflow.python.keras.applications.inception_resnet_v2")
        other = layer.Conv2D(4, 1, name="block8_1_conv")(x)
        made = _last_lambda(module.inception_resnet_block)
        outputs.append(layer.Lambda(made, arguments={"scale": 0.2}, name="block8_1")([x, other]))
    return k.Model(image, outputs)


def _last_lambda(function):
    """Return the lambda in a function of Keras'."""
    code = [constant for constant in function.__code__.co_consts if hasattr(constant, "co_code")]
    return type(function)(code[-1], function.__globals__)


def cases(k):
    """Return the models that this version can make, by name, in order."""
    made = {}

    def case(name, build):
        made[name] = Case(build, (SIZE,), (), "", "same", False)

    if k.label == "keras-3.15.1":
        case("op_arithmetic", _model(_keras_arithmetic))
        case("op_shapes", _model(_keras_shapes))
    elif k.flavour == "tf.keras" and k.label in ("tfkeras-1.15", "tfkeras-2.4", "tfkeras-2.15"):
        for make in (_arithmetic, _activations, _reductions, _shapes, _images):
            case("op" + make.__name__, _model(make))
        if k.label != "tfkeras-1.15":
            case("lambdas", lambdas)
    return made
