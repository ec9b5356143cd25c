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
from .model import Activation, Part
from .numbering import Counting
from .owner import Owner

CONVOLUTIONS = frozenset(
    f"{name}{dimensions}"
    for name in ("Conv", "DepthwiseConv", "SeparableConv")
    for dimensions in ("1D", "2D", "3D", "1DTranspose", "2DTranspose", "3DTranspose")
)


ADDING = frozenset(
    {"EinsumDense", "MultiHeadAttention", "GroupQueryAttention", "ops.numpy.Add", "ops>Add"}
)
"""What else adds something with fewer axes than the tensor has."""


@dataclass(frozen=True, slots=True)
class Version:
    """Which Keras wrote a file.

    Attributes:
        major: 1, 2 or 3.
        minor: -1 if the file does not say.
        tensorflow: whether it is tf.keras; Keras of its own ended with 2.3.
        backend: what it ran on; None if the file does not say.
        patch: the third number; -1 if the file does not say.
    """

    major: int
    minor: int = -1
    tensorflow: bool = False
    backend: str | None = None
    patch: int = -1

    @classmethod
    def of(cls, written: str | None, major: int, backend: str | None) -> Version:
        """The version that a file names, e.g. `2.2.4-tf`; else what is known of it."""
        match = re.match(r"(\d+)\.(\d+)(?:\.(\d+))?", written or "")
        if match is None:
            return cls(major, backend=backend)
        minor = int(match[2])
        tensorflow = major == 2 and (minor > 3 or str(written).endswith("-tf"))
        return cls(major, minor, tensorflow, backend, int(match[3] or -1))

    @property
    def counting(self) -> Counting:
        """What its numbers of calls count (keras 3.2 `serialize_node` is the first that agrees)."""
        if self.major < 3 or self.minor > 1:
            return Counting.ALIKE
        return Counting.UNKNOWN if self.minor < 0 else Counting.APART

    def before(self, minor: int) -> bool:
        """Whether it is known to be older than Keras 2.`minor`."""
        return self.major < 2 or (self.major == 2 and 0 <= self.minor < minor)


def implied(kind: str, config: Mapping[str, Any], version: Version) -> dict[str, Any]:
    """The options that a version did not write, because it had no other way."""
    padding = padding_of(kind, config, version.backend)
    if padding is None:
        padding = _old_same(kind, config, version)
    if padding is not None:
        return {"padding": padding}
    if kind == "UpSampling2D" and config.get("interpolation") == "bilinear":
        return _up_sampling(version)
    if kind in CONVOLUTIONS and config.get("data_format") == "channels_first":
        return _bias_axis(kind, version)
    if kind in ADDING:
        return _bias_axis(kind, version)
    if kind == "RandomCrop" and version.tensorflow and version.minor >= 8:
        return {"inference": "resize"}  # 2.4 resizes before it crops
    if kind == "CategoryEncoding" and version.major > 2 and version.minor < 15:
        return {"axis_of_one": "unknown"}  # 3.0 keeps it, 3.15 drops it
    if kind == "LayerNormalization" and config.get("rms_scaling"):
        return {"scale": True, "center": False}  # whatever was written
    return {}


_SKIPPING = frozenset({"Conv1D", "Conv2D", "DepthwiseConv2D", "SeparableConv1D", "SeparableConv2D"})
_SKIPPING_IN_SOME = frozenset({"Conv3D", "ConvLSTM2D", "MaxPooling3D", "AveragePooling3D"})
"""What TensorFlow's convolution is in, and what it is in with TensorFlow 1.0 alone."""

SKIPPING = "same_skip"
UNSURE = "same as TensorFlow up to 1.6 or from 1.7 on has it, which no file says"


def _old_same(kind: str, config: Mapping[str, Any], version: Version) -> str | None:
    """What `padding="same"` was where windows lie two pixels or more apart.

    TensorFlow up to 1.6 then padded by a negative number, so that the first window begins later
    (found by running 1.0, 1.2 to 1.8, 1.12 and 1.15). tf.keras 2.1.3 came with TensorFlow 1.6.
    Keras up to 2.0 is older than 1.7, Keras 2.2 newer; that is taken, and noted, for who wrote
    a model with another.
    """
    if version.major > 2 or version.minor > 2 or version.backend not in (None, "tensorflow"):
        return None
    if kind not in _SKIPPING | _SKIPPING_IN_SOME or not _lie_apart(config):
        return None
    if version.tensorflow:
        old = (version.minor, version.patch) <= (1, 3)
    elif version.major == 2 and version.minor in (-1, 1):
        return UNSURE
    else:
        old = version.major < 2 or version.minor == 0
    if old and kind in _SKIPPING_IN_SOME:
        return UNSURE
    return SKIPPING if old else None


