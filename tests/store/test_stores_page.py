"""docs/stores.md says what the code does."""

from __future__ import annotations

from pathlib import Path

from understudy.store import s3
from understudy.store.credentials import EARLY
from understudy.store.open import SCHEMES
from understudy.store.port import GET_LIMIT
from understudy.store.s3_errors import ROWS

PAGE = (Path(__file__).parents[2] / "docs" / "stores.md").read_text()
WORDS = " ".join(PAGE.split())


def test_every_kind_of_store_is_on_the_page() -> None:
    assert all(f"`{scheme}://" in PAGE for scheme in SCHEMES)


def test_every_error_is_on_the_page() -> None:
    for _, why, hint in ROWS:
        assert f"| {why.replace('{}', '…')} |" in PAGE
        assert f"| {hint} |" in PAGE


def test_the_limits_are_those_of_the_code() -> None:
    for words in (
        f"every {s3.ASK_SECONDS:.0f} s whether it is there",
        f"answer within {s3.ANSWER_SECONDS:.0f} s",
        f"come every {s3.LINE_SECONDS:.0f} s",
        f"repeated within {s3.RETRY_SECONDS} s",
        f"allows it in {s3.ABORT_SECONDS:.0f} s",
        f"above {s3.PART >> 20} MB are uploaded in parts",
        f"{s3.PART >> 20} MB for each of the {s3.CONCURRENCY} parts",
        f"{GET_LIMIT >> 20} MB are read at once",
        f"up to {s3.PART * 10_000 // 10**9 // 10 * 10} GB in parts",
        f"`{s3.WRITE_ID}`",
    ):
        assert words in WORDS
    assert s3.ASK_SECONDS + s3.ANSWER_SECONDS < 15
    assert EARLY.total_seconds() == 5 * 60
