"""The models, one small function each, and the table that names them.

Rules: few filters, so that the files stay small; images are not square; a builder uses
the layers that the version has and leaves the others out. Every function takes the
Library and returns a model without caring for its weights.
"""

from collections import namedtuple

ACTIVATIONS = (
    "linear relu elu selu softplus softsign tanh sigmoid hard_sigmoid softmax exponential "
    "swish silu gelu mish relu6 leaky_relu log_softmax celu log_sigmoid hard_silu "
    "hard_swish hard_tanh hard_shrink soft_shrink tanh_shrink squareplus sparse_plus "
    "sparse_sigmoid sparsemax"
).split()
"""Every name that some Keras knows and that needs no argument."""


def _relu(k, name=None):
    return k.layers.ReLU(name=name) if k.has("ReLU") else k.layers.Activation("relu", name=name)


def vgg_sequential(k):
    """Sequential without an InputLayer: convolutions, dropout, flatten, dense."""
    layer = k.layers
    return k.Sequential(
        [
            layer.Conv2D(4, 3, padding="same", input_shape=(14, 10, 3)),
            layer.BatchNormalization(),
            layer.Activation("relu"),
            layer.MaxPooling2D(),
            layer.Dropout(0.25),
            layer.Conv2D(5, 3),
            layer.Activation("relu"),
            layer.MaxPooling2D(2),
            layer.Flatten(),
            layer.Dense(8, activation="relu"),
            layer.BatchNormalization(),
            layer.Dropout(0.5),
            layer.Dense(4, activation="softmax"),
        ]
    )


def vgg_functional(k):
    """Functional, activations inside the convolutions, average pooling."""
    layer = k.layers
    image = k.Input((16, 12, 3))
    x = layer.Conv2D(4, 3, padding="same", activation="relu")(image)
    x = layer.Conv2D(4, 3, padding="same", activation="tanh")(x)
    x = layer.AveragePooling2D(2)(x)
    x = layer.Conv2D(6, 3, activation="elu")(x)
    x = layer.GlobalAveragePooling2D()(x)
    return k.Model(image, layer.Dense(5, activation="softmax")(x))


def _residual(k, x, filters, name, stride=1, project=False):
    layer = k.layers
    short = x
    if project:
        short = layer.Conv2D(filters, 1, strides=stride, name=name + "_0_conv")(x)
        short = layer.BatchNormalization(epsilon=1.001e-5, name=name + "_0_bn")(short)
    x = layer.Conv2D(3, 1, strides=stride, name=name + "_1_conv")(x)
    x = layer.BatchNormalization(epsilon=1.001e-5, name=name + "_1_bn")(x)
    x = layer.Activation("relu", name=name + "_1_relu")(x)
    x = layer.Conv2D(filters, 3, padding="same", name=name + "_2_conv")(x)
    x = layer.BatchNormalization(epsilon=1.001e-5, name=name + "_2_bn")(x)
    x = layer.Add(name=name + "_add")([short, x])
    return _relu(k, name + "_out")(x)


def resnet(k):
    """ResNet50's names and order: padded stem, a projection and an identity block."""
    layer = k.layers
    image = k.Input((19, 15, 3), name="input_1")
    x = layer.ZeroPadding2D(((3, 3), (3, 3)), name="conv1_pad")(image)
    x = layer.Conv2D(4, 7, strides=2, name="conv1_conv")(x)
    x = layer.BatchNormalization(epsilon=1.001e-5, name="conv1_bn")(x)
    x = _relu(k, "conv1_relu")(x)
    x = layer.ZeroPadding2D(((1, 1), (1, 1)), name="pool1_pad")(x)
    x = layer.MaxPooling2D(3, strides=2, name="pool1_pool")(x)
    x = _residual(k, x, 6, "conv2_block1", 2, True)
    x = _residual(k, x, 6, "conv2_block2")
    x = layer.GlobalAveragePooling2D(name="avg_pool")(x)
    return k.Model(image, layer.Dense(4, activation="softmax", name="predictions")(x), "resnet50")


