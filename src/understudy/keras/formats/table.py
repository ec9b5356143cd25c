"""What is read, as a table: `docs/formats.md` is made from it, and a test compares the two."""

from __future__ import annotations

from dataclasses import dataclass

from .fileset import Format


@dataclass(frozen=True, slots=True)
class Entry:
    """One format.

    Attributes:
        name: what it is, in a few words.
        files: which files to give.
        writers: what wrote it, and which versions.
        tested: how.
    """

    name: str
    files: str
    writers: str
    tested: str


FORMATS: dict[Format, Entry] = {
    Format.JSON_H5: Entry(
        "architecture JSON and HDF5 weights",
        "`architecture.json` and `weights.h5` (or `.weights.h5`)",
        "`model.to_json()` with `model.save_weights()`: Keras 1.0 to 2.3, tf.keras 1.13 to 2.15, "
        "Keras 3.0 and newer, each other's weights included",
        "goldens of 13 versions",
    ),
    Format.YAML_H5: Entry(
        "architecture YAML and HDF5 weights",
        "`architecture.yaml` and `weights.h5`",
        "`model.to_yaml()` with `model.save_weights()`: Keras 1.0 to 2.3, tf.keras 1.13 to 2.4",
        "goldens of Keras 1.2.2, 2.0.6, 2.2.4, 2.3.1 and tf.keras 2.4",
    ),
    Format.JSON_SHARDS: Entry(
        "architecture JSON and sharded HDF5 weights",
        "`architecture.json`, `model.weights.json`, and every `model_00000.weights.h5` it names",
        "`model.save_weights(…, max_shard_size=…)`: Keras 3.10 and newer",
        "goldens of Keras 3.15.1",
    ),
    Format.H5: Entry(
        "whole model in HDF5",
        "`model.h5`, `.hdf5` or any other name; a Teachable Machine export's `keras_model.h5`, "
        "with its `labels.txt` or in its zip",
        "`model.save()`: Keras 1.0 to 2.3, tf.keras 1.13 to 2.15, Keras 3.0 and newer",
        "goldens of 13 versions",
    ),
    Format.KERAS: Entry(
        "whole model in a .keras zip",
        "`model.keras`; or the folder that `model.save(…, zipped=False)` made",
        "`model.save()`: tf.keras 2.12 to 2.15, Keras 3.0 and newer",
        "goldens of tf.keras 2.13, 2.15, Keras 3.0.5 and 3.15.1",
    ),
    Format.TFJS: Entry(
        "layers model of TensorFlow.js",
        "`model.json` and the shards it names (`group1-shard1of2.bin`, `weights.bin` …); "
        "a Teachable Machine export, with its `metadata.json` or in its zip",
        "`tensorflowjs_converter`, also quantised to uint8, uint16 or float16; "
        "`model.save()` in JavaScript",
        "goldens that tensorflowjs 4.22 made, in Python and in JavaScript",
    ),
    Format.ONNX: Entry(
        "ONNX, as it is",
        "`model.onnx`, and its weights if they are in files of their own",
        "any exporter: the operators are onnxruntime's to know",
        "models made with onnx, weights inside and outside",
    ),
}
"""Every format that there is, as people are told of it."""
