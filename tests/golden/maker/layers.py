"""The set `layers`: models of layers without layers in them, a family each.

    python tests/golden/make_goldens.py --set layers ...

Rules: as in builders.py. A model is made by the versions that have its layers; inside a model,
layers and options that a version does not have are left out. Python 3.6 syntax.
"""

import importlib
from collections import namedtuple

Case = namedtuple("Case", "build sizes also full weights_from may_fail tolerance")
"""As in builders.py, and how far predictions may be off."""


def _case(build, *sizes, **options):
    return Case(
        build,
        sizes,
        options.get("also", ()),
        options.get("full", ""),
        "same",
        options.get("may_fail", False),
        options.get("tolerance", 1e-4),
    )


def _layer(k, name):
    """Return a layer class, which may be experimental in older versions; None without."""
    if k.has(name):
        return getattr(k.layers, name)
    experimental = getattr(k.layers, "experimental", None)
    return getattr(getattr(experimental, "preprocessing", None), name, None)


def _since(k, minor):
    """Whether this is Keras 3, or Keras 2 from a minor version on."""
    return k.generation > 2 or (k.generation == 2 and k.minor >= minor)


def _tf(k, minor):
    """Whether this is Keras 3, or tf.keras from a minor version on."""
    return k.generation > 2 or (k.flavour == "tf.keras" and _since(k, minor))


def _head(k, image, x, units=4):
    return k.Model(image, k.layers.Dense(units, activation="softmax")(x))


def sequences(k):
    """Convolutions and pooling of sequences: causal, strided, dilated, in groups, transposed."""
    layer = k.layers
    image = k.Input((29, 5))
    x = layer.Conv1D(6, 4, padding="causal", activation="tanh")(image)
    x = layer.ZeroPadding1D((1, 2))(x)
    x = layer.MaxPooling1D(3, strides=1, padding="same")(x)
    x = layer.Conv1D(6, 3, padding="same", dilation_rate=2, use_bias=False)(x)
    if _tf(k, 8):  # 2.4 computes no groups on a CPU
        x = layer.Conv1D(6, 2, groups=3, padding="same")(x)
    if _tf(k, 4):
        x = layer.Conv1DTranspose(5, 3, strides=2, padding="same", output_padding=1)(x)
    x = layer.BatchNormalization()(x)
    if _tf(k, 8):
        x = layer.DepthwiseConv1D(4, strides=2, padding="same", depth_multiplier=2)(x)
    x = layer.SeparableConv1D(6, 3, strides=2, padding="same", activation="relu")(x)
    x = layer.UpSampling1D(2)(layer.Cropping1D((1, 2))(x))
    x = layer.AveragePooling1D(2, padding="same")(x)
    ends = [layer.GlobalAveragePooling1D()(x), layer.GlobalMaxPooling1D()(x)]
    return _head(k, image, layer.Concatenate()(ends))


def volumes(k):
    """Convolutions and pooling of volumes."""
    layer = k.layers
    image = k.Input((7, 9, 8, 2))
    x = layer.Conv3D(4, 2, strides=(1, 2, 1), padding="same", activation="relu")(image)
    x = layer.ZeroPadding3D(((1, 0), (0, 2), (1, 1)))(x)
    x = layer.MaxPooling3D((2, 3, 2), strides=2, padding="same")(x)
    x = layer.UpSampling3D((2, 1, 2))(x)
    x = layer.Conv3DTranspose(3, 3, strides=(1, 2, 1), padding="same")(x)
    x = layer.BatchNormalization()(x)
    x = layer.Cropping3D(((0, 1), (1, 1), (2, 0)))(x)
    x = layer.AveragePooling3D((1, 2, 2))(x)
    x = layer.Conv3D(4, (1, 2, 3), padding="same", dilation_rate=2, activation="tanh")(x)
    ends = [layer.GlobalAveragePooling3D()(x), layer.GlobalMaxPooling3D()(x)]
    return _head(k, image, layer.Concatenate()(ends))


