"""Names, and what cannot be deployed."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from understudy.deploy.plan import Plan, slug
from understudy.errors import InputError

NAMES = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,63}", fullmatch=True)


@given(NAMES)
def test_every_model_has_a_name_that_aws_takes(model: str) -> None:
    plan = Plan(model)
    bucket = plan.bucket("123456789012", "ap-southeast-1")
    assert re.fullmatch(r"[a-z0-9]([a-z0-9-]{1,61})[a-z0-9]", bucket)
    assert re.fullmatch(r"[A-Za-z][A-Za-z0-9-]{0,127}", plan.name)
    assert len(plan.function("admission")) <= 64


@given(NAMES, NAMES)
def test_two_models_have_two_names(one: str, other: str) -> None:
    assert (slug(one) == slug(other)) == (one == other)


def test_a_plain_name_stays() -> None:
    assert Plan("parasites").name == "understudy-parasites"


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"memory": 128}, "128 MB"),
        ({"memory": 20_000}, "20000 MB"),
        ({"stages": ("dev", "test")}, "no stage test"),
        ({"model": "a/b"}, "a/b"),
        ({"engine": "torch"}, "no engine 'torch'"),
        ({"engine": "keras", "snapstart": True}, "--snapstart"),
    ],
)
def test_what_cannot_be_is_refused(change: dict[str, object], why: str) -> None:
    with pytest.raises(InputError, match=why):
        Plan(**({"model": "m"} | change))  # type: ignore[arg-type]
