"""selftest.npz goes out and comes back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from understudy.errors import ReleaseError
from understudy.release.selftest import SELF_TEST, Cases, read_cases, write_cases

CASES = Cases(
    {"image:0": np.arange(24, dtype=np.float32).reshape(2, 3, 4), "b/c": np.zeros((2,), "uint8")},
    {"classes": np.ones((2, 5), np.float32)},
)


def test_cases_come_back(tmp_path: Path) -> None:
    write_cases(tmp_path / SELF_TEST, CASES)
    found = read_cases(tmp_path / SELF_TEST)
    assert found.count == CASES.count == 2
    for kind in ("inputs", "outputs"):
        wrote, read = getattr(CASES, kind), getattr(found, kind)
        assert wrote.keys() == read.keys()
        for name in wrote:
            assert wrote[name].dtype == read[name].dtype
            np.testing.assert_array_equal(wrote[name], read[name])


def test_the_same_cases_are_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_cases(tmp_path / name, CASES)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


@pytest.mark.parametrize(
    "cases",
    [
        Cases({}, CASES.outputs),
        Cases(CASES.inputs, {}),
        Cases(CASES.inputs, {"classes": np.ones((3, 5))}),
        Cases({"a": np.ones((0, 1))}, {"b": np.ones((0, 1))}),
        Cases({"a": np.float32(1)}, {"b": np.float32(1)}),  # type: ignore[dict-item]
    ],
)
def test_cases_that_do_not_fit_are_refused(tmp_path: Path, cases: Cases) -> None:
    with pytest.raises(ReleaseError, match="same number of cases"):
        write_cases(tmp_path / SELF_TEST, cases)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("cut", [0, 1, 50, 200, 400, -1])
def test_damage_is_our_error(tmp_path: Path, cut: int) -> None:
    write_cases(tmp_path / SELF_TEST, CASES)
    data = (tmp_path / SELF_TEST).read_bytes()
    (tmp_path / SELF_TEST).write_bytes(data[:cut])
    with pytest.raises(ReleaseError, match="cannot be read"):
        read_cases(tmp_path / SELF_TEST)


def test_other_files_are_our_error(tmp_path: Path) -> None:
    path = tmp_path / SELF_TEST
    with pytest.raises(ReleaseError):
        read_cases(path)
    with path.open("wb") as file:
        np.save(file, np.ones(3))
    with pytest.raises(ReleaseError):
        read_cases(path)
    np.savez(path, other=np.ones(3))
    with pytest.raises(ReleaseError):
        read_cases(path)
    np.savez(path, **{"inputs/a": np.array([{}], dtype=object)}, allow_pickle=True)
    with pytest.raises(ReleaseError):
        read_cases(path)
