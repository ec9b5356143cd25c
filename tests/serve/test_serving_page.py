"""docs/serving.md says what the code does."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

from understudy import wiring
from understudy.release.download import CONNECTIONS, PIECE
from understudy.serve.live import Live, Pace

PAGE = (Path(__file__).parents[2] / "docs" / "serving.md").read_text()
WORDS = " ".join(PAGE.split())


def test_every_setting_is_there_with_its_default() -> None:
    for setting in fields(Pace):
        assert f"| `{setting.name}` | {setting.default:g} |" in PAGE
    assert f"| `{wiring.CACHE_VARIABLE}` |" in PAGE
    assert f"| `{wiring.CACHE_BYTES_VARIABLE}` | {wiring.DEFAULT_CACHE_BYTES} |" in PAGE


def test_what_it_calls_exists() -> None:
    for name in re.findall(r"`model\.(\w+)", PAGE):
        assert hasattr(Live, name), name


def test_the_numbers_are_those_of_the_code() -> None:
    pace = Pace()
    for words in (
        f"in pieces of {PIECE >> 20} MB, {CONNECTIONS} at once",
        f"needs up to {(CONNECTIONS + 1) * PIECE >> 20} MB",
        f"after {pace.refused / 60:.0f} minutes",
        f"every {pace.longest_poll:.0f} s in the end",
        f"and {pace.cold:.0f} s if nothing moves",
    ):
        assert words in WORDS, words
