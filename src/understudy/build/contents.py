"""What the bundle of each function holds: its handler, the parts of understudy, the packages.

The packages are pinned, each file with its hash, in a file beside this module; `make pins` makes
these. What else is in a bundle follows: the modules that the roots import (`ours`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from ..release.manifest import KERAS as KERAS_ENGINE
from ..release.manifest import ONNX

PACKAGE = "understudy"

FOLDER = Path(__file__).parent


class Function(StrEnum):
    """The functions for which a bundle can be built."""

    SERVING = "serving"
    ADMISSION = "admission"


@dataclass(frozen=True, slots=True)
class Contents:
    """What a function's bundle holds.

    Attributes:
        function: whose it is.
        handler: the module with the function `handler`, which Lambda calls.
        roots: the modules that are imported first, the handler among them; `*` for anything.
        absent: the parts of understudy that are never in it.
        present: what can be imported in it, besides the standard library.
        pins: the packages.
        engine: what runs the models that cannot be compiled; `onnx` for none.
    """

    function: Function
    handler: str
    roots: tuple[str, ...]
    absent: frozenset[str]
    present: frozenset[str]
    pins: Path
    engine: str = ONNX

    @property
    def entry(self) -> str:
        """What the function's setting `Handler` must be."""
        return f"{self.handler}.handler"


SERVING = Contents(
    Function.SERVING,
    f"{PACKAGE}.edges.lambda_.handler",
    (
        *(PACKAGE, f"{PACKAGE}.wiring", f"{PACKAGE}.following"),
        f"{PACKAGE}.edges.lambda_.handler",
    ),
    frozenset({"cli", "build", "building", "admitting", "keeping", "compiler", "keras"}),
    frozenset({PACKAGE, "PIL", "numpy", "obstore", "onnxruntime"}),
    FOLDER / "serving.txt",
)
"""The Python interface, what makes parts of settings, and the handler."""

KERAS = replace(
    SERVING,
    present=SERVING.present | {"keras"},
    pins=FOLDER / "keras.txt",
    engine=KERAS_ENGINE,
)
"""The same with Keras beside: it serves releases of both engines."""

ADMISSION = Contents(
    Function.ADMISSION,
    f"{PACKAGE}.edges.lambda_.admission",
    (
        *(PACKAGE, f"{PACKAGE}.wiring", f"{PACKAGE}.admitting"),
        *(f"{PACKAGE}.keras.*", f"{PACKAGE}.compiler.*", f"{PACKAGE}.edges.lambda_.admission"),
    ),
    frozenset({"cli", "build", "building", "keeping"}),
    SERVING.present | {"filelock", "onnx", "pyfive", "yaml"},
    FOLDER / "admission.txt",
)
"""Admission, with all readers and the whole compiler: layers are found by their names."""

CONTENTS: Mapping[tuple[Function, str], Contents] = {
    (one.function, one.engine): one for one in (SERVING, KERAS, ADMISSION)
}
"""By the function, and the engine."""
