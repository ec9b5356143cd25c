"""Classes and options get their newest names, from the tables in `spellings`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from .architecture import class_name_of
from .implied import Version, implied
from .model import Activation, Part
from .operations import operation
from .owner import Owner, Path
from .policies import policy, quantization
from .shipped import shipped_lambda
from .specs import INPUT_CLASS, LayerSpec
from .spellings import (
    ACTIVATIONS,
    ALWAYS_WRITTEN,
    CELL_LAYERS,
    CLASSES,
    IGNORED_OPTIONS,
    NEW_ACTIVATIONS,
    NOT_IGNORED,
    OLD_HARD_SIGMOID_BEFORE,
    OPTIONS,
)

CUSTOM = "Custom>"
"""Before the name of a class or function that somebody wrote, as Keras registers these."""

_ACTIVATION_OPTIONS = frozenset({"activation", "recurrent_activation"})


@dataclass(frozen=True, slots=True)
class Dialect:
    """Gives classes and options their newest names, for files of one version."""

    version: Version

    def owner(self, spec: LayerSpec, outer: Path) -> Owner:
        """A layer, or a nested model with its layers, by the newest names."""
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
            kind, config = called
            return Owner(path, class_name, kind, config | implied(kind, config, self.version))
        return Owner(path, class_name, *self.composed(kind, spec.config))

    def composed(self, kind: str, written: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        """A layer's class and options, with the layers inside it as `Part`s.

        An RNN of one of Keras' cells is the layer that is called after the cell.
        """
        config = self.config(kind, written)
        if not ALWAYS_WRITTEN.get(kind, frozenset()) <= set(written):
            return f"{CUSTOM}{kind}", config
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
        """A layer's options, without those that do not change what it computes."""
        if kind == INPUT_CLASS:
            return _input_config(written)
        renames = OPTIONS.get(kind, {})
        config: dict[str, Any] = {}
        for option, value in written.items():
            if option in IGNORED_OPTIONS and option not in NOT_IGNORED.get(kind, ()):
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
            if name in NEW_ACTIVATIONS and self.version.before(NEW_ACTIVATIONS[name]):
                return Activation(f"{CUSTOM}{name}")
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
