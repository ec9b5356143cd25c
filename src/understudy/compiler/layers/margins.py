"""Layers that add or cut margins."""

from __future__ import annotations

from ..context import Context
from ..registry import DataFormat, Margins1, Margins2, Margins3, OptionError, layer
from ..value import Value
from .spatial import Sizes, image_shape, image_sizes, spatial

Margins = tuple[tuple[int, int], ...]

ALMOST_ZERO = 1e-30
"""What zero padding is filled with where it cannot be a convolution's own.

onnxruntime merges a Pad of zeros into the MaxPool after it, whose padding is not zero but minus
infinity (`PadFusion`, onnxruntime 1.31): negative inputs then give wrong values, and a padding
that is wider than the window an error. It leaves every other value alone.
"""


@layer("ZeroPadding1D")
def zero_padding1d(
    ctx: Context,
    x: Value,
    *,
    padding: Margins1 = ((1, 1),),
    data_format: DataFormat = "channels_last",
) -> Value:
    """ZeroPadding1D(padding=1, data_format=None)."""
    return pad(ctx, spatial(ctx, x, data_format, 1), padding)


@layer("ZeroPadding2D")
def zero_padding2d(
    ctx: Context,
    x: Value,
    *,
    padding: Margins2 = ((1, 1), (1, 1)),
    data_format: DataFormat = "channels_last",
) -> Value:
    """ZeroPadding2D(padding=(1, 1), data_format=None)."""
    return pad(ctx, spatial(ctx, x, data_format, 2), padding)


@layer("ZeroPadding3D")
def zero_padding3d(
    ctx: Context,
    x: Value,
    *,
    padding: Margins3 = ((1, 1), (1, 1), (1, 1)),
    data_format: DataFormat = "channels_last",
) -> Value:
    """ZeroPadding3D(padding=(1, 1, 1), data_format=None)."""
    return pad(ctx, spatial(ctx, x, data_format, 3), padding)


@layer("Cropping1D")
def cropping1d(ctx: Context, x: Value, *, cropping: Margins1 = ((1, 1),)) -> Value:
    """Cropping1D(cropping=(1, 1))."""
    return _crop(ctx, spatial(ctx, x, "channels_last", 1), cropping)


@layer("Cropping2D")
def cropping2d(
    ctx: Context,
    x: Value,
    *,
    cropping: Margins2 = ((0, 0), (0, 0)),
    data_format: DataFormat = "channels_last",
) -> Value:
    """Cropping2D(cropping=((0, 0), (0, 0)), data_format=None)."""
    return _crop(ctx, spatial(ctx, x, data_format, 2), cropping)


@layer("Cropping3D")
def cropping3d(
    ctx: Context,
    x: Value,
    *,
    cropping: Margins3 = ((1, 1), (1, 1), (1, 1)),
    data_format: DataFormat = "channels_last",
) -> Value:
    """Cropping3D(cropping=((1, 1), (1, 1), (1, 1)), data_format=None)."""
    return _crop(ctx, spatial(ctx, x, data_format, 3), cropping)


def pad(ctx: Context, x: Value, margins: Margins, fill: float = ALMOST_ZERO) -> Value:
    """A value that `spatial` arranged, with more at the ends of its spatial axes."""
    if not any(before or after for before, after in margins):
        return x
    before, after = zip(*margins, strict=True)
    pads = ctx.constant([0, 0, *before, 0, 0, *after], "int64")
    name = ctx.add("Pad", x.name, pads, ctx.constant(fill))
    sizes = tuple(
        None if size is None else size + left + right
        for size, (left, right) in zip(image_sizes(x), margins, strict=True)
    )
    return Value(name, image_shape(x, sizes, x.shape[x.order[1]]), x.dtype, x.order)


def cut(ctx: Context, x: Value, starts: Sizes, sizes: Sizes) -> Value:
    """A window of a value that `spatial` arranged."""
    if not any(starts) and image_sizes(x) == sizes:
        return x
    ends = [start + size for start, size in zip(starts, sizes, strict=True)]
    name = ctx.add("Slice", x.name, *(ctx.constant(n, "int64") for n in (starts, ends, _axes(x))))
    return Value(name, image_shape(x, sizes, x.shape[x.order[1]]), x.dtype, x.order)


def _crop(ctx: Context, x: Value, margins: Margins) -> Value:
    if not any(before or after for before, after in margins):
        return x
    sizes = tuple(
        None if size is None else size - before - after
        for size, (before, after) in zip(image_sizes(x), margins, strict=True)
    )
    if any(size is not None and size < 1 for size in sizes):
        raise OptionError(f"nothing is left of its input with the shape {x.shape}")
    starts = [before for before, _ in margins]
    ends = [-after if after else 1 << 62 for _, after in margins]
    name = ctx.add("Slice", x.name, *(ctx.constant(n, "int64") for n in (starts, ends, _axes(x))))
    return Value(name, image_shape(x, sizes, x.shape[x.order[1]]), x.dtype, x.order)


def _axes(x: Value) -> list[int]:
    return list(range(2, x.rank))
