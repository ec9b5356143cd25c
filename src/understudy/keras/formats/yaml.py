"""Architectures that Keras 1 and 2 wrote with `model.to_yaml()`, read as plain data.

Only YAML's own types and a few of Python's plain ones are known; every other tag (`!!python/name`,
`!!python/object` …) is refused, and nothing is looked up or called. NumPy's scalars and arrays,
which Keras wrote wherever it had worked out a number, are decoded here from their bytes; tf.keras'
lists are lists. What aliases stand for is counted each time, so that a few lines cannot mean
billions.
"""

from __future__ import annotations

import base64
import math
from dataclasses import dataclass, field
from typing import Any, Literal, NoReturn

import numpy as np
import yaml

from ...errors import ModelFileError
from ...files import Buffer

MAX_BYTES = 16 << 20
MAX_VALUES = 300_000
"""Three times what the largest of keras.applications has; more would take seconds."""
MAX_DEPTH = 128

_TAG = "tag:yaml.org,2002:"
_SEQUENCES = frozenset({f"{_TAG}seq", f"{_TAG}python/tuple", f"{_TAG}python/list"})
_BINARY = f"{_TAG}binary"
_NUMPY = f"{_TAG}python/object/apply:numpy."
_DTYPE = f"{_NUMPY}dtype"
_NUMPY_SCALARS = frozenset(f"{_NUMPY}{core}.multiarray.scalar" for core in ("core", "_core"))
_ARRAYS = frozenset(f"{_NUMPY}{core}.multiarray._reconstruct" for core in ("core", "_core"))
_ARRAY_CLASS = f"{_TAG}python/name:numpy.ndarray"
_LISTS = frozenset(
    f"{_TAG}python/object/apply:tensorflow.python.{module}.data_structures.ListWrapper"
    for module in ("training.checkpointable", "training.tracking", "trackable")
)
_NUMBERS = frozenset({"i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8", "b1"})
"""Data types of NumPy scalars that are read."""

_MAPPINGS = frozenset({f"{_TAG}map", f"{_TAG}python/dict", _DTYPE, *_ARRAYS})
_SCALARS = {
    f"{_TAG}python/str": f"{_TAG}str",
    f"{_TAG}python/unicode": f"{_TAG}str",
    f"{_TAG}python/int": f"{_TAG}int",
    f"{_TAG}python/long": f"{_TAG}int",
    f"{_TAG}python/float": f"{_TAG}float",
    f"{_TAG}python/bool": f"{_TAG}bool",
    f"{_TAG}python/none": f"{_TAG}null",
    **{f"{_TAG}{name}": f"{_TAG}{name}" for name in ("str", "int", "float", "bool", "null")},
}
"""Scalar's tag -> YAML's own tag of the same type. Python 2 wrote `!!python/unicode` for text."""

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def parse_yaml(data: Buffer, name: str) -> Any:
    """Parse YAML of a bounded size to plain lists, dicts and scalars.

    Raises:
        ModelFileError: not YAML, too large, nested too deeply, or not plain data.
    """
    if len(data) > MAX_BYTES:
        raise ModelFileError(
            f"{name} is {len(data):,} bytes long, too much for an architecture",
            hint="give the file that model.to_yaml() made",
        )
    loader = _Loader(bytes(data))
    try:
        return _Builder(loader, name).build()
    except yaml.YAMLError as error:
        reason = " ".join(str(getattr(error, "problem", None) or error).split())
        raise ModelFileError(
            f"{name} is neither JSON nor YAML: {reason[:200]}",
            hint="give the file that model.to_json() or model.to_yaml() made, saved as text",
        ) from None
    except (ValueError, TypeError, OverflowError, AttributeError, KeyError, IndexError) as error:
        raise ModelFileError(
            f"{name} holds a value that makes no sense: {error}",
            hint="give the file that model.to_yaml() made",
        ) from None
    finally:
        loader.dispose()


@dataclass(slots=True)
class _Open:
    """A list or dict that is being read: its values so far, and how many it stands for."""

    items: list[Any]
    mapping: bool
    tag: str | None
    anchor: str | None
    size: int = 1


