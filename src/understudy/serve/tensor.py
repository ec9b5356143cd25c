"""From a decoded image to the numbers that the model takes.

The arithmetic is that of the code that people train with: Pillow's `resize`, bit by bit, or the
methods of `resize`, then float32 operations in Keras' order. The pixels stay uint8 as long as they
can, and are written once, into the place in the batch where they are needed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..release.preprocess import Fit, Resize, Scale
    from ..release.resolve import Layout, Resolved

    Pixels = NDArray[np.uint8]
    Target = NDArray[Any]
    Size = tuple[int, int]
    Box = tuple[float, float, float, float]

METHODS: Mapping[Resize, Image.Resampling] = {
    "pillow/nearest": Image.Resampling.NEAREST,
    "pillow/box": Image.Resampling.BOX,
    "pillow/bilinear": Image.Resampling.BILINEAR,
    "pillow/hamming": Image.Resampling.HAMMING,
    "pillow/bicubic": Image.Resampling.BICUBIC,
    "pillow/lanczos": Image.Resampling.LANCZOS,
}

# keras/src/applications/imagenet_utils.py, _preprocess_numpy_input; the same numbers since
# Keras 1. As there, NumPy rounds them to float32 before it computes.
CAFFE_MEAN = (103.939, 116.779, 123.68)
TORCH_MEAN = (0.485, 0.456, 0.406)
TORCH_STD = (0.229, 0.224, 0.225)


def write(image: Image.Image, how: Resolved, out: Target) -> None:
    """Resize `image` and write its tensor into `out`.

    Args:
        image: as `decode` gives it for the colour of `how`.
        how: the way that the release records.
        out: one image's place in a batch: `how.shape`, of `how.dtype`. A view will do.
    """
    pixels = _resized(image, how)
    if how.color == "bgr":
        pixels = pixels[:, :, ::-1]
    SCALES[how.scale](pixels, LAYOUTS[how.layout](out))


def _resized(image: Image.Image, how: Resolved) -> Pixels:
    """(height, width, C) of uint8, or of float32 where the library does not round."""
    height, width = how.size
    if how.fit == "resize_with_pad":
        return _resized_with_pad(image, how)
    if how.fit == "pad_to_aspect_ratio":
        image = padded(image, (width, height))
    if image.size == (width, height):
        return _pixels(image)
    box = BOXES[how.fit](image.size, (width, height))
    if how.resize in METHODS:
        return _pixels(image.resize((width, height), METHODS[how.resize], box))
    from .resize import resize  # only where it is asked for

    if how.fit == "crop":
        box = middle_pixels(image.size, (width, height))
    left, top, right, bottom = map(int, box)
    resized = resize(_pixels(image)[top:bottom, left:right], how.resize, height, width)
    if how.dtype == "uint8" and resized.dtype != np.uint8:
        resized = np.clip(np.rint(resized), 0, 255).astype(np.uint8)
    return resized


def _resized_with_pad(image: Image.Image, how: Resolved) -> Pixels:
    """Resize until the image fits in, then put black around it; TensorFlow's `resize_with_pad`."""
    sides = np.array(image.size[::-1], np.float32)
    target = np.array(how.size, np.float32)
    exact = sides / (sides / target).max()
    height, width = (max(1, int(side)) for side in np.floor(exact))
    inner = _resized(image, replace(how, size=(height, width), fit="stretch"))
    top, left = (max(0, int(gap)) for gap in np.floor((target - exact) / 2))
    around = np.zeros((*how.size, inner.shape[2]), inner.dtype)
    around[top : top + height, left : left + width] = inner
    return around


def _pixels(image: Image.Image) -> Pixels:
    """(H, W, C); one channel, too."""
    pixels = np.asarray(image)
    return pixels if pixels.ndim == 3 else pixels[:, :, None]


