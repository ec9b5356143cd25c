"""The answer for one image, in the shape that every way to ask for it gives."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from ..errors import ImageError
from .answer import Prediction


@dataclass(frozen=True)
class Timings:
    """Milliseconds that each step took.

    Attributes:
        decode: reading, decoding, turning upright, the colour mode.
        preprocess: resizing and scaling.
        infer: the model; in a batch, this image's equal share.
    """

    decode: float
    preprocess: float
    infer: float


@dataclass(frozen=True)
class Result:
    """What the model says of one image, or why there is no answer.

    Attributes:
        image: the path, the name that was given, or the index in the row of images.
        model: the model's name.
        stage: the stage that serves it, or None.
        release: the release's id, or None.
        predictions: best first; empty where there is an error.
        timings_ms: None where there is an error.
        error: why this image has no predictions.
        note: what else there is to say, as that the file has more pages.
    """

    image: str | int
    model: str
    stage: str | None
    release: str | None
    predictions: tuple[Prediction, ...] = ()
    timings_ms: Timings | None = None
    error: ImageError | None = None
    note: str | None = None

    def to_json(self) -> dict[str, Any]:
        """The answer as a JSON object: the same from the command line, Python and Lambda."""
        if self.error is not None:
            return {
                "image": self.image,
                "error": {"what": self.error.what, "hint": self.error.hint},
            }
        timings = {} if self.timings_ms is None else asdict(self.timings_ms)
        return {
            "image": self.image,
            "model": self.model,
            "stage": self.stage,
            "release": self.release,
            "predictions": [prediction.to_json() for prediction in self.predictions],
            "timings_ms": {step: round(spent, 3) for step, spent in timings.items()},
            **({} if self.note is None else {"note": self.note}),
        }
