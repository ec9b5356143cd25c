"""Compiling: the canonical Model becomes an optimised ONNX graph and a file of raw weights.

Two pure steps: `lower` knows all layers, `emit` writes the bytes.
"""

from . import layers, ops
from .compile import Compiled, Described, compile_model, describe_model
from .emit import WEIGHTS_FILE, Emitted
from .graph import Signature
from .lowering import check, lower
from .passes import optimise
from .report import LoadedTensor, Status, load_report

__all__ = [
    "WEIGHTS_FILE",
    "Compiled",
    "Described",
    "Emitted",
    "LoadedTensor",
    "Signature",
    "Status",
    "check",
    "compile_model",
    "describe_model",
    "layers",
    "load_report",
    "lower",
    "ops",
    "optimise",
]
