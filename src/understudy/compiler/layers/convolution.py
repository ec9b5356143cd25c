"""Convolutions: Keras has kernels as (sizes…, in, out), ONNX as (out, in, sizes…)."""

from __future__ import annotations

from typing import Literal

from ...keras import Activation
from ..context import Context
from ..graph import Lazy
from ..registry import DataFormat, OptionError, Padding, Pair, Single, Size, Triple, Windows, layer
from ..value import Value
from .activations import activate
from .bias import BiasAxis, with_bias
from .spatial import Sizes, channels_of, image_shape, image_sizes, skip, spatial, window

LINEAR = Activation("linear")


@layer("Conv1D")
def conv1d(
    ctx: Context,
    x: Value,
    *,
    filters: Size,
    kernel_size: Single,
    strides: Single = (1,),
    padding: Literal["valid", "same", "causal", "same_half", "same_skip"] = "valid",
    data_format: DataFormat = "channels_last",
    dilation_rate: Single = (1,),
    groups: Size = 1,
    activation: Activation = LINEAR,
    use_bias: bool = True,
    bias_axis: BiasAxis = "meant",
) -> Value:
    """Conv1D(filters, kernel_size, strides=1, padding="valid", data_format=None, …)."""
    value = _conv(
        ctx,
        x,
        filters,
        kernel_size,
        strides,
        padding,
        data_format,
        dilation_rate,
        groups,
        use_bias and bias_axis,
    )
    return activate(ctx, value, activation)


@layer("Conv2D")
def conv2d(
    ctx: Context,
    x: Value,
    *,
    filters: Size,
    kernel_size: Pair,
    strides: Pair = (1, 1),
    padding: Literal["valid", "same", "same_half", "same_skip"] = "valid",
    data_format: DataFormat = "channels_last",
    dilation_rate: Pair = (1, 1),
    groups: Size = 1,
    activation: Activation = LINEAR,
    use_bias: bool = True,
    bias_axis: BiasAxis = "meant",
) -> Value:
    """Conv2D(filters, kernel_size, strides=(1, 1), padding="valid", data_format=None, …)."""
    value = _conv(
        ctx,
        x,
        filters,
        kernel_size,
        strides,
        padding,
        data_format,
        dilation_rate,
        groups,
        use_bias and bias_axis,
    )
    return activate(ctx, value, activation)


@layer("Conv3D")
def conv3d(
    ctx: Context,
    x: Value,
    *,
    filters: Size,
    kernel_size: Triple,
    strides: Triple = (1, 1, 1),
    padding: Windows = "valid",
    data_format: DataFormat = "channels_last",
    dilation_rate: Triple = (1, 1, 1),
    groups: Size = 1,
    activation: Activation = LINEAR,
    use_bias: bool = True,
    bias_axis: BiasAxis = "meant",
) -> Value:
    """Conv3D(filters, kernel_size, strides=(1, 1, 1), padding="valid", data_format=None, …)."""
    value = _conv(
        ctx,
        x,
        filters,
        kernel_size,
        strides,
        padding,
        data_format,
        dilation_rate,
        groups,
        use_bias and bias_axis,
    )
    return activate(ctx, value, activation)


@layer("DepthwiseConv1D")
def depthwise_conv1d(
    ctx: Context,
    x: Value,
    *,
    kernel_size: Single,
    strides: Single = (1,),
    padding: Padding = "valid",
    depth_multiplier: Size = 1,
    data_format: DataFormat = "channels_last",
    dilation_rate: Single = (1,),
    groups: Literal[1] = 1,  # noqa: ARG001 means nothing here
    activation: Activation = LINEAR,
    use_bias: bool = True,
    bias_axis: BiasAxis = "meant",
) -> Value:
    """DepthwiseConv1D(kernel_size, strides=1, padding="valid", depth_multiplier=1, …)."""
    value = _depthwise_conv(
        ctx, x, kernel_size, strides, padding, depth_multiplier, data_format, dilation_rate,
        use_bias and bias_axis,
    )  # fmt: skip
    return activate(ctx, value, activation)


@layer("DepthwiseConv2D")
def depthwise_conv2d(
    ctx: Context,
    x: Value,
    *,
    kernel_size: Pair,
    strides: Pair = (1, 1),
    padding: Literal["valid", "same", "same_skip"] = "valid",
    depth_multiplier: Size = 1,
    data_format: DataFormat = "channels_last",
    dilation_rate: Pair = (1, 1),
    groups: Literal[1] = 1,  # noqa: ARG001 tf.keras writes it; it means nothing here
    activation: Activation = LINEAR,
    use_bias: bool = True,
    bias_axis: BiasAxis = "meant",
) -> Value:
    """DepthwiseConv2D(kernel_size, strides=(1, 1), padding="valid", depth_multiplier=1, …)."""
    value = _depthwise_conv(
        ctx, x, kernel_size, strides, padding, depth_multiplier, data_format, dilation_rate,
        use_bias and bias_axis,
    )  # fmt: skip
    return activate(ctx, value, activation)


