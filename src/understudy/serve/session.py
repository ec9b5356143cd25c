"""Opening a compiled model with onnxruntime, and what it says of its inputs and outputs.

onnxruntime is imported when the first session is opened, not before. Its exceptions and its log
stay in here. The options are a table, each with its reason, so that a measurement can change one.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from ..errors import ReleaseError
from ..release.manifest import Signature

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

MODEL = "model.onnx"
WEIGHTS = "weights.bin"

OPTIONS: tuple[tuple[str, object, str], ...] = (
    ("inter_op_num_threads", 1, "a classifier is a chain: nothing to run side by side"),
    ("log_severity_level", 4, "what goes wrong is raised, and said once, by us"),
)
"""Attributes of SessionOptions: name, value, reason."""

OPTIMIZE = "ORT_ENABLE_ALL"
"""Puts convolutions into the blocked layout of the processor: opening takes a few milliseconds
more, each image a third less (`bench/session.py`)."""

CONFIG: tuple[tuple[str, str, str], ...] = (
    ("session.disable_prepacking", "1", "packing copies all weights; they stay mapped instead"),
    ("session.intra_op.allow_spinning", "0", "idle threads would take the core from the decoders"),
)
"""Entries of onnxruntime_session_options_config_keys.h: key, value, reason."""

DTYPES = {
    "tensor(float)": "float32",
    "tensor(uint8)": "uint8",
    "tensor(int32)": "int32",
    "tensor(int64)": "int64",
}


class Session(Protocol):
    """What serving needs of an `onnxruntime.InferenceSession`."""

    def run(
        self, output_names: Sequence[str] | None, input_feed: Mapping[str, Array]
    ) -> Sequence[Array]:
        """The named outputs, all of them for None, in order."""
        ...

    def get_inputs(self) -> Sequence[Any]:
        """Objects with `name`, `type` and `shape`."""
        ...

    def get_outputs(self) -> Sequence[Any]:
        """Objects with `name`, `type` and `shape`."""
        ...


def import_runtime() -> Any:
    """Import onnxruntime, which takes 50 to 500 ms; who waits for a store can do it meanwhile."""
    # onnxruntime 1.31 queues and sends usage events, with a device id, unless told not to.
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    import onnxruntime

    return onnxruntime


def open_session(directory: Path, *, threads: int | None = None) -> Session:
    """Open `directory`/model.onnx; its weights.bin is mapped into memory by onnxruntime.

    Args:
        directory: holds both files.
        threads: that compute one operator together; by default, as many as this process has cores.

    Raises:
        ReleaseError: a file is missing or damaged.
    """
    ort = import_runtime()
    for name in (MODEL, WEIGHTS):
        if not (directory / name).is_file():
            raise ReleaseError(
                f"there is no {name} in {directory}", hint="compile or fetch the release again"
            )
    options = ort.SessionOptions()
    for attribute, value, _ in OPTIONS:
        setattr(options, attribute, value)
    options.intra_op_num_threads = threads or cores()
    options.graph_optimization_level = getattr(ort.GraphOptimizationLevel, OPTIMIZE)
    for key, entry, _ in CONFIG:
        options.add_session_config_entry(key, entry)
    try:
        session: Session = ort.InferenceSession(
            str(directory / MODEL), options, providers=["CPUExecutionProvider"]
        )
    except Exception as error:  # onnxruntime's own exceptions have no common base but this
        raise ReleaseError(
            f"{directory / MODEL} cannot be opened: {_line(error)}",
            hint="the files are damaged or of another version; compile or fetch them again",
        ) from error
    return session


def run(session: Session, outputs: Sequence[str], feeds: Mapping[str, Array]) -> Sequence[Array]:
    """Run the model.

    Raises:
        ReleaseError: onnxruntime failed.
    """
    try:
        return session.run(outputs, feeds)
    except Exception as error:  # as above
        raise ReleaseError(
            f"the model failed to run: {_line(error)}",
            hint="run the release's self-test; with very large batches, try a smaller one",
        ) from error


def inputs(session: Session) -> tuple[Signature, ...]:
    """What the model takes."""
    return tuple(map(_spec, session.get_inputs()))


def outputs(session: Session) -> tuple[Signature, ...]:
    """What the model gives."""
    return tuple(map(_spec, session.get_outputs()))


def cores() -> int:
    """The cores that this process may use; in a container, not the machine's."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _spec(node: Any) -> Signature:
    shape = tuple(side if isinstance(side, int) else None for side in node.shape)
    return Signature(node.name, shape, DTYPES.get(node.type, node.type))


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:300] or type(error).__name__
