"""EinsumDense: a multiplication that an equation describes, e.g. `abc,cde->abde`.

Equations are those of `numpy.einsum` with an input and a kernel; letters of the kernel that the
input does not have are new sizes, which `output_shape` gives (keras 3.15 `EinsumDense`,
`_analyze_einsum_string`).
"""

from __future__ import annotations

import itertools
import math
import re
import string
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from ...keras import Activation
from ..context import Context
from ..graph import Shape
from ..registry import OptionError, layer
from ..value import Value, plain
from .activations import activate
from .bias import BiasAxis, check_summand
from .quantized import Quantization, descaled, rounded

LINEAR = Activation("linear")


def _shape(value: Any) -> tuple[int | None, ...]:
    sizes = value if isinstance(value, (list, tuple)) else [value]
    if any(size is not None and (type(size) is not int or size < 1) for size in sizes):
        raise OptionError("sizes are needed")
    return tuple(sizes)


FreeShape = Annotated[tuple[int | None, ...], _shape]
"""Sizes of which some may be left open; one size stands for a list of one."""

_EQUATION = re.compile(r"(\.\.\.)?([A-Za-z]+)(\.\.\.)?,([A-Za-z]+)->(\.\.\.)?([A-Za-z]+)(\.\.\.)?")


@layer("EinsumDense")
def einsum_dense(
    ctx: Context,
    x: Value,
    *,
    equation: str,
    output_shape: FreeShape,
    activation: Activation = LINEAR,
    bias_axes: str | None = None,
    quantization: Quantization | None = None,
    bias_axis: BiasAxis = "meant",
) -> Value:
    """EinsumDense(equation, output_shape, activation=None, bias_axes=None)."""
    x = ctx.plain(x)
    terms = Terms.of(equation, x.rank)
    sizes = _sizes(terms, x.shape, output_shape)
    kernel_shape = tuple(_known(letter, sizes) for letter in terms.kernel)
    kernel = ctx.weight("kernel", kernel_shape)
    shape = tuple(sizes[letter] for letter in terms.output)
    kept = len(terms.input) - len(terms.contracted)
    start, scale = x.name, None
    inner = len(terms.contracted)
    if quantization is not None and not terms.multiplies:
        raise OptionError(f"equation={equation!r} cannot be compiled where it is quantised")
    if quantization == "int8":
        start, scale = rounded(ctx, x, range(kept, x.rank))
        ones = ctx.constant([*[0] * kept, *[1] * (len(shape) - kept)], "int64")
        scale = ctx.add("Reshape", scale, ones)
    if terms.multiplies:
        flat = kernel.reshape(math.prod(kernel_shape[:inner]), math.prod(kernel_shape[inner:]))
        name = start
        if inner > 1:
            name = ctx.add("Reshape", name, ctx.constant([*[0] * kept, -1], "int64"))
        name = ctx.add("MatMul", name, ctx.lazy(flat, "kernel"))
        if len(shape) != kept + 1:
            name = ctx.add("Reshape", name, ctx.constant([*[0] * kept, *shape[kept:]], "int64"))
    else:
        name = ctx.add("Einsum", x.name, ctx.lazy(kernel, "kernel"), equation=terms.equation)
    if quantization is not None:
        wide = (*[1] * kept, *kernel_shape[inner:])
        kernel_scale = ctx.lazy(ctx.weight("kernel_scale", wide), "kernel_scale")
        name = descaled(ctx, name, kernel_scale, scale)
    if bias_axes:
        bias = ctx.weight("bias", _bias_shape(terms, bias_axes, sizes))
        check_summand(shape, bias.shape, bias_axis)
        name = ctx.add("Add", name, ctx.lazy(bias, "bias"))
    return activate(ctx, Value(name, shape, x.dtype, plain(len(shape))), activation)


@dataclass(frozen=True, slots=True)
class Terms:
    """An equation with a letter for every axis.

    Attributes:
        input, kernel, output: the letters; an ellipsis is written out.
        elided: the letters that stand for an ellipsis, without the batch.
    """

    input: str
    kernel: str
    output: str
    elided: str

    @classmethod
    def of(cls, equation: str, rank: int) -> Terms:
        """The terms of an equation for an input of this many axes."""
        match = _EQUATION.fullmatch(equation.replace(" ", ""))
        if match is None:
            raise OptionError(f"equation={equation!r} cannot be read")
        start, given, end, kernel, out_start, output, out_end = match.groups(default="")
        if (start, end) != (out_start, out_end) or (start and end):
            raise OptionError(f"equation={equation!r}: its ellipses do not fit")
        for letters in (given, kernel, output):
            if len(set(letters)) != len(letters):
                raise OptionError(f"equation={equation!r} takes a diagonal")
        missing = rank - len(given)
        if missing < 0 or (missing and not (start or end)):
            raise OptionError(f"equation={equation!r} of an input with {rank} axes")
        free = (letter for letter in string.ascii_letters if letter not in given + kernel + output)
        elided = "".join(itertools.islice(free, missing))
        if start:
            return cls(elided + given, kernel, elided + output, elided[1:])
        return cls(given + elided, kernel, output + elided, elided)

    @property
    def equation(self) -> str:
        """As ONNX takes it."""
        return f"{self.input},{self.kernel}->{self.output}"

    @property
    def contracted(self) -> str:
        """The letters over which it sums."""
        return "".join(c for c in self.input if c not in self.output)

    @property
    def multiplies(self) -> bool:
        """Whether it is a matrix multiplication along the last axes."""
        inner = self.contracted
        kept, new = self.input[: len(self.input) - len(inner)], self.kernel[len(inner) :]
        return (
            bool(inner)
            and self.input == kept + inner
            and self.kernel == inner + new
            and self.output == kept + new
        )


def _sizes(
    terms: Terms, shape: Shape, output_shape: tuple[int | None, ...]
) -> Mapping[str, int | None]:
    """The size of every letter: the input's, and what the output has of its own."""
    sizes = dict(zip(terms.input, shape, strict=True))
    # output_shape has neither the batch nor the axes for which an ellipsis stands.
    given = [letter for letter in terms.output if letter not in terms.elided][1:]
    if len(given) != len(output_shape):
        raise OptionError(f"output_shape={output_shape} for {terms.equation}")
    for letter, size in zip(given, output_shape, strict=True):
        if letter not in sizes:
            sizes[letter] = size
        elif size is not None and sizes[letter] not in (None, size):
            raise OptionError(f"output_shape={output_shape} of an input with the shape {shape}")
    for letter in terms.kernel + terms.output:
        if letter not in sizes:
            raise OptionError(f"output_shape={output_shape} does not say how long {letter} is")
    return sizes


def _known(letter: str, sizes: Mapping[str, int | None]) -> int:
    size = sizes[letter]
    if size is None:
        raise OptionError(f"the size of {letter} in its equation must be known")
    return size


def _bias_shape(terms: Terms, axes: str, sizes: Mapping[str, int | None]) -> tuple[int, ...]:
    """The bias has the output's axes from the first of its own on, with 1 for the others."""
    if any(letter not in terms.output for letter in axes):
        raise OptionError(f"bias_axes={axes!r} are not in the output")
    first = min(terms.output.index(letter) for letter in axes)
    return tuple(_known(c, sizes) if c in axes else 1 for c in terms.output[first:])
