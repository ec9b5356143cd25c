"""The second step: RawModel -> Model. All version knowledge is applied here.

Classes, options and weights get their newest names from the tables in `spellings`, nested models
are expanded into one flat graph, and every layer gets its tensors. What a layer computes is not
known here: an unknown class passes through, and the compiler refuses it.
"""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ..errors import ModelFileError
from .architecture import Architecture, class_name_of, parse_architecture
from .implied import Version, doubts, implied
from .keras1 import modern as modernise
from .model import Activation, Call, Layer, Model, Part, Port, Ref, Tensor
from .nodes import Key, NodeSpec, find_keys
from .operations import operation
from .owner import Owner, Path
from .policies import policy, quantization
from .raw import RawModel
from .shipped import shipped_lambda
from .specs import INPUT_CLASS, LayerSpec, ModelSpec
from .spellings import (
    ACTIVATIONS,
    CELL_LAYERS,
    CLASSES,
    IGNORED_OPTIONS,
    OLD_HARD_SIGMOID_BEFORE,
    OPTIONS,
)
from .weights import assign

MAX_CALLS = 20_000
"""More calls of layers than any model has; nested models that call each other twice, 30 deep,
would make a billion."""

_ACTIVATION_OPTIONS = frozenset({"activation", "recurrent_activation"})


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a model comes from, as far as its files say.

    Attributes:
        format: `json+h5`, `h5` or `keras`.
        keras_version: e.g. `2.0.6`, `2.4.0-tf`, `3.15.1`; None if no file says.
        backend: e.g. `tensorflow`; None if no file says.
    """

    format: str
    keras_version: str | None
    backend: str | None


def normalize(raw: RawModel, *, backend: str | None = None) -> tuple[Model, Origin]:
    """The canonical model that the files describe.

    Args:
        raw: as `read` gives it.
        backend: `tensorflow` or `theano`, if a person says what Keras ran on.

    Raises:
        ModelFileError: the architecture makes no sense.
        WeightsError: the weights are not those of the architecture.
    """
    modern = modernise(raw, backend)
    raw = modern.raw
    architecture = parse_architecture(raw.architecture, raw.name)
    version = architecture.keras_version or raw.keras_version
    origin = Origin(raw.format, version, modern.backend)
    major = 1 if modern.old_graph else _major(version, raw)
    dialect = _Dialect(Version.of(version, major, origin.backend))
    owners = tuple(dialect.owner(spec, ()) for spec in architecture.model.layers)
    assignment = assign(raw.weights, owners, raw.weights_name)
    notes = [*modern.notes, *assignment.notes]
    if version is None:
        notes.append(f"no file says which Keras wrote it; by its layout, Keras {major}")
    by_path: dict[Path, Owner] = {}
    weights: dict[Path, Mapping[str, Tensor]] = {}
    for leaf in (leaf for owner in owners for leaf in owner.leaves()):
        by_path[leaf.path], weights[leaf.path] = modern.layer(
            leaf, dict(assignment.weights.get(leaf.path, {}))
        )
    notes += _unused(raw, assignment.weights)
    notes += doubts(by_path.values(), version)
    notes += [
        f"{'/'.join(path)} is taken for the Lambda that keras.applications makes: {owner.kind}"
        for path, owner in by_path.items()
        if owner.class_name == "Lambda" != owner.kind
    ]
    expansion = _Expansion(by_path, weights, raw.name, dialect.version.major < 3)
    inputs, outputs = expansion.run(architecture)
    model = Model(
        architecture.model.name,
        tuple(expansion.layers),
        tuple(expansion.calls),
        inputs,
        outputs,
        tuple(raw.root.walk_tensors()),
        tuple(notes),
    )
    return model, origin


def _major(version: str | None, raw: RawModel) -> int:
    """Keras' major version; without a version, what the file's layout tells."""
    if version is not None and version[:1].isdigit():
        return int(version.split(".")[0])
    return 3 if "layers" in raw.weights.groups else 2


def _unused(raw: RawModel, weights: Mapping[Path, Mapping[str, Tensor]]) -> list[str]:
    """What to say of weights that no layer takes: they may be another model's."""
    used = {tensor.path for roles in weights.values() for tensor in roles.values()}
    unused = [
        tensor.path
        for tensor in raw.weights.walk_tensors()
        if tensor.path not in used
        and tensor.dtype.startswith("float")
        and tensor.path.split("/")[0] not in ("optimizer", "optimizer_weights", "metrics")
    ]
    if not unused:
        return []
    more = f" and {len(unused) - 1:,} more" if len(unused) > 1 else ""
    return [f"the file holds weights that no layer uses: {unused[0]}{more}"]


