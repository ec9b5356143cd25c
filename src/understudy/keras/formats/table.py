"""What is read, as a table. `docs/formats.md` is made from it and from the golden models."""

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
    """

    name: str
    files: str
    writers: str


FORMATS: dict[Format, Entry] = {
    Format.JSON_H5: Entry(
        "architecture JSON and HDF5 weights",
        "`architecture.json` and `weights.h5` (or `.weights.h5`)",
        "`model.to_json()` with `model.save_weights()`: Keras 1.0 to 2.3, tf.keras 1.13 to 2.15, "
        "Keras 3.0 and newer, each other's weights included",
    ),
    Format.YAML_H5: Entry(
        "architecture YAML and HDF5 weights",
        "`architecture.yaml` and `weights.h5`",
        "`model.to_yaml()` with `model.save_weights()`: Keras 1.0 to 2.3, tf.keras 1.13 to 2.4",
    ),
    Format.JSON_SHARDS: Entry(
        "architecture JSON and sharded HDF5 weights",
        "`architecture.json`, `model.weights.json`, and every `model_00000.weights.h5` it names",
        "`model.save_weights(…, max_shard_size=…)`: Keras 3.10 and newer",
    ),
    Format.H5: Entry(
        "whole model in HDF5",
        "`model.h5`, `.hdf5` or any other name; a Teachable Machine export's `keras_model.h5`, "
        "with its `labels.txt` or in its zip",
        "`model.save()`: Keras 1.0 to 2.3, tf.keras 1.13 to 2.15, Keras 3.0 and newer",
    ),
    Format.KERAS: Entry(
        "whole model in a .keras zip",
        "`model.keras`; or the folder that `model.save(…, zipped=False)` made",
        "`model.save()`: tf.keras 2.12 to 2.15, Keras 3.0 and newer",
    ),
    Format.TFJS: Entry(
        "layers model of TensorFlow.js",
        "`model.json` and the shards it names (`group1-shard1of2.bin`, `weights.bin` …); "
        "a Teachable Machine export, with its `metadata.json` or in its zip",
        "`tensorflowjs_converter`, also quantised to uint8, uint16 or float16; "
        "`model.save()` in JavaScript",
    ),
    Format.ONNX: Entry(
        "ONNX, as it is",
        "`model.onnx`, and its weights if they are in files of their own",
        "any exporter: the operators are onnxruntime's to know",
    ),
}
"""Every format that there is, as people are told of it."""

REFUSED = (
    "TensorFlow's SavedModel, frozen graphs, TensorFlow Lite and graph models of TensorFlow.js: "
    "the layers are gone from them",
    "pickles, PyTorch's files, and weights that Keras kept as pickles (`model.weights.npz`)",
    "YAML with tags that are more than plain data",
    "HDF5 with external links, external storage or virtual datasets",
    "weights in files that were not given",
)
"""What is told from the rest, and why it is refused."""
