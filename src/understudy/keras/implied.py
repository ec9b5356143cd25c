"""What a layer computed in some versions only, said as options that no Keras ever wrote.

The compiler does not know versions: where the same class with the same options computes
different things, the difference gets a name here, and becomes an option.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .backends import padding_of
from .owner import Owner

CONVOLUTIONS = frozenset(
    f"{name}{dimensions}"
    for name in ("Conv", "DepthwiseConv", "SeparableConv")
    for dimensions in ("1D", "2D", "3D", "1DTranspose", "2DTranspose", "3DTranspose")
)


@dataclass(frozen=True, slots=True)
class Version:
    """Which Keras wrote a file.

    Attributes:
        major: 1, 2 or 3.
        minor: -1 if the file does not say.
        tensorflow: whether it is tf.keras; Keras of its own ended with 2.3.
        backend: what it ran on; None if the file does not say.
    """

    major: int
    minor: int = -1
    tensorflow: bool = False
    backend: str | None = None

    @classmethod
    def of(cls, written: str | None, major: int, backend: str | None) -> Version:
        """The version that a file names, e.g. `2.2.4-tf`; else what is known of it."""
        match = re.match(r"(\d+)\.(\d+)", written or "")
        if match is None:
            return cls(major, backend=backend)
        minor = int(match[2])
        tensorflow = major == 2 and (minor > 3 or str(written).endswith("-tf"))
        return cls(major, minor, tensorflow, backend)


def implied(kind: str, config: Mapping[str, Any], version: Version) -> dict[str, Any]:
    """The options that a version did not write, because it had no other way."""
    padding = padding_of(kind, config, version.backend)
    if padding is not None:
        return {"padding": padding}
    if kind == "UpSampling2D" and config.get("interpolation") == "bilinear":
        return _up_sampling(version)
    if kind in CONVOLUTIONS and config.get("data_format") == "channels_first":
        return _bias_axis(version)
    if kind == "RandomCrop" and version.tensorflow and version.minor >= 8:
        return {"inference": "resize"}  # 2.4 resizes before it crops
    if kind == "LayerNormalization" and config.get("rms_scaling"):
        return {"scale": True, "center": False}  # whatever was written
    return {}


def _bias_axis(version: Version) -> dict[str, Any]:
    """Where the bias goes: Keras 3.7 and newer on TensorFlow may take another axis."""
    if version.major < 3 or 0 <= version.minor < 7:
        return {}
    if version.backend not in (None, "tensorflow"):
        return {}
    return {"bias_axis": "unknown" if version.minor < 0 else "last"}


def _up_sampling(version: Version) -> dict[str, Any]:
    """Where pixels are: Keras 2.2 and 2.3 call TensorFlow 1's `resize_bilinear`."""
    if version.major > 2 or version.tensorflow:
        return {}
    known = version.minor >= 0 and version.backend in (None, "tensorflow")
    return {"coordinates": "corner" if known else "unknown"}


def doubts(owners: Iterable[Owner], written: str | None) -> list[str]:
    """What to say of layers that files of one version number computed differently."""
    notes = []
    owners = tuple(owners)
    if any(owner.config.get("bias_axis") == "last" for owner in owners):
        notes.append(
            "its images are channels first: where a convolution gives as many columns as "
            "channels, its bias belongs to the columns, as in Keras 3.7 and newer on TensorFlow"
        )
    for owner in owners:
        bilinear = owner.config.get("interpolation") == "bilinear"
        if owner.kind == "UpSampling2D" and bilinear and str(written).startswith("2.2.4-tf"):
            notes.append(
                f"{'/'.join(owner.path)} interpolates as tf.keras 1.14 to 2.0 did; tf.keras 1.13 "
                "wrote the same version, and interpolated otherwise"
            )
    return notes
