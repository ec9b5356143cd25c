"""Graphs of a few operators, and what a pass makes of them."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort

from understudy.compiler.emit import emit
from understudy.compiler.graph import Graph, Lazy, Node, Signature
from understudy.compiler.passes import drop_unused

RANDOM = np.random.RandomState(4)


def array(*shape: int) -> np.ndarray:
    return RANDOM.normal(size=shape).astype(np.float32)


def graph(
    shape: tuple[int, ...], nodes: list[Node], constants: Mapping[str, Any], *outputs: str
) -> Graph:
    lazy = {name: Lazy.of(np.asarray(value)) for name, value in constants.items()}
    return Graph(
        "g",
        (Signature("x", (None, *shape), "float32"),),
        tuple(Signature(name, (None,), "float32") for name in outputs),
        tuple(nodes),
        lazy,
    )


def answers(made: Graph, x: np.ndarray) -> list[np.ndarray]:
    emitted = emit(made)
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 4
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "model.onnx").write_bytes(emitted.onnx)
        (folder / "weights.bin").write_bytes(b"".join(map(bytes, emitted.pieces())))
        session = ort.InferenceSession(str(folder / "model.onnx"), options)
        return list(session.run(None, {"x": x}))


def simplified(
    simplify: Callable[[Graph], Graph], before: Graph, *shape: int, close: float = 1e-5
) -> list[str]:
    """The operators that are left; the results must be the same."""
    after = drop_unused(simplify(before))
    x = array(2, *shape)
    for ours, theirs in zip(answers(after, x), answers(before, x), strict=True):
        assert ours.shape == theirs.shape
        np.testing.assert_allclose(ours, theirs, atol=close)
    return [node.op for node in after.nodes]
