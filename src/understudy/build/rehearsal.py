"""What a bundle does to prove itself: run by its Python, with the bundle alone on the path.

Run: python -I -S -B rehearsal.py BUNDLE IMAGES LABEL, with the variables of the function

The handler answers an event for each image. The last line that is printed is JSON. Everything is
imported by name, after the bundle came onto the path: this file is outside of it.
"""

from __future__ import annotations

import json
import sys
from base64 import b64encode
from importlib import import_module
from pathlib import Path
from time import perf_counter
from typing import Any

HANDLER = "understudy.edges.lambda_.handler"


def rehearse(bundle: str, images: Path, label: str) -> dict[str, Any]:
    """Answer for each image, and see that all that was imported came from the bundle."""
    # With -I and -S there is nothing on the path but the standard library.
    library = tuple(sys.path)
    sys.path.insert(0, bundle)
    started = perf_counter()
    handler = import_module(HANDLER).handler
    formats: list[str] = []
    seconds = None
    for path in sorted(images.iterdir()):
        answer = handler({"image": b64encode(path.read_bytes()).decode()})
        seconds = seconds or perf_counter() - started
        if [prediction["label"] for prediction in answer.get("predictions", ())][:1] != [label]:
            raise ValueError(f"{path.name} is answered with {json.dumps(answer)[:400]}")
        formats.append(path.suffix.removeprefix("."))
    import_module("understudy.store.open").open_store("s3://understudy-rehearsal/prefix")
    for module in list(sys.modules.values()):
        place = getattr(module, "__file__", None)
        if place and not place.startswith((bundle, __file__, *library)):
            raise ValueError(f"{module.__name__} comes from {place}")
    return {"formats": formats, "seconds": seconds}


if __name__ == "__main__":
    try:
        found = rehearse(sys.argv[1], Path(sys.argv[2]), sys.argv[3])
    except Exception as error:
        sys.exit(f"{type(error).__name__}: {' '.join(str(error).split())}")
    print(json.dumps(found))  # noqa: T201
