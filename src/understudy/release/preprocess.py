"""The schema of `preprocess.json`: what a person says about how an image becomes a tensor.

A file may say as little as it likes; `resolve` fills the rest from the model. Reading is strict:
an unknown key or value is refused and named, never ignored, because a setting that is silently
dropped is a silently wrong prediction. This module does not know the model.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NoReturn, cast, get_args

from ..errors import PreprocessError

Color = Literal["rgb", "bgr", "grayscale", "rgba"]
Decode = Literal["exact", "fast"]
Orientation = Literal["exif", "ignore"]
Alpha = Literal["drop", "white", "black"]
Fit = Literal[
    "stretch",
    "crop",
    "crop_to_aspect_ratio",
    "pad_to_aspect_ratio",
    "resize_with_pad",
    "center_crop",
]
Resize = Literal[
    "pillow/nearest",
    "pillow/box",
    "pillow/bilinear",
    "pillow/hamming",
    "pillow/bicubic",
    "pillow/lanczos",
    "tensorflow/nearest",
    "tensorflow/bilinear",
    "tensorflow/bicubic",
    "tensorflow/area",
    "tensorflow/lanczos3",
    "tensorflow/lanczos5",
    "tensorflow/mitchellcubic",
    "tensorflow/gaussian",
    "tensorflow/bilinear+antialias",
    "tensorflow/bicubic+antialias",
    "tensorflow/lanczos3+antialias",
    "tensorflow/lanczos5+antialias",
    "tensorflow/mitchellcubic+antialias",
    "tensorflow/gaussian+antialias",
    "opencv/nearest",
    "opencv/linear",
    "opencv/area",
    "opencv/cubic",
    "opencv/lanczos4",
    "skimage/0",
    "skimage/1",
    "skimage/1+antialias",
    "skimage/3",
    "skimage/3+antialias",
]
Scale = Literal["none", "0..1", "-1..1", "caffe", "tf", "torch"]
Standardize = Literal[
    "per_image_standardization",
    "samplewise_center",
    "samplewise_std_normalization",
]
Bits = Literal[8, 16]

CHOICES: Mapping[str, tuple[str, ...]] = {
    "decode": get_args(Decode),
    "color": get_args(Color),
    "alpha": get_args(Alpha),
    "orientation": get_args(Orientation),
    "fit": get_args(Fit),
    "resize": get_args(Resize),
    "scale": get_args(Scale),
    "standardize": get_args(Standardize),
}
"""The keys that take one word of a list."""

MAX_SIDE = 10_000
"""Pixels: a tensor of 10,000 x 10,000 x 3 floats is over a gigabyte already."""

MAX_SHORTER_SIDE = 4_000
"""Pixels: a square image becomes 16 megapixels before its middle is cut out."""

MAX_CHANNELS = 4
MAX_MEAN = 1e6
STD_RANGE = (1e-6, 1e6)
"""What is beyond is a slip, and would leave float32's range soon."""

GAP_RANGE = (1.0, 100.0)
"""Pillow takes 1 and more; from about 3 on, the result is nearly that without a gap."""

KEYS = (
    *("preset", "decode", "color", "alpha", "bits", "orientation", "size", "fit", "shorter_side"),
    *("resize", "reducing_gap", "scale", "standardize", "mean", "std"),
)
"""In the order in which they act."""

HINT = "leave a key out to get its default"


@dataclass(frozen=True)
class Preprocess:
    """What a `preprocess.json` says; None where it says nothing.

    Attributes:
        color: the channels and their order, as they enter `scale`. Note that the scale "caffe"
            reverses the channels itself, as Keras' function does, so it goes with "rgb".
        orientation: "exif" turns a photograph upright by its orientation tag; "ignore" does not.
        size: (height, width) in pixels.
        fit: how the image's shape becomes the tensor's; "stretch" ignores the aspect ratio,
            "crop" keeps it, and cuts off what is too much on two sides, at any place in a pixel;
            Keras' "crop_to_aspect_ratio" does this in whole pixels, and its
            "pad_to_aspect_ratio" adds black on two sides; TensorFlow's "resize_with_pad" adds it
            after the image was resized; torchvision's "center_crop" cuts the target out of the
            image that was resized to a `shorter_side`.
        resize: library/method, with "+antialias" where the library smooths only when it is told.
        scale: from grey levels 0..255 to the numbers that the model takes.
        standardize: after `scale`, by the image's own mean and standard deviation.
        mean: after `scale`, subtracted: a number for each channel of the tensor, or one for all.
        std: then divided by, likewise.
        shorter_side: pixels; what "center_crop" resizes to.
        reducing_gap: of Pillow's `Image.resize`.
        alpha: "drop" takes the colours as the file has them, whatever their opacity; "white" and
            "black" are what shows through.
        bits: of a grey image of 16 bits: 8 rounds to whole grey levels, 16 keeps the fraction.
        preset: a name that says what the other keys do not.
        decode: "exact" decodes every pixel; "fast" lets the JPEG decoder shrink large photographs.
    """

    color: Color | None = None
    orientation: Orientation | None = None
    size: tuple[int, int] | None = None
    fit: Fit | None = None
    resize: Resize | None = None
    scale: Scale | None = None
    standardize: Standardize | None = None
    mean: tuple[float, ...] | None = None
    std: tuple[float, ...] | None = None
    shorter_side: int | None = None
    reducing_gap: float | None = None
    alpha: Alpha | None = None
    bits: Bits | None = None
    preset: str | None = None
    decode: Decode | None = None

    def to_json(self) -> dict[str, Any]:
        """Only the keys that were given, in the schema's order; `parse` gives the same back."""
        said = {key: getattr(self, key) for key in KEYS}
        return {
            key: list(value) if isinstance(value, tuple) else value
            for key, value in said.items()
            if value is not None
        }