@dataclass(slots=True)
class _Builder:
    loader: Any
    name: str
    stack: list[_Open] = field(default_factory=list)
    anchors: dict[str, tuple[Any, int]] = field(default_factory=dict)
    scalars: dict[tuple[Any, ...], Any] = field(default_factory=dict)

    def build(self) -> Any:
        result: list[Any] = []
        documents = 0
        while (event := self.loader.get_event()) is not None:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    self._refuse("it holds more than one document")
            elif isinstance(event, yaml.AliasEvent):
                if event.anchor not in self.anchors:
                    self._refuse(f"it refers to *{event.anchor}, which is not known yet")
                self._add(result, *self.anchors[event.anchor])
            elif isinstance(event, yaml.ScalarEvent):
                key = (event.tag, event.value, event.implicit)
                if key not in self.scalars:
                    self.scalars[key] = self._scalar(event)
                value = self.scalars[key]
                if event.anchor:
                    self.anchors[event.anchor] = (value, 1)
                self._add(result, value, 1)
            elif isinstance(event, (yaml.SequenceStartEvent, yaml.MappingStartEvent)):
                self._open(event)
            elif isinstance(event, (yaml.SequenceEndEvent, yaml.MappingEndEvent)):
                done = self.stack.pop()
                value = self._dict(done.items) if done.mapping else done.items
                if done.tag in _NUMPY_SCALARS:
                    value = self._number(done.items)
                elif done.tag in _ARRAYS:
                    value = self._array(value)
                elif done.tag in _LISTS:
                    (value,) = done.items
                if done.anchor:
                    self.anchors[done.anchor] = (value, done.size)
                self._add(result, value, done.size)
        if len(result) != 1:
            self._refuse("it is empty")
        return result[0]

    def _open(self, event: Any) -> None:
        mapping = isinstance(event, yaml.MappingStartEvent)
        known = _MAPPINGS if mapping else _SEQUENCES | _NUMPY_SCALARS | _LISTS
        if event.tag not in (None, "!", *known):
            self._refuse(f"it holds {_short(event.tag)}, which is no plain data")
        if len(self.stack) >= MAX_DEPTH:
            self._refuse(f"it is nested more than {MAX_DEPTH} deep")
        self.stack.append(_Open([], mapping, event.tag, event.anchor))

    def _add(self, result: list[Any], value: Any, size: int) -> None:
        if not self.stack:
            result.append(value)
            return
        top = self.stack[-1]
        top.items.append(value)
        top.size += size
        if top.size > MAX_VALUES:
            self._refuse(f"it stands for more than {MAX_VALUES:,} values")

    def _scalar(self, event: Any) -> Any:
        tag = event.tag
        if tag in (None, "!"):
            tag = self.loader.resolve(yaml.ScalarNode, event.value, event.implicit)
        if tag == _BINARY:
            return base64.b64decode(event.value)
        if tag == _ARRAY_CLASS:
            return ""
        if tag not in _SCALARS:
            if tag.startswith(f"{_TAG}python/") or not tag.startswith(_TAG):
                self._refuse(f"it holds {_short(tag)}, which is no plain data")
            return event.value  # a date, or the like: text in an architecture
        if len(event.value) > 4_000 and _SCALARS[tag] == f"{_TAG}int":
            self._refuse("it holds a number of thousands of digits")
        node = yaml.ScalarNode(_SCALARS[tag], event.value)
        return self.loader.yaml_constructors[_SCALARS[tag]](self.loader, node)

    def _number(self, items: list[Any]) -> int | float | bool:
        """A NumPy scalar: its dtype as a mapping, and its bytes."""
        dtype, content = items
        kind = self._dtype(dtype)
        if not isinstance(content, bytes) or len(content) != kind.itemsize:
            self._refuse("it holds a NumPy scalar without its bytes")
        return np.frombuffer(content, kind)[0].item()  # type: ignore[no-any-return]

    def _array(self, pickled: Any) -> Any:
        """A NumPy array as lists: of its state, its shape, dtype, order and bytes."""
        _, shape, dtype, columns_first, content = pickled["state"]
        kind = self._dtype(dtype)
        if not isinstance(content, bytes) or len(content) != kind.itemsize * math.prod(shape):
            self._refuse("it holds a NumPy array without its bytes")
        order: Literal["F", "C"] = "F" if columns_first else "C"
        return np.frombuffer(content, kind).reshape(shape, order=order).tolist()

    def _dtype(self, written: Any) -> np.dtype[Any]:
        (code, *_), order = written["args"], written["state"][1]
        if code not in _NUMBERS or order not in ("<", ">", "|"):
            self._refuse(f"it holds NumPy data of type {code!r}")
        kind: np.dtype[Any] = np.dtype(code)
        return kind.newbyteorder(order)

    def _dict(self, items: list[Any]) -> dict[Any, Any]:
        keys = items[::2]
        if not all(isinstance(key, (str, int, float, bool, type(None))) for key in keys):
            self._refuse("it has a key that is no plain value")
        return dict(zip(keys, items[1::2], strict=True))

    def _refuse(self, why: str) -> NoReturn:
        raise ModelFileError(
            f"{self.name} cannot be read as YAML: {why}",
            hint="give the file that model.to_json() or model.to_yaml() made",
        )


def _short(tag: str) -> str:
    return "!!" + tag.removeprefix(_TAG) if tag.startswith(_TAG) else tag