# --- Names ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Dialect:
    """Gives classes and options their newest names, for files of one version."""

    version: Version

    def owner(self, spec: LayerSpec, outer: Path) -> Owner:
        path = (*outer, spec.name)
        class_name = spec.class_name.rpartition(">")[2]
        kind = CLASSES.get(spec.class_name, spec.class_name)
        if spec.model is not None:
            children = tuple(self.owner(child, path) for child in spec.model.layers)
            return Owner(path, class_name, kind, {}, children)
        called = operation(kind, spec.config)
        if called is None and kind == "Lambda":
            called = shipped_lambda(spec)
        if called is not None:
            return Owner(path, class_name, *called)
        return Owner(path, class_name, *self.composed(kind, spec.config))

    def composed(self, kind: str, written: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        """A layer's class and options, with the layers inside it as `Part`s.

        An RNN of one of Keras' cells is the layer that is called after the cell.
        """
        config = self.config(kind, written)
        if kind == "Bidirectional":
            inside = {name: config[name] for name in ("layer", "backward_layer") if name in config}
            return kind, config | {name: self.part(value) for name, value in inside.items()}
        if kind != "RNN":
            return kind, config
        cell = self.part(config.pop("cell", None))
        if isinstance(cell, Part) and cell.kind == "StackedRNNCells":
            cells = cell.config.get("cells")
            several = tuple(map(self.part, cells)) if isinstance(cells, list) else cells
            named = [
                replace(one, kind=CELL_LAYERS.get(one.kind, one.kind))
                if isinstance(one, Part)
                else one
                for one in several or ()
            ]
            return kind, config | {"cells": tuple(named)}
        if isinstance(cell, Part) and cell.kind in CELL_LAYERS:
            return CELL_LAYERS[cell.kind], {**cell.config, **config}
        return kind, config | {"cells": (cell,)}

    def part(self, written: Any) -> Any:
        """A layer inside another one's options; what is none stays as it is."""
        if not isinstance(written, dict) or not isinstance(written.get("config"), dict):
            return written
        if not isinstance(written.get("class_name"), str):
            return written
        class_name = class_name_of(written)
        config = written["config"]
        kind, own = self.composed(CLASSES.get(class_name, class_name), config)
        return Part(str(config.get("name") or class_name), kind, own)

    def config(self, kind: str, written: Mapping[str, Any]) -> dict[str, Any]:
        if kind == INPUT_CLASS:
            return _input_config(written)
        renames = OPTIONS.get(kind, {})
        config: dict[str, Any] = {}
        for option, value in written.items():
            if option in IGNORED_OPTIONS:
                continue
            name = renames.get(option, option)
            config[name] = self.activation(value) if name in _ACTIVATION_OPTIONS else value
        config |= implied(kind, config, self.version)
        return config | quantization(written)

    def activation(self, written: Any) -> Activation:
        """An activation: a name, a serialised function, or a serialised layer."""
        if written is None:
            return Activation("linear")
        if isinstance(written, str):
            name = ACTIVATIONS.get(written, written)
            if name == "hard_sigmoid" and self.version.major < OLD_HARD_SIGMOID_BEFORE:
                return Activation(name, {"slope": 0.2})
            return Activation(name)
        if isinstance(written, dict) and isinstance(written.get("class_name"), str):
            config, class_name = written.get("config"), str(written["class_name"])
            module = written.get("module")
            if class_name == "function" and isinstance(config, str):
                if module in (None, "builtins", "keras.activations"):
                    return self.activation(config)
                return Activation(f"{module}>{config}")
            if isinstance(config, dict):
                ours = module is None or str(module).split(".")[0] == "keras"
                if class_name == "Activation" and ours:
                    return self.activation(config.get("activation"))
                kind = CLASSES.get(class_name, class_name) if ours else f"{module}>{class_name}"
                return Activation(kind, self.config(kind, config))
        return Activation(f"{type(written).__name__} {str(written)[:60]}")


def _input_config(written: Mapping[str, Any]) -> dict[str, Any]:
    shape = written.get("batch_input_shape", written.get("batch_shape"))
    dtype = policy(written.get("dtype")) or "float32"
    config: dict[str, Any] = {"shape": shape, "dtype": dtype}
    config |= {flag: True for flag in ("sparse", "ragged") if written.get(flag)}
    return config


# --- Graph --------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Expansion:
    """Makes one flat graph of nested models."""

    owners: Mapping[Path, Owner]
    weights: Mapping[Path, Mapping[str, Tensor]]
    name: str
    obeys_training: bool
    layers: list[Layer] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    _numbers: dict[Path, int] = field(default_factory=dict)
    _settled: dict[int, ModelSpec] = field(default_factory=dict)
    _counted: int = 0

    def run(self, architecture: Architecture) -> tuple[tuple[Port, ...], tuple[Port, ...]]:
        model = architecture.model
        if not model.outputs:
            raise self._senseless("it has no outputs")
        for key in model.inputs:
            if (key.layer,) not in self.owners:
                raise self._senseless(f"it has no layer called {key.layer!r}")
        inputs = [self._call((key.layer,), (), {}) for key in model.inputs]
        outputs = self._expand(model, (), inputs)
        input_ports = tuple(
            Port(key.layer, ref) for key, ref in zip(model.inputs, inputs, strict=True)
        )
        names = _unique([key.layer for key in model.outputs])
        return input_ports, tuple(map(Port, names, outputs))

    def _call(self, path: Path, arguments: tuple[Any, ...], named: Mapping[str, Any]) -> Ref:
        self._count()
        number = self._numbers.get(path)
        if number is None:
            number = self._numbers[path] = len(self.layers)
            owner = self.owners[path]
            weights = self.weights.get(path, {})
            self.layers.append(Layer(path, owner.kind, owner.config, weights))
        self.calls.append(Call(number, arguments, named))
        return Ref(len(self.calls) - 1)

    def _count(self) -> None:
        """Count a call of a layer or of a nested model, which may hold no layers at all."""
        self._counted += 1
        if self._counted > MAX_CALLS:
            raise self._senseless(f"it calls layers more than {MAX_CALLS:,} times")

    def _expand(self, model: ModelSpec, path: Path, inputs: Sequence[Ref]) -> list[Ref]:
        """Add the calls of `model` on `inputs`; its outputs."""
        self._count()
        if len(inputs) != len(model.inputs):
            raise self._senseless(
                f"{'/'.join(path) or model.name} takes {len(model.inputs)} inputs, "
                f"it is called with {len(inputs)}"
            )
        if id(model) not in self._settled:
            self._settled[id(model)] = self._settle(model)
        model = self._settled[id(model)]
        layers = {layer.name: layer for layer in model.layers}
        results: dict[tuple[str, int], Ref | list[Ref]] = {
            (key.layer, key.node): ref for key, ref in zip(model.inputs, inputs, strict=True)
        }
        for name, node in self._order(model, layers, set(results)):
            results[name, node] = self._node(layers[name], node, path, results)
        return [self._result(key, results) for key in model.outputs]

    def _node(
        self,
        spec: LayerSpec,
        node: int,
        path: Path,
        results: Mapping[tuple[str, int], Ref | list[Ref]],
    ) -> Ref | list[Ref]:
        """A layer's first output, of which it may have more; or all outputs of a nested model."""

        def resolve(value: Any) -> Any:
            if isinstance(value, Key):
                return self._result(value, results)
            if isinstance(value, Mapping):
                return {name: resolve(item) for name, item in value.items()}
            if isinstance(value, (list, tuple)):
                return [resolve(item) for item in value]
            return value

        written = spec.nodes[node]
        own_path = (*path, spec.name)
        arguments = tuple(resolve(item) for item in written.arguments)
        trains = bool(written.named.get("training")) and self.obeys_training
        if spec.model is not None:
            if trains:
                raise ModelFileError(
                    f"{self.name} calls {'/'.join(own_path)} with training=True, so that it "
                    "trains when it predicts",
                    hint="call it without, and save the model again",
                )
            keys = list(find_keys((written.arguments, written.named)))
            return self._expand(spec.model, own_path, [self._result(k, results) for k in keys])
        # `training` and `mask` are None or False at inference; anything else is kept, and the
        # compiler refuses what it does not know. Keras 3 notes `training=True` for every layer
        # that changes images, and does not obey it (keras 3.15 `functional.operation_fn`).
        named = {
            name: resolve(value)
            for name, value in written.named.items()
            if value is not None and not (name == "training" and not trains)
        }
        return self._call(own_path, arguments, named)

    def _result(self, key: Key, results: Mapping[tuple[str, int], Ref | list[Ref]]) -> Ref:
        refs = results[key.layer, key.node]
        if isinstance(refs, Ref):
            return Ref(refs.call, refs.output + key.tensor)
        if key.tensor >= len(refs):
            raise self._senseless(f"{key.layer!r} has no output number {key.tensor}")
        return refs[key.tensor]

    def _order(
        self, model: ModelSpec, layers: Mapping[str, LayerSpec], given: set[tuple[str, int]]
    ) -> list[tuple[str, int]]:
        """The nodes that the outputs need, in an order in which they can be computed.

        Among those that are ready, the file's order: it is the same on every machine.
        """
        needs: dict[tuple[str, int], set[tuple[str, int]]] = {}
        waiting = list(model.outputs)
        while waiting:
            key = waiting.pop()
            at = (key.layer, key.node)
            if at in given or at in needs:
                continue
            keys = list(layers[key.layer].nodes[key.node].tensors())
            if not keys and layers[key.layer].class_name == INPUT_CLASS:
                raise self._senseless(f"the input {key.layer!r} is not among its inputs")
            needs[at] = {(k.layer, k.node) for k in keys} - given
            waiting += keys
        position = {layer.name: number for number, layer in enumerate(model.layers)}
        users: dict[tuple[str, int], list[tuple[str, int]]] = {}
        for at, needed in needs.items():
            for other in needed:
                users.setdefault(other, []).append(at)
        left = {at: len(needed) for at, needed in needs.items()}
        ready = [(position[at[0]], at[1], at[0]) for at, count in left.items() if not count]
        heapq.heapify(ready)
        order: list[tuple[str, int]] = []
        while ready:
            _, node, name = heapq.heappop(ready)
            order.append((name, node))
            for user in users.get((name, node), ()):
                left[user] -= 1
                if not left[user]:
                    heapq.heappush(ready, (position[user[0]], user[1], user[0]))
        if len(order) < len(needs):
            stuck = next(at[0] for at, count in left.items() if count)
            raise self._senseless(f"its graph is a circle: {stuck!r} needs its own result")
        return order

    def _settle(self, model: ModelSpec) -> ModelSpec:
        """The model with its calls numbered from 0 for every layer.

        Many versions counted a nested model's own making as its first call, some the calls in
        other models of the session as well. Every call that is written leads to an output, so
        the numbers that are referred to are the calls, in their order.
        """
        calls = {layer.name: len(layer.nodes) for layer in model.layers}
        keys = [key for layer in model.layers for node in layer.nodes for key in node.tensors()]
        referred: dict[str, set[int]] = {name: set() for name in calls}
        for key in (*keys, *model.inputs, *model.outputs):
            if key.layer not in referred:
                raise self._senseless(f"it has no layer called {key.layer!r}")
            referred[key.layer].add(key.node)
        numbers: dict[str, dict[int, int]] = {}
        for name, written in referred.items():
            if len(written) == calls[name]:
                numbers[name] = {node: number for number, node in enumerate(sorted(written))}
            elif written:
                listed = ", ".join(map(str, sorted(written)))
                raise self._senseless(
                    f"{name!r} is called {calls[name]} times, of which number {listed} is used"
                )

        def settle(value: Any) -> Any:
            if isinstance(value, Key):
                return Key(value.layer, numbers[value.layer][value.node], value.tensor)
            if isinstance(value, Mapping):
                return {name: settle(item) for name, item in value.items()}
            if isinstance(value, (list, tuple)):
                return type(value)(settle(item) for item in value)
            return value

        layers = tuple(
            replace(
                layer,
                nodes=tuple(
                    NodeSpec(settle(node.arguments), settle(node.named)) for node in layer.nodes
                ),
            )
            for layer in model.layers
        )
        return replace(
            model, layers=layers, inputs=settle(model.inputs), outputs=settle(model.outputs)
        )

    def _senseless(self, why: str) -> ModelFileError:
        return ModelFileError(
            f"{self.name} is not a Keras model that makes sense: {why}",
            hint="write it again with model.to_json()",
        )


def _unique(names: Sequence[str]) -> list[str]:
    """Output names as Keras makes them unique: `a`, `a_1`, `a_2`.

    (tf.keras 2.15 `Functional._set_output_names`.)
    """
    counts: dict[str, int] = {}
    taken: list[str] = []
    for name in names:
        proposal = name
        while proposal in taken:
            counts[name] = counts.get(name, 0) + 1
            proposal = f"{name}_{counts[name]}"
        taken.append(proposal)
    return taken
