"""The self-test, and the inputs that are made up for it."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from understudy.errors import InputError, ReleaseError
from understudy.serve import (
    Case,
    Signature,
    check,
    inputs,
    measure,
    open_session,
    reference_inputs,
)
from understudy.serve.session import Session, run

from .makers import write_model


@pytest.fixture
def session(model_folder: Path) -> Session:
    return open_session(model_folder)


def recorded(session: Session) -> Case:
    made = reference_inputs(inputs(session))
    (expected,) = run(session, ["classes"], made)
    return Case("reference", made, {"classes": expected})


def test_a_session_passes_its_own_cases(session: Session) -> None:
    report = check(session, [recorded(session)], 1e-6)
    assert report.ok
    assert report.max_abs_difference == 0
    assert measure(session, [], 0.0).ok


def test_one_that_computes_otherwise_does_not(session: Session, tmp_path: Path) -> None:
    case = recorded(session)
    other = open_session(write_model(tmp_path, weights=np.ones((3, 4), np.float32)))
    report = measure(other, [case], 1e-4)
    assert not report.ok
    assert 0.01 < report.max_abs_difference < 1
    with pytest.raises(ReleaseError, match='case "reference" is off by 0'):
        check(other, [case], 1e-4)


@pytest.mark.parametrize(
    ("expected", "difference"),
    [
        (np.full((2, 4), math.nan), math.inf),
        (np.full((2, 4), math.inf), math.inf),
        (np.full((2, 5), 0.25), math.inf),
        (np.full((2, 4), 0.5), 0.25),
    ],
)
def test_differences(session: Session, expected: Any, difference: float) -> None:
    case = Case("c", {"image": np.zeros((2, 8, 6, 3), np.float32)}, {"classes": expected})
    report = measure(session, [case], 0.1)
    assert report.differences["c"] == pytest.approx(difference)
    assert not report.ok


def test_the_same_nan_is_no_difference(tmp_path: Path) -> None:
    weights = np.full((3, 4), math.nan, np.float32)
    session = open_session(write_model(tmp_path, last=None, weights=weights))
    assert check(session, [recorded(session)], 0.0).max_abs_difference == 0


def test_a_case_that_cannot_run(session: Session) -> None:
    case = Case("c", {"other": np.zeros(1, np.float32)}, {"classes": np.zeros(1, np.float32)})
    with pytest.raises(ReleaseError, match="failed to run"):
        check(session, [case], 1e-4)


def test_reference_inputs_are_the_same_everywhere() -> None:
    spec = Signature("x", (None, 2, 2), "float32")
    made = reference_inputs([spec])["x"]
    # splitmix64.c with the seed 0 gives 0xe220a8397b1dcdaf, 0x6e789e6aa1b965f4, ...
    assert made.dtype == np.float32
    assert made.shape == (2, 2, 2)
    assert made.ravel()[:2].tolist() == [0xE220A8 / 2**24, 0x6E789E / 2**24]
    levels = reference_inputs([Signature("x", (None, 2, 2), "uint8")], count=1)["x"]
    assert levels.ravel()[:2].tolist() == [0xE2, 0x6E]
    assert (reference_inputs([spec], high=255.0)["x"] == made * np.float32(255)).all()


def test_two_inputs_are_not_alike() -> None:
    specs = [Signature(name, (None, 9), "float32") for name in "ab"]
    made = reference_inputs(specs)
    assert not np.array_equal(made["a"], made["b"])


@pytest.mark.parametrize(
    "spec", [Signature("x", (None, None, 3), "float32"), Signature("x", (None, 3), "int64")]
)
def test_what_cannot_be_made_up(spec: Signature) -> None:
    with pytest.raises(InputError, match='the input "x"'):
        reference_inputs([spec])