def resnet_v2(k):
    """Pre-activation blocks; strides on the 1x1 convolutions; dense without bias."""
    layer = k.layers
    image = k.Input((17, 13, 3))
    x = layer.Conv2D(4, 3, padding="same", use_bias=False)(image)
    before = layer.Activation("relu")(layer.BatchNormalization()(x))
    short = layer.Conv2D(6, 1, strides=2)(before)
    x = layer.Conv2D(3, 1, strides=2, use_bias=False)(before)
    x = layer.Activation("relu")(layer.BatchNormalization()(x))
    x = layer.Conv2D(6, 3, padding="same")(x)
    x = layer.Add()([short, x])
    x = layer.Activation("relu")(layer.BatchNormalization()(x))
    x = layer.GlobalMaxPooling2D()(x)
    x = layer.Dense(4, use_bias=False)(x)
    x = layer.BatchNormalization()(x)
    return k.Model(image, layer.Activation("softmax")(x))


def densenet(k):
    """Concatenations on the last axis with batch normalization between."""
    layer = k.layers
    image = k.Input((14, 18, 3))
    x = layer.Conv2D(4, 3, strides=2, padding="same", use_bias=False)(image)
    for _ in range(2):
        y = layer.Activation("relu")(layer.BatchNormalization(epsilon=1.001e-5)(x))
        y = layer.Conv2D(3, 3, padding="same", use_bias=False)(y)
        x = layer.Concatenate(axis=-1)([x, y])
    x = layer.Activation("relu")(layer.BatchNormalization(epsilon=1.001e-5)(x))
    x = layer.Conv2D(4, 1, use_bias=False)(x)
    x = layer.AveragePooling2D(2, strides=2)(x)
    x = layer.GlobalAveragePooling2D()(layer.BatchNormalization()(x))
    return k.Model(image, layer.Dense(4, activation="softmax")(x))


def strides_padding(k):
    """Odd sizes, strides 2 and 3, even and oblong kernels, uneven padding, pools `same`."""
    layer = k.layers
    image = k.Input((23, 17, 3))
    a = layer.Conv2D(3, 3, strides=2, padding="same")(image)
    a = layer.Conv2D(3, (1, 7), padding="same", activation="relu")(a)
    a = layer.Conv2D(3, (7, 1), padding="same")(a)
    a = layer.Conv2D(3, 2, padding="same", activation="relu")(a)
    a = layer.Conv2D(3, 4, padding="valid")(a)
    a = layer.AveragePooling2D(2, strides=2, padding="same")(a)
    b = layer.ZeroPadding2D(((1, 2), (0, 3)))(image)
    b = layer.Conv2D(3, 4, strides=3, padding="same")(b)
    b = layer.MaxPooling2D(3, strides=2, padding="same")(b)
    b = layer.Conv2D(3, (2, 3), strides=(2, 1), padding="same", activation="tanh")(b)
    b = layer.AveragePooling2D(3, strides=1, padding="same")(b)
    x = layer.Concatenate()([layer.Flatten()(a), layer.Flatten()(b)])
    return k.Model(image, layer.Dense(4, activation="softmax")(x))


def dilation(k):
    """Dilations 2 and 3, `same` and `valid`, and a different one for each axis."""
    layer = k.layers
    image = k.Input((17, 15, 3))
    x = layer.Conv2D(4, 3, dilation_rate=2, padding="same", activation="relu")(image)
    x = layer.Conv2D(4, (3, 2), dilation_rate=3, padding="same", activation="relu")(x)
    uneven = 2 if k.generation == 1 else (3, 2)
    x = layer.Conv2D(4, 3, dilation_rate=uneven, padding="valid", activation="relu")(x)
    x = layer.Conv2D(3, (2, 3), dilation_rate=2, padding="valid")(x)
    return k.Model(image, layer.Dense(4, activation="softmax")(layer.Flatten()(x)))