def transposed(k):
    """Transposed convolutions of images: strides above and below the kernel, with padding."""
    layer = k.layers
    image = k.Input((6, 5, 3))
    x = layer.Conv2DTranspose(4, 3, strides=2, padding="same")(image)
    x = layer.BatchNormalization()(x)
    x = layer.Conv2DTranspose(4, (2, 3), strides=(3, 2), activation="tanh")(x)
    x = layer.MaxPooling2D(2)(x)
    x = layer.Conv2DTranspose(3, (4, 5), padding="same", use_bias=False)(x)
    if _since(k, 2) and (k.generation, k.minor) != (3, 0):  # 3.0 does not write it down
        options = {"output_padding": (1, 1)}
        x = layer.Conv2DTranspose(4, (5, 2), strides=(2, 3), padding="same", **options)(x)
        x = layer.AveragePooling2D(2)(x)
    else:
        x = layer.Conv2D(4, 1)(x)
    if _tf(k, 8):
        x = layer.Conv2D(4, 3, groups=2)(x)
    x = layer.Conv2DTranspose(4, 1, strides=2)(x)
    return _head(k, image, layer.GlobalMaxPooling2D()(x))


def reshaped(k):
    """Reshaping in every order of axes, products, and merges of different ranks."""
    layer = k.layers
    image = k.Input((8, 6, 3))
    x = layer.Conv2D(4, 3, padding="same", activation="tanh")(image)
    rows = layer.Reshape((48, 4))(x)
    columns = layer.Reshape((4, -1))(layer.Permute((3, 2, 1))(x))
    both = layer.Dot((1, 2))([rows, columns])
    cosine = layer.Dot(2, normalize=True)([columns, columns])
    both = layer.Add()([both, cosine])
    vector = layer.GlobalAveragePooling2D()(x)
    gate = layer.Conv2D(4, 1, activation="sigmoid")(layer.Reshape((1, 1, 4))(vector))
    x = layer.Multiply()([x, gate])
    x = layer.Maximum()([x, vector])
    more = layer.Conv1D(3, 2)(layer.RepeatVector(4)(layer.Flatten()(both)))
    x = layer.Dense(5)(layer.Flatten()(layer.Permute((2, 3, 1))(x)))
    x = layer.Concatenate()([x, layer.Reshape((-1,))(more)])
    return _head(k, image, x)


def normalized(k):
    """Normalisation over axes of every kind, on images and on vectors."""
    layer = k.layers
    image = k.Input((7, 6, 3))
    x = layer.Conv2D(6, 3, padding="same")(image)
    x = layer.Activation("relu")(layer.LayerNormalization()(x))
    x = layer.LayerNormalization(axis=[1, 2], center=False)(layer.Conv2D(4, 3, use_bias=False)(x))
    x = layer.Activation("relu")(x)
    x = layer.LayerNormalization(axis=[3, 1], epsilon=1e-2)(layer.Conv2D(4, 2)(x))
    x = layer.BatchNormalization(axis=1)(x)
    x = layer.LayerNormalization()(layer.Flatten()(layer.Activation("tanh")(x)))
    return _head(k, image, x)


def grouped(k):
    """Normalisation in groups, to a norm, and by the root mean square."""
    layer = k.layers
    image = k.Input((7, 6, 3))
    x = layer.Conv2D(6, 3, padding="same")(image)
    x = layer.Activation("relu")(layer.GroupNormalization(3)(x))
    x = layer.Conv2D(4, 3)(x)
    x = layer.GroupNormalization(-1, axis=2, scale=False)(x)
    x = layer.UnitNormalization(axis=[1, 3])(layer.Activation("relu")(x))
    x = layer.Conv2D(6, 2)(x)
    if k.has("RMSNormalization"):
        x = layer.RMSNormalization()(x)
        x = layer.LayerNormalization(rms_scaling=True)(layer.Conv2D(4, 2)(x))
    return _head(k, image, layer.Flatten()(x))


