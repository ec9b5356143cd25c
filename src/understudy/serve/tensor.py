"""From a decoded image to the numbers that the model takes.

The arithmetic is that of the code that people train with: Pillow's `resize`, bit by bit, or the
methods of `resize`, then float32 operations in Keras' order. The pixels stay uint8 as long as they
can, and are written once, into the place in the batch where they are needed. A grey image of mode F
has levels with a fraction from the beginning.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from ..errors import ImageError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..release.preprocess import Fit, Resize, Scale, Standardize
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

MAX_RESIZED = 20_000_000
"""Pixels that an image may have between resizing and cutting out its middle."""

# keras/src/applications/imagenet_utils.py, _preprocess_numpy_input; the same numbers since
# Keras 1. As there, NumPy rounds them to float32 before it computes.
CAFFE_MEAN = (103.939, 116.779, 123.68)
TORCH_MEAN = (0.485, 0.456, 0.406)
TORCH_STD = (0.229, 0.224, 0.225)


def write(image: Image.Image, how: Resolved, out: Target, whole: Size | None = None) -> None:
    """Resize `image` and write its tensor into `out`.

    Args:
        image: as `decode` gives it for the colour of `how`.
        how: the way that the release records.
        out: one image's place in a batch: `how.shape`, of `how.dtype`. A view will do.
        whole: (width, height) before the image was shrunk while it was decoded; what is cut off or
            added is reckoned from it.
    """
    pixels = _resized(image, how, whole or image.size)
    if pixels.shape[2] != how.channels:
        pixels = np.broadcast_to(pixels, (*how.size, how.channels))
    if how.color == "bgr":
        pixels = pixels[:, :, ::-1]
    numbers = LAYOUTS[how.layout](out)
    SCALES[how.scale](pixels, numbers)
    if how.standardize is not None:
        STANDARDS[how.standardize](numbers)
    if how.mean is not None:
        for channel, mean in enumerate(how.mean):
            _part(numbers, channel, how.mean)[...] -= mean
    if how.std is not None:
        for channel, std in enumerate(how.std):
            _part(numbers, channel, how.std)[...] /= std


def _resized(image: Image.Image, how: Resolved, whole: Size) -> Pixels:
    """(height, width, C) of uint8, or of float32 where the library does not round."""
    height, width = how.size
    if how.fit == "center_crop":
        return _center_cropped(image, how, whole)
    if how.fit == "resize_with_pad":
        return _resized_with_pad(image, how, whole)
    if how.fit == "pad_to_aspect_ratio":
        image, box = padded(image, (width, height), whole)
    else:
        box = _scaled(BOXES[how.fit](whole, (width, height)), whole, image.size)
    if image.size == (width, height):
        return _pixels(image)
    if how.resize in METHODS:
        method, gap = METHODS[how.resize], how.reducing_gap
        return _pixels(image.resize((width, height), method, box, gap))
    from .resize import resize  # only where it is asked for

    if how.fit == "crop":
        box = _scaled(middle_pixels(whole, (width, height)), whole, image.size)
    left, top, right, bottom = map(round, box)
    resized = resize(_pixels(image)[top:bottom, left:right], how.resize, height, width)
    if how.dtype == "uint8" and resized.dtype != np.uint8:
        resized = np.clip(np.rint(resized), 0, 255).astype(np.uint8)
    return resized


def _scaled(box: Box, whole: Size, size: Size) -> Box:
    """A part of the whole image, in the pixels that are left of it."""
    across, down = size[0] / whole[0], size[1] / whole[1]
    return box[0] * across, box[1] * down, box[2] * across, box[3] * down


def _resized_with_pad(image: Image.Image, how: Resolved, whole: Size) -> Pixels:
    """Resize until the image fits in, then put black around it; TensorFlow's `resize_with_pad`."""
    sides = np.array(whole[::-1], np.float32)
    target = np.array(how.size, np.float32)
    exact = sides / (sides / target).max()
    height, width = (max(1, int(side)) for side in np.floor(exact))
    inner = _resized(image, replace(how, size=(height, width), fit="stretch"), whole)
    top, left = (max(0, int(gap)) for gap in np.floor((target - exact) / 2))
    around = np.zeros((*how.size, inner.shape[2]), inner.dtype)
    around[top : top + height, left : left + width] = inner
    return around


