"""A VGG-like Keras model of 18.2 million parameters with random weights, made without Keras.

The same layers as the model with which the project began: 128 x 128 x 3 in, 10 classes out.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import h5py
import numpy as np

PARAMETERS = 18_223_402
SIDE, CLASSES = 128, 10


def write_model(folder: Path, seed: int = 0) -> tuple[Path, Path]:
    """Write architecture.json and weights.h5 as Keras 2 writes them; their paths."""
    random = np.random.default_rng(seed)
    layers: list[dict[str, Any]] = []
    weights: dict[str, dict[str, np.ndarray[Any, Any]]] = {}

    def add(kind: str, name: str, shapes: dict[str, tuple[int, ...]], **config: Any) -> None:
        layers.append({"class_name": kind, "config": {"name": name, **config}})
        weights[name] = {role: _random(random, role, shape) for role, shape in shapes.items()}

    def norm(name: str, size: int) -> None:
        roles = ("gamma", "beta", "moving_mean", "moving_variance")
        add("BatchNormalization", name, dict.fromkeys(roles, (size,)), axis=-1, epsilon=1e-3)

    channels = 3
    for number, filters in enumerate((32, 32, 64, 64, 128, 128, 256, 256), 1):
        first = {"batch_input_shape": [None, SIDE, SIDE, 3]} if number == 1 else {}
        shapes = {"kernel": (3, 3, channels, filters), "bias": (filters,)}
        options = {"filters": filters, "kernel_size": [3, 3], "padding": "same", "use_bias": True}
        add("Conv2D", f"conv2d_{number}", shapes, activation="linear", **options, **first)
        norm(f"batch_normalization_{number}", filters)
        add("Activation", f"activation_{number}", {}, activation="relu")
        if number % 2 == 0:
            add("MaxPooling2D", f"max_pooling2d_{number // 2}", {}, pool_size=[2, 2])
        channels = filters
    add("Flatten", "flatten_1", {})
    features = (SIDE // 16) ** 2 * channels
    for name, units, activation in (
        ("fc1", 1024, "relu"),
        ("fc2", 256, "relu"),
        ("predictions", CLASSES, "softmax"),
    ):
        shapes = {"kernel": (features, units), "bias": (units,)}
        add("Dense", name, shapes, units=units, activation=activation, use_bias=True)
        if name == "fc1":
            norm("batch_normalization_9", units)
        features = units
    return _write(folder, layers, weights)


def _random(random: np.random.Generator, role: str, shape: tuple[int, ...]) -> np.ndarray[Any, Any]:
    if role == "kernel":
        scale = np.sqrt(2 / np.prod(shape[:-1]))
        return random.standard_normal(shape, np.float32) * np.float32(scale)
    low, high = {"gamma": (0.8, 1.2), "moving_variance": (0.5, 1.5)}.get(role, (-0.1, 0.1))
    return random.uniform(low, high, shape).astype(np.float32)


def _write(
    folder: Path,
    layers: list[dict[str, Any]],
    weights: dict[str, dict[str, np.ndarray[Any, Any]]],
) -> tuple[Path, Path]:
    architecture, stored = folder / "architecture.json", folder / "weights.h5"
    document = {"class_name": "Sequential", "config": layers, "keras_version": "2.0.6"}
    architecture.write_text(json.dumps(document | {"backend": "tensorflow"}))
    with h5py.File(stored, "w") as file:
        file.attrs["layer_names"] = [name.encode() for name in weights]
        for name, roles in weights.items():
            group = file.create_group(name)
            group.attrs["weight_names"] = [f"{name}/{role}:0".encode() for role in roles]
            for role, array in roles.items():
                group[f"{name}/{role}:0"] = array
    count = sum(array.size for roles in weights.values() for array in roles.values())
    if count != PARAMETERS:
        raise RuntimeError(f"the model has {count} parameters, not {PARAMETERS}")
    return architecture, stored
