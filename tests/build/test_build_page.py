"""docs/build.md tells of every rule."""

from __future__ import annotations

from pathlib import Path

import pytest

from understudy.build.rules import RULES, Rule
from understudy.building import DEFAULT_PYTHON
from understudy.edges.lambda_ import __name__ as package

PAGE = (Path(__file__).parents[2] / "docs" / "build.md").read_text()


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_each_rule_and_its_reason(rule: Rule) -> None:
    assert f"| {rule.name} | {rule.why} | " in PAGE


def test_the_default_and_the_handler() -> None:
    assert f"# Python {DEFAULT_PYTHON}, for this machine" in PAGE
    assert f"`{package}.handler.handler`" in PAGE


def test_no_rule_is_there_that_the_code_does_not_have() -> None:
    table = PAGE.partition("|---|---|---|---|\n")[2].partition("\n\n")[0]
    assert len(table.splitlines()) == len(RULES)
