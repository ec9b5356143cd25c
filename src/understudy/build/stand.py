"""A small model and some images, made on the spot, for a bundle to prove itself on.

The model says which of red, green and blue an image has most of; what it must answer is computed
with NumPy. The images are red. A second model is in `small_keras`: Keras 3.15.1 saved it, and what
it answered is beside it.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

from ..release.manifest import Signature

LABELS = ("red", "green", "blue")
LABEL = LABELS[0]
SIDE = 16
STEEPNESS = 8.0
"""How sure the model is."""

OPSET = 18

KERAS = Path(__file__).with_name("small_keras")
"""The files of `tests/golden/keras-3.15.1/gray_sigmoid`."""

KERAS_LABELS = ("no", "yes")
SIGNATURES = (
    (Signature("input_layer", (None, 16, 20, 1), "float32"),),
    (Signature("dense", (None, 1), "float32"),),
)
"""What that model takes and gives."""

FORMATS: dict[str, dict[str, str]] = {
    "bmp": {},
    "gif": {},
    "jpeg": {},
    "png": {},
    "tiff": {"compression": "tiff_lzw"},
    "webp": {},
}
"""All that serving decodes, and Pillow's options: a TIFF is compressed, for libtiff to decode."""


def write_sources(folder: Path) -> None:
    """Write the model, its labels, and inputs with the outputs that it must give."""
    weights = STEEPNESS * np.eye(len(LABELS), dtype=np.float32)
    inputs = np.random.default_rng(0).random((3, SIDE, SIDE, 3), np.float32)
    scores = np.exp(inputs.mean((1, 2)) @ weights)
    outputs = scores / scores.sum(1, keepdims=True)
    folder.mkdir(parents=True, exist_ok=True)
    onnx.save_model(_model(weights), folder / "model.onnx")
    (folder / "labels.txt").write_text("".join(f"{label}\n" for label in LABELS))
    np.savez(folder / "goldens.npz", inputs=inputs, outputs=outputs)


def write_images(folder: Path) -> None:
    """Write one image of each format."""
    folder.mkdir(parents=True, exist_ok=True)
    y, x = np.mgrid[0:48, 0:64].astype(np.uint8)
    image = Image.fromarray(np.stack([255 - x, y, x // 2], axis=-1))
    for name, options in FORMATS.items():
        image.save(folder / f"image.{name}", name, **options)


def keras_answers() -> dict[str, np.ndarray[tuple[int, ...], np.dtype[np.float32]]]:
    """What Keras answered to the inputs in the goldens."""
    with np.load(KERAS / "goldens.npz", allow_pickle=False) as goldens:
        return {SIGNATURES[1][0].name: goldens["outputs"]}


def _model(weights: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> onnx.ModelProto:
    nodes = [
        helper.make_node("ReduceMean", ["image", "sides"], ["means"], keepdims=0),
        helper.make_node("MatMul", ["means", "weights"], ["scores"]),
        helper.make_node("Softmax", ["scores"], ["classes"]),
    ]
    shape, width = ("batch", SIDE, SIDE, 3), len(LABELS)
    graph = helper.make_graph(
        nodes,
        "stand",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("classes", TensorProto.FLOAT, ("batch", width))],
        [
            numpy_helper.from_array(np.array([1, 2], np.int64), "sides"),
            numpy_helper.from_array(weights, "weights"),
        ],
    )
    opsets = [helper.make_opsetid("", OPSET)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=10)
