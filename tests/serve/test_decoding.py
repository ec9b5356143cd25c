"""What `"decode": "fast"` changes for answers, per image and in all."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from understudy.errors import ImageError
from understudy.serve import Classifier
from understudy.serve.decoding import Effect, effects, summary

from .makers import encoded, photo

LARGE = encoded(photo(400, 300), "JPEG", quality=90)
SMALL = encoded(photo(10, 8), "JPEG")


def test_each_image_is_answered_both_ways(classifier: Classifier) -> None:
    large, small = effects(classifier, [LARGE, SMALL])
    assert (large.image, small.image) == (0, 1)
    assert 0 < large.difference < 0.01
    assert (small.difference, small.is_changed) == (0, False)
    assert all(ms > 0 for ms in (large.exact_ms, large.fast_ms, small.exact_ms, small.fast_ms))
    how = classifier.served.preprocess
    values = []
    for decode in ("exact", "fast"):
        answer = classifier.preparing(replace(how, decode=decode)).classify(LARGE)
        values.append({p.label: p.probability for p in answer.predictions})
    assert large.difference == pytest.approx(
        max(abs((values[0][label] or 0) - (values[1][label] or 0)) for label in values[0])
    )


def test_it_is_the_same_whichever_way_the_release_takes(classifier: Classifier) -> None:
    fast = classifier.preparing(replace(classifier.served.preprocess, decode="fast"))
    assert fast.served.preprocess.decode == "fast"
    (one,), (other,) = effects(classifier, [LARGE]), effects(fast, [LARGE])
    assert (one.difference, one.exact, one.fast) == (other.difference, other.exact, other.fast)


def test_a_broken_image_stops_nothing(classifier: Classifier, tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(b"junk")
    broken, whole = effects(classifier, [path, LARGE])
    assert broken.image == str(path)
    assert broken.error is not None
    assert broken.error.what.startswith("it is not an image")
    assert whole.error is None


def test_the_sum() -> None:
    found = [
        Effect("a", 0.25, "cat", "cat", 10.0, 2.0),
        Effect("b", 0.5, "cat", "dog", 20.0, 3.0),
        Effect("c", error=ImageError("it is empty", hint="copy it again")),
    ]
    summed = summary(found)
    assert (summed.images, summed.failed, summed.changed) == (2, 1, 1)
    assert (summed.largest, summed.mean) == (0.5, 0.375)
    assert (summed.exact_ms, summed.fast_ms) == (30.0, 5.0)
    assert summary([]).images == 0
