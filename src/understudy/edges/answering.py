"""One task becomes one answer: the image is fetched if need be, classified, and timed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from time import perf_counter
from typing import TYPE_CHECKING, Any, Protocol

from ..errors import UnderstudyError
from ..serve.image import memory_for
from .problem import Problem, problem_of
from .task import ObjectUrl, Task

if TYPE_CHECKING:
    from ..serve import Classifier, Result
    from .objects import Objects


class Model(Protocol):
    """What answers: a `Classifier`, or a `Live` that lends one."""

    def classify(self, image: bytes, top_k: int) -> Result:
        """See `Classifier.classify`."""
        ...


@dataclass(frozen=True, slots=True)
class Answer:
    """What was found.

    Attributes:
        result: as `understudy classify --json` prints it.
        fetch_ms: how long it took to fetch the image; None where it came with the question.
    """

    result: Result
    fetch_ms: float | None = None

    @property
    def timings(self) -> Mapping[str, float]:
        """Milliseconds of each step."""
        steps = asdict(self.result.timings_ms) if self.result.timings_ms else {}
        return steps if self.fetch_ms is None else {"fetch": round(self.fetch_ms, 3), **steps}

    def to_json(self) -> dict[str, Any]:
        """The result; its timings tell of the fetching, too."""
        said = self.result.to_json()
        fetched = {} if self.fetch_ms is None else {"fetch": round(self.fetch_ms, 3)}
        return {**said, "timings_ms": {**fetched, **said["timings_ms"]}}


def answer(
    task: Task, model: Model, objects: Objects, memory: int | None = None
) -> Answer | Problem:
    """Classify an image, if decoding it takes no more `memory` than this, in bytes."""
    image, fetch_ms = task.image, None
    if isinstance(image, ObjectUrl):
        started = perf_counter()
        found = objects.read(image)
        if isinstance(found, Problem):
            return found
        image, fetch_ms = found, (perf_counter() - started) * 1000
    if memory is not None and (needed := memory_for(image)) > memory:
        return Problem(
            413,
            f"decoding this image may take {needed >> 20} MB of memory; {memory >> 20} MB are left",
            "shrink the image, or give the function more memory",
        )
    try:
        result = model.classify(image, task.top_k)
    except UnderstudyError as error:
        return problem_of(error)
    return Answer(replace(result, image=task.name), fetch_ms)


def described(classifier: Classifier) -> dict[str, Any]:
    """What `GET /release` says of the release that answers."""
    served = classifier.served
    return {
        "model": served.model,
        "stage": served.stage,
        "release": served.release,
        "labels": list(served.labels),
        "activation": served.activation,
        "preprocess": served.preprocess.to_json(),
    }


def error_json(name: str | int, problem: Problem) -> dict[str, Any]:
    """An image without an answer, in the shape of `understudy classify --json`."""
    return {"image": name, "error": problem.to_error()}
