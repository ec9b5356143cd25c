"""From the body of `POST /classify` to the task: a raw image, a form, or JSON.

The rows of `READERS` say what each media type is; the image itself is told by its first bytes,
whatever the header says of its kind.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from .multipart import Part, boundary_of, split
from .problem import Problem
from .task import DEFAULT_TOP_K, Task, parse_task, parse_top_k

MAX_BODY = 16 * 1024 * 1024
"""The most that is read: as much as of an object in a store. Lambda itself takes 6 MB."""

HINT = (
    "send the image's bytes as image/jpeg (or another image type), a form with a file,"
    " or JSON as application/json"
)


def read_task(content_type: str, query: Mapping[str, str], body: bytes) -> Task | Problem:
    """Read what is asked from a request."""
    wanted = parse_top_k(query.get("top_k", DEFAULT_TOP_K))
    if isinstance(wanted, Problem):
        return wanted
    if len(body) > MAX_BODY:
        return too_large()
    kind = content_type.partition(";")[0].strip().lower() or _guessed(body)
    for beginning, read in READERS:
        if kind.startswith(beginning):
            if not body:
                return Problem(400, "there is no image: the body is empty", HINT)
            return read(content_type, body, wanted)
    return Problem(415, f"the media type {kind[:100]} is not taken", HINT)


def too_large() -> Problem:
    """The body has more bytes than are read."""
    limit = MAX_BODY >> 20
    return Problem(413, f"the body is larger than {limit} MB", "send a smaller or shrunken image")


def _guessed(body: bytes) -> str:
    """The media type of a body of which nobody says it."""
    return "application/json" if body[:1] == b"{" else "application/octet-stream"


def _raw(_: str, body: bytes, top_k: int) -> Task:
    return Task(body, top_k=top_k)


def _json(_: str, body: bytes, top_k: int) -> Task | Problem:
    said = parse_json(body)
    if not isinstance(said, dict):
        return Problem(400, "the body is no JSON object", HINT)
    return parse_task(said, top_k)


def _form(content_type: str, body: bytes, top_k: int) -> Task | Problem:
    boundary = boundary_of(content_type)
    parts = None if boundary is None else split(body, boundary)
    if parts is None:
        return Problem(400, "the form is damaged", "send it again, as `curl -F image=@file` does")
    files = [part for part in parts if part.filename is not None]
    if len(files) != 1:
        hint = "send one image a request, in a field of any name with a file name"
        return Problem(400, f"the form has {len(files)} files", hint)
    said = _field(parts, "top_k")
    wanted = top_k if said is None else parse_top_k(said)
    if isinstance(wanted, Problem):
        return wanted
    return Task(files[0].data, files[0].filename or 0, wanted)


def _field(parts: tuple[Part, ...], name: str) -> str | None:
    values = [part.data for part in parts if part.name == name and part.filename is None]
    return values[0].decode("utf-8", "replace").strip() if values else None


def parse_json(text: str | bytes) -> Any:
    """Read JSON; None for what is none."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


READERS: tuple[tuple[str, Callable[[str, bytes, int], Task | Problem]], ...] = (
    ("image/", _raw),
    ("application/octet-stream", _raw),
    ("application/x-www-form-urlencoded", _raw),  # what `curl --data-binary` says if told nothing
    ("multipart/form-data", _form),
    ("application/json", _json),
)
