"""An architecture's JSON as a graph of layer specifications, in one form for all dialects.

Keras wrote graphs in three dialects: a Sequential's plain list, nested `inbound_nodes` lists
(1.x, 2.x, tf.keras), and nodes as dicts of serialised tensors (3.x). All become `ModelSpec`: each
layer with its nodes, each node with its arguments, in which `Key`s stand for tensors. Class
names and options stay as they were written; giving them their newest names is `normalize`'s.

Nothing is looked up by name outside this module, and nothing in the file is executed.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..errors import ModelFileError
from .formats.json import parse_json
from .nodes import Key, MalformedError, NodeSpec, call_of, end_keys
from .operations import KERAS_PACKAGES, bare_operation_class, operation_class
from .specs import INPUT_CLASS, LayerSpec, ModelSpec
from .spellings import WEIGHTS, WRAPPERS
from .wrappers import wrapped

PATCHES = frozenset({"size", "strides", "dilation_rate", "padding", "data_format"})
"""The options of the one operation of Keras 3 that writes no name."""

MAX_NESTING = 32
"""How deep models may be nested in models."""

MAX_LAYERS = 20_000
"""More than any model has, all nested ones together; more would take minutes."""

SEQUENTIAL_CLASSES = ("Sequential", "Pipeline")
"""Chains of layers. Keras 3's Pipeline is one for layers that prepare images."""


@dataclass(frozen=True, slots=True)
class Architecture:
    """What an architecture's JSON says."""

    model: ModelSpec
    keras_version: str | None
    backend: str | None


def parse_architecture(document: Any, name: str) -> Architecture:
    """The graph that an architecture's JSON describes.

    Args:
        document: the parsed JSON. A string with JSON in it is parsed once more: people save
            `json.dump(model.to_json())`. Options alone will do, too: `model.get_config()`.
        name: what to call the file in errors.

    Raises:
        ModelFileError: it is no Keras model, or its graph makes no sense.
    """
    if isinstance(document, str):
        document = parse_json(document.encode(), name)
    document = _with_class(document)
    if not isinstance(document, dict) or "class_name" not in document:
        raise _no_model(name, "it has no `class_name`")
    if not _is_model(document):
        raise _no_model(name, f"its class is {document['class_name']!r}, not a Keras model")
    try:
        if _count(document) > MAX_LAYERS:
            raise MalformedError(f"it has more than {MAX_LAYERS:,} layers")
        model = _model(document, 0)
    except MalformedError as error:
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


def _with_class(document: Any) -> Any:
    """A model's options, which are all that `model.get_config()` gives, with its class."""
    if isinstance(document, dict) and "class_name" not in document and "layers" in document:
        graph = "input_layers" in document
        return {"class_name": "Functional" if graph else "Sequential", "config": document}
    return document


def _no_model(name: str, why: str) -> ModelFileError:
    return ModelFileError(
        f"{name} is JSON, but not a Keras model: {why}",
        hint="give the file that model.to_json() made",
    )


def _count(document: Any) -> int:
    """How many layers there are, up to a few more than are allowed."""
    found, waiting = 0, [document]
    while waiting and found <= MAX_LAYERS:
        entry = waiting.pop()
        config = entry.get("config") if isinstance(entry, dict) else None
        layers = config.get("layers") if isinstance(config, dict) else config
        if isinstance(layers, list):
            found += len(layers)
            waiting += layers
    return found


def _is_model(entry: Mapping[str, Any]) -> bool:
    """Whether a serialised object is a Sequential or functional model.

    Newer versions write the class of a subclassed model by its own name; a graph inside tells.
    """
    if entry["class_name"] in SEQUENTIAL_CLASSES:
        return True
    config = entry.get("config")
    if not isinstance(config, dict):
        return False
    return {"layers", "input_layers", "output_layers"} <= set(config) or _is_chain(config)


def _is_chain(config: Mapping[str, Any]) -> bool:
    """Whether these are a Sequential's options: a layer that holds others has further ones.

    (`Sequential.get_config`: of tf.keras 2.4 to 2.15, and of Keras 3.)
    """
    marks = set(config)
    return (
        "name" in marks
        and isinstance(config.get("layers"), list)
        and marks <= {"name", "trainable", "dtype", "layers", "build_input_shape"}
        and ("build_input_shape" in marks or "trainable" not in marks)
    )


def _model(entry: Mapping[str, Any], depth: int) -> ModelSpec:
    if depth > MAX_NESTING:
        raise MalformedError(f"models are nested more than {MAX_NESTING} deep")
    config = entry["config"]
    if isinstance(config, dict) and "input_layers" in config:
        return _functional(config, depth)
    return _sequential(config, depth)


def _layer(entry: Mapping[str, Any], nodes: tuple[NodeSpec, ...], depth: int) -> LayerSpec:
    config = entry.get("config")
    if _is_model(entry):
        model = _model(entry, depth + 1)
        name = entry.get("name") or model.name
        if not isinstance(name, str) or not isinstance(entry["class_name"], str):
            raise MalformedError("a model's name or class is no text")
        own = config if isinstance(config, dict) else {}
        return LayerSpec(name, entry["class_name"], own, nodes, model)
    if not isinstance(config, dict):
        raise MalformedError(f"a {entry.get('class_name')} layer has no options")
    name = entry.get("name") or config.get("name")
    if not isinstance(name, str) or not name:
        raise MalformedError(f"a {entry.get('class_name')} layer has no name")
    layer = LayerSpec(name, class_name_of(entry), config, nodes)
    inner = config.get("layer")
    if layer.class_name not in WRAPPERS or not isinstance(inner, dict):
        return layer
    if depth > MAX_NESTING:
        raise MalformedError(f"layers are nested more than {MAX_NESTING} deep")
    return replace(layer, model=wrapped(layer, _layer(inner, (), depth + 1)))


