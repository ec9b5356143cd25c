"""What a person said, and what the model takes, make one way; or one error."""

from __future__ import annotations

from typing import Any

import pytest

from understudy.errors import PreprocessError
from understudy.serve import Preprocess, Resolved, resolve

ALL_ASSUMED = ("color", "orientation", "fit", "resize", "scale")


def test_defaults_are_assumed_and_say_so() -> None:
    assert resolve(None, (28, 20, 1)) == Resolved(
        color="grayscale",
        orientation="exif",
        size=(28, 20),
        fit="stretch",
        resize="pillow/bilinear",
        scale="0..1",
        layout="HWC",
        dtype="float32",
        assumed=ALL_ASSUMED,
    )


def test_what_was_said_is_kept_and_not_assumed() -> None:
    said = Preprocess("bgr", "ignore", (7, 9), "stretch", "pillow/box", "caffe")
    how = resolve(said, (None, None, 3))
    assert (how.color, how.orientation, how.size, how.resize, how.scale, how.assumed) == (
        *("bgr", "ignore", (7, 9), "pillow/box", "caffe"),
        (),
    )


@pytest.mark.parametrize(
    ("shape", "options", "expected", "tensor"),
    [
        ((9, 8, 3), {}, ("rgb", "HWC", "0..1"), (9, 8, 3)),
        ((9, 8, 4), {}, ("rgba", "HWC", "0..1"), (9, 8, 4)),
        ((9, 8), {}, ("grayscale", "HW", "0..1"), (9, 8)),
        ((9, 8, None), {}, ("rgb", "HWC", "0..1"), (9, 8, 3)),
        ((1, 9, 8), {"data_format": "channels_first"}, ("grayscale", "CHW", "0..1"), (1, 9, 8)),
        ((9, 8, 3), {"model_rescales": True}, ("rgb", "HWC", "none"), (9, 8, 3)),
        ((9, 8, 3), {"dtype": "uint8"}, ("rgb", "HWC", "none"), (9, 8, 3)),
    ],
)
def test_reads_the_model(
    shape: tuple[int | None, ...], options: dict[str, Any], expected: Any, tensor: Any
) -> None:
    how = resolve(None, shape, **options)
    assert (how.color, how.layout, how.scale) == expected
    assert how.shape == tensor


@pytest.mark.parametrize(
    ("said", "shape", "options", "what", "hint"),
    [
        ({"color": "rgb"}, (8, 8, 1), {}, "3 channel(s); the model takes 1", "grayscale"),
        ({"color": "grayscale"}, (8, 8, 3), {}, "the model takes 3", "rgb or bgr"),
        ({"scale": "caffe"}, (8, 8, 1), {}, "three colour channels", "0..1"),
        ({"scale": "torch"}, (8, 8, 4), {}, '"rgba" has 4', "0..1"),
        ({"scale": "0..1"}, (8, 8, 3), {"dtype": "uint8"}, "uint8", '"none"'),
        ({"size": (9, 8)}, (8, 8, 3), {}, "[9, 8]; the model takes (8, 8)", "leave the size out"),
        ({"size": (9, 8)}, (9, 9, 3), {}, "the model takes (9, 9)", "leave the size out"),
        ({}, (None, None, 3), {}, "any size, (any, any)", '{"size": [224, 224]}'),
        ({}, (8, None, 3), {}, "(8, any)", '{"size": [224, 224]}'),
        ({}, (8, 99_999, 3), {}, "8 x 99999", "predict()"),
        ({}, (8, 8, 5), {}, "5 channels", "predict()"),
        ({}, (784,), {}, "(784), which is no image", "predict()"),
        ({}, (2, 8, 8, 3), {}, "(2, 8, 8, 3)", "predict()"),
        ({}, (8, 8, 3), {"dtype": "int64"}, "int64", "float32"),
    ],
)
def test_refuses_what_does_not_fit(
    said: dict[str, Any], shape: Any, options: Any, what: str, hint: str
) -> None:
    with pytest.raises(PreprocessError) as caught:
        resolve(Preprocess(**said), shape, **options)
    assert what in caught.value.what
    assert hint in caught.value.hint


def test_what_an_exporter_does_is_assumed_where_nobody_says() -> None:
    usual = Preprocess(fit="crop", resize="pillow/lanczos", scale="-1..1")
    how = resolve(Preprocess(scale="0..1"), (9, 8, 3), usual=usual)
    assert (how.fit, how.resize, how.scale) == ("crop", "pillow/lanczos", "0..1")
    assert how.assumed == ("color", "orientation", "fit", "resize")
    assert resolve(None, (9, 8, 3), usual=usual).scale == "-1..1"
    assert resolve(None, (9, 8, 3), usual=usual, dtype="uint8").scale == "none"
    assert resolve(None, (9, 8, 3), usual=usual, model_rescales=True).scale == "none"


@pytest.mark.parametrize("shape", [(9, 8, 3), (9, 8)])
def test_a_release_records_it(shape: tuple[int, ...]) -> None:
    how = resolve(None, shape)
    assert Resolved.from_json(how.to_json()) == how


@pytest.mark.parametrize(
    "change",
    [{"layout": "WHC"}, {"layout": None}, {"dtype": "float16"}, {"color": "x"}, {"new": 1}],
)
def test_a_damaged_record_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(PreprocessError):
        Resolved.from_json(resolve(None, (9, 8, 3)).to_json() | change)


@pytest.mark.parametrize("key", ["color", "size", "scale", "layout", "dtype"])
def test_an_incomplete_record_is_refused(key: str) -> None:
    recorded = resolve(None, (9, 8, 3)).to_json()
    del recorded[key]
    with pytest.raises(PreprocessError, match=key):
        Resolved.from_json(recorded)
