"""Dollars."""

from __future__ import annotations

import pytest

from understudy.build.target import Arch
from understudy.deploy.cost import cost
from understudy.errors import InputError


def test_a_million_of_one_gigabyte_second() -> None:
    """AWS' own price for a GB-second, a million times; and the fee for a million."""
    found = cost(1000.0, 1024, Arch.X86_64)
    assert found.compute == pytest.approx(16.6667)
    assert found.invocations == pytest.approx(0.20)
    assert found.total == pytest.approx(16.8667)


def test_arm_is_a_fifth_cheaper_and_half_the_memory_half_the_price() -> None:
    full = cost(50.0, 1024, Arch.X86_64).compute
    assert cost(50.0, 1024, Arch.ARM64).compute == pytest.approx(full * 0.8, rel=1e-3)
    assert cost(50.0, 512, Arch.X86_64).compute == pytest.approx(full / 2)


@pytest.mark.parametrize("milliseconds", [0.0, -1.0, float("nan"), float("inf")])
def test_what_is_no_duration_is_refused(milliseconds: float) -> None:
    with pytest.raises(InputError, match="no duration"):
        cost(milliseconds, 512, Arch.X86_64)
