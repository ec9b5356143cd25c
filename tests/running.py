"""Read, compile and run a model's files with onnxruntime, as the server does."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import onnxruntime as ort

from understudy.compiler import Compiled, compile_model
from understudy.keras import normalize, read


def compile_files(
    files: Mapping[str, bytes], *, allow_nan: bool = False, backend: str | None = None
) -> Compiled:
    model, _ = normalize(read(files), backend=backend)
    return compile_model(model, allow_nan=allow_nan)


def write(compiled: Compiled, folder: Path) -> Path:
    """Put the two files into a folder; the path of the graph."""
    (folder / "model.onnx").write_bytes(compiled.files.onnx)
    with (folder / "weights.bin").open("wb") as file:
        for piece in compiled.files.pieces():
            file.write(piece)
    return folder / "model.onnx"


def run(compiled: Compiled, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
    """The outputs for inputs in Keras' order."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 4
    with tempfile.TemporaryDirectory() as folder:
        session = ort.InferenceSession(str(write(compiled, Path(folder))), options)
        names = [value.name for value in session.get_inputs()]
        outputs = [value.name for value in session.get_outputs()]
        return list(session.run(outputs, dict(zip(names, inputs, strict=True))))


def predict(files: Mapping[str, bytes], *inputs: np.ndarray) -> list[np.ndarray]:
    return run(compile_files(files), inputs)
