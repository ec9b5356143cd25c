"""What an architecture may ask Keras for: classes of Keras' own, and no code, files or modules.

Keras has a safe mode, too, and it is on. It has had holes, in older formats above all; so what it
is given is looked through first, by tables that know nothing of formats. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ..errors import UnsupportedError
from . import ALLOW_LAMBDA

CODE = frozenset({"Lambda", "__lambda__"})
"""Classes whose Python code is in the file."""

FOREIGN = frozenset(
    {"TFSMLayer", "TorchModuleWrapper", "JaxLayer", "FlaxLayer", "NNXLayer", "__typespec__"}
)
"""Classes that load pickles, graphs or functions from elsewhere."""

FILES = frozenset({"vocabulary"})
"""Options that name a file, where they are text."""

_MODULE = re.compile(
    r"builtins|keras(\.src)?(\.(engine|layers|models|activations|initializers|regularizers"
    r"|constraints|applications|dtype_policies|mixed_precision|ops|operations|random|quantizers)"
    r"(\.\w+)*)?"
)
"""Modules of Keras that models are made of."""

_NAME = re.compile(r"[\w>]+")
"""Names of classes: one with dots could lead into any module."""

HINT_CODE = (
    "their code would run with the rights of this process; if you trust it, set"
    f" {ALLOW_LAMBDA}=1, or say what the layers compute with `push --layer` and the default engine"
)
HINT = "use layers of Keras itself"


def check_trust(model: Any, *, allow_lambda: bool) -> None:
    """Look through an architecture.

    Args:
        model: lists and dicts, as they were in the file.
        allow_lambda: whether the operator allows the code of Lambda layers.

    Raises:
        UnsupportedError: it asks for what is not allowed; all of that is listed.
    """
    foreign = tuple(dict.fromkeys(_foreign(model)))
    if foreign:
        raise UnsupportedError(
            "the model asks Keras for what no model needs", hint=HINT, problems=foreign
        )
    code = () if allow_lambda else tuple(dict.fromkeys(_code(model)))
    if code:
        raise UnsupportedError(
            "the model holds code of its own, which is not run", hint=HINT_CODE, problems=code
        )


def _code(model: Any) -> Iterator[str]:
    for found in _objects(model):
        for name in _names(found):
            if _last(name) in CODE:
                yield f"{_last(name)} {_called(found)}".strip()


def _foreign(model: Any) -> Iterator[str]:
    for found in _objects(model):
        module = found.get("module")
        if module is not None and not (isinstance(module, str) and _MODULE.fullmatch(module)):
            yield f"the module {module!r}"
        for name in _names(found):
            if _last(name) in FOREIGN or not _NAME.fullmatch(name):
                yield f"{name} {_called(found)}".strip()
        config = found.get("config")
        for option in FILES & set(config if isinstance(config, Mapping) else ()):
            if isinstance(config, Mapping) and isinstance(config[option], str):
                yield f"the file {config[option]!r} for {_called(found)}"


def _objects(model: Any) -> Iterator[Mapping[str, Any]]:
    """Every dict that names a class, at any depth."""
    waiting = [model]
    while waiting:
        value = waiting.pop()
        if isinstance(value, Mapping):
            if "class_name" in value:
                yield value
            waiting += value.values()
        elif isinstance(value, (list, tuple)):
            waiting += value


def _names(found: Mapping[str, Any]) -> list[str]:
    """What Keras may look up for an object; anything but text is no name."""
    said = [found.get("class_name"), found.get("registered_name")]
    if found.get("class_name") == "function":
        said.append(found.get("config"))
    return [str(name) for name in said if name is not None]


def _last(name: str) -> str:
    return re.split(r"[.>]", name)[-1]


def _called(found: Mapping[str, Any]) -> str:
    """The object's own name, if it has one."""
    config = found.get("config")
    name = config.get("name") if isinstance(config, Mapping) else None
    return str(name or found.get("name") or "")
