"""Ids come from content alone."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from understudy.errors import InputError
from understudy.release.identity import (
    Role,
    check_prefix,
    is_release_id,
    is_sha256,
    release_id,
    short_id,
)

hashes = st.binary(max_size=8).map(lambda data: hashlib.sha256(data).hexdigest())
sources = st.dictionaries(st.sampled_from(sorted(set(Role) - {Role.SHARD})), hashes, min_size=1)
names = st.sampled_from(["weights.bin", "group1-shard1of2.bin", "group1-shard2of2.bin"])
shards = st.dictionaries(names, hashes)
options = st.dictionaries(st.text(), st.none() | st.booleans() | st.integers() | st.text())


def test_the_encoding_is_the_documented_one() -> None:
    text = (
        "understudy release 1\n"
        f"architecture {'a' * 64}\n"
        f"weights {'b' * 64}\n"
        'options {"allow_nan":false,"name":"\\u00fc"}\n'
    )
    found = release_id(
        {Role.WEIGHTS: "b" * 64, Role.ARCHITECTURE: "a" * 64}, {"name": "ü", "allow_nan": False}
    )
    assert found == hashlib.sha256(text.encode()).hexdigest()[:32]
    assert short_id(found) == found[:12]


@settings(deadline=None)
@given(sources, options, st.randoms(use_true_random=False))
def test_order_does_not_matter(
    sources: dict[Role, str], options: dict[str, object], random: object
) -> None:
    shuffled = list(sources.items())
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    backwards = dict(reversed(options.items()))
    found = release_id(dict(shuffled), backwards)
    assert found == release_id(sources, options)
    assert is_release_id(found)


@settings(deadline=None)
@given(sources, sources, options, options, shards, shards)
def test_anything_else_does(
    one: dict[Role, str],
    other: dict[Role, str],
    one_options: dict[str, object],
    other_options: dict[str, object],
    one_shards: dict[str, str],
    other_shards: dict[str, str],
) -> None:
    same = one == other and repr(sorted(one_options.items())) == repr(sorted(other_options.items()))
    same = same and one_shards == other_shards
    found = release_id(one, one_options, one_shards)
    assert (found == release_id(other, other_options, other_shards)) == same


def test_two_shards_that_change_their_names_are_another_release() -> None:
    index = {Role.MODEL: "a" * 64}
    shards = {"group1-shard1of2.bin": "b" * 64, "group1-shard2of2.bin": "c" * 64}
    swapped = dict(zip(shards, reversed(shards.values()), strict=True))
    assert release_id(index, {}, shards) != release_id(index, {}, swapped)
    assert release_id(index, {}, shards) == release_id(index, {}, dict(reversed(shards.items())))
    assert release_id(index, {}, {}) == release_id(index, {})


@pytest.mark.parametrize("text", ["abc", "", "ABCD", "ghij", "a" * 33, "abcd\n", "../.."])
def test_what_is_no_id(text: str) -> None:
    assert not is_release_id(text)
    assert not is_sha256(text)
    with pytest.raises(InputError, match="release's id"):
        check_prefix(text)


def test_prefixes() -> None:
    assert check_prefix("0123") == "0123"
    assert is_release_id("0" * 32)
    assert not is_release_id("0" * 31)
