"""Transposed convolutions: the gradient of a convolution, taken forward.

Keras has kernels as (sizes…, out, in), ONNX as (in, out, sizes…).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ...keras import Activation
from ..context import Context
from ..registry import DataFormat, OptionError, Padding, Pair, Single, Size, Triple, layer
from ..value import Value
from .activations import activate
from .bias import BiasAxis, with_bias
from .convolution import LINEAR, channels_in_front
from .spatial import channels_of, image_shape, image_sizes, spatial


@layer("Conv1DTranspose")
def conv1d_transpose(
    ctx: Context,
    x: Value,
    *,
    filters: Size,
    kernel_size: Single,
    strides: Single = (1,),
    padding: Padding = "valid",
    output_padding: Any = None,
    data_format: DataFormat = "channels_last",
    dilation_rate: Single = (1,),
    groups: Size = 1,
    activation: Activation = LINEAR,
    use_bias: bool = True,
    bias_axis: BiasAxis = "meant",
) -> Value:
    """Conv1DTranspose(filters, kernel_size, strides=1, padding="valid", …)."""
    value = _transposed(
        ctx, x, filters, kernel_size, strides, padding, output_padding, data_format, dilation_rate,
        groups, use_bias and bias_axis,
    )  # fmt: skip
    return activate(ctx, value, activation)


@layer("Conv2DTranspose")
def conv2d_transpose(
    ctx: Context,
    x: Value,
    *,
    filters: Size,
    kernel_size: Pair,
    strides: Pair = (1, 1),
    padding: Padding = "valid",
    output_padding: Any = None,
    data_format: DataFormat = "channels_last",
    dilation_rate: Pair = (1, 1),
    groups: Size = 1,
    activation: Activation = LINEAR,
    use_bias: bool = True,
    output_shape: Any = None,
    bias_axis: BiasAxis = "meant",
) -> Value:
    """Conv2DTranspose(filters, kernel_size, strides=(1, 1), padding="valid", …).

    Keras 1 has `output_shape`, with the batch, instead of `output_padding`.
    """
    value = _transposed(
        ctx, x, filters, kernel_size, strides, padding, output_padding, data_format, dilation_rate,
        groups, use_bias and bias_axis, output_shape,
    )  # fmt: skip
    return activate(ctx, value, activation)


@layer("Conv3DTranspose")
def conv3d_transpose(
    ctx: Context,
    x: Value,
    *,
    filters: Size,
    kernel_size: Triple,
    strides: Triple = (1, 1, 1),
    padding: Padding = "valid",
    output_padding: Any = None,
    data_format: DataFormat = "channels_last",
    dilation_rate: Triple = (1, 1, 1),
    groups: Size = 1,
    activation: Activation = LINEAR,
    use_bias: bool = True,
    bias_axis: BiasAxis = "meant",
) -> Value:
    """Conv3DTranspose(filters, kernel_size, strides=(1, 1, 1), padding="valid", …)."""
    value = _transposed(
        ctx, x, filters, kernel_size, strides, padding, output_padding, data_format, dilation_rate,
        groups, use_bias and bias_axis,
    )  # fmt: skip
    return activate(ctx, value, activation)


def _transposed(
    ctx: Context,
    x: Value,
    filters: int,
    kernel_size: tuple[int, ...],
    strides: tuple[int, ...],
    padding: str,
    output_padding: Any,
    data_format: str,
    dilation: tuple[int, ...],
    groups: int,
    bias: str | Literal[False],
    output_shape: Any = None,
) -> Value:
    if groups != 1:
        raise OptionError(f"groups={groups} has no meaning for it")
    dimensions = len(kernel_size)
    more = _output_padding(output_padding, dimensions)
    x = spatial(ctx, x, data_format, dimensions)
    kernel = ctx.weight("kernel", (*kernel_size, filters, channels_of(x)))
    if output_shape is not None:
        reaches = [(k - 1) * d + 1 for k, d in zip(kernel_size, dilation, strict=True)]
        more = _padding_for(output_shape, x, reaches, strides, padding, data_format)
    spans = [
        Span.of(*one, padding) for one in zip(kernel_size, strides, dilation, more, strict=True)
    ]
    attributes: dict[str, Any] = {"kernel_shape": kernel_size, "strides": strides}
    if any(rate != 1 for rate in dilation):
        attributes["dilations"] = dilation
    pads = [*(span.before for span in spans), *(span.after for span in spans)]
    if any(pads):
        attributes["pads"] = pads
    if any(span.more for span in spans):
        attributes["output_padding"] = [span.more for span in spans]
    sizes = tuple(
        None if size is None else span.length(size)
        for size, span in zip(image_sizes(x), spans, strict=True)
    )
    grown = Value(x.name, image_shape(x, sizes, filters), x.dtype, x.order)
    stored = ctx.lazy(channels_in_front(kernel), "kernel")
    return with_bias(ctx, grown, "ConvTranspose", stored, bias, attributes)


def _output_padding(written: Any, count: int) -> list[int | None]:
    """How much is added at the end of each axis; None where Keras chooses the size."""
    if written is None:
        return [None] * count
    items = written if isinstance(written, (list, tuple)) else [written] * count
    if len(items) != count or not all(type(n) is int and 0 <= n <= 1 << 16 for n in items):
        raise OptionError(f"output_padding={written!r}: one number or {count} are needed")
    return list(items)


def _padding_for(
    written: Any,
    x: Value,
    reaches: Sequence[int],
    strides: Sequence[int],
    padding: str,
    data_format: str,
) -> list[int | None]:
    """The output padding that leads to an output of this shape."""
    rank = len(reaches) + 2
    if not isinstance(written, (list, tuple)) or len(written) != rank:
        raise OptionError(f"output_shape={written!r}: {rank} sizes are needed")
    wanted = written[1:-1] if data_format == "channels_last" else written[2:]
    more: list[int | None] = []
    for size, out, reach, stride in zip(image_sizes(x), wanted, reaches, strides, strict=True):
        if size is None or type(out) is not int:
            raise OptionError(f"output_shape={written!r} with an input of the shape {x.shape}")
        kept = out - (size - 1) * stride
        more.append(kept - reach + (2 * (reach // 2) if padding == "same" else 0))
    return more


@dataclass(frozen=True, slots=True)
class Span:
    """One axis of a transposed convolution.

    n inputs reach over (n - 1) stride + kernel outputs, of which Keras keeps
    (n - 1) stride + `kept`.

    Attributes:
        stride: how far two inputs lie apart.
        kept: see above.
        before, after: how many are cut off at either end.
        more: how many are added at the end.
    """

    stride: int
    kept: int
    before: int
    after: int
    more: int

    @classmethod
    def of(cls, kernel: int, stride: int, dilation: int, more: int | None, padding: str) -> Span:
        """As Keras has it (keras 2.15 `conv_utils.deconv_output_length`; keras 3.15 the same).

        What is cut is what the convolution from the output to the input would have padded
        (TensorFlow's `conv2d_transpose` is that convolution's gradient).
        """
        reach = (kernel - 1) * dilation + 1
        if more is None:
            kept = max(reach, stride) if padding == "valid" else stride
        else:
            kept = reach - (2 * (reach // 2) if padding == "same" else 0) + more
        least = reach if padding == "valid" else 1
        if not least <= kept < least + stride:
            raise OptionError(
                f"output_padding={more} with a kernel of {kernel}, a stride of {stride} and "
                f"padding={padding!r}, which Keras itself cannot compute"
            )
        before = max(reach - kept, 0) // 2 if padding == "same" else 0
        return cls(stride, kept, before, max(reach - kept, 0) - before, max(kept - reach, 0))

    def length(self, size: int) -> int:
        """The output's size for an input's."""
        return (size - 1) * self.stride + self.kept
