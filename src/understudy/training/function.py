"""A person's own function, named as `module:function`. Its code is run because they said so.

What goes wrong in it is said in one line, with the line of their file.
"""

from __future__ import annotations

import importlib
import re
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from ..errors import InputError

NAMED = re.compile(r"(?P<module>[^\W\d]\w*(\.[^\W\d]\w*)*):(?P<function>[^\W\d]\w*)")

HINT = "write module:function, such as prep:load for `def load(path)` in prep.py in this folder"
MANY = 8

Prepare = Callable[[str], Any]


def named_function(said: str, folder: Path) -> Prepare:
    """Import the function; it may be called with a path, and raises nothing but our errors.

    Args:
        said: `module:function`.
        folder: where modules are looked for before all other places.

    Raises:
        InputError: there is no such function, or its module cannot be imported.
    """
    match = NAMED.fullmatch(said)
    if match is None:
        raise InputError(f"{said!r} names no function", hint=HINT)
    module = _imported(match["module"], folder)
    function = getattr(module, match["function"], None)
    if not callable(function):
        raise InputError(f"{_where(module)} has no function {match['function']}", hint=_has(module))

    def prepare(path: str) -> Any:
        try:
            return function(path)
        except (Exception, SystemExit) as error:
            raise InputError(
                f"{said} fails on {path}: {_said(error, folder)}",
                hint="mend the function: it takes a path, and gives the array for that image",
            ) from error

    return prepare


def _imported(name: str, folder: Path) -> ModuleType:
    sys.path.insert(0, str(folder))
    importlib.invalidate_caches()
    try:
        return importlib.import_module(name)
    except (Exception, SystemExit) as error:
        missing = isinstance(error, ModuleNotFoundError) and error.name
        if missing and (name == missing or name.startswith(f"{missing}.")):
            hint = f"without the ending: {name[:-3]}:FUNCTION" if name.endswith(".py") else HINT
            raise InputError(
                f"there is no module {missing} in {folder}, nor an installed one", hint=hint
            ) from None
        raise InputError(
            f"{name} cannot be imported: {_said(error, folder)}",
            hint="python -c 'import " + name + "' in this folder says more",
        ) from error


def _said(error: BaseException, folder: Path) -> str:
    """What happened, and in which line of the person's own files."""
    text = " ".join(str(error).split())
    if isinstance(error, SystemExit):
        text = f"it ends the program ({error.code!r})"
    elif not isinstance(error, SyntaxError):  # Python says itself where that is
        frames = [
            frame
            for frame in traceback.extract_tb(error.__traceback__)
            if Path(frame.filename).is_relative_to(folder)
            and "site-packages" not in Path(frame.filename).parts
        ]
        if frames:
            place = Path(frames[-1].filename).relative_to(folder)
            text = f"{text} ({place}, line {frames[-1].lineno})"
    return f"{type(error).__name__}: {text}"


def _where(module: ModuleType) -> str:
    file = getattr(module, "__file__", None)
    return f"{module.__name__} ({file})" if file else module.__name__


def _has(module: ModuleType) -> str:
    own = [
        name
        for name, value in vars(module).items()
        if callable(value) and getattr(value, "__module__", None) == module.__name__
    ]
    return f"it has {', '.join(own[:MANY])}" if own else HINT
