"""Operations on images, mostly by way of the layers that do the same."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..context import Context
from ..layers.resizing import linear
from ..layers.spatial import image_shape, known_sizes, spatial
from ..registry import OptionError
from ..value import Value, elements
from .elementwise import binary, square
from .linear import matmul
from .operand import Operand, as_layer, floats, sizes, tensor, truth, whole
from .reduction import reduce
from .shape import flip
from .slicing import Cut, sliced

RESIZE_METHODS = (
    "bilinear",
    "nearest",
    "bicubic",
    "area",
    "lanczos3",
    "lanczos5",
    "gaussian",
    "mitchellcubic",
)


def resize(
    ctx: Context,
    x: Operand,
    size: Operand,
    method: Operand = "bilinear",
    preserve_aspect_ratio: Operand = False,
    antialias: Operand = False,
) -> Value:
    """`tf.image.resize` of TensorFlow 2: pixels are areas, not points.

    Integers become floats, unless the nearest pixel is taken.
    """
    if truth(preserve_aspect_ratio):
        raise OptionError("preserve_aspect_ratio=True cannot be compiled")
    if method != "nearest":
        x = ctx.cast(tensor(ctx, x), "float32")
    return _resized(ctx, x, size, method, antialias=truth(antialias))


def keras_resize(
    ctx: Context,
    x: Operand,
    size: Operand,
    interpolation: Operand = "bilinear",
    antialias: Operand = False,
    crop_to_aspect_ratio: Operand = False,
    pad_to_aspect_ratio: Operand = False,
    fill_mode: Operand = "constant",
    fill_value: Operand = 0.0,
    data_format: Operand = None,
) -> Value:
    """Keras 3's `ops.image.resize`."""
    return _resized(
        ctx,
        x,
        size,
        interpolation,
        antialias=truth(antialias),
        crop_to_aspect_ratio=truth(crop_to_aspect_ratio),
        pad_to_aspect_ratio=truth(pad_to_aspect_ratio),
        fill_mode=fill_mode,
        fill_value=fill_value,
        data_format=data_format or "channels_last",
    )


def _resized(ctx: Context, x: Operand, size: Operand, method: Operand, **options: Any) -> Value:
    value = floats(ctx, x)
    target = sizes(size)
    if len(target) != 2 or method not in RESIZE_METHODS:
        raise OptionError(f"a resize to {size!r} with {method!r} cannot be compiled")
    return as_layer(
        ctx, "Resizing", value, height=target[0], width=target[1], interpolation=method, **options
    )


def resize_points(method: str) -> Any:
    """The resizing of TensorFlow 1, whose pixels are points: a node with two attributes."""

    def apply(
        ctx: Context,
        x: Operand,
        size: Operand,
        align_corners: Operand = False,
        half_pixel_centers: Operand = False,
    ) -> Value:
        if truth(half_pixel_centers):
            return _resized(ctx, x, size, method)
        value = spatial(ctx, floats(ctx, x), "channels_last", 2)
        rows, columns = (whole(n) for n in sizes(size))
        counts = (rows, columns)
        corners = truth(align_corners)
        if method == "bilinear":
            name = linear(ctx, value, counts, "align_corners" if corners else "asymmetric")
        elif corners:
            raise OptionError("align_corners=True of the nearest pixel cannot be compiled")
        else:
            name = value.name
            for axis, (old, new) in enumerate(zip(known_sizes(value), counts, strict=True), 2):
                scale = np.float32(old) / np.float32(new)
                places = np.floor(np.arange(new, dtype=np.float32) * scale).clip(0, old - 1)
                name = ctx.add("Gather", name, ctx.constant(places, "int64"), axis=axis)
        shape = image_shape(value, counts, value.shape[3])
        return Value(name, shape, value.dtype, value.order)

    return apply


