"""An architecture of Keras 1 as one of Keras 2: the same JSON with other words.

A `Merge` becomes the layer that does what its mode says. A Sequential that begins with a Merge
has several inputs: it becomes a functional model, its branches laid out flat, as Keras 1 did when
it wrote the weights (keras 1.2.2 `Sequential.flattened_layers`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..nodes import MalformedError
from . import tables

MAX_NESTING = 32
_INPUT = "InputLayer"


def is_keras1(document: Any, version: str | None) -> bool:
    """Whether Keras 1 wrote this: the version says so, or options that no other wrote."""
    if version is not None:
        return version.split(".")[0] in ("0", "1")
    return any(tables.EVIDENCE & set(options) for _, options in _layers(document, 0))


def modernise(document: Any, backend: str | None) -> tuple[Any, tuple[str, ...]]:
    """The document in the words of Keras 2, and what had to be assumed.

    Args:
        document: the parsed JSON of a model.
        backend: `tensorflow` or `theano`, as far as it is known.

    Raises:
        MalformedError: it makes no sense.
    """
    found = {str(o["dim_ordering"]) for _, o in _layers(document, 0) if o.get("dim_ordering")}
    formatless = [kind for kind, _ in _layers(document, 0) if kind in tables.FORMATLESS]
    notes = []
    if len(found) == 1:
        default = found.pop()
    else:
        default = "th" if backend == "theano" else "tf"
        if formatless:
            why = "the layers around it differ" if found else "no layer says it"
            notes.append(
                f"{formatless[0]} does not say where the channels are, and {why}; "
                f"taken as dim_ordering={default!r}"
            )
    dialect = _Dialect(tables.DATA_FORMATS.get(default, "channels_last"))
    return dialect.entry(document, 0), tuple(notes)


def _layers(entry: Any, depth: int) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """(class, options) of every layer, at any depth."""
    if not isinstance(entry, Mapping) or depth > MAX_NESTING:
        return
    config = entry.get("config")
    inner = config if isinstance(config, list) else ()
    if isinstance(config, Mapping):
        inner = config["layers"] if isinstance(config.get("layers"), list) else ()
        if not inner:
            yield str(entry.get("class_name")), config
        if isinstance(config.get("layer"), Mapping):
            inner = [config["layer"]]
    for member in inner:
        yield from _layers(member, depth + 1)


@dataclass(slots=True)
class _Dialect:
    """Rewrites entries of an architecture.

    Attributes:
        data_format: of layers that did not write theirs.
    """

    data_format: str

    def entry(self, entry: Any, depth: int) -> Any:
        """One model or layer, with all that is in it."""
        if depth > MAX_NESTING:
            raise MalformedError(f"models are nested more than {MAX_NESTING} deep")
        if not isinstance(entry, Mapping):
            raise MalformedError("a layer is no object")
        if "class_name" not in entry:  # Keras 0.3: the class is called `name`
            entry = {"class_name": entry["name"], "config": {**entry, "name": entry["custom_name"]}}
        kind, config = entry["class_name"], entry.get("config")
        if kind == "Sequential":
            return self._sequential(entry, depth)
        if isinstance(config, Mapping) and isinstance(config.get("layers"), list):
            layers = [self.entry(layer, depth + 1) for layer in config["layers"]]
            return {**entry, "config": {**config, "layers": layers}}
        if not isinstance(config, Mapping):
            raise MalformedError(f"a {kind} layer has no options")
        if kind == "Merge":
            return {**entry, **_merge(config)}
        return {**entry, **self._layer(str(kind), config, depth)}

    def _layer(self, kind: str, config: Mapping[str, Any], depth: int) -> dict[str, Any]:
        """A layer's class and options."""
        modern = tables.CLASSES.get(kind, kind)
        options: dict[str, Any] = {}
        for name, value in config.items():
            if name in tables.DROPPED or modern not in tables.DROPPED_UNLESS.get(name, {modern}):
                continue
            kept = name in tables.KEPT.get(modern, ())
            options[name if kept else tables.OPTIONS.get(name, name)] = value
        for names in tables.KERNEL_SIZES:
            if set(names) <= set(options):
                options["kernel_size"] = [options.pop(part) for part in names]
        if modern in tables.FORMATLESS:
            options.setdefault("data_format", self.data_format)
        written = options.get("data_format")
        if written in tables.DATA_FORMATS:
            options["data_format"] = tables.DATA_FORMATS[written]
        if isinstance(options.get("layer"), Mapping):
            options["layer"] = self.entry(options["layer"], depth + 1)
        if modern != _INPUT:
            options.pop("input_dtype", None)
        change = _SPECIAL.get(modern)
        if change is not None:
            modern, options = change(modern, options)
        return {"class_name": modern, "config": options}

    def _sequential(self, entry: Mapping[str, Any], depth: int) -> dict[str, Any]:
        config = entry["config"]
        written = config["layers"] if isinstance(config, Mapping) else config
        if not isinstance(written, list) or not written:
            raise MalformedError("a Sequential without layers")
        first = written[0]
        if _is_merge(first) and isinstance(first["config"].get("layers"), list):
            return {**entry, "class_name": "Model", "config": self._branched(written, depth)}
        layers = [self.entry(layer, depth + 1) for layer in written]
        own_input = _own_input(written[0], layers[0])
        if own_input is not None:
            layers.insert(0, own_input)
        for number, layer in enumerate(layers):
            if layer["class_name"] == "Sequential" and not layer.get("name"):
                # No name that Keras gives: its own must not decide which is which.
                layer["name"] = f"sequential_0{number}"
        return {**entry, "config": {"layers": layers}}

    def _branched(self, written: list[Any], depth: int) -> dict[str, Any]:
        """A Sequential that begins with a Merge, as the config of a functional model."""
        graph = _Graph()
        ends = [self._branch(graph, branch, depth + 1) for branch in written[0]["config"]["layers"]]
        merged = {**written[0], **_merge(written[0]["config"])}
        end = graph.add(merged, ends)
        for layer in written[1:]:
            end = graph.add(self.entry(layer, depth + 1), [end])
        keys = [[name, 0, 0] for name in graph.inputs]
        return {
            "name": "model",
            "layers": graph.layers,
            "input_layers": keys,
            "output_layers": [[end, 0, 0]],
        }

    def _branch(self, graph: _Graph, branch: Any, depth: int) -> str:
        """Add a branch of the Merge; the name of the layer it ends with."""
        modern = self.entry(branch, depth)
        config = modern["config"]
        if modern["class_name"] == "Sequential" and config["layers"][0]["class_name"] == _INPUT:
            first, *layers = config["layers"]
            end = str(first["config"]["name"])
            graph.keep({**first, "name": end, "inbound_nodes": []})
            graph.inputs.append(end)
            for layer in layers:
                end = graph.add(layer, [end])
            return end
        if "output_layers" in config:
            for layer in config["layers"]:
                graph.keep(layer)
            graph.inputs += [key[0] for key in config["input_layers"]]
            if len(config["output_layers"]) == 1:
                return str(config["output_layers"][0][0])
        raise MalformedError("a Merge of layers that are no models")


