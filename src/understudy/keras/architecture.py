"""An architecture's JSON as a graph of layer specifications, in one form for all dialects.

Keras wrote graphs in three dialects: a Sequential's plain list, nested `inbound_nodes` lists
(1.x, 2.x, tf.keras), and nodes as dicts of serialised tensors (3.x). All become `ModelSpec`: each
layer with its nodes, each node with its arguments, in which `Key`s stand for tensors. Class
names and options stay as they were written; giving them their newest names is `normalize`'s.

Nothing is looked up by name outside this module, and nothing in the file is executed.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..errors import ModelFileError
from ..files import Buffer

MAX_JSON_BYTES = 256 << 20
MAX_NESTING = 32
"""How deep models may be nested in models."""

FUNCTIONAL_CLASSES = frozenset({"Functional", "Model"})
INPUT_CLASS = "InputLayer"


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


@dataclass(frozen=True, slots=True)
class LayerSpec:
    """A layer as written.

    Attributes:
        name: unique in its model.
        class_name: as written; a layer registered by a package has it as `package>Class`.
        config: as written.
        nodes: its calls, in the order of the file's node numbers.
        model: what it contains, where it is itself a model.
    """

    name: str
    class_name: str
    config: Mapping[str, Any]
    nodes: tuple[NodeSpec, ...]
    model: ModelSpec | None = None


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """A model's graph as written; a Sequential is the chain that it means."""

    name: str
    sequential: bool
    layers: tuple[LayerSpec, ...]
    inputs: tuple[Key, ...]
    outputs: tuple[Key, ...]


@dataclass(frozen=True, slots=True)
class Architecture:
    """What an architecture's JSON says."""

    model: ModelSpec
    keras_version: str | None
    backend: str | None


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


def parse_json(data: Buffer, name: str) -> Any:
    """Parse JSON of a bounded size.

    Raises:
        ModelFileError: not JSON, too large, or nested too deeply.
    """
    if len(data) > MAX_JSON_BYTES:
        raise ModelFileError(
            f"{name} is {len(data):,} bytes long, too much for an architecture",
            hint="give the file that model.to_json() made",
        )
    try:
        return json.loads(bytes(data).decode("utf-8-sig"))
    except RecursionError:
        raise ModelFileError(
            f"{name} is nested too deeply", hint="give the file that model.to_json() made"
        ) from None
    except UnicodeDecodeError:
        raise ModelFileError(
            f"{name} is not JSON: it is not text",
            hint="give the file that model.to_json() made, or a whole model (.keras, .h5)",
        ) from None
    except ValueError as error:
        raise ModelFileError(
            f"{name} is not JSON: {_first_lower(str(error))}",
            hint="give the file that model.to_json() made, saved as text",
        ) from None


def parse_architecture(document: Any, name: str) -> Architecture:
    """The graph that an architecture's JSON describes.

    Args:
        document: the parsed JSON. A string with JSON in it is parsed once more: people save
            `json.dump(model.to_json())`.
        name: what to call the file in errors.

    Raises:
        ModelFileError: it is no Keras model, or its graph makes no sense.
    """
    if isinstance(document, str):
        document = parse_json(document.encode(), name)
    if not isinstance(document, dict) or "class_name" not in document:
        raise _no_model(name, "it has no `class_name`")
    if not _is_model(document):
        raise _no_model(name, f"its class is {document['class_name']!r}, not a Keras model")
    try:
        model = _model(document, 0)
    except _Malformed as error:
        raise ModelFileError(
            f"{name} is not a Keras model that makes sense: {error}",
            hint="write it again with model.to_json()",
        ) from None
    except (KeyError, TypeError, IndexError, ValueError, AttributeError) as error:
        detail = f"no {error}" if isinstance(error, KeyError) else str(error)
        raise ModelFileError(
            f"{name} is not a Keras model that makes sense: {detail}",
            hint="write it again with model.to_json()",
        ) from error
    return Architecture(model, _text(document, "keras_version"), _text(document, "backend"))


class _Malformed(Exception):
    """The graph makes no sense; the message says why."""


def _no_model(name: str, why: str) -> ModelFileError:
    return ModelFileError(
        f"{name} is JSON, but not a Keras model: {why}",
        hint="give the file that model.to_json() made",
    )


def _is_model(entry: Mapping[str, Any]) -> bool:
    """Whether a serialised object is a Sequential or functional model.

    Newer versions write the class of a subclassed model by its own name; a graph inside tells.
    """
    if entry["class_name"] == "Sequential":
        return True
    config = entry.get("config")
    return isinstance(config, dict) and {"layers", "input_layers", "output_layers"} <= set(config)


def _model(entry: Mapping[str, Any], depth: int) -> ModelSpec:
    if depth > MAX_NESTING:
        raise _Malformed(f"models are nested more than {MAX_NESTING} deep")
    config = entry["config"]
    if entry["class_name"] == "Sequential" or not isinstance(config, dict):
        return _sequential(config, depth)
    return _functional(config, depth)


def _layer(entry: Mapping[str, Any], nodes: tuple[NodeSpec, ...], depth: int) -> LayerSpec:
    config = entry.get("config")
    if _is_model(entry):
        model = _model(entry, depth + 1)
        name = entry.get("name") or model.name
        own = config if isinstance(config, dict) else {}
        return LayerSpec(name, entry["class_name"], own, nodes, model)
    if not isinstance(config, dict):
        raise _Malformed(f"a {entry.get('class_name')} layer has no options")
    name = entry.get("name") or config.get("name")
    if not isinstance(name, str) or not name:
        raise _Malformed(f"a {entry.get('class_name')} layer has no name")
    return LayerSpec(name, _class_name(entry), config, nodes)


