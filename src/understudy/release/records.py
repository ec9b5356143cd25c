"""Frozen dataclasses to JSON and back, strictly.

What is read is exactly what was written: every field is there, none is unknown or doubled, every
value has its type, numbers are finite, and text is valid Unicode. Anything else is a `ReleaseError`
that says where. The types it knows are those of the records: str, int, float, bool, None, tuples,
dataclasses, and `JSON`, an object that is kept as it is.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import math
import types
import typing
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from ..errors import ReleaseError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

JSON = Mapping[str, Any]

Record = TypeVar("Record", bound="DataclassInstance")

_WORDS: Mapping[type, str] = {int: "a whole number", bool: "true or false"}


class _Wrong(Exception):
    """What is wrong in a document, and where; becomes a `ReleaseError` with the file's name."""


def encode(record: DataclassInstance, *, schema: int) -> bytes:
    """Write the record as JSON that people can read, the schema's number first."""
    fields = {"schema": schema, **dataclasses.asdict(record)}
    return (json.dumps(fields, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()


def decode(cls: type[Record], data: bytes, *, schema: int, what: str, hint: str) -> Record:
    """Read what `encode` wrote.

    Raises:
        ReleaseError: it is damaged (with `hint`), or of another schema. `what` names the file.
    """
    try:
        fields = _load(data)
        found = fields.pop("schema", None)
        if type(found) is int and found > schema:
            raise ReleaseError(
                f"{what} was written by a newer understudy (schema {found}, this one reads"
                f" {schema})",
                hint="update understudy on this machine",
            )
        if type(found) is not int or found != schema:
            raise _Wrong(f"its schema is {found!r}, not {schema}")
        record: Record = _record(cls, fields, "it")
        return record
    except _Wrong as error:
        raise ReleaseError(f"{what} is damaged: {error}", hint=hint) from error


def _load(data: bytes) -> dict[str, object]:
    try:
        text = data.decode()
        value = json.loads(
            text,
            object_pairs_hook=_pairs,
            parse_constant=_no_constant,
            parse_float=_finite,
        )
        if "\\u" in text:  # the one way to a lone surrogate, which is no text
            json.dumps(value, ensure_ascii=False).encode()
    except UnicodeError:
        raise _Wrong("it is not valid Unicode") from None
    except (ValueError, RecursionError):
        raise _Wrong("it is not valid JSON") from None
    if not isinstance(value, dict):
        raise _Wrong("it is not a JSON object")
    return value


def _pairs(pairs: list[tuple[str, object]]) -> dict[str, object]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        raise _Wrong("a name is in it twice")
    return fields


def _no_constant(word: str) -> NoReturn:
    raise _Wrong(f"it has the number {word}")


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise _Wrong(f"it has the number {digits}")
    return number


@functools.cache
def _types(cls: type) -> dict[str, Any]:
    return typing.get_type_hints(cls)


def _record(cls: type, fields: dict[str, object], where: str) -> Any:
    wanted = _types(cls)
    for name in wanted.keys() - fields.keys():
        raise _Wrong(f"{where} has no {name!r}")
    for name in fields.keys() - wanted.keys():
        raise _Wrong(f"{where} has {name!r}, which is not known")
    return cls(**{name: _value(wanted[name], fields[name], name) for name in wanted})


def _value(wanted: Any, value: object, where: str) -> object:
    if isinstance(wanted, types.UnionType):  # `X | None` is the only one in a record
        inner, _ = typing.get_args(wanted)
        return None if value is None else _value(inner, value, where)
    if wanted == JSON:
        if isinstance(value, dict):
            return value
        raise _Wrong(f"{where} is not an object")
    if typing.get_origin(wanted) is tuple:
        if isinstance(value, list):
            inner, _ = typing.get_args(wanted)  # always `tuple[X, ...]`
            return tuple(_value(inner, item, where) for item in value)
        raise _Wrong(f"{where} is not a list")
    if dataclasses.is_dataclass(wanted):
        if isinstance(value, dict):
            return _record(typing.cast(type, wanted), value, where)
        raise _Wrong(f"{where} is not an object")
    if wanted is float:
        if type(value) in (int, float):
            return _as_float(typing.cast(float, value), where)
        raise _Wrong(f"{where} is not a number")
    if issubclass(wanted, str):
        if isinstance(value, str):
            return _word(wanted, value, where)
        raise _Wrong(f"{where} is not text")
    if type(value) is not wanted:
        raise _Wrong(f"{where} is not {_WORDS[wanted]}")
    return value


def _word(wanted: type[str], value: str, where: str) -> str:
    try:
        return wanted(value)  # text as it is, or one of an enumeration's words
    except ValueError:
        raise _Wrong(f"{where} is {value!r}, which is not known") from None


def _as_float(number: float, where: str) -> float:
    try:
        return float(number)
    except OverflowError:
        raise _Wrong(f"{where} is too large") from None
