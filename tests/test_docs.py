"""What the documents say is what the code does."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest

from understudy.release.preprocess import CHOICES, KEYS, parse
from understudy.release.presets import PRESETS

ROOT = Path(__file__).parents[1]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])

sys.path.insert(0, str(ROOT / "tools"))


def test_the_command_line_page_is_up_to_date() -> None:
    from cli_docs import TARGET, document

    assert TARGET.read_text() == document(), "run .venv/bin/python tools/cli_docs.py"


def test_the_layers_page_is_up_to_date() -> None:
    from layer_docs import TARGET, document

    assert TARGET.read_text() == document(), "run .venv/bin/python tools/layer_docs.py"


def test_the_formats_page_is_up_to_date() -> None:
    from format_docs import TARGET, document

    assert TARGET.read_text() == document(), "run .venv/bin/python tools/format_docs.py"


def test_preprocess_page_has_every_choice_and_a_valid_example() -> None:
    page = (ROOT / "docs" / "preprocess.md").read_text()
    example = re.search(r"```json\n(.*?)```", page, re.DOTALL)
    assert example is not None
    assert parse(json.loads(example[1])).to_json() == json.loads(example[1])
    for key in KEYS:
        assert f"| `{key}`" in page or f", `{key}` |" in page, key
    for key, allowed in CHOICES.items():
        for value in allowed:
            assert f"`{value}`" in page, f"{key}: {value}"


def test_preprocess_page_says_what_each_preset_says() -> None:
    page = (ROOT / "docs" / "preprocess.md").read_text()
    for name, preset in PRESETS.items():
        (row,) = [line for line in page.splitlines() if f"`{name}`" in line and line[0] == "|"]
        said = row.rpartition(" | ")[2]
        assert {f"{key}: {value}" for key, value in preset.to_json().items()} == {
            f"{key}: {json.loads(value)}" for key, value in re.findall(r'`"(\w+)": (.+?)`', said)
        }, name


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text()):
        assert (page.parent / target).exists(), target


def test_commands_in_the_readme_exist() -> None:
    from cli_docs import document

    page = (ROOT / "README.md").read_text()
    reference = document()
    shell = "".join(re.findall(r"```sh\n(.*?)```", page, re.DOTALL))
    commands = re.findall(r"^understudy (\w+)", shell, re.MULTILINE)
    assert set(commands) >= {"inspect", "push", "classify", "promote", "status"}
    for name in commands:
        assert f"## {name}\n" in reference, name
    for option in re.findall(r"(?<![\w-])(--[a-z][a-z-]+)", page):
        assert f"`{option}`" in reference, option
