"""The function: an event is interpreted, carried out, answered and logged.

What becomes of a problem depends on who asked:

| who | temporary, or a fault here | else |
|---|---|---|
| HTTP | the answer | the answer |
| a direct question | raised: Step Functions and Lambda's own retries need that | the answer |
| an upload | raised, when all records are done | the result, if it is the image; else raised |
| a message of SQS | named as failed | the result, if it is the image; else named as failed |
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

from ...errors import UnderstudyError
from .. import http
from ..answering import Answer, error_json
from ..objects import Objects
from ..problem import Problem
from ..task import Task
from . import web
from .account import Account
from .context import seconds_left
from .events import Asked, Event, Items, Queue, Several, interpret, sender
from .log import invocation_line, note_line
from .service import Service
from .serving import Serving
from .settings import Settings
from .uploads import Ignored, Upload, is_result, result_url
from .web import Web

Json = dict[str, Any]
Done = tuple[list[Json], list[Problem]]
"""The results of a message, and the problems that are no results."""

OF_THE_IMAGE = (413, 422)
"""The statuses that are the image's own fault: asking again would not help."""

SPARE_SECONDS = 1.0
"""What is kept of the time that Lambda gives, to answer in."""


class InvocationError(UnderstudyError):
    """What was asked could not be done; whoever invoked the function may try again."""


class Function:
    """Answers events.

    Args:
        settings: what is served.
        serving: the model.
        objects: where images are read and results are written.
        write: takes the lines of the log.
    """

    def __init__(
        self, settings: Settings, serving: Serving, objects: Objects, write: Callable[[str], None]
    ) -> None:
        self._settings = settings
        self._serving = serving
        self._objects = objects
        self._write = write
        self._cold = True

    def __call__(self, event: object, context: Any = None) -> Json:
        """Answer an event.

        Raises:
            InvocationError: it could not be done, and the event is of a kind that is tried again.
        """
        cold, self._cold = self._cold, False
        account = Account(str(getattr(context, "aws_request_id", "")), sender(event), cold)
        service = Service(
            self._serving,
            self._objects,
            self._settings.image_bytes,
            account,
            seconds_left(context, SPARE_SECONDS),
            self._write,
        )
        self._serving.look()
        try:
            return self._carry_out(interpret(event), service)
        finally:
            self._write(invocation_line(account.closed(self._settings)))

    def _carry_out(self, event: Event, service: Service) -> Json:
        match event:
            case Web():
                return self._web(event, service)
            case Problem():
                return {"error": service.account.problem(event).to_error()}
            case Ignored():
                return {"ignored": event.why}
            case Asked():
                found = service.health() if event.what == "health" else service.release()
                return {"error": found.to_error()} if isinstance(found, Problem) else found
            case Task():
                (said,) = self._direct([event], service)
                return said
            case Items():
                return {"items": self._direct(event.tasks, service)}
            case Queue():
                return self._queue(event, service)
            case Upload() | Several():
                results, problems = self._message(event, service)
                _raise(problems)
                return {"results": results}

    def _web(self, event: Web, service: Service) -> Json:
        request, account = event.request, service.account
        try:
            if isinstance(request, Problem):
                answered = http.response(request)
            else:
                answered = http.respond(request, service)
        except Exception as error:  # the connection gets an answer all the same
            answered = http.response(service.bug(error))
        if answered.status >= 400 and not account.problems:  # found before the model was asked
            said = json.loads(answered.body)
            account.problem(Problem(answered.status, said["detail"], said["hint"]))
        return web.write(event.form, answered)

    def _direct(self, tasks: Iterable[Task | Problem], service: Service) -> list[Json]:
        """Answer whoever waits for it."""
        said: list[Json] = []
        failed: list[Problem] = []
        for number, task in enumerate(tasks):
            if isinstance(task, Problem):
                said.append(error_json(number, service.account.problem(task)))
                continue
            found = service.answer(task)
            if isinstance(found, Answer):
                said.append(found.to_json())
            else:
                said.append(error_json(task.name, found))
                failed += [found] if found.status >= 500 else []
        _raise(failed)
        return said

    def _queue(self, event: Queue, service: Service) -> Json:
        failed: list[str] = []
        for message in event.messages:
            stop = (failed and event.fifo) or service.seconds_left() <= 0
            if stop or self._message(message.event, service)[1]:
                failed.append(message.id)
        return {"batchItemFailures": [{"itemIdentifier": name} for name in failed]}

    def _message(self, event: Event, service: Service) -> Done:
        """Carry out what nobody waits for; what it brings is written or logged."""
        match event:
            case Several() | Items():
                parts: tuple[Event, ...] = (
                    event.events if isinstance(event, Several) else event.tasks
                )
                done = [self._message(part, service) for part in parts]
                return [r for results, _ in done for r in results], [
                    p for _, ps in done for p in ps
                ]
            case Upload():
                return self._upload(event, service)
            case Task():
                said, problems = self._settled(event, service)
                if not problems:
                    self._write(note_line("INFO", "result", said))
                return [said], problems
            case Problem():
                return [{"error": event.to_error()}], [service.account.problem(event)]
            case _:
                return [self._carry_out(event, service)], []

    def _upload(self, event: Upload, service: Service) -> Done:
        url, results = event.url, self._settings.results
        if is_result(url, results):
            return [{"image": str(url), "ignored": "it is a result, not an image"}], []
        said, problems = self._settled(Task(url, str(url)), service)
        if problems:
            return [said], problems
        if results is None:
            self._write(note_line("INFO", "result", said))
            return [said], []
        target = result_url(results, url)
        failed = self._objects.write(target, json.dumps(said).encode())
        if failed is not None:
            return [said], [service.account.problem(failed)]
        return [{**said, "written": str(target)}], []

    def _settled(self, task: Task, service: Service) -> tuple[Json, list[Problem]]:
        """The result, and the problem if trying again could help."""
        found = service.answer(task)
        if isinstance(found, Answer):
            return found.to_json(), []
        return error_json(task.name, found), [] if found.status in OF_THE_IMAGE else [found]


def _raise(problems: list[Problem]) -> None:
    if problems:
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        raise InvocationError(f"{problems[0].detail}{more}", hint=problems[0].hint)
