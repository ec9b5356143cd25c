"""The table of layers that can be compiled: class name -> the function that lowers it.

A layer's function has the layer's signature: its positional parameters are tensors, its
keyword-only ones the layer's options and call arguments, with the annotations that check them
and Keras' defaults. One that is annotated `Value | None` or `tuple[Value, ...]` takes tensors that
the layer is called with by name. What is not in the signature is refused, so that nothing is
ignored without a word.
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
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

from ..keras import Activation, Part
from .value import Value

if TYPE_CHECKING:
    Lower = Callable[..., Value | tuple[Value, ...]]


class OptionError(ValueError):
    """An option's value cannot be compiled; the message says why."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One layer class that can be compiled.

    Attributes:
        kind: the class, by its newest Keras name.
        lower: `lower(context, *values, **options)`; gives the layer's output, or outputs.
        options: name -> what checks and converts its value.
        tensors: the call arguments that are tensors.
        required: the options that have no default.
        many: whether it takes any number of tensors.
        integers: whether it takes tensors of other types than float32 as they are.
        any_option: whether no option changes what it computes at inference.
    """

    kind: str
    lower: Lower
    options: Mapping[str, Callable[[Any], Any]]
    tensors: frozenset[str]
    required: frozenset[str]
    many: bool
    integers: bool
    any_option: bool

    def parse(self, config: Mapping[str, Any]) -> dict[str, Any]:
        """The options that the function takes, checked.

        Raises:
            OptionError: a value, or an option, that cannot be compiled.
        """
        parsed: dict[str, Any] = {}
        if self.any_option:
            return parsed
        for name, value in config.items():
            if name == "dtype":
                continue  # the policy is `lowering.check`'s
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
        missing = sorted(self.required - set(parsed))
        if missing:
            raise OptionError(f"its option {missing[0]} is missing")
        return parsed


REGISTRY: dict[str, Entry] = {}

F = TypeVar("F", bound=Callable[..., Any])


def layer(*kinds: str, integers: bool = False) -> Callable[[F], F]:
    """Register a function as the one that lowers layers of these classes.

    Args:
        kinds: the classes, by their newest Keras names.
        integers: tensors of other types than float32 come as they are, not as float32.
    """

    def register(lower: F) -> F:
        parameters = list(inspect.signature(lower).parameters.values())
        hints = get_type_hints(lower, include_extras=True)
        named = [p for p in parameters if p.kind is p.KEYWORD_ONLY]
        tensors = frozenset(p.name for p in named if _holds_tensors(hints[p.name]))
        options = {p.name: _parser(hints[p.name]) for p in named if p.name not in tensors}
        required = frozenset(p.name for p in named if p.default is p.empty) - tensors
        many = any(p.kind is p.VAR_POSITIONAL for p in parameters)
        any_option = any(p.kind is p.VAR_KEYWORD for p in parameters)
        for kind in kinds:
            if kind in REGISTRY:
                raise ValueError(f"{kind} is registered twice")
            REGISTRY[kind] = Entry(
                kind, lower, options, tensors, required, many, integers, any_option
            )
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


def _part(value: Any) -> Part:
    if not isinstance(value, Part):
        raise OptionError("a layer is needed")
    return value


def _parts(value: Any) -> tuple[Part, ...]:
    if not isinstance(value, (list, tuple)):
        raise OptionError("layers are needed")
    return tuple(map(_part, value))


def _sized(count: int) -> Callable[[Any], tuple[int, ...]]:
    """Sizes along `count` axes; one number stands for all of them."""

    def parse(value: Any) -> tuple[int, ...]:
        items = value if isinstance(value, (list, tuple)) else [value] * count
        if len(items) != count:
            raise OptionError(f"one number or {count} are needed")
        return tuple(map(_size, items))

    return parse


def _size(value: Any) -> int:
    size = _whole(value)
    if not 1 <= size <= 1 << 20:
        raise OptionError("a number from 1 on is needed")
    return size


def _margins(count: int) -> Callable[[Any], tuple[tuple[int, int], ...]]:
    """Keras' padding and cropping along `count` axes: a number, or one or a pair for each.

    Along one axis it is a number or a pair.
    """

    def parse(value: Any) -> tuple[tuple[int, int], ...]:
        items = value if isinstance(value, (list, tuple)) else [value] * count
        if count == 1 and len(items) == 2:
            items = [items]
        pairs = [item if isinstance(item, (list, tuple)) else [item, item] for item in items]
        if len(pairs) != count or any(len(pair) != 2 for pair in pairs):
            raise OptionError(f"one number, or one or a pair for each of {count} axes, are needed")
        margins = tuple((_whole(before), _whole(after)) for before, after in pairs)
        if not all(0 <= n <= 1 << 16 for pair in margins for n in pair):
            raise OptionError("sizes from 0 on are needed")
        return margins

    return parse


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


def _axes(value: Any) -> tuple[int, ...]:
    """One axis or several."""
    return _sizes(value) if isinstance(value, (list, tuple)) else (_whole(value),)


Single = Annotated[tuple[int, ...], _sized(1)]
Pair = Annotated[tuple[int, ...], _sized(2)]
Triple = Annotated[tuple[int, ...], _sized(3)]
Size = Annotated[int, _size]
Axis = Annotated[int, _axis]
Axes = Annotated[tuple[int, ...], _axes]
Sizes = Annotated[tuple[int, ...], _sizes]
Margins1 = Annotated[tuple[tuple[int, int], ...], _margins(1)]
Margins2 = Annotated[tuple[tuple[int, int], ...], _margins(2)]
Margins3 = Annotated[tuple[tuple[int, int], ...], _margins(3)]
Padding = Literal["valid", "same"]
Windows = Literal["valid", "same", "same_half", "same_late"]
DataFormat = Literal["channels_last", "channels_first"]

_PARSERS: dict[Any, Callable[[Any], Any]] = {
    int: _whole,
    float: _number,
    bool: _truth,
    str: _text,
    Activation: _activation,
    Part: _part,
    tuple[Part, ...]: _parts,
}


def _holds_tensors(hint: Any) -> bool:
    """Whether an annotation is `Value`, or one with `Value` in it."""
    return hint is Value or any(_holds_tensors(argument) for argument in get_args(hint))


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