def prepared(k):
    """Images prepared inside the model: statistics, scales, sizes, crops, augmentation."""
    layer = k.layers
    image = k.Input((13, 11, 3))
    x = image
    for name, arguments in (
        ("RandomFlip", ("horizontal",)),
        ("RandomRotation", (0.1,)),
        ("RandomZoom", (0.1,)),
        ("RandomTranslation", (0.1, 0.1)),
        ("RandomContrast", (0.1,)),
        ("RandomHue", (0.1, (0, 1))),
        ("RandomSharpness", (0.1,)),
    ):
        if _layer(k, name):
            x = _layer(k, name)(*arguments)(x)
    x = _layer(k, "Normalization")()(x)
    if _tf(k, 8):
        x = _layer(k, "Normalization")(mean=[0.1, 0.2, 0.3], variance=[0.5, 1.5, 2.0])(x)
        x = _layer(k, "Rescaling")([0.5, 0.7, 0.9], offset=[0.1, 0.0, -0.1])(x)
    x = _layer(k, "Rescaling")(1.0 / 1.5, offset=-0.25)(x)
    cropped = {"crop_to_aspect_ratio": True} if _tf(k, 8) else {}
    parts = [
        _layer(k, "Resizing")(7, 9, interpolation=name, **options)(x)
        for name, options in (("bilinear", cropped), ("nearest", {}), ("bicubic", {}))
    ]
    parts.append(_layer(k, "Resizing")(7, 9, interpolation="lanczos3")(x))
    if _tf(k, 8):
        parts.append(_layer(k, "CenterCrop")(7, 9)(x))
        parts.append(_layer(k, "CenterCrop")(14, 18)(x))
        parts[-1] = layer.MaxPooling2D(2)(parts[-1])
    x = layer.Conv2D(4, 3, activation="tanh")(layer.Concatenate()(parts))
    x = layer.SpatialDropout2D(0.3)(layer.GaussianNoise(0.1)(x))
    return _head(k, image, layer.GlobalMaxPooling2D()(x))


def enlarged(k):
    """Up-sampling of images with every interpolation that the version has."""
    layer = k.layers
    image = k.Input((5, 6, 3))
    names = ["nearest", "bilinear"]
    if _tf(k, 10):
        names += ["bicubic", "lanczos3", "lanczos5"]
        if k.generation == 2:
            names += ["area", "gaussian", "mitchellcubic"]
    parts = [layer.UpSampling2D((2, 3), interpolation=name)(image) for name in names]
    x = layer.Conv2D(5, 3, activation="tanh")(layer.Concatenate()(parts))
    return _head(k, image, layer.Flatten()(layer.MaxPooling2D(2)(x)))


def adaptive(k):
    """Pooling to a number of windows, which fits and which does not."""
    layer = k.layers
    image = k.Input((11, 9, 3))
    x = layer.Conv2D(4, 3, padding="same", activation="tanh")(image)
    means, most = layer.AdaptiveAveragePooling2D, layer.AdaptiveMaxPooling2D
    x = layer.Add()([means((7, 6))(x), most((7, 6))(x)])
    x = layer.Conv2D(4, 2, activation="tanh")(x)
    x = layer.Concatenate()([means((2, 5))(x), most((2, 5))(x)])
    x = layer.Reshape((10, 8))(x)
    means, most = layer.AdaptiveAveragePooling1D, layer.AdaptiveMaxPooling1D
    x = layer.Concatenate()([means(4)(x), most(4)(x)])
    return _head(k, image, layer.Flatten()(x))


def looked_up(k):
    """Numbers looked up in a table; steps that are masked, which nobody looks at."""
    layer = k.layers
    image = k.Input((15,))
    x = layer.Add()([image] * 7)
    x = layer.Embedding(40, 5)(layer.Activation("relu")(x))
    x = layer.Activation("relu")(layer.Conv1D(3, 2)(x))
    if k.flavour == "tf.keras" or k.generation > 2:  # what follows refuses masks in others
        x = layer.Masking(0.0)(x)
    return _head(k, image, layer.Flatten()(layer.Conv1D(6, 3, activation="tanh")(x)))


