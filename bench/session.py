"""How fast a compiled model opens and answers, against the same model saved the usual way.

The usual way: one ONNX file with the weights inside, opened with onnxruntime's default options.
Run: .venv/bin/python bench/session.py [ARCHITECTURE WEIGHTS]   (without: a random 18M model)
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
from machine import alternate, print_machine, print_ratios
from model18m import write_model

from understudy.serve import open_session
from understudy.wiring import compile_files, compile_options

ROUNDS = 15
OURS, USUAL = "understudy: model.onnx + mapped weights.bin", "usual: one file, default options"


def main() -> None:
    """Measure and print."""
    print_machine()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files = [Path(argument) for argument in sys.argv[1:]] or list(write_model(folder))
        compile_files(files, folder / "compiled", compile_options())
        single = folder / "single.onnx"
        onnx.save(onnx.load(folder / "compiled" / "model.onnx"), single)

        def usual() -> ort.InferenceSession:
            return ort.InferenceSession(str(single), providers=["CPUExecutionProvider"])

        print_ratios(
            "opening a session",
            alternate(
                {
                    OURS: lambda: _timed(lambda: open_session(folder / "compiled")),
                    USUAL: lambda: _timed(usual),
                },
                ROUNDS,
            ),
            USUAL,
        )
        ways = {OURS: lambda: open_session(folder / "compiled"), USUAL: usual}
        sessions = {name: way() for name, way in ways.items()}
        spec = sessions[USUAL].get_inputs()[0]
        image = np.random.default_rng(0).random(
            [side if isinstance(side, int) else 1 for side in spec.shape], np.float32
        )
        feed = {spec.name: image}
        answers = [session.run(None, feed)[0] for session in sessions.values()]
        print(f"largest difference of the answers: {np.abs(answers[0] - answers[1]).max():.1e}\n")
        del sessions  # the idle threads of one would disturb the other
        print_ratios(
            "one image, warm",
            alternate({name: _warm(way, feed) for name, way in ways.items()}, ROUNDS),
            USUAL,
        )
        print_ratios(
            "from opening to the first answer",
            alternate(
                {
                    OURS: lambda: open_session(folder / "compiled").run(None, feed) and None,
                    USUAL: lambda: usual().run(None, feed) and None,
                },
                ROUNDS,
            ),
            USUAL,
        )


def _timed(make: Callable[[], object]) -> float:
    """Milliseconds to make something; throwing it away again is not counted."""
    started = perf_counter()
    made = make()
    taken = (perf_counter() - started) * 1000
    del made
    return taken


def _warm(make: Callable[[], object], feed: dict[str, np.ndarray]) -> Callable[[], float]:  # type: ignore[type-arg]
    """The median of some calls of a session of its own, after a few that do not count."""

    def measure() -> float:
        session: Any = make()
        return median([_timed(lambda: session.run(None, feed)) for _ in range(13)][3:])

    return measure


if __name__ == "__main__":
    main()