def activations(k):
    """Every activation name the version has, side by side; each has outputs of its own."""
    layer = k.layers
    image = k.Input((12, 9, 3))
    x = layer.Conv2D(3, 3)(image)
    branches = [
        layer.Activation(name, name="act_" + name)(x)
        for name in ACTIVATIONS
        if k.has_activation(name) and (k.generation, name) != (1, "softmax")
    ]
    branches.append(layer.Conv2D(3, 1, activation="softplus")(x))
    x = layer.Concatenate()(branches)
    return k.Model(image, layer.GlobalAveragePooling2D()(x))


def activation_layers(k):
    """Activations that are layers, side by side; each has outputs of its own."""
    layer = k.layers
    image = k.Input((9, 12, 3))
    x = layer.Conv2D(3, 3)(image)
    branches = [
        layer.LeakyReLU(0.2)(x),
        layer.ELU(0.7)(x),
        layer.PReLU()(x),
        layer.PReLU(shared_axes=[1, 2])(x),
        layer.PReLU(shared_axes=[1])(x),
    ]
    if k.has("ThresholdedReLU"):
        branches.append(layer.ThresholdedReLU(0.4)(x))
    if k.has("ReLU"):
        branches += [layer.ReLU()(x), layer.ReLU(1.5)(x), layer.ReLU(1.25, 0.1, 0.25)(x)]
    if k.has("Softmax"):
        branches += [layer.Softmax()(x), layer.Softmax(axis=1)(x)]
    x = layer.Concatenate()(branches)
    return k.Model(image, layer.GlobalMaxPooling2D()(x))


def mobile(k):
    """MobileNet's layers: separable and depthwise convolutions, relu6, reshape."""
    layer = k.layers
    image = k.Input((15, 18, 3))
    x = layer.Conv2D(4, 3, strides=2, padding="same", use_bias=False)(image)
    x = layer.BatchNormalization()(x)
    x = layer.ReLU(6.0)(x) if k.has("ReLU") else layer.Activation("relu")(x)
    if k.has("DepthwiseConv2D"):
        x = layer.ZeroPadding2D(((0, 1), (0, 1)))(x)
        x = layer.DepthwiseConv2D(3, strides=2, depth_multiplier=2, use_bias=False)(x)
        x = layer.BatchNormalization()(x)
        x = layer.DepthwiseConv2D(3, padding="same", activation="relu")(x)
    x = layer.SeparableConv2D(4, 3, padding="same", activation="relu")(x)
    # Keras 1's TensorFlow refuses more channels in between than there are filters.
    deeper = {} if k.generation == 1 else {"depth_multiplier": 2}
    x = layer.SeparableConv2D(4, 3, padding="same", use_bias=False, **deeper)(x)
    x = layer.GlobalAveragePooling2D()(x)
    x = layer.Reshape((1, 1, 4))(x)
    x = layer.Dropout(0.001)(x)
    x = layer.Conv2D(5, 1)(x)
    return k.Model(image, layer.Activation("softmax")(layer.Reshape((5,))(x)))