@layer("SeparableConv1D")
def separable_conv1d(
    ctx: Context,
    x: Value,
    *,
    filters: Size,
    kernel_size: Single,
    strides: Single = (1,),
    padding: Literal["valid", "same", "causal", "same_skip"] = "valid",
    data_format: DataFormat = "channels_last",
    dilation_rate: Single = (1,),
    depth_multiplier: Size = 1,
    groups: Literal[1] = 1,  # noqa: ARG001 means nothing here
    activation: Activation = LINEAR,
    use_bias: bool = True,
    bias_axis: BiasAxis = "meant",
) -> Value:
    """SeparableConv1D(filters, kernel_size, …): a depthwise convolution, then one of size 1."""
    value = _separable_conv(
        ctx, x, filters, kernel_size, strides, padding, depth_multiplier, data_format,
        dilation_rate, use_bias and bias_axis,
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
    padding: Literal["valid", "same", "same_skip"] = "valid",
    data_format: DataFormat = "channels_last",
    dilation_rate: Pair = (1, 1),
    depth_multiplier: Size = 1,
    groups: Literal[1] = 1,  # noqa: ARG001 means nothing here
    activation: Activation = LINEAR,
    use_bias: bool = True,
    bias_axis: BiasAxis = "meant",
) -> Value:
    """SeparableConv2D(filters, kernel_size, …): a depthwise convolution, then a 1×1 one."""
    value = _separable_conv(
        ctx, x, filters, kernel_size, strides, padding, depth_multiplier, data_format,
        dilation_rate, use_bias and bias_axis,
    )  # fmt: skip
    return activate(ctx, value, activation)


def _conv(
    ctx: Context,
    x: Value,
    filters: int,
    kernel_size: Sizes,
    strides: Sizes,
    padding: str,
    data_format: str,
    dilation: Sizes,
    groups: int,
    bias: str | Literal[False],
) -> Value:
    x = spatial(ctx, x, data_format, len(kernel_size))
    channels = channels_of(x)
    if channels % groups or filters % groups:
        raise OptionError(f"{channels} channels and {filters} filters in {groups} groups")
    kernel = channels_in_front(ctx.weight("kernel", (*kernel_size, channels // groups, filters)))
    return _convolve(ctx, x, kernel, "kernel", strides, padding, dilation, groups, bias)


def _depthwise_conv(
    ctx: Context,
    x: Value,
    kernel_size: Sizes,
    strides: Sizes,
    padding: str,
    depth_multiplier: int,
    data_format: str,
    dilation: Sizes,
    bias: str | Literal[False],
) -> Value:
    x = spatial(ctx, x, data_format, len(kernel_size))
    channels = channels_of(x)
    kernel = _depthwise(ctx.weight("kernel", (*kernel_size, channels, depth_multiplier)))
    return _convolve(ctx, x, kernel, "kernel", strides, padding, dilation, channels, bias)


def _separable_conv(
    ctx: Context,
    x: Value,
    filters: int,
    kernel_size: Sizes,
    strides: Sizes,
    padding: str,
    depth_multiplier: int,
    data_format: str,
    dilation: Sizes,
    bias: str | Literal[False],
) -> Value:
    x = spatial(ctx, x, data_format, len(kernel_size))
    channels = channels_of(x)
    ones = (1,) * len(kernel_size)
    depthwise = ctx.weight("depthwise_kernel", (*kernel_size, channels, depth_multiplier))
    pointwise = ctx.weight("pointwise_kernel", (*ones, channels * depth_multiplier, filters))
    value = _convolve(
        ctx, x, _depthwise(depthwise), "depthwise_kernel", strides, padding, dilation, channels,
        False,
    )  # fmt: skip
    return _convolve(
        ctx, value, channels_in_front(pointwise), "pointwise_kernel", ones, "valid", ones, 1,
        bias,
    )  # fmt: skip


def channels_in_front(kernel: Lazy) -> Lazy:
    """(sizes…, a, b) -> (b, a, sizes…)."""
    rank = len(kernel.shape)
    return kernel.transpose(rank - 1, rank - 2, *range(rank - 2))


def _depthwise(kernel: Lazy) -> Lazy:
    """(sizes…, channels, multiplier) -> (channels x multiplier, 1, sizes…)."""
    *sizes, channels, multiplier = kernel.shape
    axes = len(sizes)
    moved = kernel.transpose(axes, axes + 1, *range(axes))
    return moved.reshape(channels * multiplier, 1, *sizes)


def _convolve(
    ctx: Context,
    x: Value,
    kernel: Lazy,
    role: str,
    strides: Sizes,
    padding: str,
    dilation: Sizes,
    groups: int,
    bias: str | Literal[False],
) -> Value:
    """One ONNX Conv on a value that `spatial` arranged; `kernel` is in ONNX's order."""
    filters, _, *kernel_size = kernel.shape
    if groups > 1 and groups == channels_of(x) and padding == "same_skip":
        padding = "same"  # TensorFlow's depthwise kernels had a rule of their own
    x, padding = skip(ctx, x, tuple(kernel_size), strides, padding)
    sizes, attributes = window(image_sizes(x), tuple(kernel_size), strides, padding, dilation)
    if groups != 1:
        attributes["group"] = groups
    grown = Value(x.name, image_shape(x, sizes, filters), x.dtype, x.order)
    return with_bias(ctx, grown, "Conv", ctx.lazy(kernel, role), bias, attributes)
