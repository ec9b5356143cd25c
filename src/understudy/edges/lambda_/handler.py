"""The entry point of the function: `understudy.edges.lambda_.handler:handler`.

Importing it starts the function, because Lambda imports it in the phase before the first event.
"""

from __future__ import annotations

import os
import sys
from typing import Any

from .start import start


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


_function = start(os.environ, _print)


def handler(event: object, context: Any = None) -> dict[str, Any]:
    """Answer an event; see docs/lambda.md."""
    return _function(event, context)
