"""The function that admits: what changed in stage folders becomes what the stages serve.

Rules:

- What is wrong with a person's files is a result, written to `status.json`, and no failure.
- What is wrong with the store, or took too long, is raised when all folders are done: whoever sent
  the event tries again, and keeps what never works.
- An event that asks for nothing does nothing, not even a look at the store.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ...delivery.admission import Admission, Outcome
from ...errors import UnderstudyError
from ..task import ObjectUrl
from .context import seconds_left
from .folders import Folder, folders_in
from .function import InvocationError
from .log import metrics_line

Json = dict[str, Any]

COUNTED = {"admitted": "Admitted", "rejected": "Rejected"}
"""A state -> the metric that counts it. Only what is new is counted."""

SPARE_SECONDS = 5.0
"""What is kept of the time that Lambda gives."""


@dataclass(frozen=True, slots=True)
class Clock:
    """The wall clock in seconds, and how to wait."""

    now: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep


class AdmissionFunction:
    """Answers events about stage folders.

    Args:
        admission: into the store.
        store: where that is.
        stages: in their order.
        write: takes the lines of the log.
        clock: the time.
    """

    def __init__(
        self,
        admission: Admission,
        store: ObjectUrl,
        stages: Sequence[str],
        write: Callable[[str], None],
        clock: Clock = Clock(),
    ) -> None:
        self._admission = admission
        self._store = store
        self._stages = tuple(stages)
        self._write = write
        self._clock = clock
        self._told: dict[Folder, tuple[str, str]] = {}

    def __call__(self, event: object, context: Any = None) -> Json:
        """Admit what lies in the folders that an event is about.

        Raises:
            InvocationError: the store failed, or there was not enough time; try again.
        """
        seconds = seconds_left(context, SPARE_SECONDS)
        results: list[Json] = []
        failed: list[UnderstudyError] = []
        for folder in folders_in(event, self._store, self._stages):
            try:
                results.append(self._admit(folder, seconds))
            except UnderstudyError as error:
                failed.append(error)
                self._write(_line(folder, self._clock.now(), {"Failed": 1}, str(error)))
        if failed:
            raise InvocationError(failed[0].what, hint=failed[0].hint)
        ignored = f"no file in a folder {' or '.join(self._stages)} of a model changed"
        return {"results": results} if results else {"ignored": ignored}

    def _admit(self, folder: Folder, seconds: Callable[[], float]) -> Json:
        started = self._clock.now()
        while True:
            outcome = self._admission.admit(folder.model, folder.stage)
            if outcome.again is None:
                break
            if outcome.again > seconds():
                raise InvocationError(
                    f"the files of {folder.stage} of {folder.model} keep changing",
                    hint="this is tried again by itself",
                )
            self._clock.sleep(outcome.again)
        self._tell(folder, outcome, self._clock.now() - started)
        return {
            "model": outcome.model,
            "stage": outcome.stage,
            "state": str(outcome.state),
            "message": outcome.message,
            "hint": outcome.hint,
            "release": outcome.release,
            "moved": outcome.moved,
        }

    def _tell(self, folder: Folder, outcome: Outcome, seconds: float) -> None:
        what = (str(outcome.state), outcome.message)
        new = outcome.moved or (what[0] != "admitted" and self._told.get(folder) != what)
        self._told[folder] = what
        metrics = {"AdmissionSeconds": round(seconds, 3)}
        if new and what[0] in COUNTED:
            metrics[COUNTED[what[0]]] = 1
        self._write(_line(folder, self._clock.now(), metrics, outcome.message, what[0]))


def _line(
    folder: Folder, at: float, metrics: dict[str, float], message: str, state: str = "failed"
) -> str:
    """A line of the log, with its metrics."""
    level = {"admitted": "INFO", "failed": "ERROR"}.get(state, "WARN")
    said = {"level": level, "state": state, "message": message}
    return metrics_line(at, folder.model, folder.stage, metrics, said)
