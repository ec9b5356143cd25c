"""One short function a layer class, by families. Importing this fills the registry."""

from . import activations, convolution, core, merging, normalization, pooling, reshaping

__all__ = [
    "activations",
    "convolution",
    "core",
    "merging",
    "normalization",
    "pooling",
    "reshaping",
]
