"""From what a person said and what the model takes, to the one way an image becomes a tensor.

Rules: what the person said is never changed, only refused where the model cannot take it; what
nobody said gets a default, and every default is listed in `assumed`, to be shown and recorded.
Pure: values in, values out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, cast, get_args

from .combinations import CENTRED, check
from .preprocess import (
    KEYS,
    MAX_SIDE,
    Alpha,
    Bits,
    Color,
    Decode,
    Fit,
    Orientation,
    Preprocess,
    Resize,
    Scale,
    Standardize,
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

DEFAULTS: Mapping[str, str] = {
    "orientation": "exif",
    "fit": "stretch",
    "resize": "pillow/bilinear",
    "scale": "0..1",
}
"""What is assumed, where neither the person nor the model says anything."""

OPTIONAL: Mapping[str, object] = {
    "standardize": None,
    "mean": None,
    "std": None,
    "shorter_side": None,
    "reducing_gap": None,
    "alpha": "drop",
    "bits": 8,
    "decode": "exact",
}
"""What is not done unless it is said. It is recorded only then, and never assumed."""


@dataclass(frozen=True)
class Resolved:
    """How an image becomes the model's input: nothing is open any more.

    Attributes:
        color: see `Preprocess`; so are all others but these:
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
    standardize: Standardize | None = None
    mean: tuple[float, ...] | None = None
    std: tuple[float, ...] | None = None
    shorter_side: int | None = None
    reducing_gap: float | None = None
    alpha: Alpha = "drop"
    bits: Bits = 8
    decode: Decode = "exact"

    @property
    def channels(self) -> int:
        """How many the tensor has."""
        return CHANNELS[self.color]

    @property
    def takes_levels(self) -> bool:
        """Whether the tensor's numbers go from 0 to 255, as the image's do."""
        return self.scale == "none" and self.standardize is None and self.std is None

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of one image's tensor, without the batch axis."""
        height, width = self.size
        shapes = {
            "HWC": (height, width, self.channels),
            "CHW": (self.channels, height, width),
            "HW": (height, width),
        }
        return shapes[self.layout]

    def to_json(self) -> dict[str, Any]:
        """Everything, as a release records it; `from_json` gives the same back."""
        said = {
            key: getattr(self, key)
            for key in KEYS
            if key != "preset" and (key not in OPTIONAL or getattr(self, key) != OPTIONAL[key])
        }
        return Preprocess(**said).to_json() | {
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
        said = vars(parse(rest))
        if said.pop("preset") is not None:
            _recorded(rest["preset"], "preset", ("nothing",))
        values = said | {key: said[key] or usual for key, usual in OPTIONAL.items()}
        for key, value in values.items():
            if value is None and key not in OPTIONAL:
                _recorded(None, key, ("a value",))
        found = cls(**values, layout=layout, dtype=dtype, assumed=assumed)
        check(found)
        return found


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
    said = _preset_filled(given or Preprocess(), shape, data_format)
    layout, sides, channels = _axes(shape, data_format)
    if dtype not in get_args(Dtype):
        refuse(
            f"cannot be applied: the model's input is {dtype}, not float32 or uint8",
            "an image classifier takes float32; classify cannot feed this model",
        )
    color = said.color or usual.color or _default_color(channels)
    _check_color(color, channels)
    if model_rescales or dtype == "uint8":
        usual = replace(usual, scale="none")
    elif usual.scale in CENTRED and CHANNELS[color] != 3:
        usual = replace(usual, scale=None)
    values: dict[str, Any] = {
        key: getattr(said, key) or getattr(usual, key) or default
        for key, default in {**DEFAULTS, **OPTIONAL}.items()
    }
    found = Resolved(
        color=color,
        size=_fitted_size(said.size, sides),
        layout=layout,
        dtype=cast(Dtype, dtype),
        assumed=tuple(key for key in ("color", *DEFAULTS) if getattr(said, key) is None),
        **values,
    )
    check(found)
    return found


def _preset_filled(
    said: Preprocess, shape: Sequence[int | None], data_format: DataFormat
) -> Preprocess:
    """What was said, and, where that is nothing, what its preset says.

    Its size is for models that take any, its colour for those with as many channels, and its 16
    bits are for images without an alpha channel.
    """
    if said.preset is None:
        return said
    from .presets import PRESETS  # only where one is named

    preset = PRESETS[said.preset]
    _, sides, channels = _axes(shape, data_format)
    if None not in sides:
        preset = replace(preset, size=None)
    if preset.color is not None and CHANNELS[preset.color] != (channels or CHANNELS[preset.color]):
        preset = replace(preset, color=None)
    if channels == CHANNELS["rgba"] or said.color == "rgba":
        preset = replace(preset, bits=None)
    if said.fit is not None:
        preset = replace(preset, shorter_side=None)
    return replace(preset, **{k: v for k, v in vars(said).items() if v is not None})


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
