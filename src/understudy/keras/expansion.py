"""A model's graph with the models in it becomes one flat list of calls, in computable order."""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..errors import ModelFileError
from .architecture import Architecture
from .model import Call, Layer, Port, Ref, Tensor
from .nodes import Key, MalformedError, find_keys
from .numbering import Counting, settle
from .owner import Owner, Path
from .specs import INPUT_CLASS, LayerSpec, ModelSpec

MAX_CALLS = 20_000
"""More calls of layers than any model has; nested models that call each other twice, 30 deep,
would make a billion."""


@dataclass(slots=True)
class Expansion:
    """Makes one flat graph of nested models."""

    owners: Mapping[Path, Owner]
    weights: Mapping[Path, Mapping[str, Tensor]]
    missing: Mapping[Path, Mapping[str, str]]
    name: str
    obeys_training: bool
    counting: Counting
    layers: list[Layer] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    _numbers: dict[Path, int] = field(default_factory=dict)
    _settled: dict[int, ModelSpec] = field(default_factory=dict)
    _counted: int = 0

    def run(self, architecture: Architecture) -> tuple[tuple[Port, ...], tuple[Port, ...]]:
        """Expand the outermost model; its inputs and outputs."""
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
            self.layers.append(self._layer(path))
        self.calls.append(Call(number, arguments, named))
        return Ref(len(self.calls) - 1)

    def unreached(self) -> tuple[Layer, ...]:
        """The layers with weights that were not called, because no output needs them."""
        return tuple(
            self._layer(path)
            for path in self.owners
            if path not in self._numbers and (self.weights[path] or self.missing[path])
        )

    def _layer(self, path: Path) -> Layer:
        owner = self.owners[path]
        return Layer(path, owner.kind, owner.config, self.weights[path], self.missing[path])

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
            try:
                self._settled[id(model)] = settle(model, self.counting)
            except MalformedError as error:
                raise self._senseless(str(error)) from None
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
