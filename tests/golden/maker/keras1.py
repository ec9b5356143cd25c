"""The set `keras1`: what only Keras 1 has, or computes in its own way.

    python tests/golden/make_goldens.py --set keras1 ...

Rules: as in builders.py, but Keras 1's own layers, because the point is how it writes them.
Theano makes only what it does differently, because it compiles every model for minutes.
"""

import importlib
from collections import namedtuple

from maker.formats import yaml

Case = namedtuple("Case", "build sizes also full weights_from may_fail extras")
"""As in builders.py, and what else to write."""


def _case(build, *sizes, **options):
    return Case(build, sizes, (), options.get("full", ""), "same", False, (yaml,))


def windows(k, layer):
    """`same` with even kernels, strides and even sizes: Theano pads elsewhere."""
    image = layer.Input((12, 11, 3))
    x = layer.Convolution2D(4, 3, 3, border_mode="same", subsample=(2, 2))(image)
    x = layer.Convolution2D(4, 2, 4, border_mode="same", activation="relu")(x)
    ends = [
        layer.Flatten()(layer.MaxPooling2D((2, 3), border_mode="same")(x)),
        layer.Flatten()(layer.AveragePooling2D((3, 2), (1, 2), border_mode="same")(x)),
    ]
    x = layer.merge(ends, mode="concat")
    return k.Model(image, layer.Dense(4, activation="softmax")(x))


def channels_first(k, layer):
    """`th`: kernels as (out, in, rows, columns); layers that do not say where channels are."""
    image = layer.Input((3, 11, 10))
    x = layer.ZeroPadding2D((1, 2, 0, 1), dim_ordering="th")(image)
    x = layer.Convolution2D(4, 3, 2, subsample=(2, 1), dim_ordering="th")(x)
    x = layer.BatchNormalization(axis=1)(x)
    x = layer.PReLU(shared_axes=[2, 3])(x)
    x = layer.UpSampling2D((2, 1), dim_ordering="th")(x)
    x = layer.Cropping2D(((1, 0), (1, 2)), dim_ordering="th")(x)
    x = layer.Deconvolution2D(3, 3, 2, (None, 3, 13, 8), dim_ordering="th")(x)
    x = layer.MaxPooling2D((2, 2), dim_ordering="th")(x)
    return k.Model(image, layer.Dense(4, activation="softmax")(layer.Flatten()(x)))


def channels_last(k, layer):
    """`tf`: padding on four sides, dilation, separable and transposed convolutions."""
    image = layer.Input((10, 9, 3))
    x = layer.ZeroPadding2D((1, 2, 0, 1))(image)
    x = layer.AtrousConvolution2D(4, 3, 2, atrous_rate=(2, 2), border_mode="same")(x)
    x = layer.PReLU(shared_axes=[1, 2])(x)
    x = layer.SeparableConvolution2D(6, 3, 3, depth_multiplier=1, bias=False)(x)
    x = layer.MaxPooling2D((2, 2), strides=(2, 1))(x)
    x = layer.Deconvolution2D(3, 3, 3, (None, 9, 14, 3), subsample=(2, 2), border_mode="same")(x)
    x = layer.Activation("hard_sigmoid")(layer.Cropping2D(((1, 0), (1, 2)))(x))
    return k.Model(image, layer.Dense(4, activation="softmax")(layer.Flatten()(x)))


def merged(k, layer):
    """Every mode of merge that the newer versions have as a layer."""
    image = layer.Input((9,))
    a, b = layer.Dense(5)(image), layer.Dense(5, activation="tanh", bias=False)(image)
    ends = [layer.merge([a, b], mode=mode) for mode in ("sum", "mul", "ave", "max")]
    ends.append(layer.merge([a, b], mode="dot", dot_axes=1))
    x = layer.BatchNormalization()(layer.merge(ends, mode="concat", concat_axis=1))
    return k.Model(image, layer.Dense(4, activation="softmax")(x))


def branches(k, layer):
    """A Sequential that begins with a Merge of Sequentials, one of which does so, too."""
    left = k.Sequential([layer.Convolution2D(3, 3, 3, input_shape=(7, 6, 2)), layer.Flatten()])
    left.add(layer.Dense(5))
    right = k.Sequential([layer.Dense(5, input_dim=4, activation="tanh")])
    both = k.Sequential([layer.Merge([left, right], mode="mul"), layer.Dense(4)])
    other = k.Sequential([layer.Dense(3, input_dim=5)])
    model = k.Sequential([layer.Merge([both, other], mode="concat")])
    model.add(layer.Dense(4, activation="softmax"))
    return model


def unnamed(k, layer):
    """Sequentials in a Sequential: the architecture does not name them."""
    first = k.Sequential([layer.Convolution2D(3, 3, 3, input_shape=(9, 8, 2))])
    first.add(layer.BatchNormalization())
    second = k.Sequential([layer.Convolution2D(4, 2, 2, input_shape=(7, 6, 3))])
    second.add(layer.Flatten())
    model = k.Sequential([first, layer.Activation("relu"), second, layer.Dropout(0.3)])
    model.add(layer.Dense(4, activation="softmax"))
    return model


def recurrent(k, layer):
    """Gates kept apart and together, both directions, and a layer for each step."""
    steps = layer.Input((5, 4))
    x = layer.LSTM(4, return_sequences=True, inner_activation="sigmoid")(steps)
    x = layer.GRU(4, return_sequences=True, consume_less="gpu")(x)
    x = layer.Bidirectional(layer.LSTM(3, return_sequences=True), merge_mode="sum")(x)
    x = layer.TimeDistributed(layer.Dense(4))(x)
    x = layer.SimpleRNN(4, go_backwards=True)(x)
    return k.Model(steps, layer.Dense(4, activation="softmax")(x))


def sequences(k, layer):
    """Convolution and pooling of sequences; kernels have an axis more in the file."""
    steps = layer.Input((15, 4))
    x = layer.Convolution1D(5, 3, border_mode="same", subsample_length=2)(steps)
    x = layer.AtrousConvolution1D(4, 2, atrous_rate=2, activation="relu")(layer.ZeroPadding1D(1)(x))
    x = layer.UpSampling1D(2)(layer.MaxPooling1D(2, stride=1)(x))
    return k.Model(steps, layer.Dense(4, activation="softmax")(layer.Flatten()(x)))


def cases(k):
    """Return the set's models for this version, by name."""
    if k.generation != 1:
        return {}
    layer = importlib.import_module("keras.layers")

    def case(build, *sizes, **options):
        def built(k):
            return build(k, layer)

        built.__doc__ = build.__doc__
        return _case(built, *sizes, **options)

    both = {
        "windows": case(windows, (12, 11, 3)),
        "channels_first": case(channels_first, (3, 11, 10)),
    }
    if k.backend == "theano":
        return both
    return dict(
        both,
        channels_last=case(channels_last, (10, 9, 3)),
        merged=case(merged, (9,), full="compiled"),
        branches=case(branches, (7, 6, 2), (4,), (5,), full="compiled"),
        unnamed=case(unnamed, (9, 8, 2), full="compiled"),
        recurrent=case(recurrent, (5, 4)),
        sequences=case(sequences, (15, 4)),
    )