def nested(k):
    """A Sequential and two depths of functional models inside; one part is frozen."""
    layer = k.layers
    features = k.Sequential(
        [
            layer.Conv2D(4, 3, input_shape=(16, 14, 3), name="first_conv"),
            layer.BatchNormalization(),
            layer.Activation("relu"),
            layer.MaxPooling2D(),
        ],
        name="features",
    )
    inner_in = k.Input((7, 6, 4))
    x = layer.Conv2D(4, 3, padding="same")(inner_in)
    inner = k.Model(inner_in, layer.BatchNormalization()(x), name="inner")
    middle_in = k.Input((7, 6, 4))
    x = inner(layer.Conv2D(4, 1, activation="relu")(middle_in))
    middle = k.Model(middle_in, layer.Add()([middle_in, x]), name="middle")
    frozen_in = k.Input((7, 6, 4))
    x = layer.Conv2D(4, 3, padding="same")(frozen_in)
    x = layer.BatchNormalization()(x)
    x = layer.Conv2D(4, 3, padding="same", activation="relu")(layer.Activation("relu")(x))
    frozen = k.Model(frozen_in, layer.BatchNormalization()(x), name="frozen_part")
    frozen.trainable = False
    partly_in = k.Input((7, 6, 4))
    still = layer.Conv2D(4, 3, padding="same", activation="relu")
    still.trainable = False
    x = layer.Conv2D(4, 3, padding="same", activation="relu")(still(partly_in))
    partly = k.Model(partly_in, x, name="partly_frozen")
    image = k.Input((16, 14, 3))
    x = partly(frozen(middle(features(image))))
    x = layer.GlobalAveragePooling2D()(x)
    return k.Model(image, layer.Dense(4, activation="softmax", name="head")(x))


def shared(k):
    """Two inputs, one encoder and one dense layer called twice, two outputs."""
    layer = k.layers
    encoder_in = k.Input((12, 10, 3))
    x = layer.Conv2D(4, 3, strides=2, padding="same")(encoder_in)
    x = layer.Activation("relu")(layer.BatchNormalization()(x))
    encoder = k.Model(encoder_in, layer.GlobalAveragePooling2D()(x), name="encoder")
    left = k.Input((12, 10, 3), name="left")
    right = k.Input((12, 10, 3), name="right")
    dense = layer.Dense(6, activation="tanh", name="shared_dense")
    a = dense(encoder(left))
    b = dense(encoder(right))
    parts = [layer.Multiply()([a, b]), layer.Average()([a, b]), layer.Maximum()([a, b]), a]
    if k.has("Subtract"):
        parts.append(layer.Subtract()([a, b]))
    both = layer.Concatenate()(parts)
    same = layer.Dense(1, activation="sigmoid", name="same")(both)
    kind = layer.Dense(4, activation="softmax", name="kind")(both)
    return k.Model([left, right], [same, kind])


def frozen(k):
    """Convolutions and batch normalizations with trainable=False amid the others."""
    layer = k.layers
    unscaled, uncentred = {"scale": False}, {"center": False}
    if k.generation == 1:
        unscaled, uncentred = {}, {}
    image = k.Input((13, 11, 3))
    x = layer.Conv2D(4, 3, padding="same")(image)
    x = layer.BatchNormalization(trainable=False)(x)
    x = layer.Activation("relu")(x)
    x = layer.Conv2D(4, 3, trainable=False)(x)
    x = layer.BatchNormalization()(x)
    x = layer.Conv2D(4, 3, activation="relu", trainable=False)(x)
    x = layer.BatchNormalization(trainable=False, **unscaled)(x)
    x = layer.BatchNormalization(**uncentred)(layer.Conv2D(4, 1)(x))
    x = layer.GlobalAveragePooling2D()(x)
    return k.Model(image, layer.Dense(4, activation="softmax")(x))


def channels_first(k):
    """Images as (channels, height, width); flattened in that order."""
    layer = k.layers
    first = {"data_format": "channels_first"}
    image = k.Input((3, 14, 11))
    x = layer.ZeroPadding2D(((1, 0), (2, 1)), **first)(image)
    x = layer.Conv2D(4, 3, padding="valid", **first)(x)
    x = layer.BatchNormalization(axis=1)(x)
    x = layer.Activation("relu")(x)
    x = layer.MaxPooling2D(2, **first)(x)
    x = layer.Conv2D(4, 3, strides=2, padding="same", **first)(x)
    pooled = layer.GlobalAveragePooling2D(**first)(x)
    x = layer.Concatenate()([layer.Flatten()(x), pooled])
    return k.Model(image, layer.Dense(4, activation="softmax")(x))


