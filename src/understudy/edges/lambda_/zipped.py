"""The entry point of a bundle whose packages are zipped: `understudy.edges.lambda_.zipped.handler`.

It unpacks them, and then imports the function's own handler. Only the standard library is there
before. If that fails, the log says why, and so does each answer, which tries it again.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from ...unpacking import PackagesError, read_index, unpack
from .log import note_line

BUNDLE = Path(__file__).parents[3]


def _load() -> Callable[[object, Any], Any]:
    """Unpack, and import."""
    index = read_index(BUNDLE)
    tree = str(unpack(BUNDLE, index, Path(os.environ.get("TMPDIR") or "/tmp")))
    if tree not in sys.path:
        sys.path.insert(0, tree)
    found: Callable[[object, Any], Any] = import_module(index.handler).handler
    return found


_found: Callable[[object, Any], Any] | None = None
try:
    _found = _load()
except PackagesError as error:
    sys.stdout.write(f"{note_line('ERROR', 'packages', str(error))}\n")
    sys.stdout.flush()


def handler(event: object, context: Any = None) -> Any:
    """Answer an event.

    Raises:
        PackagesError: the packages cannot be unpacked.
    """
    global _found
    _found = _found or _load()
    return _found(event, context)
