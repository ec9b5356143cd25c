"""From what a person said and what the model takes, to the one way an image becomes a tensor.

Rules: what the person said is never changed, only refused where the model cannot take it; what
nobody said gets a default, and every default is listed in `assumed`, to be shown and recorded.
Pure: values in, values out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast, get_args

from .preprocess import (
    MAX_SIDE,
    Color,
    Fit,
    Orientation,
    Preprocess,
    Resize,
    Scale,
    parse,
    refuse,
    shown,
)

DataFormat = Literal["channels_last", "channels_first"]
Layout = Literal["HWC", "CHW", "HW"]
Dtype = Literal["float32", "uint8"]

CHANNELS: Mapping[Color, int] = {"rgb": 3, "bgr": 3, "grayscale": 1, "rgba": 4}
COLOR_OF: Mapping[int, Color] = {1: "grayscale", 3: "rgb", 4: "rgba"}
"""What is assumed from the number of channels."""

NEED_THREE: frozenset[Scale] = frozenset({"caffe", "torch"})
"""They subtract a mean per colour channel, of which there are three."""


@dataclass(frozen=True)
class Resolved:
    """How an image becomes the model's input: nothing is open any more.

    Attributes:
        color: see `Preprocess`; so are orientation, size, fit, resize and scale.
        layout: the axes of one image's tensor.
        dtype: of the tensor.
        assumed: the keys that nobody said, in the schema's order.
    """

    color: Color
    orientation: Orientation
    size: tuple[int, int]
    fit: Fit
    resize: Resize
    scale: Scale
    layout: Layout
    dtype: Dtype
    assumed: tuple[str, ...] = ()

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of one image's tensor, without the batch axis."""
        height, width = self.size
        channels = CHANNELS[self.color]
        shapes = {
            "HWC": (height, width, channels),
            "CHW": (channels, height, width),
            "HW": (height, width),
        }
        return shapes[self.layout]

    def to_json(self) -> dict[str, Any]:
        """Everything, as a release records it; `from_json` gives the same back."""
        said = Preprocess(
            self.color, self.orientation, self.size, self.fit, self.resize, self.scale
        )
        return said.to_json() | {
            "layout": self.layout,
            "dtype": self.dtype,
            "assumed": list(self.assumed),
        }

    @classmethod
    def from_json(cls, recorded: Mapping[str, Any]) -> Resolved:
        """Read what `to_json` wrote.

        Raises:
            PreprocessError: a key is missing, unknown, or has a value that is not allowed.
        """
        rest = dict(recorded)
        layout = _recorded(rest.pop("layout", None), "layout", get_args(Layout))
        dtype = _recorded(rest.pop("dtype", None), "dtype", get_args(Dtype))
        assumed = tuple(map(str, rest.pop("assumed", ())))
        said = parse(rest)
        for key in ("color", "orientation", "size", "fit", "resize", "scale"):
            if getattr(said, key) is None:
                _recorded(None, key, ("a value",))
        return cls(**vars(said), layout=layout, dtype=dtype, assumed=assumed)


def resolve(
    given: Preprocess | None,
    shape: Sequence[int | None],
    *,
    data_format: DataFormat = "channels_last",
    dtype: str = "float32",
    model_rescales: bool = False,
    usual: Preprocess = Preprocess(),  # noqa: B008 immutable
) -> Resolved:
    """Fill what `given` leaves open from the model's input, and check that the two fit.

    Args:
        given: what the person said; None when there is no `preprocess.json`.
        shape: of one input, without the batch axis; None where the model leaves a side free.
            (H, W, C), with channels_first (C, H, W), or (H, W) for grey levels.
        data_format: where the channels are.
        dtype: of the input; "float32" or "uint8".
        model_rescales: the model begins with its own scaling, so that it takes 0..255.
        usual: what is assumed rather than the defaults, where `given` says nothing.

    Raises:
        PreprocessError: what was said does not fit the model, or the model takes no image.
    """
    said = given or Preprocess()
    layout, sides, channels = _axes(shape, data_format)
    if dtype not in get_args(Dtype):
        refuse(
            f"cannot be applied: the model's input is {dtype}, not float32 or uint8",
            "an image classifier takes float32; classify cannot feed this model",
        )
    color = said.color or usual.color or _default_color(channels)
    _check_color(color, channels)
    unscaled = model_rescales or dtype == "uint8"
    scale = said.scale or ("none" if unscaled else usual.scale or "0..1")
    check_scale(scale, color, dtype)
    assumed = [
        key
        for key in ("color", "orientation", "fit", "resize", "scale")
        if getattr(said, key) is None
    ]
    return Resolved(
        color=color,
        orientation=said.orientation or usual.orientation or "exif",
        size=_fitted_size(said.size, sides),
        fit=said.fit or usual.fit or "stretch",
        resize=said.resize or usual.resize or "pillow/bilinear",
        scale=scale,
        layout=layout,
        dtype=cast(Dtype, dtype),
        assumed=tuple(assumed),
    )


