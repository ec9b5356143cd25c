"""Routes, and what they answer; no server is needed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from understudy.edges.http import ROUTES, Request, respond
from understudy.edges.problem import Problem, not_ready
from understudy.edges.task import Task


class Echo:
    """Answers with what was asked."""

    def classify(self, task: Task) -> dict[str, Any] | Problem:
        return not_ready("no", "wait") if task.image == b"no" else {"asked": str(task.image)}

    def health(self) -> dict[str, Any] | Problem:
        return {"status": "ok"}

    def release(self) -> dict[str, Any] | Problem:
        return {"release": "r1"}


PNG = {"content-type": "image/png"}


@pytest.mark.parametrize(
    ("request_", "status", "said"),
    [
        (Request("GET", "/health"), 200, {"status": "ok"}),
        (Request("GET", "/health/"), 200, {"status": "ok"}),
        (Request("GET", "/release"), 200, {"release": "r1"}),
        (Request("POST", "/classify", PNG, body=b"hi"), 200, {"asked": "b'hi'"}),
    ],
)
def test_answers(request_: Request, status: int, said: object) -> None:
    found = respond(request_, Echo())
    assert (found.status, json.loads(found.body)) == (status, said)
    assert found.headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    ("request_", "status", "header"),
    [
        (Request("GET", "/"), 404, None),
        (Request("GET", "/classify/x"), 404, None),
        (Request("GET", "/classify"), 405, ("allow", "POST")),
        (Request("DELETE", "/health"), 405, ("allow", "GET")),
        (Request("POST", "/classify", {"content-type": "text/html"}, body=b"x"), 415, None),
        (Request("POST", "/classify", PNG), 400, None),
        (Request("POST", "/classify", PNG, {"top_k": "x"}, b"hi"), 400, None),
        (Request("POST", "/classify", PNG, body=b"no"), 503, ("retry-after", "2")),
    ],
)
def test_problems(request_: Request, status: int, header: tuple[str, str] | None) -> None:
    found = respond(request_, Echo())
    said = json.loads(found.body)
    assert found.status == said["status"] == status
    assert found.headers["content-type"] == "application/problem+json"
    assert set(said) == {"type", "title", "status", "detail", "hint"}
    assert header is None or found.headers[header[0]] == header[1]


def test_a_wrong_path_is_told_the_right_ones() -> None:
    hint = json.loads(respond(Request("GET", "/x"), Echo()).body)["hint"]
    assert all(path in hint for path in ROUTES)
