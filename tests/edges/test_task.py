"""Questions in JSON."""

from __future__ import annotations

import base64

import pytest

from understudy.edges.problem import Problem
from understudy.edges.task import ObjectUrl, Task, parse_base64, parse_task, parse_url

DATA = bytes(range(256))
PLAIN = base64.b64encode(DATA).decode()


@pytest.mark.parametrize(
    "text",
    [
        PLAIN,
        PLAIN.rstrip("="),
        base64.urlsafe_b64encode(DATA).decode(),
        base64.encodebytes(DATA).decode(),
        f"data:image/png;base64,{PLAIN}",
    ],
    ids=["plain", "no padding", "URL-safe", "in lines", "data URL"],
)
def test_every_kind_of_base64_is_read(text: str) -> None:
    assert parse_base64(text) == DATA


@pytest.mark.parametrize("text", ["a", "ab!d", "äöüß", "====x"])
def test_what_is_no_base64_is_none(text: str) -> None:
    assert parse_base64(text) is None


@pytest.mark.parametrize(
    ("said", "task"),
    [
        ({"image": "aGk="}, Task(b"hi", 0)),
        ({"image": "aGk=", "name": "x.png", "top_k": 2}, Task(b"hi", "x.png", 2)),
        ({"image": "aGk=", "top_k": "3"}, Task(b"hi", 0, 3)),
        ({"s3": "s3://b/k/1.png"}, Task(ObjectUrl("b", "k/1.png"), "s3://b/k/1.png")),
        ({"s3": "s3://b/k", "name": 7}, Task(ObjectUrl("b", "k"), 7)),
    ],
)
def test_questions(said: dict[str, object], task: Task) -> None:
    assert parse_task(said) == task


@pytest.mark.parametrize(
    ("said", "what"),
    [
        ({}, "one of `image` and `s3` is needed, and not both"),
        ({"image": "aGk=", "s3": "s3://b/k"}, "one of `image` and `s3` is needed, and not both"),
        ({"image": "no!"}, "`image` is not base64"),
        ({"image": 7}, "`image` is not base64"),
        ({"s3": "b/k"}, "`s3` is no URL of an object"),
        ({"s3": "s3://b"}, "`s3` is no URL of an object"),
        ({"image": "aGk=", "topk": 3}, "'topk' is not known here"),
        ({"image": "aGk=", "top_k": 0}, "`top_k` is no whole number from 1 on"),
        ({"image": "aGk=", "top_k": True}, "`top_k` is no whole number from 1 on"),
        ({"image": "aGk=", "top_k": "9" * 5000}, "`top_k` is no whole number from 1 on"),
        ({"image": "aGk=", "name": []}, "`name` is neither text nor a number"),
    ],
)
def test_questions_that_are_none(said: dict[str, object], what: str) -> None:
    found = parse_task(said)
    assert isinstance(found, Problem)
    assert (found.status, found.detail) == (400, what)
    assert found.hint


@pytest.mark.parametrize(
    ("folder", "key", "below"),
    [
        ("s3://b", "x", True),
        ("s3://b/", "x", True),
        ("s3://b/in", "in/x", True),
        ("s3://b/in/", "in/x", True),
        ("s3://b/in", "in", True),
        ("s3://b/in", "inside/x", False),
        ("s3://b/in", "x/in", False),
        ("s3://other", "x", False),
    ],
)
def test_folders_end_at_a_slash(folder: str, key: str, below: bool) -> None:
    parsed = parse_url(folder)
    assert parsed is not None
    assert ObjectUrl("b", key).is_below(parsed) is below


@pytest.mark.parametrize("text", ["", "s3://", "s3:///key", "b/k", "https://b/k"])
def test_what_is_no_url_of_s3(text: str) -> None:
    assert parse_url(text) is None