def depth_to_space(
    ctx: Context, x: Operand, block_size: Operand, data_format: Operand = "NHWC"
) -> Value:
    """Groups of block² channels become blocks of pixels (TensorFlow's order: rows first)."""
    value, block = _blocks(ctx, x, block_size, data_format)
    rows, columns = known_sizes(value)
    channels = value.shape[value.order[1]]
    if channels is None or channels % block**2:
        raise OptionError(f"{channels} channels into blocks of {block} x {block}")
    name = ctx.add("DepthToSpace", value.name, blocksize=block, mode="DCR")
    shape = image_shape(value, (rows * block, columns * block), channels // block**2)
    return Value(name, shape, value.dtype, value.order)


def space_to_depth(
    ctx: Context, x: Operand, block_size: Operand, data_format: Operand = "NHWC"
) -> Value:
    """Blocks of pixels become groups of channels."""
    value, block = _blocks(ctx, x, block_size, data_format)
    rows, columns = known_sizes(value)
    channels = value.shape[value.order[1]]
    if channels is None or rows % block or columns % block:
        raise OptionError(f"{rows} x {columns} pixels in blocks of {block} x {block}")
    name = ctx.add("SpaceToDepth", value.name, blocksize=block)
    shape = image_shape(value, (rows // block, columns // block), channels * block**2)
    return Value(name, shape, value.dtype, value.order)


def _blocks(
    ctx: Context, x: Operand, block_size: Operand, data_format: Operand
) -> tuple[Value, int]:
    block = whole(block_size)
    if block < 1:
        raise OptionError(f"blocks of {block}")
    return spatial(ctx, floats(ctx, x), format_of(data_format), 2), block


def rgb_to_grayscale(ctx: Context, x: Operand, data_format: Operand = None) -> Value:
    """0.2989 red + 0.5870 green + 0.1140 blue (`tf.image.rgb_to_grayscale`)."""
    value = floats(ctx, x)
    if value.shape[-1] != 3 or data_format == "channels_first":
        raise OptionError(f"its input has the shape {value.shape}, three channels are needed")
    return matmul(ctx, value, [[0.2989], [0.5870], [0.1140]])


def standardize(ctx: Context, x: Operand) -> Value:
    """(x - mean) / max(deviation, 1 / sqrt(pixels)), of each image.

    (`tf.image.per_image_standardization`.)
    """
    value = floats(ctx, x)
    if value.rank != 4 or None in value.shape[1:]:
        raise OptionError(f"its input has the shape {value.shape}, images of one size are needed")
    count = elements(value.shape) or 1
    axes = (1, 2, 3)
    apart = ctx.like(value, "Sub", reduce(ctx, "ReduceMean", value, axes, keepdims=True).name)
    spread = reduce(ctx, "ReduceMean", square(ctx, apart), axes, keepdims=True)
    bounded = ctx.like(ctx.like(spread, "Sqrt"), "Max", ctx.constant(count**-0.5))
    return ctx.like(apart, "Div", bounded.name)


MEANS = {"caffe": (103.939, 116.779, 123.68), "torch": (0.485, 0.456, 0.406)}
DEVIATIONS = (0.229, 0.224, 0.225)


def preprocess(ctx: Context, x: Operand, mode: Operand) -> Value:
    """`preprocess_input` of keras.applications, with the channels last.

    (tf.keras 2.15 `imagenet_utils._preprocess_symbolic_input`.)
    """
    value = tensor(ctx, x)
    if mode == "none":
        return value
    if mode == "tf":
        scaled = ctx.like(ctx.cast(value, "float32"), "Div", ctx.constant(127.5))
        return ctx.like(scaled, "Sub", ctx.constant(1.0))
    value = ctx.cast(value, "float32")
    if value.shape[-1] != 3:
        raise OptionError(f"its input has the shape {value.shape}, three channels are needed")
    if mode == "caffe":
        return tensor(ctx, binary("Sub")(ctx, flip(ctx, value, -1), MEANS["caffe"]))
    scaled = ctx.like(value, "Div", ctx.constant(255.0))
    apart = binary("Sub")(ctx, scaled, MEANS["torch"])
    return tensor(ctx, binary("Div")(ctx, apart, DEVIATIONS))


def crop(
    ctx: Context,
    x: Operand,
    offset_height: Operand,
    offset_width: Operand,
    target_height: Operand,
    target_width: Operand,
) -> Value:
    """`tf.image.crop_to_bounding_box`."""
    value = floats(ctx, x)
    if value.rank != 4:
        raise OptionError(f"its input has the shape {value.shape}, images are needed")
    top, left = whole(offset_height), whole(offset_width)
    bottom, right = top + whole(target_height), left + whole(target_width)
    rows, columns = value.shape[1:3]
    if rows is None or columns is None or bottom > rows or right > columns or min(top, left) < 0:
        raise OptionError(f"the box ({top}, {left}) to ({bottom}, {right}) of {value.shape}")
    return sliced(ctx, ctx.unfold(value), {1: Cut(top, bottom, 1), 2: Cut(left, right, 1)})


def extract_patches(
    ctx: Context, x: Operand, sizes: Operand, strides: Operand, rates: Operand, padding: Operand
) -> Value:
    """`tf.image.extract_patches` of patches side by side: blocks of pixels become channels."""
    size, step, rate = (_of_image(n, "channels_last") for n in (sizes, strides, rates))
    return _patches(ctx, x, size, step, rate, padding)


def keras_patches(
    ctx: Context,
    x: Operand,
    size: Operand,
    strides: Operand = None,
    dilation_rate: Operand = 1,
    padding: Operand = "valid",
    data_format: Operand = None,
) -> Value:
    """Keras 3's `ops.image.extract_patches`; strides are the size unless they are given."""
    if data_format not in (None, "channels_last"):
        raise OptionError(f"data_format={data_format!r} cannot be compiled")
    wanted = _of_image(size, "channels_last")
    step = wanted if strides is None else _of_image(strides, "channels_last")
    return _patches(ctx, x, wanted, step, _of_image(dilation_rate, "channels_last"), padding)


def _patches(
    ctx: Context, x: Operand, size: list[int], step: list[int], rate: list[int], padding: Operand
) -> Value:
    value = floats(ctx, x)
    if value.rank != 4 or size[0] != size[1] or step != size or rate != [1, 1]:
        raise OptionError("only square patches side by side can be compiled")
    rows, columns = value.shape[1:3]
    block = size[0]
    if rows is None or columns is None or rows % block or columns % block:
        raise OptionError(f"patches of {block} x {block} of {value.shape}, padding={padding!r}")
    return space_to_depth(ctx, value, block)


def pooling(kind: str) -> Any:
    """`tf.nn.max_pool2d` and its like."""

    def apply(
        ctx: Context,
        x: Operand,
        ksize: Operand,
        strides: Operand,
        padding: Operand,
        data_format: Operand = "NHWC",
    ) -> Value:
        how = format_of(data_format)
        return as_layer(
            ctx,
            kind,
            floats(ctx, x),
            pool_size=_of_image(ksize, how),
            strides=_of_image(strides, how),
            padding=str(padding).lower(),
            data_format=how,
        )

    return apply


def keras_pooling(kind: str) -> Any:
    """Keras 3's `ops.max_pool` and `ops.average_pool`, of images."""

    def apply(
        ctx: Context,
        x: Operand,
        pool_size: Operand,
        strides: Operand = None,
        padding: Operand = "valid",
        data_format: Operand = None,
    ) -> Value:
        value = floats(ctx, x)
        return as_layer(
            ctx,
            f"{kind}{value.rank - 2}D",
            value,
            pool_size=pool_size,
            strides=strides,
            padding=padding,
            data_format=data_format or "channels_last",
        )

    return apply


def _of_image(value: Operand, data_format: str) -> list[int]:
    """The rows' and the columns' number; TensorFlow may write the batch's and channels' too."""
    items = [whole(n) for n in (value if isinstance(value, (list, tuple)) else [value])]
    if len(items) == 4:
        batch, *image = items
        channels = image.pop(-1 if data_format == "channels_last" else 0)
        if (batch, channels) != (1, 1):
            raise OptionError(f"{value!r} goes over the batch or the channels")
        return image
    return items * 2 if len(items) == 1 else items


def format_of(data_format: Operand) -> str:
    """TensorFlow's name of a layout as Keras'."""
    names = {None: "channels_last", "NHWC": "channels_last", "NCHW": "channels_first"}
    if data_format in ("channels_last", "channels_first"):
        return str(data_format)
    if data_format not in names:
        raise OptionError(f"data_format={data_format!r} cannot be compiled")
    return names[data_format]
