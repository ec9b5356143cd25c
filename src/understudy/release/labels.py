"""`labels.txt`: one class a line, in the order of the model's outputs.

Teachable Machine writes the number before the name (`0 cat`); where every line begins with its own
number, the numbers are dropped. Bytes in, names out.
"""

from __future__ import annotations

import re

from ..errors import InputError

MAX_BYTES = 4 << 20
HINT = "write one class a line, in the order in which the model was trained, as UTF-8 text"


def parse_labels(data: bytes | memoryview, name: str = "labels.txt") -> tuple[str, ...]:
    """Read the classes' names.

    Raises:
        InputError: not text, empty, or with an empty line between names.
    """
    if len(data) > MAX_BYTES:
        raise InputError(f"{name} is {len(data):,} bytes long, too much for labels", hint=HINT)
    try:
        text = bytes(data).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(f"{name} is not UTF-8 text", hint=HINT) from None
    if "\0" in text:
        raise InputError(f"{name} is not text", hint=HINT)
    lines = [line.strip() for line in text.rstrip().splitlines()]
    if not lines:
        raise InputError(f"{name} is empty", hint=HINT)
    if "" in lines:
        raise InputError(f"line {lines.index('') + 1} of {name} is empty", hint=HINT)
    numbered = [re.fullmatch(r"(\d+)\s+(.+)", line) for line in lines]
    if all(match and int(match[1]) == number for number, match in enumerate(numbered)):
        return tuple(match[2] for match in numbered if match)
    return tuple(lines)
