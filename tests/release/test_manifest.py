"""Manifests go out and come back; nothing else does."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from understudy.errors import ReleaseError
from understudy.release.identity import Role
from understudy.release.manifest import (
    File,
    LoadedTensor,
    MadeBy,
    Manifest,
    Origin,
    SelfTest,
    Signature,
    Source,
    dump_manifest,
    parse_manifest,
)

from .releases import TWO_FILES, stage

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
small = st.integers(0, 2**63)
hashes = st.text("0123456789abcdef", min_size=64, max_size=64)
names = st.text("abcdefgh._- ü", min_size=1, max_size=10).filter(lambda name: name.strip(". "))
shapes = st.lists(st.none() | small, max_size=4).map(tuple)
json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | text
    | st.floats(allow_nan=False).filter(lambda number: abs(number) < 1e300),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
    max_leaves=10,
)
texts = st.lists(text, max_size=3).map(tuple)
signatures = st.lists(st.builds(Signature, text, shapes, text), max_size=2).map(tuple)

manifests = st.builds(
    Manifest,
    id=st.text("0123456789abcdef", min_size=32, max_size=32),
    sources=st.lists(
        st.builds(Source, st.sampled_from(Role), names, hashes, small),
        max_size=3,
        unique_by=(lambda source: source.role, lambda source: source.name),
    ).map(tuple),
    files=st.lists(
        st.builds(File, names, hashes, small), max_size=3, unique_by=lambda file: file.name
    ).map(tuple),
    origin=st.builds(Origin, st.none() | text, st.none() | text, st.none() | text, texts),
    made_by=st.builds(MadeBy, text, text, small),
    inputs=signatures,
    outputs=signatures,
    activation=st.none() | text,
    labels=texts,
    preprocess=st.dictionaries(text, json_values, max_size=4),
    options=st.dictionaries(text, json_values, max_size=2),
    assumed=texts,
    parameters=small,
    load_report=st.lists(
        st.builds(
            LoadedTensor,
            text,
            st.none() | st.lists(small, max_size=3).map(tuple),
            st.none() | text,
            st.none() | text,
            text,
            st.none() | hashes,
        ),
        max_size=3,
    ).map(tuple),
    self_test=st.builds(SelfTest, st.floats(0, 1), st.booleans(), small),
)


@settings(deadline=None)
@given(manifests)
def test_a_manifest_comes_back_as_it_went(manifest: Manifest) -> None:
    data = dump_manifest(manifest)
    assert parse_manifest(data) == manifest
    assert dump_manifest(parse_manifest(data)) == data


def test_it_can_be_read_by_people_and_other_programs(tmp_path: Path) -> None:
    data = dump_manifest(stage(tmp_path, TWO_FILES))
    document = json.loads(data)
    assert document["schema"] == 1
    assert document["sources"][0]["role"] == "architecture"
    assert document["inputs"] == [{"name": "image", "shape": [None, 8, 8, 3], "dtype": "float32"}]
    assert document["self_test"] == {"tolerance": 1e-4, "verified": True, "count": 3}
    assert data.endswith(b"}\n")


def change(**fields: Any) -> Callable[[dict[str, Any]], object]:
    return lambda document: document.update(fields)


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (change(schema=2), "newer understudy"),
        (change(schema=0), "schema is 0"),
        (change(schema="1"), "schema is '1'"),
        (change(schema=True), "schema is True"),
        (lambda document: document.pop("schema"), "schema is None"),
        (lambda document: document.pop("labels"), "has no 'labels'"),
        (change(more=1), "'more', which is not known"),
        (change(id="../.."), "no release's id"),
        (change(id=None), "id is not text"),
        (change(parameters=1.0), "parameters is not a whole number"),
        (change(parameters=True), "parameters is not a whole number"),
        (change(labels="ab"), "labels is not a list"),
        (change(labels=[1]), "labels is not text"),
        (change(preprocess=[]), "preprocess is not an object"),
        (change(origin=[]), "origin is not an object"),
        (lambda document: document["self_test"].update(verified=1), "verified is not true or"),
        (lambda document: document["self_test"].update(tolerance="x"), "tolerance is not a number"),
        (lambda document: document["self_test"].update(tolerance=10**400), "too large"),
        (lambda document: document["files"][0].update(name="../x"), "no name of a file"),
        (lambda document: document["files"][0].update(name="/x"), "no name of a file"),
        (lambda document: document["files"][0].update(name="release.json"), "no name of a file"),
        (lambda document: document["files"][0].update(name="weights.bin"), "same name"),
        (lambda document: document["files"][0].update(sha256="ab"), "no SHA-256"),
        (lambda document: document["files"][0].update(size=-1), "negative"),
        (lambda document: document["sources"][0].update(role="shoes"), "'shoes', which is not"),
        (lambda document: document["sources"][0].update(role="weights"), "same role"),
        (lambda document: document["sources"][0].update(name="../../x"), "no name of a file"),
    ],
)
def test_damage_is_named(
    tmp_path: Path, damage: Callable[[dict[str, Any]], object], words: str
) -> None:
    document = json.loads(dump_manifest(stage(tmp_path, TWO_FILES)))
    damage(document)
    with pytest.raises(ReleaseError, match=words) as caught:
        parse_manifest(json.dumps(document).encode(), what="release.json of X")
    assert caught.value.what.startswith("release.json of X ")
    assert "\n" not in caught.value.what
    assert caught.value.hint


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "not valid JSON"),
        (b"{", "not valid JSON"),
        (b"[]", "not a JSON object"),
        (b"\xff", "not valid Unicode"),
        (b'{"schema": 1, "schema": 1}', "twice"),
        (b'{"schema": NaN}', "number NaN"),
        (b'{"schema": 1e999}', "number 1e999"),
        (b'{"schema": "\\ud800"}', "not valid Unicode"),
        (b"[" * 100_000, "not valid JSON"),
        (b'{"schema": ' + b"1" * 5000 + b"}", "not valid JSON"),
    ],
)
def test_junk_is_named(data: bytes, words: str) -> None:
    with pytest.raises(ReleaseError, match=words):
        parse_manifest(data)


@settings(deadline=None)
@given(st.binary() | json_values.map(lambda value: json.dumps(value).encode()))
def test_junk_is_never_anything_but_our_error(data: bytes) -> None:
    with pytest.raises(ReleaseError):
        parse_manifest(data)


@settings(deadline=None)
@given(data=st.data())
def test_any_change_of_one_value_is_read_or_refused(data: st.DataObject) -> None:
    document = json.loads(dump_manifest(data.draw(manifests)))
    place = document
    while True:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        key = data.draw(st.sampled_from(keys))
        if not isinstance(place[key], dict | list) or not place[key] or data.draw(st.booleans()):
            break
        place = place[key]
    place[key] = data.draw(json_values)
    try:
        manifest = parse_manifest(json.dumps(document).encode())
    except ReleaseError:
        return
    assert parse_manifest(dump_manifest(manifest)) == manifest
