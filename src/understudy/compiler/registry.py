"""The table of layers that can be compiled: class name -> the function that lowers it.

A layer's function has the layer's signature: its positional parameters are tensors, its
keyword-only ones the layer's options, with the annotations that check them and Keras' defaults.
An option that is not in the signature is refused, so that nothing is ignored without a word.
"""

from __future__ import annotations

import inspect
import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    Literal,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

from ..keras import Activation

if TYPE_CHECKING:
    from .value import Value

    Lower = Callable[..., Value]


class OptionError(ValueError):
    """An option's value cannot be compiled; the message says why."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One layer class that can be compiled.

    Attributes:
        kind: the class, by its newest Keras name.
        lower: `lower(context, *values, **options)`; gives the layer's output.
        options: name -> what checks and converts its value.
        many: whether it takes any number of tensors.
    """

    kind: str
    lower: Lower
    options: Mapping[str, Callable[[Any], Any]]
    many: bool

    def parse(self, config: Mapping[str, Any]) -> dict[str, Any]:
        """The options that the function takes, checked.

        Raises:
            OptionError: a value, or an option, that cannot be compiled.
        """
        parsed = {}
        for name, value in config.items():
            convert = self.options.get(name)
            if convert is None:
                if value is None or value is False:
                    continue
                raise OptionError(f"its option {name}={value!r} is not known")
            try:
                parsed[name] = convert(value)
            except OptionError as error:
                raise OptionError(f"{name}={value!r}: {error}") from None
            except (TypeError, ValueError, OverflowError):
                raise OptionError(f"{name}={value!r} makes no sense") from None
        return parsed


REGISTRY: dict[str, Entry] = {}


def layer(*kinds: str) -> Callable[[Lower], Lower]:
    """Register a function as the one that lowers layers of these classes."""

    def register(lower: Lower) -> Lower:
        parameters = list(inspect.signature(lower).parameters.values())
        hints = get_type_hints(lower, include_extras=True)
        options = {p.name: _parser(hints[p.name]) for p in parameters if p.kind is p.KEYWORD_ONLY}
        many = any(p.kind is p.VAR_POSITIONAL for p in parameters)
        for kind in kinds:
            if kind in REGISTRY:
                raise ValueError(f"{kind} is registered twice")
            REGISTRY[kind] = Entry(kind, lower, options, many)
        return lower

    return register


# --- What options may be ------------------------------------------------------------------------


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        if isinstance(value, float) and value.is_integer():
            return int(value)
        raise OptionError("a whole number is needed")
    return value


def _number(value: Any) -> float:
    if isinstance(value, dict):  # Keras 2.x wrote NumPy scalars as {"class_name": …, "value": …}
        value = value.get("value")
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise OptionError("a number is needed")
    return float(value)


def _truth(value: Any) -> bool:
    if not isinstance(value, (bool, int)) or value not in (0, 1):
        raise OptionError("true or false is needed")
    return bool(value)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise OptionError("a text is needed")
    return value


def _activation(value: Any) -> Activation:
    if not isinstance(value, Activation):
        raise OptionError("an activation is needed")
    return value


def _pair(value: Any) -> tuple[int, int]:
    items = value if isinstance(value, (list, tuple)) else [value, value]
    if len(items) != 2:
        raise OptionError("one number or two are needed")
    return _size(items[0]), _size(items[1])


def _size(value: Any) -> int:
    size = _whole(value)
    if not 1 <= size <= 1 << 20:
        raise OptionError("a number from 1 on is needed")
    return size


def _margins(value: Any) -> tuple[tuple[int, int], tuple[int, int]]:
    """Keras' padding and cropping: n, (rows, columns), or ((top, bottom), (left, right))."""
    items = value if isinstance(value, (list, tuple)) else [value, value]
    if len(items) != 2:
        raise OptionError("one number, two, or two pairs are needed")
    pairs = [item if isinstance(item, (list, tuple)) else [item, item] for item in items]
    if any(len(pair) != 2 for pair in pairs):
        raise OptionError("one number, two, or two pairs are needed")
    (top, bottom), (left, right) = [[_whole(n) for n in pair] for pair in pairs]
    if not all(0 <= n <= 1 << 16 for n in (top, bottom, left, right)):
        raise OptionError("sizes from 0 on are needed")
    return (top, bottom), (left, right)


def _axis(value: Any) -> int:
    """One axis; tf.keras writes a list of one."""
    if isinstance(value, (list, tuple)):
        if len(value) != 1:
            raise OptionError("only one axis can be compiled")
        value = value[0]
    return _whole(value)


def _sizes(value: Any) -> tuple[int, ...]:
    if not isinstance(value, (list, tuple)):
        raise OptionError("a list of sizes is needed")
    return tuple(_whole(item) for item in value)


Pair = Annotated[tuple[int, int], _pair]
Size = Annotated[int, _size]
Axis = Annotated[int, _axis]
Sizes = Annotated[tuple[int, ...], _sizes]
Margins = Annotated[tuple[tuple[int, int], tuple[int, int]], _margins]
Padding = Literal["valid", "same"]
DataFormat = Literal["channels_last", "channels_first"]

_PARSERS: dict[Any, Callable[[Any], Any]] = {
    int: _whole,
    float: _number,
    bool: _truth,
    str: _text,
    Activation: _activation,
}


def _parser(hint: Any) -> Callable[[Any], Any]:
    """What checks a value against an annotation."""
    if hint is Any:
        return lambda value: value
    if hint in _PARSERS:
        return _PARSERS[hint]
    origin = get_origin(hint)
    if origin is Annotated:
        return get_args(hint)[1]  # type: ignore[no-any-return]
    if origin is Literal:
        return _choice(get_args(hint))
    if origin in (Union, types.UnionType):
        inner = [arg for arg in get_args(hint) if arg is not type(None)]
        parse = _parser(inner[0])
        return lambda value: None if value is None else parse(value)
    raise TypeError(f"no parser for {hint!r}")


def _choice(allowed: tuple[Any, ...]) -> Callable[[Any], Any]:
    def parse(value: Any) -> Any:
        if value not in allowed:
            raise OptionError(f"only {', '.join(map(repr, allowed))} can be compiled")
        return value

    return parse
