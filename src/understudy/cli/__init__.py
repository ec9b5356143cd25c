"""The command line: parse, call, print. What is decided is decided elsewhere.

stdout is data, stderr is talk. Exit codes: 0 done, 1 some images could not be classified, the
model cannot be compiled, or something in the store is wrong, 2 it could not be done, 130
interrupted.
"""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line, and end the process with its exit code."""
    try:
        from .app import run

        code = run()
    except KeyboardInterrupt:  # before anything began
        code = 130
    if code == 130 and sys.stderr is not None:
        print("interrupted", file=sys.stderr)  # noqa: T201
    sys.exit(code)
