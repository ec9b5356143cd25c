"""How much room a bundle leaves, and what is said when there is none."""

from __future__ import annotations

import pytest

from understudy.build.bundle import check_limits
from understudy.build.limits import LIMITS, margins
from understudy.build.plan import Size
from understudy.errors import BuildError

PACKAGES = {"numpy 2": Size(10, 300_000_000), "pillow 13": Size(5, 50), "c 1": Size(1, 1)}


def test_margins() -> None:
    zipped, unzipped = margins({"zip": 52_428_800}, 262_143_999)
    assert (zipped.left, unzipped.left) == (0, 1)
    check_limits((zipped, unzipped), PACKAGES)


def test_each_zip_is_uploaded_and_all_are_unzipped_and_tmp_holds_what_is_unpacked() -> None:
    found = margins({"zip": 1, "layer": 52_428_801}, 2, 10_737_418_241)
    assert [(margin.name, margin.left) for margin in found] == [
        ("zip, uploaded directly", 52_428_799),
        ("layer, uploaded directly", -1),
        ("unzipped, with all layers", 261_999_998 + 144_000),
        ("unpacked in /tmp", -1),
    ]
    with pytest.raises(BuildError, match="too large for Lambda") as caught:
        check_limits(found, PACKAGES)
    assert "/tmp" in caught.value.problems[0]


def test_what_is_too_large_for_a_direct_upload_goes_through_a_bucket() -> None:
    (zipped, _) = room = margins({"zip": 60_000_000}, 1)
    check_limits(room, PACKAGES)
    assert "bucket" in zipped.limit.hint


def test_over_a_limit_is_an_error_with_numbers_and_the_largest() -> None:
    with pytest.raises(BuildError, match="too large for Lambda") as caught:
        check_limits(margins({"zip": 1}, 262_144_001), PACKAGES)
    assert caught.value.problems == (
        "unzipped, with all layers: 262,144,001 bytes, at most 262,144,000",
        "numpy 2: 300,000,000 bytes",
        "pillow 13: 50 bytes",
        "c 1: 1 bytes",
    )


def test_each_limit_says_what_to_do() -> None:
    assert all(limit.hint for limit in LIMITS)
