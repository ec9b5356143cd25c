"""Random layers for images and volumes: tensors of three and four axes beside the batch."""

from random_maker.draw import Draw, NoFit


def _told(draw: Draw) -> None:
    """Refuse what Keras 1 does not write down: where the channels of this layer are."""
    unusual = draw.channels == "channels_first" or draw.k.backend == "theano"
    if draw.k.generation == 1 and unusual:
        raise NoFit("no file could tell")


def _sides(options: dict, shape):
    """Height, width and channels."""
    if options.get("data_format") == "channels_first":
        return shape[1], shape[2], shape[0]
    return shape


def _stride(draw: Draw, size: int) -> int:
    """A stride that does not pass the whole image.

    TensorFlow 2.21 then computes a convolution of memory that is not the image's, unless by XLA.
    """
    stride = draw.whole(1, 3)
    return stride if stride < size else 1


def _window(draw: Draw, sizes, most: int, padding: str, dilation=(1, 1, 1)):
    """A kernel that fits: as large as the image at most, unless padded."""
    kernel = [draw.whole(1, most) for _ in sizes]
    if padding != "same":
        kernel = [max(1, min(k, 1 + (n - 1) // d)) for k, n, d in zip(kernel, sizes, dilation)]
    return tuple(kernel)


def _divisor(draw: Draw, number: int) -> int:
    return draw.pick([n for n in range(1, number + 1) if number % n == 0])


def conv(draw: Draw, shape):
    """Conv2D: strides or dilation, groups, both paddings, even and oblong kernels."""
    options = draw.format()
    rows, columns, channels = _sides(options, shape)
    padding = draw.pick(("same", "valid"))
    strides, dilation = (_stride(draw, rows), _stride(draw, columns)), (1, 1)
    filters = draw.whole(1, 6)
    if draw.chance(0.25):
        strides, dilation = (1, 1), (draw.whole(1, 3), draw.whole(1, 3))
        options["dilation_rate"] = dilation
    if draw.newer(8) and draw.chance(0.25):
        options["groups"] = _divisor(draw, channels)
        filters = options["groups"] * draw.whole(1, 3)
    kernel = _window(draw, (rows, columns), 5, padding, dilation)
    options.update(draw.bias())
    return draw.layer(
        "Conv2D", filters, kernel, strides=strides, padding=padding,
        activation=draw.activation(), **options
    )  # fmt: skip


def depthwise(draw: Draw, shape):
    """DepthwiseConv2D, or SeparableConv2D."""
    options = draw.format()
    rows, columns, channels = _sides(options, shape)
    if channels > 24:
        raise NoFit("too many channels")
    padding, stride = draw.pick(("same", "valid")), _stride(draw, min(rows, columns))
    dilation = (1, 1)
    if draw.newer(8) and draw.chance(0.25):
        stride, dilation = 1, (draw.whole(1, 2),) * 2
        options["dilation_rate"] = dilation
    kernel = _window(draw, (rows, columns), 4, padding, dilation)
    options.update(draw.bias())
    options.update(strides=(stride, stride), padding=padding, activation=draw.activation())
    if draw.k.generation > 1 or draw.chance(0.5):
        options["depth_multiplier"] = draw.whole(1, 2)
    if draw.k.has("DepthwiseConv2D") and draw.chance(0.6):
        return draw.layer("DepthwiseConv2D", kernel, **options)
    return draw.layer("SeparableConv2D", draw.whole(1, 6), kernel, **options)


def transposed(draw: Draw, shape):
    """Conv2DTranspose: strides below and above the kernel."""
    options = draw.format()
    if max(_sides(options, shape)[:2]) > 16:
        raise NoFit("too large")
    strides = (draw.whole(1, 3), draw.whole(1, 3))
    kernel = (draw.whole(1, 4), draw.whole(1, 4))
    if draw.newer(4) and draw.chance(0.2):
        options["output_padding"] = tuple(draw.whole(0, stride - 1) for stride in strides)
    options.update(draw.bias())
    return draw.layer(
        "Conv2DTranspose", draw.whole(1, 5), kernel, strides=strides,
        padding=draw.pick(("same", "valid")), activation=draw.activation(), **options
    )  # fmt: skip


def pool(draw: Draw, shape):
    """MaxPooling2D, AveragePooling2D."""
    options = draw.format()
    padding = draw.pick(("same", "valid"))
    size = _window(draw, _sides(options, shape)[:2], 3, padding)
    if draw.chance(0.5):
        options["strides"] = (draw.whole(1, 3), draw.whole(1, 3))
    kind = draw.pick(("MaxPooling2D", "AveragePooling2D"))
    return draw.layer(kind, size, padding=padding, **options)


def whole_pool(draw: Draw, shape):
    """GlobalAveragePooling2D, GlobalMaxPooling2D."""
    options = draw.format()
    if draw.newer(8) and draw.chance(0.3):
        options["keepdims"] = True
    return draw.layer(draw.pick(("GlobalAveragePooling2D", "GlobalMaxPooling2D")), **options)


def adaptive_pool(draw: Draw, shape):
    """AdaptiveAveragePooling2D, AdaptiveMaxPooling2D."""
    kind = draw.pick(("AdaptiveAveragePooling2D", "AdaptiveMaxPooling2D"))
    return draw.layer(kind, (draw.whole(1, shape[0]), draw.whole(1, shape[1])))


def margin(draw: Draw, shape):
    """ZeroPadding2D or Cropping2D, on four sides."""
    _told(draw)
    options = draw.format()
    sides = draw.pick((1, ((1, 0), (2, 1)), ((0, 3), (0, 0)), ((0, 0), (0, 1)), ((2, 0), (0, 2))))
    if draw.chance(0.5):
        return draw.layer("ZeroPadding2D", sides, **options)
    if min(_sides(options, shape)[:2]) < 4:
        raise NoFit("too small")
    return draw.layer("Cropping2D", ((1, 1), (1, 1)) if sides == 1 else sides, **options)


def enlarge(draw: Draw, shape):
    """UpSampling2D."""
    _told(draw)
    options = draw.format()
    if draw.newer(10) and draw.chance(0.2):
        options["interpolation"] = draw.pick(("bicubic", "lanczos3", "lanczos5"))
    elif draw.since(2) and draw.chance(0.4):
        options["interpolation"] = "bilinear"
    return draw.layer("UpSampling2D", (draw.whole(1, 3), draw.whole(1, 3)), **options)


def prepare(draw: Draw, shape):
    """Resizing, Rescaling, Normalization, CenterCrop, and augmentation."""
    kind = draw.pick(("Resizing", "Rescaling", "Normalization", "CenterCrop", "Random"))
    rows, columns, channels = shape
    if kind == "Resizing":
        options = {"interpolation": draw.pick(("bilinear", "nearest", "bicubic", "lanczos3"))}
        if draw.newer(8) and draw.chance(0.3):
            options["crop_to_aspect_ratio"] = True
        return draw.layer(kind, draw.whole(2, 14), draw.whole(2, 14), **options)
    if kind == "Rescaling":
        if draw.chance(0.5):
            return draw.layer(kind, 1.0 / draw.whole(1, 4), offset=draw.whole(-1, 1) / 2.0)
        return draw.layer(kind, 0.5)
    if kind == "Normalization":
        if not draw.newer(8) or draw.chance(0.5):
            return draw.layer(kind)
        mean = [draw.whole(-4, 4) / 8.0 for _ in range(channels)]
        return draw.layer(kind, mean=mean, variance=[draw.whole(2, 9) / 4.0 for _ in mean])
    if kind == "CenterCrop":
        return draw.layer(kind, draw.whole(1, rows), draw.whole(1, columns))
    name, argument = draw.pick(
        (
            ("RandomFlip", "horizontal"),
            ("RandomRotation", 0.1),
            ("RandomZoom", 0.2),
            ("RandomContrast", 0.1),
            ("RandomBrightness", 0.1),
        )
    )
    return draw.layer(name, argument)


def drop(draw: Draw, shape):
    """SpatialDropout2D."""
    return draw.layer("SpatialDropout2D", 0.3, **draw.format())


def local(draw: Draw, shape):
    """LocallyConnected2D."""
    kernel = _window(draw, shape[:2], 3, "valid")
    return draw.layer("LocallyConnected2D", draw.whole(1, 3), kernel, activation=draw.activation())


def volume(draw: Draw, shape):
    """Layers for three axes and channels."""
    padding = draw.pick(("same", "valid"))
    sizes = shape[:3]
    if draw.chance(0.4):
        strides = tuple(draw.whole(1, 2) for _ in sizes)
        kernel = _window(draw, sizes, 3, padding)
        return draw.layer(
            "Conv3D", draw.whole(1, 4), kernel, strides=strides, padding=padding,
            activation=draw.activation(), **draw.bias()
        )  # fmt: skip
    name = draw.pick(
        ("MaxPooling3D", "AveragePooling3D", "ZeroPadding3D", "UpSampling3D", "GlobalMax")
    )
    if name == "GlobalMax":
        return draw.layer(draw.pick(("GlobalMaxPooling3D", "GlobalAveragePooling3D")))
    if name == "ZeroPadding3D":
        return draw.layer(name, ((1, 0), (0, 2), (1, 1)))
    if name == "UpSampling3D":
        return draw.layer(name, (1, 2, 2))
    return draw.layer(name, _window(draw, sizes, 2, padding), padding=padding)


def video(draw: Draw, shape):
    """ConvLSTM2D, and layers for each image."""
    if draw.chance(0.4):
        kernel = _window(draw, shape[1:3], 3, "valid")
        return draw.layer(
            "ConvLSTM2D", draw.whole(1, 3), kernel, padding=draw.pick(("same", "valid")),
            return_sequences=draw.chance(0.5), **draw.bias()
        )  # fmt: skip
    kind = draw.pick(("Conv2D", "MaxPooling2D", "Flatten", "GlobalAveragePooling2D"))
    arguments = {"Conv2D": (draw.whole(1, 4), _window(draw, shape[1:3], 3, "valid"))}
    return draw.layer("TimeDistributed", draw.inner(kind, *arguments.get(kind, ())))


IMAGES = (
    (8, conv),
    (3, depthwise),
    (1.5, transposed),
    (3, pool),
    (1.5, whole_pool),
    (0.4, adaptive_pool),
    (2, margin),
    (1, enlarge),
    (1.5, prepare),
    (0.5, drop),
    (0.4, local),
)
VOLUMES = ((2, volume), (2, video))
"""How often, and what."""
