"""Small Keras files, written by hand: architectures in any dialect, and weights in both layouts."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping
from typing import Any

import h5py
import numpy as np

Json = dict[str, Any]
Weights = Mapping[str, Mapping[str, np.ndarray]]

ARCHITECTURE, WEIGHTS = "architecture.json", "weights.h5"


def layer(class_name: str, name: str, *inputs: Any, **config: Any) -> Json:
    """A layer of a functional model of Keras 2; `inputs` are layers' names, or whole keys."""
    keys = [[key, 0, 0, {}] if isinstance(key, str) else key for key in inputs]
    return {
        "class_name": class_name,
        "name": name,
        "config": {"name": name, **config},
        "inbound_nodes": [keys] if keys else [],
    }


def image_input(name: str = "image", shape: tuple[int | None, ...] = (6, 5, 3)) -> Json:
    return layer("InputLayer", name, batch_input_shape=[None, *shape], dtype="float32")


def conv(name: str, *inputs: Any, filters: int = 4, size: int = 3, **config: Any) -> Json:
    return layer("Conv2D", name, *inputs, filters=filters, kernel_size=[size, size], **config)


def keys(names: Any) -> list[Any]:
    return [[name, 0, 0] if isinstance(name, str) else name for name in names]


def functional(
    layers: list[Json],
    inputs: tuple[Any, ...] = ("image",),
    outputs: tuple[Any, ...] = (),
    name: str = "model",
    version: str | None = "2.15.0",
) -> Json:
    """A functional model as tf.keras writes it; its output is the last layer if not told."""
    ends = outputs or (layers[-1]["name"],)
    model: Json = {
        "class_name": "Functional",
        "config": {
            "name": name,
            "layers": layers,
            "input_layers": keys(inputs),
            "output_layers": keys(ends),
        },
    }
    return model if version is None else {**model, "keras_version": version}


def nested(model: Json, name: str, *inputs: Any) -> Json:
    """A model as a layer of another one."""
    keys_ = [[key, 0, 0, {}] if isinstance(key, str) else key for key in inputs]
    config = {**model["config"], "name": name}
    return {
        "class_name": model["class_name"],
        "name": name,
        "config": config,
        "inbound_nodes": [keys_] if keys_ else [],
    }


def sequential(*layers: Json, version: str = "2.15.0") -> Json:
    plain = [{k: v for k, v in entry.items() if k != "inbound_nodes"} for entry in layers]
    return {
        "class_name": "Sequential",
        "config": {"name": "sequential", "layers": plain},
        "keras_version": version,
    }


def hdf5(write: Callable[[h5py.File], None], **options: Any) -> bytes:
    """The bytes of an HDF5 file that `write` fills."""
    stream = io.BytesIO()
    with h5py.File(stream, "w", **options) as file:
        write(file)
    return stream.getvalue()


def legacy_weights(weights: Weights, version: str = "2.15.0") -> bytes:
    """`save_weights` of Keras 2: layer -> weight name -> array."""

    def write(file: h5py.File) -> None:
        file.attrs["layer_names"] = [name.encode() for name in weights]
        file.attrs["keras_version"] = version.encode()
        for name, arrays in weights.items():
            group = file.create_group(name)
            group.attrs["weight_names"] = [weight.encode() for weight in arrays]
            for weight, array in arrays.items():
                group[weight] = array

    return hdf5(write)


def numbered_weights(groups: Mapping[str, list[np.ndarray]]) -> bytes:
    """`save_weights` of Keras 3: path below `layers` -> its variables in order."""

    def write(file: h5py.File) -> None:
        file.create_group("layers")
        for path, arrays in groups.items():
            variables = file.create_group(f"layers/{path}/vars")
            for number, array in enumerate(arrays):
                variables[str(number)] = array

    return hdf5(write)


def files(document: Any, weights: bytes) -> dict[str, bytes]:
    return {ARCHITECTURE: json.dumps(document).encode(), WEIGHTS: weights}


def random(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 0.5, shape).astype(np.float32)


def conv_weights(name: str, shape: tuple[int, ...] = (3, 3, 3, 4), seed: int = 0) -> Any:
    """name -> its group in the legacy layout."""
    return {
        name: {
            f"{name}/kernel:0": random(*shape, seed=seed),
            f"{name}/bias:0": random(shape[-1], seed=seed + 1),
        }
    }


def norm_weights(name: str, size: int, seed: int = 0) -> Any:
    made = {
        role: random(size, seed=seed + n) for n, role in enumerate(("gamma", "beta", "moving_mean"))
    }
    made["moving_variance"] = np.abs(random(size, seed=seed + 9)) + 0.5
    return {name: {f"{name}/{role}:0": array for role, array in made.items()}}
