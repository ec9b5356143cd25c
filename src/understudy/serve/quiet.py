"""Silence for Pillow's warnings, safe with several threads.

Pillow warns about damaged tags and large images; for us these are errors or nothing at all.
Python's filters belong to the whole process, and `warnings.catch_warnings` in two overlapping
threads can leave the filters of one behind. So the first to enter sets the filter, the last to
leave takes it back. Warnings of other packages pass all the while.

Pillow logs some errors, too. Where nobody has set up logging, Python writes these to stderr; a null
handler keeps it from that, and leaves it to those who have (Python's logging HOWTO).
"""

from __future__ import annotations

import logging
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager


class _Silence:
    """How many threads are inside, and the filters to put back."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.inside = 0
        self.catcher = warnings.catch_warnings()


_silence = _Silence()

logging.getLogger("PIL").addHandler(logging.NullHandler())


@contextmanager
def quiet() -> Iterator[None]:
    """No warning that Pillow raises in this block is shown, or turned into an error."""
    with _silence.lock:
        if _silence.inside == 0:
            _silence.catcher = warnings.catch_warnings()
            _silence.catcher.__enter__()
            warnings.filterwarnings("ignore", module=r"PIL\b")
        _silence.inside += 1
    try:
        yield
    finally:
        with _silence.lock:
            _silence.inside -= 1
            if _silence.inside == 0:
                _silence.catcher.__exit__(None, None, None)
