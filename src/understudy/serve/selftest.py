"""The proof that a session computes what the release recorded: run its cases, compare.

Every loader runs this before a release is swapped in. The comparison is absolute, because the
outputs of classifiers are of the order of 1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import ReleaseError
from .session import Session, run

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]


@dataclass(frozen=True)
class Case:
    """Inputs by name, batch axis first, and the outputs that they must give."""

    name: str
    inputs: Mapping[str, Array]
    expected: Mapping[str, Array]


@dataclass(frozen=True)
class Report:
    """What the cases gave.

    Attributes:
        differences: each case's largest absolute difference, in order; infinite where a shape or
            a NaN differs.
        tolerance: how large a difference may be.
    """

    differences: Mapping[str, float]
    tolerance: float

    @property
    def max_abs_difference(self) -> float:
        """Over all cases; 0 when there are none."""
        return max(self.differences.values(), default=0.0)

    @property
    def ok(self) -> bool:
        """Whether every case is within the tolerance."""
        return self.max_abs_difference <= self.tolerance


def measure(session: Session, cases: Sequence[Case], tolerance: float) -> Report:
    """Run the cases.

    Raises:
        ReleaseError: the model cannot be run on a case at all.
    """
    differences = {}
    for case in cases:
        names = tuple(case.expected)
        found = run(session, names, case.inputs)
        differences[case.name] = max(
            _difference(value, case.expected[name])
            for name, value in zip(names, found, strict=True)
        )
    return Report(differences, tolerance)


def check(session: Session, cases: Sequence[Case], tolerance: float) -> Report:
    """Run the cases and refuse a session that does not pass them.

    Raises:
        ReleaseError: a case is off by more than the tolerance, or cannot be run.
    """
    report = measure(session, cases, tolerance)
    if not report.ok:
        worst = max(report.differences, key=report.differences.__getitem__)
        raise ReleaseError(
            f'the self-test failed: case "{worst}" is off by {report.differences[worst]:.2g},'
            f" the tolerance is {tolerance:.2g}",
            hint="the files are damaged or this machine computes otherwise; fetch them again,"
            " or push the release's sources anew",
        )
    return report


def _difference(found: Array, expected: Array) -> float:
    """The largest absolute difference; a NaN or an infinity equals itself and nothing else."""
    if found.shape != expected.shape:
        return float("inf")
    if found.size == 0:
        return 0.0
    left, right = found.astype(np.float64), expected.astype(np.float64)
    same = (left == right) | (np.isnan(left) & np.isnan(right))
    apart = np.abs(np.where(same, 0.0, left) - np.where(same, 0.0, right))
    return float(np.nan_to_num(apart, nan=np.inf, posinf=np.inf).max())