def _center_cropped(image: Image.Image, how: Resolved, whole: Size) -> Pixels:
    """Resize the shorter side, then cut the target out of the middle, or put black around it.

    As torchvision's `Resize(shorter_side)` and `CenterCrop(size)`: transforms/functional.py,
    `_compute_resized_output_size` and `center_crop`.

    Raises:
        ImageError: the image is so narrow that the longer side would become too long.
    """
    short, long = sorted(whole)
    shorter = how.shorter_side or short
    longer = int(shorter * long / short)
    if shorter * longer > MAX_RESIZED:
        raise ImageError(
            f"it is too narrow: {whole[0]} x {whole[1]} pixels, resized to a shorter side of"
            f" {shorter}, are more than {MAX_RESIZED // 1_000_000} megapixels",
            hint="cut out the part that matters",
        )
    width, height = (shorter, longer) if whole[0] <= whole[1] else (longer, shorter)
    resized = _resized(image, replace(how, size=(height, width), fit="stretch"), whole)
    if height < how.size[0] or width < how.size[1]:
        gaps = [
            (max(0, target - side)) for target, side in zip(how.size, (height, width), strict=True)
        ]
        resized = np.pad(resized, [*((gap // 2, gap - gap // 2) for gap in gaps), (0, 0)])
    top, left = (
        round((side - target) / 2.0)
        for side, target in zip(resized.shape[:2], how.size, strict=True)
    )
    return resized[top : top + how.size[0], left : left + how.size[1]]


def _pixels(image: Image.Image) -> Pixels:
    """(H, W, C); one channel, too."""
    pixels = np.asarray(image)
    return pixels if pixels.ndim == 3 else pixels[:, :, None]


def padded(image: Image.Image, target: Size, whole: Size) -> tuple[Image.Image, Box]:
    """The image between two black stripes of the same size, with nearly the target's proportions.

    Sizes are (width, height). As in keras/src/backend/*/image.py, `pad_to_aspect_ratio`, a pixel
    that cannot be halved is left out.

    Returns:
        the image, and the part of it that is meant: all, where no pixel was left out in decoding.
    """
    width, height = whole
    left = max(0, height * target[0] // target[1] - width) // 2 * (image.width / width)
    top = max(0, width * target[1] // target[0] - height) // 2 * (image.height / height)
    start = math.ceil(left), math.ceil(top)
    around = Image.new(image.mode, (image.width + 2 * start[0], image.height + 2 * start[1]))
    around.paste(image, start)
    over = start[0] - left, start[1] - top
    return around, (*over, around.width - over[0], around.height - over[1])


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


def _part(numbers: Target, channel: int, given: tuple[float, ...]) -> Target:
    """One channel, or all of them where one number is given for all."""
    return numbers if len(given) == 1 else numbers[:, :, channel]


def _per_image_standardization(numbers: Target) -> None:
    """Write (x - mean) / max(std, 1 / sqrt(N)), over all N numbers of the image.

    tensorflow/python/ops/image_ops_impl.py, `per_image_standardization`.
    """
    deviation = max(float(numbers.std()), numbers.size**-0.5)
    numbers -= numbers.mean()
    numbers /= deviation


def _samplewise_center(numbers: Target) -> None:
    """Write x - mean, over the whole image; Keras' `ImageDataGenerator.standardize`."""
    numbers -= numbers.mean()


def _samplewise_std_normalization(numbers: Target) -> None:
    """Write (x - mean) / (std + 1e-6): the generator takes the mean away here, too."""
    _samplewise_center(numbers)
    numbers /= numbers.std() + np.float32(1e-6)


STANDARDS: Mapping[Standardize, Callable[[Target], None]] = {
    "per_image_standardization": _per_image_standardization,
    "samplewise_center": _samplewise_center,
    "samplewise_std_normalization": _samplewise_std_normalization,
}
"""(H, W, C) numbers, changed in place."""

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
}
"""(width, height) of an image and of the target -> the part of the image that is resized. What is
padded afterwards is resized as a whole, with `stretch`."""
