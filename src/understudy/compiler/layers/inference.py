"""Layers that do nothing at inference: dropout, noise, and the augmentation of images.

Of those that change images all are here that look at `training` first (keras 3.15
`layers.preprocessing.image_preprocessing`, tf.keras 2.15 `image_preprocessing`), Solarization and
Equalization among them. AutoContrast and CLAHE do not: they always change the image.
"""

from __future__ import annotations

from typing import Any

from ..context import Context
from ..registry import layer
from ..value import Value

REGULARIZATION = (
    "ActivityRegularization",
    "AlphaDropout",
    "Dropout",
    "GaussianDropout",
    "GaussianNoise",
    "SpatialDropout1D",
    "SpatialDropout2D",
    "SpatialDropout3D",
)

AUGMENTATION = (
    "AugMix",
    "CutMix",
    "Equalization",
    "MixUp",
    "RandAugment",
    "RandomBrightness",
    "RandomColorDegeneration",
    "RandomColorJitter",
    "RandomContrast",
    "RandomElasticTransform",
    "RandomErasing",
    "RandomFlip",
    "RandomGaussianBlur",
    "RandomGrayscale",
    "RandomHeight",
    "RandomHue",
    "RandomInvert",
    "RandomPerspective",
    "RandomPosterization",
    "RandomRotation",
    "RandomSaturation",
    "RandomSharpness",
    "RandomShear",
    "RandomTranslation",
    "RandomWidth",
    "RandomZoom",
    "Solarization",
)


@layer("Identity", *REGULARIZATION, *AUGMENTATION)
def only_in_training(_: Context, x: Value, **options: Any) -> Value:  # noqa: ARG001
    """Dropout(rate, …), RandomFlip(mode, …) and the others, whatever their options."""
    return x