def _class_name(entry: Mapping[str, Any]) -> str:
    """The class, with its package where somebody registered it outside Keras.

    Keras 3 writes `module`: only `keras.…` is Keras' own, whatever the class is called.
    """
    class_name = entry["class_name"]
    if not isinstance(class_name, str):
        raise _Malformed("a layer's class is not a name")
    module = entry.get("module")
    registered = entry.get("registered_name")
    if isinstance(module, str) and module.split(".")[0] in ("keras", "keras_core", "tf_keras"):
        return class_name
    if isinstance(registered, str) and registered and registered != class_name:
        return registered
    if isinstance(module, str) and module != "builtins":
        return f"{module}>{class_name}"
    if "registered_name" in entry:
        return f"Custom>{class_name}"
    return class_name


def _sequential(config: Any, depth: int) -> ModelSpec:
    """A chain. Before 2.2.3 the config was the list of layers itself."""
    entries = config["layers"] if isinstance(config, dict) else config
    name = config.get("name", "sequential") if isinstance(config, dict) else "sequential"
    if not isinstance(entries, list):
        raise _Malformed("a Sequential's layers are no list")
    layers: list[LayerSpec] = []
    for entry in entries:
        layers.append(_layer(entry, (), depth))
    if not layers:
        raise _Malformed("a Sequential without layers")
    if layers[0].class_name != INPUT_CLASS:
        layers.insert(0, _implicit_input(layers[0], config))
    _check_unique(layers)
    chained = [layers[0]]
    for before, layer in itertools.pairwise(layers):
        node = NodeSpec((Key(before.name, 0, 0),))
        chained.append(LayerSpec(layer.name, layer.class_name, layer.config, (node,), layer.model))
    chained[0] = LayerSpec(layers[0].name, INPUT_CLASS, layers[0].config, (NodeSpec(()),), None)
    return ModelSpec(
        name,
        True,
        tuple(chained),
        (Key(chained[0].name, 0, 0),),
        (Key(chained[-1].name, 0, 0),),
    )


def _implicit_input(first: LayerSpec, config: Any) -> LayerSpec:
    """The InputLayer that Keras makes for a Sequential that has none: `<first>_input`.

    Its shape is the first layer's `batch_input_shape` (a nested model's: of its own first
    layer), or the shape that the model was built for.
    """
    shape = _first_shape(first)
    if shape is None and isinstance(config, dict):
        shape = config.get("build_input_shape")
    dtype = first.config.get("dtype", "float32")
    options = {
        "name": f"{first.name}_input",
        "batch_input_shape": shape,
        "dtype": dtype if isinstance(dtype, str) else "float32",
    }
    return LayerSpec(options["name"], INPUT_CLASS, options, ())


def _first_shape(layer: LayerSpec) -> Any:
    if layer.model is not None:
        inner = {spec.name: spec for spec in layer.model.layers}
        if len(layer.model.inputs) != 1:
            return None
        return _first_shape(inner[layer.model.inputs[0].layer])
    return layer.config.get("batch_input_shape", layer.config.get("batch_shape"))


def _functional(config: Mapping[str, Any], depth: int) -> ModelSpec:
    layers = []
    for entry in config["layers"]:
        nodes = tuple(_node(node) for node in entry.get("inbound_nodes", []))
        # An input is never called; it has one node all the same, so that keys can name it.
        if entry.get("class_name") == INPUT_CLASS:
            nodes = (NodeSpec(()),)
        layers.append(_layer(entry, nodes, depth))
    _check_unique(layers)
    return ModelSpec(
        config.get("name") or "model",
        False,
        tuple(layers),
        _end_keys(config["input_layers"]),
        _end_keys(config["output_layers"]),
    )


def _check_unique(layers: Sequence[LayerSpec]) -> None:
    names: set[str] = set()
    for layer in layers:
        if layer.name in names:
            raise _Malformed(f"two layers are called {layer.name!r}")
        names.add(layer.name)


def _end_keys(value: Any) -> tuple[Key, ...]:
    """`input_layers` or `output_layers`: one key, a list of keys, or a dict of keys."""
    if _is_key(value):
        return (_key(value),)
    if isinstance(value, dict):
        return tuple(key for item in value.values() for key in _end_keys(item))
    return tuple(key for item in value for key in _end_keys(item))


def _is_key(value: Any) -> bool:
    return (
        isinstance(value, (list, tuple))
        and len(value) >= 3
        and isinstance(value[0], str)
        and all(isinstance(index, int) and not isinstance(index, bool) for index in value[1:3])
    )


def _key(value: Sequence[Any]) -> Key:
    name, node, tensor = value[:3]
    if node < 0 or tensor < 0:
        raise _Malformed(f"a negative node number at layer {name!r}")
    return Key(name, node, tensor)


def _node(node: Any) -> NodeSpec:
    if isinstance(node, dict):
        return NodeSpec(
            tuple(_keras3_value(item) for item in node.get("args", ())),
            {name: _keras3_value(item) for name, item in (node.get("kwargs") or {}).items()},
        )
    return _keras2_node(node)


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
        return _node(node)
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


def _text(document: Mapping[str, Any], name: str) -> str | None:
    value = document.get(name)
    return value if isinstance(value, str) else None


def _first_lower(text: str) -> str:
    return text[:1].lower() + text[1:]