def class_name_of(entry: Mapping[str, Any]) -> str:
    """The class, with its package where somebody registered it outside Keras.

    Keras 3 writes `module`: only `keras.…` is Keras' own, whatever the class is called. Its
    operations are kept apart from layers of the same name; in HDF5 they have no module.
    """
    class_name = entry["class_name"]
    if not isinstance(class_name, str):
        raise MalformedError("a layer's class is not a name")
    module = entry.get("module")
    registered = entry.get("registered_name")
    if isinstance(module, str) and module.split(".")[0] in KERAS_PACKAGES:
        return operation_class(module, class_name) or class_name
    if isinstance(registered, str) and registered and registered != class_name:
        return registered
    if isinstance(module, str) and module != "builtins":
        return f"{module}>{class_name}"
    if "registered_name" in entry:
        return f"Custom>{class_name}"
    return bare_operation_class(class_name) if _is_bare_operation(entry) else class_name


def _is_bare_operation(entry: Mapping[str, Any]) -> bool:
    """Whether it is an operation that Keras 3 wrote without its module.

    Such have a name and what they are called with, but nothing that layers have; that which
    takes patches of images has no name. (keras 3.15 `ops.image.ExtractPatches`,
    `src/legacy/saving/serialization.py`, `Operation.get_config`, `Layer.get_config`.)
    """
    config, nodes = entry.get("config"), entry.get("inbound_nodes")
    return (
        "module" not in entry
        and entry["class_name"] not in WEIGHTS
        and isinstance(config, dict)
        and ("name" in config or set(config) == PATCHES)
        and not {"trainable", "layers", "batch_shape"} & set(config)
        and isinstance(nodes, list)
        and bool(nodes)
        and all(isinstance(node, dict) for node in nodes)
    )


def _sequential(config: Any, depth: int) -> ModelSpec:
    """A chain. Before 2.2.3 the config was the list of layers itself."""
    entries = config["layers"] if isinstance(config, dict) else config
    name = (_text(config, "name") if isinstance(config, dict) else None) or "sequential"
    if not isinstance(entries, list):
        raise MalformedError("a Sequential's layers are no list")
    layers: list[LayerSpec] = []
    for entry in entries:
        layer = _layer(entry, (), depth)
        if layer.model is not None and _is_nameless(entry):
            # No name that Keras gives: its own must not decide which is which.
            layer = replace(layer, name=f"{layer.name}_0{len(layers)}")
        layers.append(layer)
    if not layers:
        raise MalformedError("a Sequential without layers")
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


def _is_nameless(entry: Mapping[str, Any]) -> bool:
    """Whether a model in a Sequential has no name: before 2.2.3, a Sequential's was not written."""
    config = entry.get("config")
    return not entry.get("name") and not (isinstance(config, dict) and config.get("name"))


def _implicit_input(first: LayerSpec, config: Any) -> LayerSpec:
    """The InputLayer that Keras makes for a Sequential that has none: `<first>_input`.

    Before 2.2.3, whose Sequentials have no names, a model in the first place brought its own.
    Its shape is the first layer's `batch_input_shape` (a nested model's: of its own first
    layer), or the shape that the model was built for.
    """
    shape = _first_shape(first)
    if shape is None and isinstance(config, dict):
        shape = config.get("build_input_shape")
    dtype = first.config.get("dtype", "float32")
    name = f"{first.name}_input"
    named = isinstance(config, dict) and "name" in config
    if first.model is not None and first.model.inputs and not named:
        name = first.model.inputs[0].layer
    options = {
        "name": name,
        "batch_input_shape": shape,
        "dtype": dtype if isinstance(dtype, str) else "float32",
    }
    return LayerSpec(name, INPUT_CLASS, options, ())


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
        nodes = tuple(call_of(node) for node in entry.get("inbound_nodes", []))
        # An input is never called; it has one node all the same, so that keys can name it.
        if entry.get("class_name") == INPUT_CLASS:
            nodes = (NodeSpec(()),)
        layers.append(_layer(entry, nodes, depth))
    _check_unique(layers)
    outputs = end_keys(config["output_layers"])
    written = [node for entry in config["layers"] for node in entry.get("inbound_nodes", [])]
    if any(isinstance(node, dict) for node in written):
        outputs = _from_zero(outputs, layers)
    return ModelSpec(
        _text(config, "name") or "model",
        False,
        tuple(layers),
        end_keys(config["input_layers"]),
        outputs,
    )


def _from_zero(outputs: tuple[Key, ...], layers: Sequence[LayerSpec]) -> tuple[Key, ...]:
    """Keras 3's outputs with the calls of nested functional models counted from 0.

    It counts such a model's own making as its first call in `output_layers`, but not where the
    output is another layer's argument (keras 3.15 `Functional.get_config` has
    `node_reindexing_map` for the one, `serialize_node` for the other).
    """
    counted = {
        layer.name for layer in layers if layer.model is not None and not layer.model.sequential
    }
    return tuple(
        Key(key.layer, key.node - 1, key.tensor) if key.layer in counted and key.node else key
        for key in outputs
    )


def _check_unique(layers: Sequence[LayerSpec]) -> None:
    names: set[str] = set()
    for layer in layers:
        if layer.name in names:
            raise MalformedError(f"two layers are called {layer.name!r}")
        names.add(layer.name)


def _text(document: Mapping[str, Any], name: str) -> str | None:
    value = document.get(name)
    return value if isinstance(value, str) else None
