"""Which call of a layer a number means: calls are counted from 0 for every layer of a model.

Many versions counted a nested model's own making as its first call, some the calls in other
models of the session as well. Keras 3.0 and 3.1 do that in the arguments of calls alone; in a
model's outputs they count as the file does (keras 3.0.5 `Functional.get_config`,
`serialize_node`). There, a number may mean several calls; most of these would make a circle.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

from .nodes import Key, MalformedError, NodeSpec
from .specs import LayerSpec, ModelSpec

MAX_READINGS = 256
"""More ways to read one model's numbers than are tried."""

Numbers = Mapping[str, Mapping[int, int]]
"""Layer -> number as written -> number from 0."""


class Counting(Enum):
    """What a model's numbers may count."""

    ALIKE = "the same in arguments and in outputs"
    APART = "in arguments the calls of the session, in outputs those of the file"
    UNKNOWN = "one of these"


def settle(model: ModelSpec, counting: Counting) -> ModelSpec:
    """The model with its calls numbered from 0 for every layer.

    Raises:
        MalformedError: the numbers make no sense, or could mean several things.
    """
    used = _used(model)
    if counting is not Counting.ALIKE:
        numbers = _apart(model, used, counting)
        if numbers is not None:
            ends = {name: {n: n for n in range(layer.calls)} for name, layer in used.items()}
            return _renumbered(model, numbers, ends)
    together = {name: layer.together(name) for name, layer in used.items()}
    return _renumbered(model, together, together)


def _apart(model: ModelSpec, used: Mapping[str, _Used], counting: Counting) -> Numbers | None:
    """What the numbers in arguments mean, if they are not those in outputs; None: they are.

    Where the version is not known, numbers that are right as they stand are taken to be so.
    """
    readings = list(itertools.islice(_readings(used), MAX_READINGS + 1))
    sensible = [numbers for numbers in readings if not _circular(model, numbers)]
    if counting is Counting.UNKNOWN:
        same = [numbers for numbers in sensible if all(_is_same(n) for n in numbers.values())]
        sensible = same or sensible
    if len(readings) > MAX_READINGS or len(sensible) > 1:
        first, second = (sensible or readings)[:2]
        name = next(name for name in used if first[name] != second[name])
        raise MalformedError(
            f"Keras 3.0 or 3.1 made it, and wrote numbers of calls of {name!r} that may mean "
            "several calls"
        )
    if not sensible and counting is Counting.APART:
        raise MalformedError("the numbers of its calls fit no order of them")
    return sensible[0] if sensible else None


@dataclass(frozen=True, slots=True)
class _Used:
    """How often a layer is called, and the numbers by which its calls are referred to."""

    calls: int
    arguments: frozenset[int]
    ends: frozenset[int]

    def together(self, name: str) -> dict[int, int]:
        """The numbers, where both kinds count the same."""
        written = self.arguments | self.ends
        # Every call that is written leads to an output, so the numbers are the calls, in order.
        if written and len(written) != self.calls:
            listed = ", ".join(map(str, sorted(written)))
            raise MalformedError(
                f"{name!r} is called {self.calls} times, of which number {listed} is used"
            )
        return {node: number for number, node in enumerate(sorted(written))}

    def apart(self) -> Iterator[dict[int, int]]:
        """What the arguments' numbers may mean, if the outputs' are the calls themselves.

        Calls to which no argument refers are outputs. Between two calls of the file there may be
        others of the session, but no fewer.
        """
        if not self.arguments and not self.ends:
            yield {}
            return
        lacking = self.calls - len(self.arguments)
        if lacking < 0 or not self.ends <= set(range(self.calls)):
            return
        for alone in itertools.combinations(sorted(self.ends), lacking):
            places = [place for place in range(self.calls) if place not in alone]
            numbers = dict(zip(sorted(self.arguments), places, strict=True))
            room = [node - place for node, place in numbers.items()]
            if all(gap >= 0 for gap in room) and room == sorted(room):
                yield numbers


def _used(model: ModelSpec) -> dict[str, _Used]:
    calls = {layer.name: len(layer.nodes) for layer in model.layers}
    arguments: dict[str, set[int]] = {name: set() for name in calls}
    ends: dict[str, set[int]] = {name: set() for name in calls}
    inner = [key for layer in model.layers for node in layer.nodes for key in node.tensors()]
    for keys, found in ((inner, arguments), ((*model.inputs, *model.outputs), ends)):
        for key in keys:
            if key.layer not in calls:
                raise MalformedError(f"it has no layer called {key.layer!r}")
            found[key.layer].add(key.node)
    return {
        name: _Used(count, frozenset(arguments[name]), frozenset(ends[name]))
        for name, count in calls.items()
    }


def _readings(used: Mapping[str, _Used]) -> Iterator[Numbers]:
    choices = [list(itertools.islice(layer.apart(), MAX_READINGS + 1)) for layer in used.values()]
    for chosen in itertools.product(*choices):
        yield dict(zip(used, chosen, strict=True))


def _is_same(numbers: Mapping[int, int]) -> bool:
    return all(written == number for written, number in numbers.items())


def _circular(model: ModelSpec, numbers: Numbers) -> bool:
    """Whether some call would need its own result."""
    needs = {
        (layer.name, place): [(k.layer, numbers[k.layer][k.node]) for k in node.tensors()]
        for layer in model.layers
        for place, node in enumerate(layer.nodes)
    }
    users: dict[tuple[str, int], list[tuple[str, int]]] = {}
    for at, needed in needs.items():
        for other in needed:
            users.setdefault(other, []).append(at)
    left = {at: len(needed) for at, needed in needs.items()}
    ready = [at for at, count in left.items() if not count]
    done = 0
    while ready:
        done += 1
        for user in users.get(ready.pop(), ()):
            left[user] -= 1
            if not left[user]:
                ready.append(user)
    return done < len(needs)


def _renumbered(model: ModelSpec, arguments: Numbers, ends: Numbers) -> ModelSpec:
    def new(key: Key, numbers: Numbers) -> Key:
        return Key(key.layer, numbers[key.layer][key.node], key.tensor)

    def within(value: Any) -> Any:
        if isinstance(value, Key):
            return new(value, arguments)
        if isinstance(value, Mapping):
            return {name: within(item) for name, item in value.items()}
        if isinstance(value, (list, tuple)):
            return type(value)(within(item) for item in value)
        return value

    def called(layer: LayerSpec) -> LayerSpec:
        nodes = tuple(NodeSpec(within(node.arguments), within(node.named)) for node in layer.nodes)
        return replace(layer, nodes=nodes)

    def all_new(keys: Sequence[Key]) -> tuple[Key, ...]:
        return tuple(new(key, ends) for key in keys)

    layers = tuple(map(called, model.layers))
    return replace(
        model, layers=layers, inputs=all_new(model.inputs), outputs=all_new(model.outputs)
    )
