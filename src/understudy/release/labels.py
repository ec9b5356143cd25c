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


BINARY_LABELS: dict[str, tuple[int, ...]] = {"sigmoid": (0, 2), "linear": (2,)}
"""With a single output: the activation -> how many labels make it a choice of two classes.

Keras' binary models give the probability (after `sigmoid`) or the logit (`linear`) of class 1."""


def check_labels(labels: int, outputs: int, activation: str, name: str) -> None:
    """Refuse a number of labels that does not fit the model's outputs.

    Raises:
        InputError: they do not fit.
    """
    if labels != outputs and not (outputs == 1 and labels in BINARY_LABELS.get(activation, ())):
        raise labels_do_not_fit(labels, outputs, activation, name)


def labels_do_not_fit(
    labels: int, outputs: int, activation: str, name: str = "labels.txt"
) -> InputError:
    """The error for a number of labels that does not fit the model's outputs."""
    two = ", which takes one label or two" if outputs == 1 and activation in BINARY_LABELS else ""
    return InputError(
        f"{name} has {counted(labels, 'label')}, the model gives {counted(outputs, 'output')}{two}",
        hint="write one class a line, in the order of the model's outputs",
    )


def counted(number: int, thing: str) -> str:
    """`1 label`, `2 labels`."""
    return f"{number:,} {thing}" + ("" if number == 1 else "s")
