"""The model and the objects, as one invocation sees them; keeps account of what is answered."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..answering import Answer, answer, described
from ..objects import Objects
from ..problem import Problem, problem_of
from ..task import Task
from .account import Account
from .log import note_line
from .serving import Serving


class Service:
    """What stands behind `http.ROUTES`, and behind every other question.

    Args:
        serving: the model.
        objects: where images are read.
        memory: how many bytes decoding an image may take.
        account: of this invocation.
        seconds_left: how long it may still take.
        write: takes the lines of the log.
    """

    def __init__(
        self,
        serving: Serving,
        objects: Objects,
        memory: int | None,
        account: Account,
        seconds_left: Callable[[], float],
        write: Callable[[str], None],
    ) -> None:
        self.account = account
        self.seconds_left = seconds_left
        self._serving = serving
        self._objects = objects
        self._memory = memory
        self._write = write

    def answer(self, task: Task) -> Answer | Problem:
        """Classify an image. Even a bug is a problem of that image's, and of no other's."""
        try:
            model = self._serving.model(self.seconds_left())
            if isinstance(model, Problem):
                return self.account.problem(model)
            found = answer(task, model, self._objects, self._memory)
        except Exception as error:
            return self.bug(error)
        if isinstance(found, Problem):
            return self.account.problem(found)
        self.account.release = found.result.release
        self.account.timings.append(found.timings)
        return found

    def classify(self, task: Task) -> dict[str, Any] | Problem:
        """See `http.Service`."""
        found = self.answer(task)
        return found if isinstance(found, Problem) else found.to_json()

    def health(self) -> dict[str, Any] | Problem:
        """See `http.Service`; waits for nothing."""
        live = self._serving.state()
        if isinstance(live, Problem):
            return self.account.problem(live)
        state = live.state
        self.account.release = state.serving
        return {
            "status": "ok",
            "model": live.model,
            "stage": live.stage,
            "release": state.serving,
            "desired": state.desired,
        }

    def release(self) -> dict[str, Any] | Problem:
        """See `http.Service`."""
        live = self._serving.model(self.seconds_left())
        if isinstance(live, Problem):
            return self.account.problem(live)
        with live.lend() as classifier:
            self.account.release = classifier.served.release
            return described(classifier)

    def bug(self, error: Exception) -> Problem:
        """Note what should not have happened; only the log sees it all."""
        import traceback  # only where something is wrong

        self._write(note_line("ERROR", "bug", "".join(traceback.format_exception(error))))
        return self.account.problem(problem_of(error))
