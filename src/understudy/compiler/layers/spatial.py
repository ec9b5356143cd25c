"""What convolution and pooling share: the order of axes, windows, and Keras' `same`.

All of it holds for one, two and three spatial axes. `same` gives ceil(n / stride) outputs, with
the odd one of the padding at the end (TensorFlow documentation of `tf.nn.convolution`,
"padding"); `causal` pads before the first step only, so that no output sees a later one.
`same_half` and `same_late` are Theano's `same`, of convolution and of pooling: as many outputs,
but what is padded before does not depend on the size (keras 1.2.2 `theano_backend.py`).
`same_skip` is the `same` of TensorFlow up to 1.6, whose padding may be negative: see `skip`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..context import Context
from ..graph import Shape
from ..registry import OptionError
from ..value import Value, channels_first

Sizes = tuple[int, ...]

WORDS = {1: "a sequence", 2: "an image", 3: "a volume"}


def spatial(ctx: Context, x: Value, data_format: str, dimensions: int) -> Value:
    """The value with the batch and the channels in front, as ONNX's operators need it."""
    rank = dimensions + 2
    if x.rank != rank:
        raise OptionError(f"its input has the shape {x.shape}, {WORDS[dimensions]} is needed")
    return ctx.arrange(x, channels_first(rank, channel_axis(data_format, rank)))


def channel_axis(data_format: str, rank: int) -> int:
    """Keras' channel axis of a batch."""
    return rank - 1 if data_format == "channels_last" else 1


def channels_of(x: Value) -> int:
    """The number of channels of a value that `spatial` arranged."""
    channels = x.shape[x.order[1]]
    if channels is None:
        raise OptionError("its input has a free number of channels")
    return channels


def image_sizes(x: Value) -> Shape:
    """The spatial sizes of a value that `spatial` arranged."""
    return tuple(x.shape[axis] for axis in x.order[2:])


def known_sizes(x: Value) -> Sizes:
    """The spatial sizes of a value that `spatial` arranged, where all must be known."""
    sizes = tuple(size for size in image_sizes(x) if size is not None)
    if len(sizes) != x.rank - 2:
        raise OptionError(f"its input has the shape {x.shape}, its sizes must be known")
    return sizes


def image_shape(like: Value, sizes: Shape, channels: int | None) -> Shape:
    """The Keras shape of an image of these sizes, in the order of `like`."""
    by_axis = dict(zip(like.order, (like.shape[0], channels, *sizes), strict=True))
    return tuple(by_axis[axis] for axis in range(like.rank))


WHOLE = {"ReduceMean": "GlobalAveragePool", "ReduceMax": "GlobalMaxPool"}
"""Reduction -> the operator for whole images; onnxruntime runs it in the layout of its
convolutions, where a reduction needs the image in the usual one."""


def reduce_axes(ctx: Context, op: str, x: Value, places: Sequence[int], *, keepdims: bool) -> str:
    """Reduce a value along axes, which are counted as they lie in memory."""
    images = keepdims and x.rank > 2 and [*places] == [*range(2, x.rank)]
    if images and x.dtype == "float32" and op in WHOLE:
        return ctx.add(WHOLE[op], x.name)
    return ctx.add(op, x.name, ctx.constant([*places], "int64"), keepdims=int(keepdims))


def window(
    sizes: Shape, kernel: Sizes, strides: Sizes, padding: str, dilation: Sizes | None = None
) -> tuple[Shape, dict[str, Any]]:
    """The output's sizes, and the attributes that say how the window moves."""
    dilation = dilation or (1,) * len(kernel)
    attributes: dict[str, Any] = {"kernel_shape": kernel, "strides": strides}
    if any(rate != 1 for rate in dilation):
        attributes["dilations"] = dilation
    reaches = [(k - 1) * d + 1 for k, d in zip(kernel, dilation, strict=True)]
    if padding in ("valid", "causal"):
        more = [reach - 1 if padding == "causal" else 0 for reach in reaches]
        if any(more):
            attributes["pads"] = [*more, *(0 for _ in more)]
        out = tuple(
            None if size is None else (size + extra - reach) // stride + 1
            for size, extra, reach, stride in zip(sizes, more, reaches, strides, strict=True)
        )
        return out, attributes
    out = tuple(
        None if size is None else -(-size // stride)
        for size, stride in zip(sizes, strides, strict=True)
    )
    if padding in ("same_half", "same_late"):
        attributes["pads"] = _theano_pads(sizes, tuple(reaches), strides, padding)
        return out, attributes
    totals = [
        _same_padding(size, reach, stride)
        for size, reach, stride in zip(sizes, reaches, strides, strict=True)
    ]
    if any(total is None for total in totals):
        if "dilations" in attributes:  # onnxruntime cannot pad by itself where it dilates
            raise OptionError("its input has a free size, with strides and a dilation")
        attributes["auto_pad"] = "SAME_UPPER"
        return out, attributes
    before = [(total or 0) // 2 for total in totals]
    after = [(total or 0) - start for total, start in zip(totals, before, strict=True)]
    if any(before) or any(after):
        attributes["pads"] = [*before, *after]
    return out, attributes


def skip(ctx: Context, x: Value, kernel: Sizes, strides: Sizes, padding: str) -> tuple[Value, str]:
    """The value without what `same_skip` leaves out in front, and the padding that is left.

    (outputs - 1) stride + kernel - size is what `same` adds. Where windows lie apart it is
    negative, and half of it, towards zero, is left out before the first window. (TensorFlow 1.3
    `GetWindowedOutputSizeVerbose`; from 1.7 on it adds nothing then.)
    """
    if padding != "same_skip":
        return x, padding
    sizes = known_sizes(x)
    lack = [
        size - (-(-size // stride) - 1) * stride - reach
        for size, reach, stride in zip(sizes, kernel, strides, strict=True)
    ]
    starts = [max(number, 0) // 2 for number in lack]
    if not any(starts):
        return x, "same"
    axes = [2 + axis for axis, start in enumerate(starts) if start]
    ends = [[start for start in starts if start], [1 << 62] * len(axes), axes]
    name = ctx.add("Slice", x.name, *(ctx.constant(numbers, "int64") for numbers in ends))
    left = tuple(size - start for size, start in zip(sizes, starts, strict=True))
    return Value(name, image_shape(x, left, channels_of(x)), x.dtype, x.order), "same"


def _theano_pads(sizes: Shape, reaches: Sizes, strides: Sizes, padding: str) -> list[int]:
    """A convolution begins half a window before; pooling nearly a whole one (`pool2d`)."""
    if padding == "same_half":
        return [*(reach // 2 for reach in reaches), *((reach - 1) // 2 for reach in reaches)]
    before = [reach - 2 if reach > 2 and reach % 2 else reach - 1 for reach in reaches]
    after = []
    for size, reach, stride, start in zip(sizes, reaches, strides, before, strict=True):
        if size is None:
            raise OptionError("its input has a free size, which Theano's `same` depends on")
        after.append(max((-(-size // stride) - 1) * stride + reach - size - start, 0))
    return [*before, *after]


def _same_padding(size: int | None, reach: int, stride: int) -> int | None:
    """How much `same` adds along one axis; None if that depends on a free size."""
    if stride == 1:
        return reach - 1
    if reach == 1:
        return 0
    if size is None:
        return None
    return max((-(-size // stride) - 1) * stride + reach - size, 0)
