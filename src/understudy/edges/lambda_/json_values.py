"""Reading JSON that may be anything: what is not of the kind that is expected reads as nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def at(value: object, *path: str) -> Any:
    """What is below the keys, one in the other; None where one is missing."""
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def text(value: object) -> str:
    """The text; "" for anything else."""
    return value if isinstance(value, str) else ""


def listed(value: object) -> list[Any]:
    """The list; [] for anything else."""
    return value if isinstance(value, list) else []


def mapped(value: object) -> Mapping[str, Any]:
    """The object; {} for anything else."""
    return value if isinstance(value, dict) else {}
