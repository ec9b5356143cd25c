"""Names for what well-known programs and libraries do with images, as `preprocess.json` says it.

What a preset says, the keys beside it may say otherwise. Its `size` is for models that take any.
The scales and sizes of `keras-applications/…` are those of `preprocess_input` and of the default
`input_shape` in keras/src/applications; what that module leaves to others, as resizing, stays open.
"""

from __future__ import annotations

from collections.abc import Mapping

from .preprocess import Preprocess, Scale

APPLICATIONS: Mapping[str, tuple[Scale, int | None]] = {
    "vgg16": ("caffe", 224),
    "vgg19": ("caffe", 224),
    "resnet": ("caffe", 224),
    "resnet50": ("caffe", 224),
    "resnet_v2": ("tf", 224),
    "inception_v3": ("tf", 299),
    "inception_resnet_v2": ("tf", 299),
    "xception": ("tf", 299),
    "mobilenet": ("tf", 224),
    "mobilenet_v2": ("tf", 224),
    "mobilenet_v3": ("none", 224),
    "densenet": ("torch", 224),
    "nasnet": ("tf", None),
    "efficientnet": ("none", None),
    "efficientnet_v2": ("none", None),
    "convnext": ("none", 224),
    "regnet": ("none", 224),
    "resnet_rs": ("none", 224),
}
"""Module of keras.applications -> its `preprocess_input`, and the side of its images, if all models
in it have the same. Models whose scale is `none` begin with layers that scale."""

PRESETS: Mapping[str, Preprocess] = {
    "teachable-machine": Preprocess(fit="crop", resize="pillow/lanczos", scale="-1..1"),
    "keras-dataset": Preprocess(
        orientation="ignore",
        size=(256, 256),
        resize="tensorflow/bilinear",
        scale="none",
        alpha="drop",
    ),
    "keras-load-img": Preprocess(
        orientation="ignore", resize="pillow/nearest", scale="none", alpha="drop"
    ),
    "keras-image-data-generator": Preprocess(
        orientation="ignore", size=(256, 256), resize="pillow/nearest", scale="none", alpha="drop"
    ),
    "opencv": Preprocess(
        color="bgr", orientation="exif", resize="opencv/linear", scale="none", alpha="drop"
    ),
    "skimage": Preprocess(
        orientation="ignore", resize="skimage/1+antialias", scale="0..1", alpha="drop", bits=16
    ),
    "torchvision": Preprocess(
        color="rgb",
        orientation="ignore",
        size=(224, 224),
        fit="center_crop",
        shorter_side=256,
        resize="pillow/bilinear",
        scale="0..1",
        mean=(0.485, 0.456, 0.406),
        std=(0.229, 0.224, 0.225),
        alpha="drop",
    ),
    **{
        f"keras-applications/{name}": Preprocess(
            color="rgb", size=None if side is None else (side, side), scale=scale
        )
        for name, (scale, side) in APPLICATIONS.items()
    },
}
"""Name -> what it says."""