def gray_sigmoid(k):
    """One channel in, one probability out."""
    layer = k.layers
    return k.Sequential(
        [
            layer.Conv2D(4, 5, activation="relu", input_shape=(16, 20, 1)),
            layer.MaxPooling2D(),
            layer.Conv2D(4, 3, activation="relu"),
            layer.Flatten(),
            layer.Dense(1, activation="sigmoid"),
        ]
    )


def fully_conv(k):
    """Images of any size."""
    layer = k.layers
    image = k.Input((None, None, 3))
    x = layer.Conv2D(4, 3, padding="same", activation="relu")(image)
    x = layer.Conv2D(5, 3, strides=2, padding="same", activation="relu")(x)
    x = layer.Conv2D(5, 3, strides=2)(x)
    x = layer.GlobalAveragePooling2D()(x)
    return k.Model(image, layer.Dense(4, activation="softmax")(x))


def renamed(k):
    """Layers that only numbers tell apart; see Case.weights_from."""
    layer = k.layers
    image = k.Input((12, 15, 3))
    x = layer.Conv2D(4, 3, padding="same")(image)
    x = layer.BatchNormalization()(x)
    x = layer.Conv2D(4, 3, activation="relu")(x)
    x = layer.BatchNormalization()(x)
    x = layer.Conv2D(4, 3, activation="relu")(x)
    x = layer.GlobalAveragePooling2D()(x)
    x = layer.Dense(5, activation="tanh")(x)
    return k.Model(image, layer.Dense(5, activation="softmax")(x))


Case = namedtuple("Case", "build sizes also full weights_from may_fail")
"""A model: how to build it, the sizes of its inputs (channels last or first as the model
has them), other sizes it takes, how to save it whole (``, `plain`, `compiled`, `fitted`),
which instance the weights file comes from, and whether a version may be unable to run it.

`weights_from` is `same`; or `second`: a second instance made in the same session, so that
the names of its layers go on counting; or `shifted`: an instance made after one other
convolution, so that its names overlap with those of the architecture, moved by one.
Keras loads both by order.
"""


def _case(build, *sizes, **options):
    return Case(
        build,
        sizes,
        options.get("also", ()),
        options.get("full", ""),
        options.get("weights_from", "same"),
        options.get("may_fail", False),
    )


CASES = {
    "vgg_sequential": _case(vgg_sequential, (14, 10, 3), full="fitted"),
    "vgg_functional": _case(vgg_functional, (16, 12, 3)),
    "resnet": _case(resnet, (19, 15, 3)),
    "resnet_v2": _case(resnet_v2, (17, 13, 3)),
    "densenet": _case(densenet, (14, 18, 3)),
    "strides_padding": _case(strides_padding, (23, 17, 3)),
    "dilation": _case(dilation, (17, 15, 3)),
    "activations": _case(activations, (12, 9, 3)),
    "activation_layers": _case(activation_layers, (9, 12, 3)),
    "mobile": _case(mobile, (15, 18, 3)),
    "nested": _case(nested, (16, 14, 3), full="compiled"),
    "nested_renamed": _case(nested, (16, 14, 3), weights_from="second"),
    "shared": _case(shared, (12, 10, 3), (12, 10, 3), full="plain"),
    "frozen": _case(frozen, (13, 11, 3), full="fitted"),
    "channels_first": _case(channels_first, (3, 14, 11), may_fail=True),
    "gray_sigmoid": _case(gray_sigmoid, (16, 20, 1)),
    "fully_conv": _case(fully_conv, (14, 18, 3), also=((21, 15, 3),)),
    "renamed": _case(renamed, (12, 15, 3), weights_from="second"),
    "renamed_overlap": _case(renamed, (12, 15, 3), weights_from="shifted"),
}
"""Every model by its name, in the order in which they are made."""
