"""How Keras' own functions make a tensor of an image file, in the words that people use. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Interpolation(StrEnum):
    """The methods of `load_img`."""

    NEAREST = "nearest"
    BILINEAR = "bilinear"
    BICUBIC = "bicubic"
    LANCZOS = "lanczos"
    BOX = "box"
    HAMMING = "hamming"


class Scale(StrEnum):
    """From grey levels, 0 to 255, to what the model takes; the words of `preprocess.json`."""

    NONE = "none"
    UNIT = "0..1"
    SYMMETRIC = "-1..1"
    CAFFE = "caffe"
    TF = "tf"
    TORCH = "torch"


@dataclass(frozen=True, slots=True)
class Loading:
    """`load_img` at the model's size, `img_to_array`, and a scale.

    Attributes:
        scale: after `img_to_array`.
        interpolation: of `load_img`.
    """

    scale: Scale
    interpolation: Interpolation = Interpolation.NEAREST

    def __str__(self) -> str:
        return f"load_img(interpolation='{self.interpolation}'), scale {self.scale}"
