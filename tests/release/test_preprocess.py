"""preprocess.json: what is read, what is refused and how it is said."""

from __future__ import annotations

import json
from typing import Any

import pytest

from understudy.errors import PreprocessError
from understudy.release.preprocess import CHOICES
from understudy.serve import Preprocess, parse

FULL = {
    "color": "bgr",
    "orientation": "ignore",
    "size": [224, 160],
    "fit": "stretch",
    "resize": "pillow/lanczos",
    "scale": "-1..1",
}


def test_reads_every_key_and_writes_it_back() -> None:
    read = parse(json.dumps(FULL).encode())
    assert read == Preprocess("bgr", "ignore", (224, 160), "stretch", "pillow/lanczos", "-1..1")
    assert read.to_json() == FULL
    assert list(read.to_json()) == list(FULL)


@pytest.mark.parametrize("source", ["{}", b"{}", b"\xef\xbb\xbf{}", {}])
def test_may_say_nothing(source: Any) -> None:
    assert parse(source) == Preprocess()
    assert parse(source).to_json() == {}


@pytest.mark.parametrize(("key", "word"), [(k, w) for k, words in CHOICES.items() for w in words])
def test_takes_every_word_it_lists(key: str, word: str) -> None:
    assert parse({key: word}).to_json() == {key: word}


@pytest.mark.parametrize(
    ("source", "what", "hint"),
    [
        (b"{", "is not JSON", "leave a key out"),
        (b"\xff\xfe\xfd", "is not JSON", "leave a key out"),
        (b"[" * 100_000, "is not JSON", "leave a key out"),
        (b"[1]", "is [1], not an object", "it looks like"),
        (b'"rgb"', 'is "rgb", not an object', "it looks like"),
        ({"colour": "rgb"}, 'unknown key "colour"', 'did you mean "color"?'),
        ({"xyzzy": 1}, "the keys are color, orientation, size", "leave a key out"),
        ({"color": "RGB"}, '"color": "RGB"; it must be one of "rgb"', 'did you mean "rgb"?'),
        ({"color": None}, '"color": null', "leave a key out"),
        ({"color": ["rgb"]}, '"color": ["rgb"]', "leave a key out"),
        ({"resize": "bilinear"}, '"resize": "bilinear"', 'did you mean "pillow/bilinear"?'),
        ({"scale": "0-1"}, '"scale": "0-1"', 'did you mean "0..1"?'),
        ({"scale": 255}, '"scale": 255', "leave a key out"),
        ({"size": 224}, '"size": 224; it must be [height, width]', '"size": [224, 224]'),
        ({"size": [224]}, '"size": [224]', '"size": [224, 224]'),
        ({"size": [0, 224]}, '"size": [0, 224]', "size"),
        ({"size": [True, 224]}, '"size": [true, 224]', "size"),
        ({"size": [224.0, 224]}, '"size": [224.0, 224]', "size"),
        ({"size": [10**9, 224]}, "from 1 to 10000", "size"),
        ({"size": "22"}, '"size": "22"', "size"),
        (b'{"color": "rgb", "color": "bgr"}', 'says "color" twice', "keep the one"),
        ({"color": "x" * 500}, "xxx...", "leave a key out"),
    ],
)
def test_refuses_and_says_why(source: Any, what: str, hint: str) -> None:
    with pytest.raises(PreprocessError) as caught:
        parse(source)
    assert caught.value.what.startswith("preprocess.json ")
    assert what in caught.value.what
    assert "\n" not in caught.value.what
    assert hint in caught.value.hint
