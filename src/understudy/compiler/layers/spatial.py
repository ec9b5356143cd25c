"""What convolution and pooling share: the order of axes, windows, and Keras' `same`.

`same` gives ceil(n / stride) outputs, with the odd one of the padding at the end
(TensorFlow's rule; TensorFlow documentation of `tf.nn.convolution`, "padding").
"""

from __future__ import annotations

from typing import Any

from ..graph import Shape
from ..lowering import Context
from ..registry import OptionError
from ..value import Value, channels_first


def spatial(ctx: Context, x: Value, data_format: str) -> Value:
    """The value with the batch and the channels in front, as ONNX's operators need it."""
    if x.rank != 4:
        raise OptionError(f"its input has the shape {x.shape}, an image is needed")
    return ctx.arrange(x, channels_first(4, channel_axis(data_format)))


def channel_axis(data_format: str) -> int:
    """Keras' channel axis of a batch of images."""
    return 3 if data_format == "channels_last" else 1


def image_sizes(x: Value) -> Shape:
    """(rows, columns) of a value that `spatial` arranged."""
    return tuple(x.shape[axis] for axis in x.order[2:])


def image_shape(like: Value, sizes: Shape, channels: int) -> Shape:
    """The Keras shape of an image of these sizes, in the order of `like`."""
    by_axis = dict(zip(like.order, (like.shape[0], channels, *sizes), strict=True))
    return tuple(by_axis[axis] for axis in range(4))


def window(
    sizes: Shape,
    kernel: tuple[int, int],
    strides: tuple[int, int],
    padding: str,
    dilation: tuple[int, int] = (1, 1),
) -> tuple[Shape, dict[str, Any]]:
    """The output's sizes, and the attributes that say how the window moves."""
    attributes: dict[str, Any] = {"kernel_shape": kernel, "strides": strides}
    if dilation != (1, 1):
        attributes["dilations"] = dilation
    reaches = [(k - 1) * d + 1 for k, d in zip(kernel, dilation, strict=True)]
    if padding == "valid":
        out = tuple(
            None if size is None else (size - reach) // stride + 1
            for size, reach, stride in zip(sizes, reaches, strides, strict=True)
        )
        return out, attributes
    out = tuple(
        None if size is None else -(-size // stride)
        for size, stride in zip(sizes, strides, strict=True)
    )
    totals = [
        _same_padding(size, reach, stride)
        for size, reach, stride in zip(sizes, reaches, strides, strict=True)
    ]
    if any(total is None for total in totals):
        attributes["auto_pad"] = "SAME_UPPER"
        return out, attributes
    before = [(total or 0) // 2 for total in totals]
    after = [(total or 0) - start for total, start in zip(totals, before, strict=True)]
    if any(before) or any(after):
        attributes["pads"] = [*before, *after]
    return out, attributes


def _same_padding(size: int | None, reach: int, stride: int) -> int | None:
    """How much `same` adds along one axis; None if that depends on a free size."""
    if stride == 1:
        return reach - 1
    if size is None:
        return None
    return max((-(-size // stride) - 1) * stride + reach - size, 0)
