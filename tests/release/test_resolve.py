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
        (
            {"standardize": "samplewise_center", "scale": "none"},
            (8, 8, 3),
            {"dtype": "uint8"},
            'says "standardize", but the model takes whole numbers',
            "leave it out",
        ),
        ({"mean": (1.0,), "scale": "none"}, (8, 8, 3), {"dtype": "uint8"}, 'says "mean"', "leave"),
        ({"mean": (1.0, 2.0)}, (8, 8, 3), {}, '"mean" with 2 numbers; the tensor has 3', "each"),
        ({"std": (1.0, 2.0, 3.0)}, (8, 8), {}, '"std" with 3 numbers; the tensor has 1', "each"),
        ({"std": (1.0,), "scale": "torch"}, (8, 8, 3), {}, "ImageNet's mean already", '"0..1"'),
        (
            {"standardize": "samplewise_center", "scale": "caffe"},
            (8, 8, 3),
            {},
            '"standardize" and "scale": "caffe"',
            '"none"',
        ),
        (
            {"standardize": "samplewise_center", "mean": (1.0,)},
            (8, 8, 3),
            {},
            '"standardize" and "mean"',
            "in training",
        ),
        ({"fit": "center_crop"}, (8, 8, 3), {}, 'without "shorter_side"', '"shorter_side": 256'),
        ({"shorter_side": 9}, (8, 8, 3), {}, 'with "fit": "stretch"', '"center_crop"'),
        ({"reducing_gap": 2.0, "resize": "opencv/area"}, (8, 8, 3), {}, '"opencv/area"', "leave"),
        (
            {"reducing_gap": 2.0, "resize": "pillow/nearest"},
            (8, 8, 3),
            {},
            "does not use it",
            "leave",
        ),
        ({"alpha": "white"}, (8, 8, 4), {}, "takes the alpha channel", "leave"),
        ({"bits": 16}, (8, 8, 4), {}, "only grey images", "leave it out"),
        ({"bits": 16}, (8, 8, 1), {"dtype": "uint8"}, "whole numbers 0..255", "leave it out"),
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
    assert resolve(None, (9, 8, 3), usual=Preprocess(scale="caffe")).scale == "caffe"
    assert resolve(None, (9, 8, 1), usual=Preprocess(scale="caffe")).scale == "0..1"


def test_a_preset_says_what_the_person_does_not() -> None:
    how = resolve(Preprocess(preset="torchvision", std=(1.0,)), (9, 8, 3))
    assert (how.size, how.shorter_side, how.mean, how.std, how.assumed) == (
        *((9, 8), 256, (0.485, 0.456, 0.406), (1.0,)),
        (),
    )
    assert resolve(
        Preprocess(preset="torchvision"), (9, 8, 3), usual=Preprocess(fit="crop")
    ).fit == ("center_crop")
    stretched = resolve(Preprocess(preset="torchvision", fit="stretch"), (9, 8, 3))
    assert (stretched.fit, stretched.shorter_side) == ("stretch", None)


@pytest.mark.parametrize(
    ("shape", "color", "bits"),
    [((9, 8, 1), "grayscale", 16), ((9, 8, 4), "rgba", 8), ((9, 8, 3), "rgb", 16)],
)
def test_a_preset_fits_the_channels(shape: Any, color: str, bits: int) -> None:
    assert resolve(Preprocess(preset="skimage"), shape).color == color
    assert resolve(Preprocess(preset="skimage"), shape).bits == bits
    expected = "bgr" if color == "rgb" else color
    assert resolve(Preprocess(preset="opencv"), shape).color == expected


def test_a_release_records_what_is_done_only() -> None:
    said = Preprocess(
        mean=(1.5,), std=(2.5,), fit="center_crop", shorter_side=9, reducing_gap=2.0, bits=16
    )
    how = resolve(said, (9, 8, 3))
    assert Resolved.from_json(how.to_json()) == how
    assert set(how.to_json()) - set(resolve(None, (9, 8, 3)).to_json()) == {
        *("mean", "std", "shorter_side", "reducing_gap", "bits")
    }


@pytest.mark.parametrize("shape", [(9, 8, 3), (9, 8)])
def test_a_release_records_it(shape: tuple[int, ...]) -> None:
    how = resolve(None, shape)
    assert Resolved.from_json(how.to_json()) == how


@pytest.mark.parametrize(
    "change",
    [
        {"layout": "WHC"},
        {"layout": None},
        {"dtype": "float16"},
        {"color": "x"},
        {"new": 1},
        {"preset": "skimage"},
        {"shorter_side": 9},
    ],
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
