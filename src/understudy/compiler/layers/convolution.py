"""Convolutions: Keras has kernels as (rows, columns, in, out), ONNX as (out, in, rows, columns)."""

from __future__ import annotations

from ...keras import Activation
from ..graph import Lazy
from ..lowering import Context
from ..registry import DataFormat, OptionError, Padding, Pair, Size, layer
from ..value import Value
from .activations import activate
from .spatial import channel_axis, image_shape, image_sizes, spatial, window

LINEAR = Activation("linear")


@layer("Conv2D")
def conv2d(
    ctx: Context,
    x: Value,
    *,
    filters: Size,
    kernel_size: Pair,
    strides: Pair = (1, 1),
    padding: Padding = "valid",
    data_format: DataFormat = "channels_last",
    dilation_rate: Pair = (1, 1),
    groups: Size = 1,
    activation: Activation = LINEAR,
    use_bias: bool = True,
) -> Value:
    """Conv2D(filters, kernel_size, strides=(1, 1), padding="valid", data_format=None, …)."""
    x = spatial(ctx, x, data_format)
    channels = _channels(x, data_format)
    if channels % groups or filters % groups:
        raise OptionError(f"{channels} channels and {filters} filters in {groups} groups")
    kernel = ctx.weight("kernel", (*kernel_size, channels // groups, filters))
    value = _convolve(
        ctx, x, kernel.transpose(3, 2, 0, 1), "kernel", strides, padding, dilation_rate, groups,
        "bias" if use_bias else None,
    )  # fmt: skip
    return activate(ctx, value, activation)


@layer("DepthwiseConv2D")
def depthwise_conv2d(
    ctx: Context,
    x: Value,
    *,
    kernel_size: Pair,
    strides: Pair = (1, 1),
    padding: Padding = "valid",
    depth_multiplier: Size = 1,
    data_format: DataFormat = "channels_last",
    dilation_rate: Pair = (1, 1),
    groups: Size = 1,
    activation: Activation = LINEAR,
    use_bias: bool = True,
) -> Value:
    """DepthwiseConv2D(kernel_size, strides=(1, 1), padding="valid", depth_multiplier=1, …).

    tf.keras writes `groups=1`, which means nothing here.
    """
    if groups != 1:
        raise OptionError(f"groups={groups} has no meaning for it")
    x = spatial(ctx, x, data_format)
    channels = _channels(x, data_format)
    kernel = _depthwise(ctx.weight("kernel", (*kernel_size, channels, depth_multiplier)))
    value = _convolve(
        ctx, x, kernel, "kernel", strides, padding, dilation_rate, channels,
        "bias" if use_bias else None,
    )  # fmt: skip
    return activate(ctx, value, activation)


@layer("SeparableConv2D")
def separable_conv2d(
    ctx: Context,
    x: Value,
    *,
    filters: Size,
    kernel_size: Pair,
    strides: Pair = (1, 1),
    padding: Padding = "valid",
    data_format: DataFormat = "channels_last",
    dilation_rate: Pair = (1, 1),
    depth_multiplier: Size = 1,
    groups: Size = 1,
    activation: Activation = LINEAR,
    use_bias: bool = True,
) -> Value:
    """SeparableConv2D(filters, kernel_size, …): a depthwise convolution, then a 1×1 one."""
    if groups != 1:
        raise OptionError(f"groups={groups} has no meaning for it")
    x = spatial(ctx, x, data_format)
    channels = _channels(x, data_format)
    inner = channels * depth_multiplier
    depthwise = _depthwise(
        ctx.weight("depthwise_kernel", (*kernel_size, channels, depth_multiplier))
    )
    pointwise = ctx.weight("pointwise_kernel", (1, 1, inner, filters))
    value = _convolve(
        ctx, x, depthwise, "depthwise_kernel", strides, padding, dilation_rate, channels, None
    )
    value = _convolve(
        ctx, value, pointwise.transpose(3, 2, 0, 1), "pointwise_kernel", (1, 1), "valid", (1, 1),
        1, "bias" if use_bias else None,
    )  # fmt: skip
    return activate(ctx, value, activation)


def _channels(x: Value, data_format: str) -> int:
    channels = x.shape[channel_axis(data_format)]
    if channels is None:
        raise OptionError("its input has a free number of channels")
    return channels


def _depthwise(kernel: Lazy) -> Lazy:
    """(rows, columns, channels, multiplier) -> (channels x multiplier, 1, rows, columns)."""
    rows, columns, channels, multiplier = kernel.shape
    return kernel.transpose(2, 3, 0, 1).reshape(channels * multiplier, 1, rows, columns)


def _convolve(
    ctx: Context,
    x: Value,
    kernel: Lazy,
    role: str,
    strides: tuple[int, int],
    padding: str,
    dilation: tuple[int, int],
    groups: int,
    bias: str | None,
) -> Value:
    """One ONNX Conv on a value that `spatial` arranged; `kernel` is in ONNX's order."""
    filters, _, *kernel_size = kernel.shape
    sizes, attributes = window(
        image_sizes(x), (kernel_size[0], kernel_size[1]), strides, padding, dilation
    )
    if groups != 1:
        attributes["group"] = groups
    inputs = [ctx.lazy(kernel, role)]
    if bias is not None:
        inputs.append(ctx.lazy(ctx.weight(bias, (filters,)), bias))
    name = ctx.add("Conv", x.name, *inputs, **attributes)
    return Value(name, image_shape(x, sizes, filters), x.dtype, x.order)
