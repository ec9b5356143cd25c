"""What a bundle does to prove itself: run by its Python, with the bundle alone on the path.

Run: python -I -S -B rehearsal.py CASE, with the variables of the function; CASE is JSON

The function that serves answers an event for each image. In the bundle of the one that admits, a
model that Keras saved is read and compiled, and must answer as Keras did. The last line that is
printed is JSON. Everything is imported by name, after the bundle came onto the path: this file is
outside of it.
"""

from __future__ import annotations

import json
import sys
from base64 import b64encode
from importlib import import_module
from pathlib import Path
from time import perf_counter
from typing import Any

Case = dict[str, Any]


def rehearse(case: Case) -> dict[str, Any]:
    """Do it, and see that all that was imported came from the bundle."""
    # With -I and -S there is nothing on the path but the standard library.
    library = tuple(sys.path)
    sys.path[:0] = case["path"]
    found = _KINDS[case["function"]](case)
    import_module("understudy.store.open").open_store("s3://understudy-rehearsal/prefix")
    for module in list(sys.modules.values()):
        place = getattr(module, "__file__", None)
        if place and not place.startswith((*case["path"], case["scratch"], __file__, *library)):
            raise ValueError(f"{module.__name__} comes from {place}")
    return found


def _serve(case: Case) -> dict[str, Any]:
    started = perf_counter()
    handler = import_module(case["handler"]).handler
    formats: list[str] = []
    seconds = None
    for path in sorted(Path(case["images"]).iterdir()):
        answer = handler({"image": b64encode(path.read_bytes()).decode()})
        seconds = seconds or perf_counter() - started
        found = [prediction["label"] for prediction in answer.get("predictions", ())]
        if found[:1] != [case["label"]]:
            raise ValueError(f"{path.name} is answered with {json.dumps(answer)[:400]}")
        formats.append(path.suffix.removeprefix("."))
    for model in case["others"]:
        import_module("understudy.wiring").open_model(model, store=case["store"])
    return {"formats": formats, "seconds": seconds}


def _admit(case: Case) -> dict[str, Any]:
    started = perf_counter()
    import_module(case["handler"])
    store = Path(case["scratch"]) / "store"
    store.mkdir()
    wiring = import_module("understudy.wiring")
    wiring.push_files([Path(case["keras"])], "rehearsal", store=store)
    return {"formats": [], "seconds": perf_counter() - started}


_KINDS = {"serving": _serve, "admission": _admit}


if __name__ == "__main__":
    try:
        done = rehearse(json.loads(sys.argv[1]))
    except Exception as error:
        sys.exit(f"{type(error).__name__}: {' '.join(str(error).split())}")
    print(json.dumps(done))  # noqa: T201
