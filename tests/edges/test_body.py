"""Bodies of `POST /classify`: raw, forms, JSON."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from understudy.edges.body import MAX_BODY, read_task
from understudy.edges.multipart import Part, boundary_of, split
from understudy.edges.problem import Problem
from understudy.edges.task import ObjectUrl, Task

FORM = 'multipart/form-data; boundary="----line"'
IMAGE = b"\x89PNG\r\n\x1a\n\x00--not the end\r\n"


def form(*parts: tuple[str, bytes]) -> bytes:
    body = b"".join(
        b"------line\r\nContent-Disposition: form-data; %s\r\n\r\n%s\r\n" % (head.encode(), data)
        for head, data in parts
    )
    return body + b"------line--\r\n"


@pytest.mark.parametrize(
    ("kind", "body", "task"),
    [
        ("image/png", IMAGE, Task(IMAGE)),
        ("IMAGE/PNG; x=y", IMAGE, Task(IMAGE)),
        ("application/octet-stream", IMAGE, Task(IMAGE)),
        ("application/x-www-form-urlencoded", IMAGE, Task(IMAGE)),
        ("", IMAGE, Task(IMAGE)),
        ("", b'{"image": "aGk="}', Task(b"hi")),
        ("application/json", b'{"image": "aGk=", "top_k": 2}', Task(b"hi", top_k=2)),
        (
            "application/json; charset=utf-8",
            b'{"s3": "s3://b/k"}',
            Task(ObjectUrl("b", "k"), "s3://b/k"),
        ),
        (FORM, form(('name="image"; filename="blood 1.png"', IMAGE)), Task(IMAGE, "blood 1.png")),
        (
            FORM,
            form(('name="top_k"', b"2"), ("name=file; filename=é.png", IMAGE)),
            Task(IMAGE, "é.png", 2),
        ),
        (FORM, form(('name="image"; filename=""', IMAGE)), Task(IMAGE, 0)),
    ],
)
def test_what_is_read(kind: str, body: bytes, task: Task) -> None:
    assert read_task(kind, {}, body) == task


def test_the_query_says_how_many_labels() -> None:
    assert read_task("image/png", {"top_k": "2"}, IMAGE) == Task(IMAGE, top_k=2)


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        ("image/png", b"", 400),
        ("image/png", b"x" * (MAX_BODY + 1), 413),
        ("text/plain", IMAGE, 415),
        ("video/mp4", IMAGE, 415),
        ("application/json", b"[", 400),
        ("application/json", b"[" * 100_000, 400),
        ("application/json", b"[]", 400),
        ("application/json", b"\xff", 400),
        ("multipart/form-data", form(("name=a; filename=b", IMAGE)), 400),
        (FORM, form(), 400),
        (FORM, form(('name="image"', IMAGE)), 400),
        (FORM, form(("name=a; filename=a", IMAGE), ("name=b; filename=b", IMAGE)), 400),
        (FORM, form(("name=a; filename=b", IMAGE))[:-10], 400),
        (FORM, form(("name=a; filename=b", IMAGE), ("name=top_k", b"many")), 400),
        (FORM, form(*[("name=a", b"")] * 30), 400),
    ],
)
def test_what_is_refused(kind: str, body: bytes, status: int) -> None:
    found = read_task(kind, {}, body)
    assert isinstance(found, Problem)
    assert found.status == status
    assert found.hint


@pytest.mark.parametrize("query", ["0", "-1", "x", ""])
def test_a_query_that_makes_no_sense_is_refused(query: str) -> None:
    found = read_task("image/png", {"top_k": query}, IMAGE)
    assert isinstance(found, Problem)
    assert found.status == 400


NAMES = st.text(
    st.characters(codec="ascii", exclude_characters='"\\', min_codepoint=32), min_size=1
)


@given(st.lists(st.tuples(NAMES, st.none() | NAMES, st.binary(max_size=200)), max_size=6))
def test_forms_come_back_as_they_were(fields: list[tuple[str, str | None, bytes]]) -> None:
    said = [
        (f'name="{name}"' + (f'; filename="{file}"' if file is not None else ""), data)
        for name, file, data in fields
    ]
    boundary = boundary_of(FORM)
    assert boundary is not None
    assert split(form(*said), boundary) == tuple(Part(*each) for each in fields)


@given(st.binary(max_size=300), st.binary(min_size=1, max_size=4))
def test_any_bytes_are_parts_or_none(body: bytes, boundary: bytes) -> None:
    found = split(body, boundary)
    assert found is None or all(isinstance(part, Part) for part in found)
