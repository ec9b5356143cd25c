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
from .architecture import (
    INPUT_CLASS,
    Architecture,
    Key,
    LayerSpec,
    ModelSpec,
    NodeSpec,
    find_keys,
    parse_architecture,
)
from .model import Activation, Call, Layer, Model, Port, Ref, Tensor
from .raw import RawModel
from .spellings import (
    ACTIVATIONS,
    CLASSES,
    IGNORED_OPTIONS,
    OLD_HARD_SIGMOID_BEFORE,
    OPTIONS,
)
from .weights import Owner, Path, assign

MAX_CALLS = 100_000
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


def normalize(raw: RawModel) -> tuple[Model, Origin]:
    """The canonical model that the files describe.

    Raises:
        ModelFileError: the architecture makes no sense.
        WeightsError: the weights are not those of the architecture.
    """
    architecture = parse_architecture(raw.architecture, raw.name)
    version = architecture.keras_version or raw.keras_version
    origin = Origin(raw.format, version, architecture.backend or raw.backend)
    dialect = _Dialect(_major(version, raw))
    owners = tuple(dialect.owner(spec, ()) for spec in architecture.model.layers)
    assignment = assign(raw.weights, owners, raw.weights_name)
    notes = list(assignment.notes)
    if version is None:
        notes.append(f"no file says which Keras wrote it; by its layout, Keras {dialect.major}")
    by_path = {leaf.path: leaf for owner in owners for leaf in owner.leaves()}
    expansion = _Expansion(by_path, assignment.weights, raw.name)
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


# --- Names ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Dialect:
    """Gives classes and options their newest names, for files of one major version."""

    major: int

    def owner(self, spec: LayerSpec, outer: Path) -> Owner:
        path = (*outer, spec.name)
        class_name = spec.class_name.rpartition(">")[2]
        kind = CLASSES.get(spec.class_name, spec.class_name)
        if spec.model is not None:
            children = tuple(self.owner(child, path) for child in spec.model.layers)
            return Owner(path, class_name, kind, {}, children)
        return Owner(path, class_name, kind, self.config(kind, spec.config))

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
        policy = _policy(written.get("dtype"))
        if policy not in (None, "float32"):
            config["dtype"] = policy
        return config

    def activation(self, written: Any) -> Activation:
        """An activation: a name, a serialised function, or a serialised layer."""
        if written is None:
            return Activation("linear")
        if isinstance(written, str):
            name = ACTIVATIONS.get(written, written)
            if name == "hard_sigmoid" and self.major < OLD_HARD_SIGMOID_BEFORE:
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
    dtype = _policy(written.get("dtype")) or "float32"
    config: dict[str, Any] = {"shape": shape, "dtype": dtype}
    config |= {flag: True for flag in ("sparse", "ragged") if written.get(flag)}
    return config


def _policy(written: Any) -> str | None:
    """A dtype or a dtype policy by its name."""
    if isinstance(written, dict):
        config = written.get("config")
        written = config.get("name") if isinstance(config, dict) else None
    return written if isinstance(written, str) else None


# --- Graph --------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Expansion:
    """Makes one flat graph of nested models."""

    owners: Mapping[Path, Owner]
    weights: Mapping[Path, Mapping[str, Tensor]]
    name: str
    layers: list[Layer] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    _numbers: dict[Path, int] = field(default_factory=dict)

    def run(self, architecture: Architecture) -> tuple[tuple[Port, ...], tuple[Port, ...]]:
        model = architecture.model
        inputs = [self._call((key.layer,), (), {}) for key in model.inputs]
        outputs = self._expand(model, (), inputs)
        input_ports = tuple(
            Port(key.layer, ref) for key, ref in zip(model.inputs, inputs, strict=True)
        )
        names = _unique([key.layer for key in model.outputs])
        return input_ports, tuple(map(Port, names, outputs))

    def _call(self, path: Path, arguments: tuple[Any, ...], named: Mapping[str, Any]) -> Ref:
        if len(self.calls) >= MAX_CALLS:
            raise self._senseless(f"it calls layers more than {MAX_CALLS:,} times")
        number = self._numbers.get(path)
        if number is None:
            number = self._numbers[path] = len(self.layers)
            owner = self.owners[path]
            weights = self.weights.get(path, {})
            self.layers.append(Layer(path, owner.kind, owner.config, weights))
        self.calls.append(Call(number, arguments, named))
        return Ref(len(self.calls) - 1)

    def _expand(self, model: ModelSpec, path: Path, inputs: Sequence[Ref]) -> list[Ref]:
        """Add the calls of `model` on `inputs`; its outputs."""
        if len(inputs) != len(model.inputs):
            raise self._senseless(
                f"{'/'.join(path) or model.name} takes {len(model.inputs)} inputs, "
                f"it is called with {len(inputs)}"
            )
        model = self._settle(model)
        layers = {layer.name: layer for layer in model.layers}
        results: dict[tuple[str, int], list[Ref]] = {
            (key.layer, key.node): [ref] for key, ref in zip(model.inputs, inputs, strict=True)
        }
        for name, node in self._order(model, layers, set(results)):
            results[name, node] = self._node(layers[name], node, path, results)
        return [self._result(key, results) for key in model.outputs]

    def _node(
        self,
        spec: LayerSpec,
        node: int,
        path: Path,
        results: Mapping[tuple[str, int], list[Ref]],
    ) -> list[Ref]:
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
        if spec.model is not None:
            keys = list(find_keys((written.arguments, written.named)))
            return self._expand(spec.model, own_path, [self._result(k, results) for k in keys])
        # `training` and `mask` are None or False at inference; anything else is kept, and the
        # compiler refuses what it does not know.
        named = {
            name: resolve(value)
            for name, value in written.named.items()
            if value is not None and not (name == "training" and value is False)
        }
        first = self._call(own_path, arguments, named)
        return [first]

    def _result(self, key: Key, results: Mapping[tuple[str, int], list[Ref]]) -> Ref:
        refs = results[key.layer, key.node]
        if len(refs) == 1:
            return Ref(refs[0].call, refs[0].output + key.tensor)
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
            elif not written or max(written) < calls[name]:
                numbers[name] = {node: node for node in written}
            else:
                raise self._senseless(f"{name!r} has no call number {max(written)}")

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
