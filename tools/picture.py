"""Make docs/demo.svg, the picture in the README: the last steps of `make demo`, as printed.

Run: .venv/bin/python tools/picture.py
"""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

ROOT = Path(__file__).resolve().parents[1]
FIRST, LAST = "4  Months later", "Done"
WIDTH = 92

THEME = TerminalTheme(
    (22, 27, 34),
    (230, 237, 243),
    [
        (72, 79, 88), (255, 123, 114), (63, 185, 80), (210, 153, 34),
        (88, 166, 255), (188, 140, 255), (57, 197, 207), (177, 186, 196),
    ],
)  # fmt: skip


def main() -> None:
    """Run the demo and draw the part from FIRST to LAST."""
    done = subprocess.run(
        [sys.executable, ROOT / "examples" / "fashion" / "demo.py"],
        env=os.environ | {"FORCE_COLOR": "1", "COLUMNS": str(WIDTH), "LOGNAME": "ada"},
        capture_output=True,
        text=True,
        check=True,
    )
    plain = [Text.from_ansi(line).plain for line in done.stdout.splitlines()]
    start = next(n for n, line in enumerate(plain) if line.startswith(FIRST))
    end = next(n for n, line in enumerate(plain) if line.startswith(LAST))
    console = Console(record=True, width=WIDTH, file=io.StringIO(), highlight=False)
    blank = False
    for line in done.stdout.splitlines()[start:end]:
        text = Text.from_ansi(line)
        if text.plain.strip() or not blank:
            console.print(text)
        blank = not text.plain.strip()
    picture = console.export_svg(title="make demo", theme=THEME)
    # Fonts come from the reader's machine, not from a server.
    picture = re.sub(r"@font-face \{.*?\}\n", "", picture, flags=re.DOTALL)
    picture = picture.replace("Fira Code", "ui-monospace, Menlo, Consolas")
    (ROOT / "docs" / "demo.svg").write_text(picture)


if __name__ == "__main__":
    main()
