"""Make docs/cli.md from the command line itself. A test compares the two.

Run: .venv/bin/python tools/cli_docs.py
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import typer

from understudy.cli.app import app

TARGET = Path(__file__).resolve().parents[1] / "docs" / "cli.md"


def document() -> str:
    """The text of docs/cli.md."""
    root = typer.main.get_command(app)
    parts = ["# Command line\n", "Made by `tools/cli_docs.py` from the commands themselves.\n"]
    parts.append(
        "stdout is data, stderr is talk. Exit codes: 0 done, 1 some images could not be classified,"
        " the model cannot be compiled, or something in the store is wrong, 2 it could not be done,"
        " 130 interrupted.\n"
    )
    with root.make_context("understudy", [], resilient_parsing=True) as context:
        for name in root.list_commands(context):  # type: ignore[attr-defined]
            command = root.get_command(context, name)  # type: ignore[attr-defined]
            parts.append(_command(name, command))
    return "\n".join(parts)


def _command(name: str, command: Any) -> str:
    arguments = [p for p in command.params if p.param_type_name == "argument"]
    usage = " ".join(
        ["understudy", name, *(_placeholder(argument) for argument in arguments), "[options]"]
    )
    lines = [f"## {name}\n", f"{command.help}\n", f"```\n{usage}\n```\n"]
    lines += ["| | |", "|---|---|"]
    for parameter in command.params:
        if parameter.param_type_name == "argument":
            label = _placeholder(parameter)
        else:
            label = ", ".join(parameter.opts)
        lines.append(f"| `{label}` | {_about(parameter)} |")
    return "\n".join([*lines, ""])


def _placeholder(argument: Any) -> str:
    name = (argument.name or "").upper()
    many = "…" if argument.nargs == -1 else ""
    return f"{name}{many}" if argument.required else f"[{name}{many}]"


def _about(parameter: Any) -> str:
    text = re.sub(r"\s+", " ", getattr(parameter, "help", None) or "")
    extra = []
    if parameter.param_type_name == "option" and parameter.required:
        extra.append("required")
    default = parameter.default
    if parameter.param_type_name == "option" and default not in (None, False, ""):
        extra.append(f"default `{default}`")
    if parameter.envvar:
        extra.append(f"environment `{parameter.envvar}`")
    return f"{text} ({', '.join(extra)})" if extra else text


if __name__ == "__main__":
    TARGET.write_text(document())
