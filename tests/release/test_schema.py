"""The published JSON Schema takes and refuses the same documents as `parse`."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from understudy.errors import PreprocessError
from understudy.release.preprocess import CHOICES, KEYS
from understudy.release.presets import PRESETS
from understudy.serve import parse

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tools"))

from schema_docs import TARGET, document  # noqa: E402

SCHEMA = json.loads(TARGET.read_text())


def test_it_is_up_to_date() -> None:
    assert TARGET.read_text() == document(), "run .venv/bin/python tools/schema_docs.py"


def is_type(value: Any, name: str) -> bool:
    if isinstance(value, bool):
        return False
    if name == "integer":  # JSON Schema takes 224.0 for an integer
        return isinstance(value, int) or (isinstance(value, float) and value.is_integer())
    kinds: dict[str, Any] = {"object": Mapping, "array": list, "number": (int, float)}
    return isinstance(value, kinds[name])


def allows(schema: Mapping[str, Any], value: Any) -> bool:
    """What the words of JSON Schema 2020-12 say that are used here; others are a KeyError."""

    def enum(allowed: list[Any]) -> bool:
        return any(
            one == value and isinstance(one, bool) == isinstance(value, bool) for one in allowed
        )

    rules = {
        "$schema": lambda _: True,
        "title": lambda _: True,
        "description": lambda _: True,
        "type": lambda name: is_type(value, name),
        "enum": enum,
        "minimum": lambda least: not is_type(value, "number") or value >= least,
        "maximum": lambda most: not is_type(value, "number") or value <= most,
        "minItems": lambda least: not isinstance(value, list) or len(value) >= least,
        "maxItems": lambda most: not isinstance(value, list) or len(value) <= most,
        "items": lambda each: (
            not isinstance(value, list) or all(allows(each, item) for item in value)
        ),
        "properties": lambda known: (
            not isinstance(value, Mapping)
            or all(allows(known[key], value[key]) for key in value if key in known)
        ),
        "additionalProperties": lambda _: (
            not isinstance(value, Mapping) or set(value) <= set(schema["properties"])
        ),
    }
    return all(rules[word](said) for word, said in schema.items())


def is_taken(found: Any) -> bool:
    try:
        parse(json.dumps(found))
    except PreprocessError:
        return False
    return True


WORDS = sorted({word for words in CHOICES.values() for word in words} | set(PRESETS))
NUMBERS = st.one_of(
    st.sampled_from(
        [0, 1, 8, 16, 4000, 4001, 10_000, 10_001, 0.5, 1.5, 100, 100.5, 1e6, -1e6, 1e-6]
    ),
    st.floats(allow_nan=False, allow_infinity=False).filter(lambda x: not x.is_integer()),
    st.integers(),
)
VALUES = st.one_of(
    st.sampled_from(WORDS), NUMBERS, st.none(), st.booleans(), st.text(max_size=5),
    st.lists(NUMBERS, max_size=5), st.lists(st.sampled_from(WORDS), max_size=2),
    st.dictionaries(st.sampled_from(KEYS), st.none(), max_size=1),
)  # fmt: skip
DOCUMENTS = st.one_of(
    st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=2),
    st.dictionaries(st.text(max_size=5), VALUES, max_size=2),
    VALUES,
)


@given(DOCUMENTS)
def test_it_takes_what_is_taken(found: Any) -> None:
    assert allows(SCHEMA, found) == is_taken(found)


@pytest.mark.parametrize("key", KEYS)
def test_every_key_takes_something_and_refuses_something(key: str) -> None:
    tried = [*WORDS, 8, 16, 2.5, [8, 8], [0.5], [True], [[1]], None, {}, 1e9, "", [1, 2, 3, 4, 5]]
    taken = [value for value in tried if is_taken({key: value})]
    assert [value for value in tried if allows(SCHEMA, {key: value})] == taken
    assert 0 < len(taken) < len(tried)