def _axes(
    shape: Sequence[int | None], data_format: DataFormat
) -> tuple[Layout, tuple[int | None, int | None], int | None]:
    if len(shape) == 2:
        return "HW", (shape[0], shape[1]), 1
    if len(shape) != 3:
        refuse(
            f"cannot be applied: the model's input is {_shape(shape)}, which is no image",
            "an image classifier takes (height, width, channels); use predict() for ready tensors",
        )
    if data_format == "channels_first":
        return "CHW", (shape[1], shape[2]), shape[0]
    return "HWC", (shape[0], shape[1]), shape[2]


def _default_color(channels: int | None) -> Color:
    if channels is None:
        return "rgb"
    if channels not in COLOR_OF:
        refuse(
            f"cannot be applied: the model takes {channels} channels; images have 1, 3 or 4",
            "use predict() for ready tensors",
        )
    return COLOR_OF[channels]


def _check_color(color: Color, channels: int | None) -> None:
    if channels is not None and CHANNELS[color] != channels:
        fitting = [word for word, count in CHANNELS.items() if count == channels]
        refuse(
            f'says "color": "{color}", which has {CHANNELS[color]} channel(s);'
            f" the model takes {channels}",
            f'"color" can be {" or ".join(fitting)} here'
            if fitting
            else "use predict() for ready tensors",
        )


def check_scale(scale: Scale, color: Color, dtype: str) -> None:
    """Check that a scale can be used for these colours and this type.

    Raises:
        PreprocessError: it cannot.
    """
    if scale in NEED_THREE and CHANNELS[color] != 3:
        refuse(
            f'says "scale": "{scale}", which needs three colour channels; "{color}" has'
            f" {CHANNELS[color]}",
            'use "0..1", "-1..1" or "none"',
        )
    if dtype == "uint8" and scale != "none":
        refuse(
            f'says "scale": "{scale}", but the model takes whole numbers 0..255 (uint8)',
            'use "scale": "none"',
        )


def _fitted_size(
    said: tuple[int, int] | None, sides: tuple[int | None, int | None]
) -> tuple[int, int]:
    height, width = sides
    if said is None:
        if height is None or width is None:
            refuse(
                f"is needed: the model takes images of any size, {_shape(sides)}",
                'say the one it was trained with, for instance {"size": [224, 224]}',
            )
        if not (0 < height <= MAX_SIDE and 0 < width <= MAX_SIDE):
            refuse(
                f"cannot be applied: the model takes images of {height} x {width} pixels,"
                f" the limit is {MAX_SIDE} a side",
                "use predict() for ready tensors",
            )
        return height, width
    if any(fixed not in (None, side) for side, fixed in zip(said, sides, strict=True)):
        refuse(
            f'says "size": {shown(list(said))}; the model takes {_shape(sides)} (height, width)',
            "leave the size out to get the model's own",
        )
    return said


def _recorded(value: object, key: str, allowed: Sequence[str]) -> Any:
    if value not in allowed:
        refuse(
            f'as recorded in the release has "{key}": {shown(value)}, not {" or ".join(allowed)}',
            "the release was written by another version of understudy; push its sources again",
        )
    return value


def _shape(shape: Sequence[int | None]) -> str:
    return f"({', '.join('any' if side is None else str(side) for side in shape)})"
