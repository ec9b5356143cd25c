"""Where a vector is added: along the axis that was meant, or where Keras takes it to belong.

Keras 3.7 and newer on TensorFlow take a summand with one axis longer than 1 for a bias of the
last axis, if that is as long, else of the first after the batch, whatever axis was meant (keras
3.15 `backend.tensorflow.numpy.add`; pull request 20386). JAX, PyTorch and older versions broadcast.
Where `Conv1D` or `Conv2D` come before it, Keras contradicts itself: `predict` has TensorFlow fuse
the two, which brings the bias back to the channels, and calling the model does not (keras 3.15 on
TensorFlow 2.21, on a CPU). All this matters only where two axes are equally long.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from ..context import Context
from ..graph import Shape
from ..registry import OptionError
from ..value import Value, plain

BiasAxis = Literal["meant", "last", "either", "unknown"]
"""No option of Keras: whether a summand goes where it was meant to, to the last axis that is as
long, to either of them, or nobody knows. The last two are refused where it matters."""


def check_summand(shape: Shape, summand: Sequence[int], bias_axis: str) -> None:
    """See that a summand is simply broadcast.

    Args:
        shape: of the tensor that it is added to.
        summand: its shape.
        bias_axis: see `BiasAxis`.

    Raises:
        OptionError: it may be added along another axis.
    """
    long = [size for size in summand if size > 1]
    if bias_axis == "meant" or len(long) != 1 or len(shape) < 2:
        return
    meant = len(shape) - len(summand) + list(summand).index(long[0])
    for axis in (len(shape) - 1, 1):
        if shape[axis] in (long[0], None):
            if axis != meant:
                raise _elsewhere(shape, long[0], bias_axis)
            return


def with_bias(
    ctx: Context,
    x: Value,
    op: str,
    kernel: str,
    bias: str | Literal[False],
    attributes: Mapping[str, Any],
) -> Value:
    """Apply a convolution with its bias; `x` has the result's shape already."""
    if not bias:
        return ctx.like(x, op, kernel, **attributes)
    filters, columns = x.shape[x.order[1]] or 0, x.shape[-1]
    stored = ctx.lazy(ctx.weight("bias", (filters,)), "bias")
    first = x.order == plain(x.rank) and filters > 1
    if bias == "meant" or not first or columns not in (filters, None):
        return ctx.like(x, op, kernel, stored, **attributes)
    if bias != "last" or columns is None:
        raise _elsewhere(x.shape, filters, bias)
    return ctx.like(ctx.like(x, op, kernel, **attributes), "Add", stored)


def _elsewhere(shape: Shape, size: int, bias_axis: str) -> OptionError:
    known = "are" if None not in shape[1:] else "may be"
    what = f"its result has the shape {shape}, where several axes {known} {size} long: "
    if bias_axis == "unknown":
        return OptionError(
            f"{what}Keras 3.7 and newer add the bias along another of them on TensorFlow than on "
            "JAX or PyTorch, and no file says which it was; say --backend tensorflow, jax or torch"
        )
    if bias_axis == "either":
        return OptionError(
            f"{what}Keras 3.7 and newer on TensorFlow add the bias along one of them when the "
            "model predicts, along another when it is called"
        )
    return OptionError(
        f"{what}Keras 3.7 and newer on TensorFlow add the bias along another than was meant"
    )
