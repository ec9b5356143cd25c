"""Of a TIFF with several pages the first is taken, and the answer says so."""

from __future__ import annotations

import io
import json
from typing import Any

import numpy as np
import pytest
from PIL import Image

from understudy.serve import Classifier, decode
from understudy.serve.image import MORE_PAGES

from .makers import encoded, photo

GREY16 = Image.fromarray(np.arange(48, dtype=np.uint16).reshape(6, 8) * 1000)


def pages(first: Image.Image, count: int) -> bytes:
    file = io.BytesIO()
    others = [Image.new(first.mode, first.size) for _ in range(count - 1)]
    first.save(file, "TIFF", save_all=True, append_images=others)
    return file.getvalue()


def test_an_answer_says_that_there_are_more(classifier: Classifier) -> None:
    result = classifier.classify(pages(photo(), 2))
    assert result.note == "the file has more pages; this is the first"
    assert json.loads(json.dumps(result.to_json()))["note"] == result.note
    alone = classifier.classify(pages(photo(), 1))
    assert alone.note is None
    assert "note" not in alone.to_json()
    assert result.predictions == alone.predictions


def test_each_answer_of_a_row_says_it_for_itself(classifier: Classifier) -> None:
    files = [pages(photo(), count) for count in (1, 3, 1, 2)]
    found = [result.note is not None for result in classifier.classify_many(files)]
    assert found == [False, True, False, True]


@pytest.mark.parametrize(
    ("first", "options"),
    [
        (photo(mode="RGBA"), {"alpha": "white"}),
        (photo(mode="L"), {}),
        (GREY16, {"bits": 16}),
        (GREY16, {"bits": 8}),
        (photo(mode="CMYK"), {"color": "grayscale"}),
    ],
)
def test_whatever_becomes_of_the_image(first: Image.Image, options: dict[str, Any]) -> None:
    assert MORE_PAGES in decode(pages(first, 2), **options).info
    assert MORE_PAGES not in decode(pages(first, 1), **options).info


def test_other_images_have_no_pages() -> None:
    for kind in ("PNG", "JPEG", "GIF", "BMP", "WEBP"):
        assert MORE_PAGES not in decode(encoded(photo(), kind)).info
