"""The table of operations that can be compiled: kind -> the function that lowers it.

An operation is what a file has where somebody called a function on symbolic tensors: kinds like
`tf.math.multiply`, `tf.raw_ops.Mul` and `ops.numpy.Multiply`. Other than a layer's, its arguments
are tensors and constants mixed, and it may give constants, e.g. a shape.

The functions themselves are in `ops/`, once for all dialects; a row says what the framework calls
their arguments. An argument that the function does not have is refused.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .registry import OptionError

if TYPE_CHECKING:
    from .context import Context

NODE_PREFIX = "tf.raw_ops."


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation that can be compiled.

    Attributes:
        lower: `lower(context, *arguments, **named)`; gives a value, a constant, or a tuple.
        names: the framework's names of arguments -> ours, where they differ.
        ignored: arguments that change nothing.
    """

    lower: Callable[..., Any]
    names: Mapping[str, str] = field(default_factory=dict)
    ignored: frozenset[str] = frozenset()

    def call(
        self, ctx: Context, arguments: Sequence[Any], named: Mapping[str, Any]
    ) -> tuple[Any, ...]:
        """Lower one call; all its results.

        TensorFlow's attributes that begin with `_` are notes of its own, and without effect.

        Raises:
            OptionError: an argument that is not known, or cannot be compiled.
        """
        signature = inspect.signature(self.lower)
        ours: dict[str, Any] = {}
        for name, value in named.items():
            our = self.names.get(name, name)
            if our in signature.parameters:
                ours[our] = value
            elif name not in self.ignored and value is not None and name[:1] != "_":
                raise OptionError(f"its argument {name}={shown(value)} is not known")
        try:
            bound = signature.bind(ctx, *arguments, **ours)
        except TypeError as error:
            raise OptionError(
                f"it is called with other arguments than are known: {error}"
            ) from None
        result = self.lower(*bound.args, **bound.kwargs)
        return result if isinstance(result, tuple) else (result,)


OPERATIONS: dict[str, Operation] = {}


def register(rows: Mapping[str, Operation]) -> None:
    """Add a dialect's rows to the table."""
    for kind, operation in rows.items():
        if kind in OPERATIONS:
            raise ValueError(f"{kind} is registered twice")
        OPERATIONS[kind] = operation


def call_arguments(
    kind: str, config: Mapping[str, Any], arguments: Sequence[Any], named: Mapping[str, Any]
) -> tuple[list[Any], dict[str, Any]]:
    """What the function is called with: of the call and, where the dialect has it, the options.

    A TensorFlow node's call has its tensors only; its constants belong between them.
    """
    if not kind.startswith(NODE_PREFIX):
        return list(arguments), {**config, **named}
    tensors = [
        tensor
        for item in arguments
        for tensor in (item if isinstance(item, (list, tuple)) else [item])
    ]
    for position, constant in sorted(config["constants"].items()):
        tensors.insert(position, constant)
    return tensors, {**config["attributes"], **named}


def shown(value: Any) -> str:
    """A value, short enough for an error."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