def padded(image: Image.Image, target: Size) -> Image.Image:
    """The image between two black stripes of the same size, with nearly the target's proportions.

    Sizes are (width, height). As in keras/src/backend/*/image.py, `pad_to_aspect_ratio`, a pixel
    that cannot be halved is left out.
    """
    width, height = image.size
    left = max(0, height * target[0] // target[1] - width) // 2
    top = max(0, width * target[1] // target[0] - height) // 2
    around = Image.new(image.mode, (width + 2 * left, height + 2 * top))
    around.paste(image, (left, top))
    return around


def middle_pixels(size: Size, target: Size) -> Box:
    """The same part as `middle` in whole pixels, as Keras takes it.

    Sizes are (width, height); keras/src/utils/image_utils.py, `load_img` and `smart_resize`.
    """
    width, height = size
    inner_width = max(1, min(width, height * target[0] // target[1]))
    inner_height = max(1, min(height, width * target[1] // target[0]))
    left, top = (width - inner_width) // 2, (height - inner_height) // 2
    return left, top, left + inner_width, top + inner_height


def middle(size: Size, target: Size) -> Box:
    """The largest part around the middle of an image that has the target's proportions.

    Sizes are (width, height). The same roundings as in Pillow 13.0 `ImageOps.fit`.
    """
    width, height = size
    ratio = target[0] / target[1]
    if width / height == ratio:
        return 0, 0, width, height
    wide = width / height >= ratio
    inner = (ratio * height, height) if wide else (width, width / ratio)
    left, top = (width - inner[0]) * 0.5, (height - inner[1]) * 0.5
    return left, top, left + inner[0], top + inner[1]


def _none(pixels: Pixels, out: Target) -> None:
    np.copyto(out, pixels)


def _zero_to_one(pixels: Pixels, out: Target) -> None:
    """Write x / 255."""
    np.copyto(out, pixels)
    out /= 255.0


def _minus_one_to_one(pixels: Pixels, out: Target) -> None:
    """Write x / 127.5 - 1; Keras' mode "tf"."""
    np.copyto(out, pixels)
    out /= 127.5
    out -= 1.0


def _caffe(pixels: Pixels, out: Target) -> None:
    """Reverse RGB to BGR, then minus ImageNet's mean; no scaling."""
    # a channel at a time: NumPy is three times slower over the short last axis
    for channel, mean in enumerate(CAFFE_MEAN):
        plane = out[:, :, channel]
        np.copyto(plane, pixels[:, :, 2 - channel])
        plane -= mean


def _torch(pixels: Pixels, out: Target) -> None:
    """Write x / 255, minus ImageNet's mean, divided by its standard deviation."""
    _zero_to_one(pixels, out)
    for channel, (mean, std) in enumerate(zip(TORCH_MEAN, TORCH_STD, strict=True)):
        plane = out[:, :, channel]
        plane -= mean
        plane /= std


SCALES: Mapping[Scale, Callable[[Pixels, Target], None]] = {
    "none": _none,
    "0..1": _zero_to_one,
    "-1..1": _minus_one_to_one,
    "caffe": _caffe,
    "tf": _minus_one_to_one,
    "torch": _torch,
}
"""(H, W, C) grey levels of uint8 -> (H, W, C) numbers, written in place."""

LAYOUTS: Mapping[Layout, Callable[[Target], Target]] = {
    "HWC": lambda out: out,
    "CHW": lambda out: out.transpose(1, 2, 0),
    "HW": lambda out: out[:, :, None],
}
"""One image's tensor, seen as (H, W, C)."""

BOXES: Mapping[Fit, Callable[[Size, Size], Box]] = {
    "stretch": lambda size, _: (0, 0, *size),
    "crop": middle,
    "crop_to_aspect_ratio": middle_pixels,
    "pad_to_aspect_ratio": lambda size, _: (0, 0, *size),
}
"""(width, height) of an image and of the target -> the part of the image that is resized. What is
padded afterwards is resized as a whole, with `stretch`."""
