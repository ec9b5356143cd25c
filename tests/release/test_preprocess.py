"""preprocess.json: what is read, what is refused and how it is said."""

from __future__ import annotations

import json
from typing import Any

import pytest

from understudy.errors import PreprocessError
from understudy.release.preprocess import CHOICES, KEYS
from understudy.release.presets import PRESETS
from understudy.serve import Preprocess, parse

FULL = {
    "preset": "torchvision",
    "decode": "exact",
    "color": "bgr",
    "alpha": "white",
    "bits": 16,
    "orientation": "ignore",
    "size": [224, 160],
    "fit": "center_crop",
    "shorter_side": 256,
    "resize": "pillow/lanczos",
    "reducing_gap": 2.0,
    "scale": "-1..1",
    "standardize": "samplewise_center",
    "mean": [0.5],
    "std": [0.5, 1.0, 2.0],
}
"""Every key; that some do not go together is not known here."""


def test_reads_every_key_and_writes_it_back() -> None:
    read = parse(json.dumps(FULL).encode())
    assert (read.color, read.size, read.std) == ("bgr", (224, 160), (0.5, 1.0, 2.0))
    assert None not in vars(read).values()
    assert read.to_json() == FULL
    assert tuple(read.to_json()) == tuple(FULL) == KEYS


@pytest.mark.parametrize("source", ["{}", b"{}", b"\xef\xbb\xbf{}", {}])
def test_may_say_nothing(source: Any) -> None:
    assert parse(source) == Preprocess()
    assert parse(source).to_json() == {}


@pytest.mark.parametrize(("key", "word"), [(k, w) for k, words in CHOICES.items() for w in words])
def test_takes_every_word_it_lists(key: str, word: str) -> None:
    assert parse({key: word}).to_json() == {key: word}


@pytest.mark.parametrize("name", PRESETS)
def test_takes_every_preset(name: str) -> None:
    assert parse({"preset": name}).to_json() == {"preset": name}


@pytest.mark.parametrize(
    ("source", "what", "hint"),
    [
        (b"{", "is not JSON", "leave a key out"),
        (b"\xff\xfe\xfd", "is not JSON", "leave a key out"),
        (b"[" * 100_000, "is not JSON", "leave a key out"),
        (b"[1]", "is [1], not an object", "it looks like"),
        (b'"rgb"', 'is "rgb", not an object', "it looks like"),
        ({"colour": "rgb"}, 'unknown key "colour"', 'did you mean "color"?'),
        ({"xyzzy": 1}, "the keys are preset, ", "leave a key out"),
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
        (
            {"preset": "keras-applications/mobilenetv2"},
            '"preset"',
            "keras-applications/mobilenet_v2",
        ),
        ({"preset": ["skimage"]}, '"preset": ["skimage"]', "leave a key out"),
        ({"mean": 0.5}, '"mean": 0.5; it must be a list of numbers', '"mean": [0.485'),
        ({"mean": []}, '"mean": []', "for instance"),
        ({"mean": [1, 2, 3, 4, 5]}, "one for each channel", "for instance"),
        ({"mean": ["1"]}, '"mean": ["1"]', "for instance"),
        ({"mean": [True]}, '"mean": [true]', "for instance"),
        ({"mean": "12"}, '"mean": "12"', "for instance"),
        (b'{"mean": [NaN]}', '"mean": [NaN]', "for instance"),
        ({"mean": [10**400]}, "from -1e+06 to 1e+06", "for instance"),
        ({"std": [0]}, "from 1e-06 to 1e+06", '"std": [0.485'),
        ({"std": [-1]}, '"std": [-1]', "for instance"),
        (b'{"std": [Infinity]}', '"std": [Infinity]', "for instance"),
        ({"shorter_side": 0}, "whole number from 1 to 4000", '"shorter_side": 256'),
        ({"shorter_side": 256.0}, '"shorter_side": 256.0', "256"),
        ({"reducing_gap": 0.5}, "a number from 1 to 100", '"reducing_gap": 2.0'),
        ({"bits": 12}, '"bits": 12; it must be 8 or 16', "leave a key out"),
        ({"bits": 16.0}, '"bits": 16.0', "leave a key out"),
        ({"bits": True}, '"bits": true', "leave a key out"),
    ],
)
def test_refuses_and_says_why(source: Any, what: str, hint: str) -> None:
    with pytest.raises(PreprocessError) as caught:
        parse(source)
    assert caught.value.what.startswith("preprocess.json ")
    assert what in caught.value.what
    assert "\n" not in caught.value.what
    assert hint in caught.value.hint
