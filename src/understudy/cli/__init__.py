"""The command line: parse, call, print. What is decided is decided elsewhere.

stdout is data, stderr is talk. Exit codes: 0 done, 1 some images could not be classified, 2 it
could not be done, 130 interrupted.
"""

from .app import main

__all__ = ["main"]
