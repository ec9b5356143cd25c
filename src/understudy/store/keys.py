"""Keys: which names an object may have, the same in every store.

A key is a path that means the same everywhere: relative, without tricks, and never one of our
own working files. What is refused here can neither be written, read nor listed.
"""

from __future__ import annotations

from ..errors import InputError

WORKING_FOLDER = ".understudy"
"""At the root of a local store: its lock, and files that are not whole yet."""

MAX_KEY_BYTES = 1024
"""S3's limit; the other stores have the same or a higher one."""


def check_key(key: str) -> str:
    """Give the key back; `InputError` when it is none."""
    problem = _problem(key)
    if problem is not None:
        raise InputError(
            f"{key!r} cannot be a key in a store: {problem}",
            hint="use a relative path with `/` between its parts, such as parasites/dev/labels.txt",
        )
    return key


def check_folder(folder: str) -> str:
    """Give the folder back; `InputError` when it is neither a key nor `""`."""
    return check_key(folder) if folder else folder


def is_key(key: str) -> bool:
    """Whether `check_key` takes it."""
    return _problem(key) is None


def _problem(key: str) -> str | None:
    segments = key.split("/")
    if not key:
        return "it is empty"
    if key.startswith("/"):
        return "it is absolute"
    if "" in segments:
        return "a part of it is empty"
    if "." in segments or ".." in segments:
        return "it has a part `.` or `..`"
    if "\\" in key:
        return "it has a backslash"
    if any(ord(character) < 32 or ord(character) == 127 for character in key):
        return "it has a control character"
    if segments[0] == WORKING_FOLDER:
        return f"{WORKING_FOLDER} is for the store itself"
    try:
        size = len(key.encode())
    except UnicodeEncodeError:
        return "it is not valid Unicode"
    return f"it is longer than {MAX_KEY_BYTES} bytes" if size > MAX_KEY_BYTES else None
