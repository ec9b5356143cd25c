"""What all printing shares: the two streams, JSON, and text that is safe for a terminal."""

from __future__ import annotations

import contextlib
import json as json_format
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape

MAX_PROBLEMS = 100
"""How many of what is wrong are printed."""

ALL_THERE = "`understudy inspect --json` lists all"

PIPE_WIDTH = 1000
"""In a pipe nothing is wrapped or cut."""


def output() -> Console:
    """Where data goes: stdout."""
    return Console(highlight=False, width=None if sys.stdout.isatty() else PIPE_WIDTH)


def talk() -> Console:
    """Where talk goes: stderr."""
    return Console(stderr=True, highlight=False, soft_wrap=True)


@contextlib.contextmanager
def progress() -> Iterator[Callable[[str], None]]:
    """Show on a terminal what is done now; nothing in a pipe."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    with Console(stderr=True).status("") as status:
        yield lambda text: status.update(f"{text} ...")


def print_json(value: Any, indent: int | None = 2) -> None:
    """Print a value as JSON; in ASCII where the stream takes nothing else."""
    ascii_only = (sys.stdout.encoding or "").lower().replace("-", "") != "utf8"
    print(json_format.dumps(value, indent=indent, ensure_ascii=ascii_only), flush=True)  # noqa: T201


def printable(text: str) -> str:
    """One line without control characters: names come from strangers' files."""
    return "".join(c if c.isprintable() else " " for c in text)


def shown(name: object) -> str:
    """A name that a stranger may have chosen, safe for a terminal."""
    return escape(printable(str(name)))


def print_problems(console: Console, problems: Sequence[str]) -> None:
    """Print what is wrong, a line each."""
    for problem in problems[:MAX_PROBLEMS]:
        console.print(f"  - {shown(problem)}")
    if problems[MAX_PROBLEMS:]:
        console.print(f"  and {len(problems) - MAX_PROBLEMS:,} more: {ALL_THERE}")
