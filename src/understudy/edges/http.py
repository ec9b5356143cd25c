"""HTTP without a server: a request -> a response, by one table of routes.

It refuses to know who speaks HTTP outside: a function URL, a load balancer, or a local server.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from .body import read_task
from .problem import Problem
from .task import Task

JSON = "application/json"
PROBLEM = "application/problem+json"


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked.

    Attributes:
        method: in capitals.
        path: decoded, without the query.
        headers: their names in small letters.
        query: the last value of each name.
        body: all of it.
    """

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Response:
    """What is answered; the names of the headers are in small letters."""

    status: int
    headers: Mapping[str, str]
    body: str


class Service(Protocol):
    """What stands behind the routes."""

    def classify(self, task: Task) -> dict[str, Any] | Problem:
        """Classify an image."""
        ...

    def health(self) -> dict[str, Any] | Problem:
        """Say whether there is a release that answers."""
        ...

    def release(self) -> dict[str, Any] | Problem:
        """Say which release answers, and what it is."""
        ...


Route = Callable[[Request, Service], dict[str, Any] | Problem]


def respond(request: Request, service: Service) -> Response:
    """Answer a request."""
    methods = ROUTES.get(request.path.rstrip("/") or "/")
    if methods is None:
        known = ", ".join(f"{m} {path}" for path, methods in ROUTES.items() for m in methods)
        return response(Problem(404, f"there is no {request.path[:200]}", f"ask for {known}"))
    route = methods.get(request.method)
    if route is None:
        allow = ", ".join(methods)
        what = f"{request.path[:200]} takes no {request.method[:20]}"
        return response(Problem(405, what, f"it takes {allow}", {"allow": allow}))
    return response(route(request, service))


def response(answer: dict[str, Any] | Problem) -> Response:
    """Put an answer or a problem into the form of HTTP."""
    if isinstance(answer, Problem):
        headers = {"content-type": PROBLEM, **answer.headers}
        return Response(answer.status, headers, json.dumps(answer.to_json()))
    return Response(200, {"content-type": JSON}, json.dumps(answer))


def _classify(request: Request, service: Service) -> dict[str, Any] | Problem:
    task = read_task(request.headers.get("content-type", ""), request.query, request.body)
    return task if isinstance(task, Problem) else service.classify(task)


ROUTES: Mapping[str, Mapping[str, Route]] = {
    "/classify": {"POST": _classify},
    "/health": {"GET": lambda _, service: service.health()},
    "/release": {"GET": lambda _, service: service.release()},
}
