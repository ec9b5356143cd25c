"""Pointers are values that only grow."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from understudy.delivery.plan import Move, Stay, plan_change
from understudy.delivery.pointer import (
    Action,
    Change,
    Pointer,
    advance,
    dump_pointer,
    parse_pointer,
)
from understudy.errors import ReleaseError

A, B = "a" * 32, "b" * 32

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
changes = st.builds(
    Change,
    st.text("0123456789abcdef", min_size=32, max_size=32),
    st.datetimes().map(lambda time: time.isoformat()),
    text,
    st.sampled_from(Action),
    st.none() | text,
    text,
)


def change(release: str) -> Change:
    return Change(release, "2025-01-02T03:04:05Z", "ada", Action.PUSH, None, "better", "1f2e")


def grow(*line: Change) -> Pointer | None:
    pointer = None
    for one in line:
        pointer = advance(pointer, one)
    return pointer


@given(st.lists(changes, min_size=1, max_size=5))
def test_a_pointer_keeps_every_change_and_comes_back(line: list[Change]) -> None:
    pointer = grow(*line)
    assert pointer is not None
    assert pointer.release == line[-1].release
    assert pointer.version == len(line)
    assert pointer.history == tuple(reversed(line))
    assert parse_pointer(dump_pointer(pointer)) == pointer


def test_the_file_can_be_read_by_people() -> None:
    assert json.loads(dump_pointer(advance(None, change(A)))) == {
        "schema": 1,
        "release": A,
        "version": 1,
        "prunes": 0,
        "history": [
            {
                "release": A,
                "at": "2025-01-02T03:04:05Z",
                "by": "ada",
                "action": "push",
                "from_stage": None,
                "message": "better",
                "nonce": "1f2e",
            }
        ],
    }


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        ({"schema": 9}, "newer understudy"),
        ({"release": B}, "not the newest"),
        ({"release": 1}, "release is not text"),
        ({"version": 2}, "history is not complete"),
        ({"version": 0, "history": []}, "not the newest"),
        ({"history": [{}]}, "history has no"),
        ({"more": 1}, "'more', which is not known"),
    ],
)
def test_damage_is_named(damage: dict[str, Any], words: str) -> None:
    document = json.loads(dump_pointer(advance(None, change(A)))) | damage
    with pytest.raises(ReleaseError, match=words) as caught:
        parse_pointer(json.dumps(document).encode(), what="the pointer of dev of parasites")
    assert caught.value.what.startswith("the pointer of dev of parasites ")
    assert caught.value.hint


def test_a_release_that_is_none_is_damage() -> None:
    bad = dataclasses.replace(change(A), release="../..")
    with pytest.raises(ReleaseError, match="no release"):
        parse_pointer(dump_pointer(advance(None, bad)))


@given(st.binary() | st.dictionaries(text, text).map(lambda value: json.dumps(value).encode()))
def test_junk_is_never_anything_but_our_error(data: bytes) -> None:
    with pytest.raises(ReleaseError):
        parse_pointer(data)


@pytest.mark.parametrize(
    ("line", "wanted", "version"),
    [((), A, 1), ((A,), B, 2), ((A, B), A, 3), ((A,), A, None), ((A, B), B, None)],
)
def test_what_a_change_does(line: tuple[str, ...], wanted: str, version: int | None) -> None:
    pointer = grow(*(change(release) for release in line))
    plan = plan_change(pointer, change(wanted))
    if version is None:
        assert pointer is not None
        assert plan == Stay(pointer)
    else:
        assert plan == Move(advance(pointer, change(wanted)))
        assert plan.pointer.version == version