def parse(source: bytes | str | Mapping[str, Any]) -> Preprocess:
    """Read a `preprocess.json`: its bytes, or the object that was in it.

    Raises:
        PreprocessError: not JSON, not an object, an unknown key, or a value that is not allowed.
    """
    found = _load(source) if isinstance(source, bytes | str) else source
    if not isinstance(found, Mapping):
        refuse(f"is {shown(found)}, not an object", 'it looks like {"scale": "0..1"}')
    for key in found:
        if key not in KEYS:
            refuse(
                f"has an unknown key {shown(key)}; the keys are {', '.join(KEYS)}",
                _did_you_mean(key, KEYS) or HINT,
            )
    words = {key: _word(key, found[key]) for key in CHOICES if key in found}
    values = {key: read(found[key]) for key, read in VALUES.items() if key in found}
    return Preprocess(**words, **values)


def refuse(what: str, hint: str) -> NoReturn:
    """Raise the error that every complaint about a `preprocess.json` is."""
    raise PreprocessError(f"preprocess.json {what}", hint=hint)


def shown(value: object) -> str:
    """A value from the file as the person wrote it, cut to a line's length."""
    try:
        text = json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError):
        text = type(value).__name__
    return text if len(text) <= 60 else f"{text[:57]}..."


def _load(text: bytes | str) -> object:
    try:
        return json.loads(text, object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        why = " ".join(str(error).split())
        raise PreprocessError(f"preprocess.json is not JSON: {why}", hint=HINT) from error


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found: dict[str, object] = {}
    for key, value in pairs:
        if key in found:
            refuse(f"says {shown(key)} twice", "keep the one that is meant")
        found[key] = value
    return found


def _word(key: str, value: object) -> Any:
    return _one_of(key, value, CHOICES[key])


def _preset(value: object) -> Any:
    from .presets import PRESETS  # only where one is named

    return _one_of("preset", value, tuple(PRESETS))


def _one_of(key: str, value: object, allowed: Sequence[str]) -> Any:
    if isinstance(value, str) and value in allowed:
        return value
    hint = _did_you_mean(value, allowed) if isinstance(value, str) else None
    listed = ", ".join(f'"{word}"' for word in allowed)
    refuse(f'says "{key}": {shown(value)}; it must be one of {listed}', hint or HINT)


def _size(value: object) -> tuple[int, int]:
    if isinstance(value, Sequence) and len(value) == 2 and all(map(_is_side, value)):
        return value[0], value[1]
    refuse(
        f'says "size": {shown(value)}; it must be [height, width],'
        f" two whole numbers from 1 to {MAX_SIDE}",
        'for instance "size": [224, 224]',
    )


def _is_side(value: object) -> bool:
    return _is_whole(value, MAX_SIDE)


def _is_whole(value: object, most: int) -> bool:
    return type(value) is int and 1 <= value <= most


def _is_number(value: object, least: float, most: float) -> bool:
    return type(value) in (int, float) and least <= cast(float, value) <= most


def _shorter_side(value: object) -> Any:
    if _is_whole(value, MAX_SHORTER_SIDE):
        return value
    refuse(
        f'says "shorter_side": {shown(value)}; it must be a whole number from 1 to'
        f" {MAX_SHORTER_SIDE}",
        'for instance "shorter_side": 256',
    )


def _reducing_gap(value: object) -> Any:
    least, most = GAP_RANGE
    if _is_number(value, least, most):
        return float(cast(float, value))
    refuse(
        f'says "reducing_gap": {shown(value)}; it must be a number from {least:g} to {most:g}',
        'for instance "reducing_gap": 2.0',
    )


def _bits(value: object) -> Any:
    if type(value) is int and value in get_args(Bits):
        return value
    refuse(f'says "bits": {shown(value)}; it must be 8 or 16', HINT)


def _mean(value: object) -> tuple[float, ...]:
    return _numbers("mean", value, -MAX_MEAN, MAX_MEAN)


def _std(value: object) -> tuple[float, ...]:
    return _numbers("std", value, *STD_RANGE)


def _numbers(key: str, value: object, least: float, most: float) -> tuple[float, ...]:
    """A number for each channel, or one for all; how many channels there are is not known here."""
    if (
        isinstance(value, Sequence)
        and not isinstance(value, str)
        and 1 <= len(value) <= MAX_CHANNELS
        and all(_is_number(number, least, most) for number in value)
    ):
        return tuple(map(float, value))
    refuse(
        f'says "{key}": {shown(value)}; it must be a list of numbers from {least:g} to {most:g},'
        " one for each channel or one for all",
        f'for instance "{key}": [0.485, 0.456, 0.406]',
    )


def _did_you_mean(word: object, allowed: Sequence[str]) -> str | None:
    import difflib  # only on the way to an error

    near = difflib.get_close_matches(str(word).lower(), allowed, n=1, cutoff=0.5)
    return f'did you mean "{near[0]}"?' if near else None


VALUES: Mapping[str, Callable[[object], Any]] = {
    "preset": _preset,
    "bits": _bits,
    "size": _size,
    "shorter_side": _shorter_side,
    "reducing_gap": _reducing_gap,
    "mean": _mean,
    "std": _std,
}
"""The other keys, and how each is read."""
