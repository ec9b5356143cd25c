"""A layer's calls as the dialects wrote them, in one form: arguments in which `Key`s are tensors.

1.x to tf.keras 2.15 wrote nested `inbound_nodes` lists, 3.x dicts of serialised tensors. What a
layer is, and whether the keys lead anywhere, is not known here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Key:
    """Output `tensor` of node number `node` of the layer called `layer` in the same model."""

    layer: str
    node: int
    tensor: int


@dataclass(frozen=True, slots=True)
class NodeSpec:
    """One call of a layer: the positional arguments, and the others by name.

    Both may hold `Key`s at any depth of lists and dicts.
    """

    arguments: tuple[Any, ...]
    named: Mapping[str, Any] = field(default_factory=dict)

    def tensors(self) -> Iterator[Key]:
        """Every tensor that the call takes."""
        return find_keys((self.arguments, self.named))


def find_keys(value: Any) -> Iterator[Key]:
    """Every `Key` in nested lists, tuples and dicts, in order."""
    if isinstance(value, Key):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from find_keys(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from find_keys(item)


class MalformedError(Exception):
    """The graph makes no sense; the message says why."""


def call_of(node: Any) -> NodeSpec:
    """One entry of a layer's `inbound_nodes`, in whatever dialect."""
    if isinstance(node, dict):
        return NodeSpec(
            tuple(_keras3_value(item) for item in node.get("args", ())),
            {name: _keras3_value(item) for name, item in (node.get("kwargs") or {}).items()},
        )
    return _keras2_node(node)


def end_keys(value: Any) -> tuple[Key, ...]:
    """`input_layers` or `output_layers`: one key, a list of keys, or a dict of keys."""
    if _is_key(value):
        return (_key(value),)
    if isinstance(value, dict):
        return tuple(key for item in value.values() for key in end_keys(item))
    if not isinstance(value, (list, tuple)):
        raise MalformedError(f"{value!r} is no output of a layer")
    return tuple(key for item in value for key in end_keys(item))


def _is_key(value: Any) -> bool:
    return (
        isinstance(value, (list, tuple))
        and len(value) >= 3
        and isinstance(value[0], str)
        and all(isinstance(index, int) and not isinstance(index, bool) for index in value[1:3])
    )


def _key(value: Sequence[Any]) -> Key:
    if not _is_key(value):
        raise MalformedError(f"{value!r} is no output of a layer")
    name, node, tensor = value[:3]
    if node < 0 or tensor < 0:
        raise MalformedError(f"a negative node number at layer {name!r}")
    return Key(name, node, tensor)


def _keras3_value(value: Any) -> Any:
    """A call argument of Keras 3, with its serialised tensors as `Key`s."""
    if isinstance(value, dict):
        if value.get("class_name") == "__keras_tensor__":
            return _key(value["config"]["keras_history"])
        return {name: _keras3_value(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_keras3_value(item) for item in value]
    return value


def _keras2_node(node: Any) -> NodeSpec:
    """A call as 1.x to tf.keras 2.15 wrote it.

    `[[name, node, tensor], …]`, since 2.0 with a fourth item, the other call arguments, the same
    for every tensor. tf.keras writes a lone tensor without the outer list, and a tensor among
    the call arguments as `[name, node, tensor]`; `["_CONSTANT_VALUE", -1, value]` is a constant.
    """
    if isinstance(node, dict):
        return call_of(node)
    entries = [node] if _is_keras2_entry(node) else list(node)
    named: dict[str, Any] = {}
    tensors: list[Any] = []
    for entry in entries:
        if isinstance(entry, dict):
            tensors.append(_keras2_argument(entry))
            continue
        if not _is_keras2_entry(entry):
            tensors.append(_keras2_argument(entry))
            continue
        tensors.append(_keras2_argument(entry[:3]))
        if len(entry) > 3 and isinstance(entry[3], dict):
            named.update({name: _keras2_argument(item) for name, item in entry[3].items()})
    return NodeSpec((tensors[0],) if len(tensors) == 1 else (tensors,), named)


def _is_keras2_entry(value: Any) -> bool:
    return _is_key(value) or (
        isinstance(value, (list, tuple)) and len(value) >= 3 and value[0] == "_CONSTANT_VALUE"
    )


def _keras2_argument(value: Any) -> Any:
    if isinstance(value, (list, tuple)) and len(value) >= 3 and value[0] == "_CONSTANT_VALUE":
        return value[2]
    if _is_key(value) and len(value) in (3, 4):
        return _key(value)
    if isinstance(value, (list, tuple)):
        return [_keras2_argument(item) for item in value]
    if isinstance(value, dict):
        return {name: _keras2_argument(item) for name, item in value.items()}
    return value
