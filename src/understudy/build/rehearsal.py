"""What a bundle does to prove itself: run by its Python, with the bundle alone on the path.

Run: python -I -S -B rehearsal.py BUNDLE STORE MODEL IMAGES LABEL

It prints JSON. Nothing of understudy is imported before the bundle is on the path.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from time import perf_counter


def main(bundle: str, store: str, model: str, images: str, label: str) -> None:
    """Serve the release, and see that all that was imported came from the bundle."""
    # With -I and -S there is nothing on the path but the standard library.
    library = tuple(sys.path)
    sys.path.insert(0, bundle)
    started = perf_counter()
    import understudy
    from understudy.store.open import open_store

    formats = []
    seconds = None
    with understudy.open(model, store=store) as classifier:  # passes its self-test
        for path in sorted(Path(images).iterdir()):
            result = classifier.classify(path.read_bytes(), top_k=1)
            if result.error is not None:
                raise result.error
            if result.predictions[0].label != label:
                sys.exit(f"{path.name} is classified as {result.predictions[0].label}")
            seconds = seconds or perf_counter() - started
            formats.append(path.suffix.removeprefix("."))
    open_store("s3://understudy-rehearsal/prefix")
    places = (bundle, *library, sys.base_prefix)
    for module in list(sys.modules.values()):
        place = getattr(module, "__file__", None)
        if place is not None and place != __file__ and not place.startswith(places):
            sys.exit(f"{module.__name__} comes from {place}")
    print(json.dumps({"formats": formats, "seconds": seconds}))  # noqa: T201


if __name__ == "__main__":
    main(*sys.argv[1:])
