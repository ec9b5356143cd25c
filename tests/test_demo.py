"""`make demo` as a person runs it: it must end well and say what the README shows."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_the_demo_runs() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "examples" / "fashion" / "demo.py"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    for line in ("25 of 30 right", "27 of 30 right", "Only dev has changed", "Try next"):
        assert line in done.stdout