@dataclass(slots=True)
class _Graph:
    """The layers of a functional model while they are put together."""

    layers: list[dict[str, Any]] = field(default_factory=list)
    inputs: list[str] = field(default_factory=list)

    def keep(self, layer: dict[str, Any]) -> None:
        """A layer with its calls; a shared one is there once."""
        if layer["name"] not in {known["name"] for known in self.layers}:
            self.layers.append(layer)

    def add(self, layer: Mapping[str, Any], inputs: list[str]) -> str:
        """A layer that is called on the results of others; its name."""
        name = str(layer.get("name") or layer["config"]["name"])
        calls = [[[before, 0, 0] for before in inputs]]
        self.layers.append({**layer, "name": name, "inbound_nodes": calls})
        return name


def _own_input(written: Any, first: Mapping[str, Any]) -> dict[str, Any] | None:
    """The input of a Sequential, as its first layer tells it; None if it is there, or unknown."""
    config = first["config"]
    shape = config.get("batch_input_shape") if isinstance(config, Mapping) else None
    if first["class_name"] == _INPUT or not shape:
        return None
    name, dtype = f"{config['name']}_input", written["config"].get("input_dtype") or "float32"
    return {
        "class_name": _INPUT,
        "config": {"name": name, "batch_input_shape": shape, "dtype": dtype},
    }


def _is_merge(entry: Any) -> bool:
    return (
        isinstance(entry, Mapping)
        and entry.get("class_name") == "Merge"
        and isinstance(entry.get("config"), Mapping)
    )


def _merge(config: Mapping[str, Any]) -> dict[str, Any]:
    """A Merge as the layer that does what its mode says; others are left for a refusal."""
    mode, name = config.get("mode"), config.get("name")
    if config.get("mode_type", "raw") != "raw" or mode not in tables.MERGES:
        return {"class_name": "Merge of a function's making", "config": {"name": name}}
    options: dict[str, Any] = {"name": name}
    if mode == "concat":
        options["axis"] = config.get("concat_axis", -1)
    if mode in ("dot", "cos"):
        options["axes"] = config.get("dot_axes", -1)
    if mode == "cos":  # it has one axis more than Keras 2's, and another bound of the length
        return {"class_name": "Merge of cosines", "config": {"name": name}}
    return {"class_name": tables.MERGES[mode], "config": options}


# --- What a renaming does not do ----------------------------------------------------------------

Options = dict[str, Any]


def _batch_normalization(kind: str, options: Options) -> tuple[str, Options]:
    """Mode 0 is Keras 2's; 1 normalises each example, 2 by the batch, at inference too."""
    mode = options.pop("mode", 0)
    return (kind if mode == 0 else f"{kind} in mode {mode}"), options


def _zero_padding2d(kind: str, options: Options) -> tuple[str, Options]:
    """(top, bottom, left, right), or these by name, as pairs."""
    padding = options.get("padding")
    if isinstance(padding, Mapping):
        sides = ("top_pad", "bottom_pad", "left_pad", "right_pad")
        padding = [padding.get(side, 0) for side in sides]
    if isinstance(padding, (list, tuple)) and len(padding) == 4:
        padding = [list(padding[:2]), list(padding[2:])]
    return kind, {**options, "padding": padding}


def _gru(kind: str, options: Options) -> tuple[str, Options]:
    """Keras 1 has the reset gate before the matrix product only."""
    return kind, {**options, "reset_after": False}


def _simple_pooling1d(kind: str, options: Options) -> tuple[str, Options]:
    """Keras 1's pooling in one dimension is channels last always."""
    return kind, {**options, "data_format": "channels_last"}


def _input(kind: str, options: Options) -> tuple[str, Options]:
    """The dtype of an input has a name of its own; of other layers it means nothing."""
    return kind, {**options, "dtype": options.pop("input_dtype", None) or "float32"}


_SPECIAL: dict[str, Callable[[str, Options], tuple[str, Options]]] = {
    _INPUT: _input,
    "BatchNormalization": _batch_normalization,
    "ZeroPadding2D": _zero_padding2d,
    "GRU": _gru,
    "MaxPooling1D": _simple_pooling1d,
    "AveragePooling1D": _simple_pooling1d,
}
"""Class by its name in Keras 2 -> what else changes; gives the class and the options."""