def _lie_apart(config: Mapping[str, Any]) -> bool:
    """Whether `same` windows leave two pixels or more between them along some axis."""
    sizes, strides = config.get("kernel_size", config.get("pool_size")), config.get("strides")
    if config.get("padding") != "same" or strides is None:
        return False
    lists = [value if isinstance(value, (list, tuple)) else [value] for value in (sizes, strides)]
    count = max(map(len, lists))
    pairs = zip(*(value * count if len(value) == 1 else value for value in lists), strict=False)
    return any(
        isinstance(size, int) and isinstance(stride, int) and size <= stride - 2
        for size, stride in pairs
    )


def _bias_axis(kind: str, version: Version) -> dict[str, Any]:
    """Where a bias goes: Keras 3.7 and newer on TensorFlow may take another axis.

    Of Keras 3, only legacy HDF5 files say the backend. Where it is said, and the version is not,
    a newer one is assumed.
    """
    if version.major < 3 or 0 <= version.minor < 7:
        return {}
    if version.backend == "tensorflow":
        return {"bias_axis": "either" if kind in ("Conv1D", "Conv2D") else "last"}
    return {} if version.backend else {"bias_axis": "unknown"}


def _up_sampling(version: Version) -> dict[str, Any]:
    """Where pixels are: Keras 2.2 and 2.3 call TensorFlow 1's `resize_bilinear`."""
    if version.major > 2 or version.tensorflow:
        return {}
    known = version.minor >= 0 and version.backend in (None, "tensorflow")
    return {"coordinates": "corner" if known else "unknown"}


def doubts(owners: Iterable[Owner], written: str | None) -> list[str]:
    """What to say of layers that files of one version number computed differently."""
    owners = tuple(owners)
    notes = [note for owner in owners for note in _padding_doubt(owner, str(written))]
    if any(
        owner.config.get("bias_axis") == "last" and owner.kind in CONVOLUTIONS for owner in owners
    ):
        notes.append(
            "its images are channels first: where a depthwise, transposed or three-dimensional "
            "convolution gives as many columns as channels, its bias belongs to the columns, as "
            "in Keras 3.7 and newer on TensorFlow"
        )
    notes += [note for owner in owners for note in _activation_doubt(owner, str(written))]
    notes += [
        f"{'/'.join(owner.path)} is stateful: its state begins with zeros for each image"
        for owner in owners
        if _is_stateful(owner.config)
    ]
    for owner in owners:
        bilinear = owner.config.get("interpolation") == "bilinear"
        if owner.kind == "UpSampling2D" and bilinear and str(written).startswith("2.2.4-tf"):
            notes.append(
                f"{'/'.join(owner.path)} interpolates as tf.keras 1.14 to 2.0 did; tf.keras 1.13 "
                "wrote the same version, and interpolated otherwise"
            )
    return notes


def _activation_doubt(owner: Owner, written: str) -> list[str]:
    """What to say of a function that Keras 1 and 2 do not have, and people write or take."""
    function = owner.config.get("activation")
    named = isinstance(function, Activation) and function.name == "leaky_relu"
    if not named or written.startswith("3."):
        return []
    return [
        f"{'/'.join(owner.path)} has the activation leaky_relu, which is taken for "
        "tf.nn.leaky_relu, with a slope of 0.2"
    ]


def _padding_doubt(owner: Owner, written: str) -> list[str]:
    """What to say of a convolution of which TensorFlow's version decides where it begins."""
    old = owner.config.get("padding") == SKIPPING and not written.endswith("-tf")
    new = written.startswith("2.2.") and not written.endswith("-tf")
    if not old and not (new and owner.kind in _SKIPPING and _lie_apart(owner.config)):
        return []
    version = "up to 1.6" if old else "from 1.7 on"
    return [
        f"{'/'.join(owner.path)} is padded as TensorFlow {version} did; "
        "the file does not say on which it ran"
    ]


def _is_stateful(config: Mapping[str, Any]) -> bool:
    parts = [part for part in config.values() if isinstance(part, Part)]
    return bool(config.get("stateful")) or any(_is_stateful(part.config) for part in parts)
