"""Images and models for the tests, made in memory: nothing binary is committed."""

from __future__ import annotations

import io
import zlib
from pathlib import Path
from struct import pack
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

ORIENTATION = 0x0112


def photo(width: int = 40, height: int = 30, mode: str = "RGB", seed: int = 1) -> Image.Image:
    """A picture with slopes and noise in every channel, so that no mistake cancels out."""
    y, x = np.mgrid[0:height, 0:width]
    noise = np.random.default_rng(seed).integers(0, 60, (height, width, 4))
    slopes = np.stack([x * 3, y * 4, x + y * 2, 255 - x], axis=-1)
    rgba = Image.fromarray(((slopes + noise) % 256).astype(np.uint8), "RGBA")
    return rgba if mode == "RGBA" else rgba.convert("RGB").convert(mode)


def encoded(image: Image.Image, kind: str, **options: Any) -> bytes:
    """The image as a file's bytes."""
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def turned(image: Image.Image, orientation: int, kind: str = "JPEG") -> bytes:
    """A file whose EXIF tag says `orientation`."""
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    return encoded(image, kind, exif=exif)


def png(width: int, height: int, bits: int, kind: int, rows: bytes) -> bytes:
    """A PNG from its raw filtered rows; what a header claims need not be true."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return pack(">I", len(data)) + name + data + pack(">I", zlib.crc32(name + data))

    header = pack(">IIBBBBB", width, height, bits, kind, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


def write_model(
    directory: Path,
    *,
    shape: tuple[int | str, ...] = ("batch", 8, 6, 3),
    last: str | None = "Softmax",
    weights: NDArray[np.float32] | None = None,
    dtype: int = TensorProto.FLOAT,
) -> Path:
    """A model.onnx with its weights.bin: mean of each channel, a dense layer, `last`.

    Channels are last in `shape`; the input is "image", the output "classes".
    """
    channels = shape[-1]
    assert isinstance(channels, int)
    dense = np.eye(channels, 4, dtype=np.float32) if weights is None else weights
    nodes = [
        helper.make_node("Cast", ["image"], ["float"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["float"], ["means"], axes=[1, 2], keepdims=0),
        helper.make_node("MatMul", ["means", "dense"], ["logits" if last else "classes"]),
    ]
    if last:
        nodes.append(helper.make_node(last, ["logits"], ["classes"]))
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info("image", dtype, shape)],
        [helper.make_tensor_value_info("classes", TensorProto.FLOAT, (shape[0], dense.shape[1]))],
        [numpy_helper.from_array(dense, "dense")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10)
    directory.mkdir(parents=True, exist_ok=True)
    onnx.save_model(
        model,
        directory / "model.onnx",
        save_as_external_data=True,
        location="weights.bin",
        size_threshold=0,
    )
    return directory
