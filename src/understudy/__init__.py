"""Serve a trained Keras image classifier, of any Keras version, without TensorFlow.

    import understudy

    model = understudy.open("parasites", stage="dev", store="./store")
    print(model.classify("blood.jpg").predictions[0])

or, always by the release that the stage serves at that moment:

    with understudy.live("parasites", stage="prod", store="./store") as model:
        print(model.classify("blood.jpg").release)

or, from plain Keras files, without any store:

    model = understudy.open_files("architecture.json", "weights.h5", labels="labels.txt")
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .following import live_model as live
    from .serve import Classifier, Prediction, Result
    from .serve.live import Live
    from .wiring import open_files
    from .wiring import open_model as open

__all__ = ["Classifier", "Live", "Prediction", "Result", "live", "open", "open_files"]

_WHERE = {
    "live": ("following", "live_model"),
    "open": ("wiring", "open_model"),
    "open_files": ("wiring", "open_files"),
    "Classifier": ("serve", "Classifier"),
    "Live": ("serve.live", "Live"),
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
