"""Serve a trained Keras image classifier, of any Keras version, without TensorFlow.

    import understudy

    model = understudy.open("parasites", stage="dev", store="./store")
    print(model.classify("blood.jpg").predictions[0])

or, from plain Keras files, without any store:

    model = understudy.open_files("architecture.json", "weights.h5", labels="labels.txt")
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .serve import Classifier, Prediction, Result
    from .wiring import open_files
    from .wiring import open_model as open

__all__ = ["Classifier", "Prediction", "Result", "open", "open_files"]

_WHERE = {
    "open": ("wiring", "open_model"),
    "open_files": ("wiring", "open_files"),
    "Classifier": ("serve", "Classifier"),
    "Prediction": ("serve", "Prediction"),
    "Result": ("serve", "Result"),
}


def __getattr__(name: str) -> Any:
    """Import what is asked for when it is asked for: parts of the package are used alone."""
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    module, attribute = _WHERE[name]
    return getattr(import_module(f".{module}", __name__), attribute)
