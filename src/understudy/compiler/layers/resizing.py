"""Layers that change an image's size: by repeating, interpolating, and cropping.

Where all sizes are known, an interpolation is a product with two constant matrices, which is
exactly what Keras computes (`interpolation`). Bilinear is ONNX's own, also for free sizes.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from ..context import Context
from ..registry import DataFormat, OptionError, Pair, Single, Size, Triple, layer
from ..value import Value
from .interpolation import along, matrix, nearest
from .margins import ALMOST_ZERO, cut, pad
from .spatial import Sizes, image_shape, image_sizes, known_sizes, spatial

Interpolation = Literal[
    "nearest",
    "bilinear",
    "bicubic",
    "area",
    "lanczos3",
    "lanczos5",
    "gaussian",
    "mitchellcubic",
]

SMOOTHING = frozenset({"gaussian", "mitchellcubic"})
"""Interpolations that change an image even where they leave its size."""


@layer("UpSampling1D")
def up_sampling1d(ctx: Context, x: Value, *, size: Single = (2,)) -> Value:
    """UpSampling1D(size=2): every step several times."""
    return _repeat(ctx, spatial(ctx, x, "channels_last", 1), size)


@layer("UpSampling2D")
def up_sampling2d(
    ctx: Context,
    x: Value,
    *,
    size: Pair = (2, 2),
    data_format: DataFormat = "channels_last",
    interpolation: Interpolation = "nearest",
    coordinates: Literal["centre", "corner"] = "centre",
) -> Value:
    """UpSampling2D(size=(2, 2), data_format=None, interpolation="nearest").

    `coordinates` is no option of Keras: before tf.keras, pixels were points at their corners.
    """
    x = spatial(ctx, x, data_format, 2)
    if interpolation == "nearest":
        return _repeat(ctx, x, size)
    if interpolation == "bilinear":
        scales = ctx.constant([1, 1, *size])
        mode = "half_pixel" if coordinates == "centre" else "asymmetric"
        name = ctx.add(
            "Resize", x.name, "", scales, mode="linear", coordinate_transformation_mode=mode
        )
        return _grown(x, name, size)
    if coordinates == "corner":
        raise OptionError(f"interpolation={interpolation!r} did not exist in this Keras")
    grown = tuple(n * factor for n, factor in zip(known_sizes(x), size, strict=True))
    return _resize(ctx, x, grown, interpolation)


@layer("UpSampling3D")
def up_sampling3d(
    ctx: Context, x: Value, *, size: Triple = (2, 2, 2), data_format: DataFormat = "channels_last"
) -> Value:
    """UpSampling3D(size=(2, 2, 2), data_format=None)."""
    return _repeat(ctx, spatial(ctx, x, data_format, 3), size)


@layer("Resizing")
def resizing(
    ctx: Context,
    x: Value,
    *,
    height: Size,
    width: Size,
    interpolation: Interpolation = "bilinear",
    crop_to_aspect_ratio: bool = False,
    pad_to_aspect_ratio: bool = False,
    fill_mode: Literal["constant"] = "constant",  # noqa: ARG001 the only one that Keras takes
    fill_value: float = 0.0,
    antialias: bool = False,
    data_format: DataFormat = "channels_last",
) -> Value:
    """Resizing(height, width, interpolation="bilinear", crop_to_aspect_ratio=False, …).

    Of integers it makes floats: `predict` in Keras 3 too, where a model that is called by hand
    gives integers again (keras 3.15 `DataLayer.__call__`).
    """
    x = spatial(ctx, x, data_format, 2)
    target = (height, width)
    if crop_to_aspect_ratio:
        x = _crop_to(ctx, x, target)
    elif pad_to_aspect_ratio:
        x = _pad_to(ctx, x, target, fill_value)
    return _resize(ctx, x, target, interpolation, antialias)


@layer("CenterCrop")
def center_crop(
    ctx: Context,
    x: Value,
    *,
    height: Size,
    width: Size,
    data_format: DataFormat = "channels_last",
) -> Value:
    """CenterCrop(height, width, data_format=None).

    An image that is smaller than that is cropped to the aspect ratio and resized.
    """
    x = spatial(ctx, x, data_format, 2)
    target = (height, width)
    rows, columns = known_sizes(x)
    if rows >= height and columns >= width:
        return cut(ctx, x, ((rows - height) // 2, (columns - width) // 2), target)
    return _resize(ctx, _crop_to(ctx, x, target), target, "bilinear")


@layer("RandomCrop")
def random_crop(
    ctx: Context,
    x: Value,
    *,
    height: Size,
    width: Size,
    seed: Any = None,  # noqa: ARG001 for training
    data_format: DataFormat = "channels_last",
    inference: Literal["resize", "unknown"] = "unknown",
) -> Value:
    """RandomCrop(height, width, seed=None, data_format=None).

    `inference` is no option of Keras: tf.keras crops to the aspect ratio and resizes, other
    versions do other things, unless the image has the size already.
    """
    x = spatial(ctx, x, data_format, 2)
    target = (height, width)
    if image_sizes(x) == target:
        return x
    if inference == "unknown":
        raise OptionError(
            f"its input has the shape {x.shape}: what it makes of other sizes than "
            f"{height} x {width} differs between versions of Keras"
        )
    return _resize(ctx, _crop_to(ctx, x, target), target, "bilinear")


def _repeat(ctx: Context, x: Value, size: Sizes) -> Value:
    scales = ctx.constant([1, 1, *size])
    name = ctx.add(
        "Resize", x.name, "", scales, mode="nearest", nearest_mode="floor",
        coordinate_transformation_mode="asymmetric",
    )  # fmt: skip
    return _grown(x, name, size)


def _grown(x: Value, name: str, size: Sizes) -> Value:
    sizes = tuple(
        None if n is None else n * factor for n, factor in zip(image_sizes(x), size, strict=True)
    )
    return Value(name, image_shape(x, sizes, x.shape[x.order[1]]), x.dtype, x.order)


def _resize(
    ctx: Context, x: Value, target: Sizes, interpolation: str, antialias: bool = False
) -> Value:
    """An image that `spatial` arranged, in another size, as `tf.image.resize` does it."""
    if image_sizes(x) == target and interpolation not in SMOOTHING:
        return x
    if interpolation == "bilinear" and not antialias:
        name = linear(ctx, x, target, "half_pixel")
    else:
        name = x.name
        for axis, (size, count) in enumerate(zip(known_sizes(x), target, strict=True), 2):
            if interpolation == "nearest":
                if size != count:
                    places = ctx.constant(nearest(size, count), "int64")
                    name = ctx.add("Gather", name, places, axis=axis)
            else:
                rows = matrix(interpolation, size, count, antialias=antialias)
                name = along(ctx, name, axis, x.rank, rows)
    return Value(name, image_shape(x, target, x.shape[x.order[1]]), x.dtype, x.order)


def linear(ctx: Context, x: Value, target: Sizes, coordinates: str) -> str:
    """ONNX's own bilinear resize of an image that `spatial` arranged.

    All four axes are given: onnxruntime 1.31 moves transposes through a Resize as if there were
    no `axes` (`HandleResize` of its transpose optimizer), and then fails to load the model.
    """
    sizes = image_sizes(x)
    known = [size for size in sizes if size is not None]
    if len(known) == len(sizes):
        scales = [1.0, 1.0, *(scale(n, count) for n, count in zip(known, target, strict=True))]
        inputs = ["", ctx.constant(scales)]
    else:
        front = ctx.add("Shape", x.name, end=2)
        inputs = ["", "", ctx.add("Concat", front, ctx.constant(target, "int64"), axis=0)]
    return ctx.add(
        "Resize", x.name, *inputs, mode="linear", coordinate_transformation_mode=coordinates
    )


def scale(size: int, count: int) -> np.float32:
    """The float with which onnxruntime makes `count` of `size`: floor(scale size).

    It multiplies in float32 when it runs, and in float64 when it infers shapes.
    """
    factor = np.float32(count) / np.float32(size)
    while float(factor) * size < count:
        factor = np.nextafter(factor, np.float32(np.inf))
    return factor


def _fitted(x: Value, target: Sizes) -> Sizes:
    """The sizes that keep the target's aspect ratio at the image's width, and at its height.

    In float32, cut off, as keras 3.15 `backend.tensorflow.image.resize` has it.
    """
    rows, columns = known_sizes(x)
    height, width = target
    return (
        int(np.float32(columns * height) / np.float32(width)),
        int(np.float32(rows * width) / np.float32(height)),
    )


def _crop_to(ctx: Context, x: Value, target: Sizes) -> Value:
    """The largest centred window with the target's aspect ratio."""
    sizes = known_sizes(x)
    kept = tuple(
        max(min(size, fit), 1) for size, fit in zip(sizes, _fitted(x, target), strict=True)
    )
    starts = tuple((size - keep) // 2 for size, keep in zip(sizes, kept, strict=True))
    return cut(ctx, x, starts, kept)


def _pad_to(ctx: Context, x: Value, target: Sizes, fill: float) -> Value:
    """The image with as much on either side as gives the target's aspect ratio, or one less."""
    more = tuple(
        (max(size, fit) - size) // 2
        for size, fit in zip(known_sizes(x), _fitted(x, target), strict=True)
    )
    return pad(ctx, x, tuple((n, n) for n in more), fill or ALMOST_ZERO)