def local(k):
    """Convolutions with a kernel for each pixel."""
    layer = k.layers
    image = k.Input((9, 7, 3))
    x = layer.Conv2D(3, 2, activation="tanh")(image)
    x = layer.LocallyConnected2D(3, (3, 2), strides=(2, 1), activation="tanh")(x)
    x = layer.LocallyConnected1D(4, 3, use_bias=False)(layer.Reshape((15, 3))(x))
    return _head(k, image, layer.GlobalMaxPooling1D()(x))


def shipped(k):
    """Layers of `keras.applications`: scales of ConvNeXt and of InceptionResNetV2."""
    layer = k.layers
    convnext = _application(k, "convnext")
    inception = _application(k, "inception_resnet_v2")
    image = k.Input((8, 7, 3))
    x = layer.Conv2D(4, 3, padding="same", activation="tanh")(image)
    y = convnext.LayerScale(1e-6, 4)(layer.Dense(4)(x))
    x = layer.Add()([x, convnext.StochasticDepth(0.2)(y)])
    if hasattr(inception, "CustomScaleLayer"):
        y = layer.Conv2D(4, 1)(x)
        x = inception.CustomScaleLayer(scale=0.17)([x, y])
    return _head(k, image, layer.GlobalAveragePooling2D()(x))


def _application(k, name):
    for package in ("keras.src.applications.", "keras.applications."):
        try:
            return importlib.import_module(package + name)
        except ImportError:
            continue
    return None


def _precise(policy):
    def build(k):
        layer = k.layers
        dtype = policy if k.generation > 2 else k.keras.mixed_precision.Policy(policy)
        image = k.Input((12, 10, 3))
        x = layer.Conv2D(4, 3, padding="same", dtype=dtype)(image)
        x = layer.BatchNormalization(dtype=dtype)(x)
        x = layer.Activation("relu", dtype=dtype)(x)
        x = layer.DepthwiseConv2D(3, strides=2, dtype=dtype)(x)
        x = layer.LayerNormalization(dtype=dtype)(x)
        x = layer.GlobalAveragePooling2D(dtype=dtype)(x)
        return _head(k, image, layer.Dense(6, activation="tanh", dtype=dtype)(x))

    build.__doc__ = "Layers of the dtype policy %s." % policy
    return build


def cases(k):
    """Return the models that this version can make, by name, in order."""
    made = {}
    if k.flavour == "keras" and k.generation == 2:
        if k.minor == 0:
            return {}
        made["enlarged"] = _case(enlarged, (5, 6, 3))
        made["reshaped"] = _case(reshaped, (8, 6, 3))
        made["local"] = _case(local, (9, 7, 3))
    made["sequences"] = _case(sequences, (29, 5))
    made["volumes"] = _case(volumes, (7, 9, 8, 2))
    made["transposed"] = _case(transposed, (6, 5, 3))
    made["looked_up"] = _case(looked_up, (15,))
    if not _tf(k, 4):
        return made
    made["reshaped"] = _case(reshaped, (8, 6, 3))
    made["normalized"] = _case(normalized, (7, 6, 3))
    if _tf(k, 11):
        made["grouped"] = _case(grouped, (7, 6, 3))
    made["prepared"] = _case(prepared, (13, 11, 3), full="plain")
    made["enlarged"] = _case(enlarged, (5, 6, 3))
    for policy in ("mixed_float16", "mixed_bfloat16", "float16"):
        if policy == "mixed_bfloat16" and not _tf(k, 8):
            continue  # 2.4 computes none on a CPU
        full = "plain" if policy == "float16" else ""
        made[policy] = _case(_precise(policy), (12, 10, 3), full=full, tolerance=5e-3)
    if k.has("AdaptiveMaxPooling2D"):
        made["adaptive"] = _case(adaptive, (11, 9, 3))
    if _application(k, "convnext"):
        made["shipped"] = _case(shipped, (8, 7, 3), full="plain")
    return made
