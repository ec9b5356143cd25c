"""Reading: the bytes of a Keras model, of any version, become one canonical `Model`.

Two pure steps: `read` takes the files apart, `normalize` gives everything its newest name. No
Keras is needed, nothing in a file is executed, and nothing but the given bytes is touched.
"""

from .model import Activation, Call, Layer, Model, Part, Port, Ref, Tensor
from .normalize import Origin, normalize
from .raw import RawModel, read

__all__ = [
    "Activation",
    "Call",
    "Layer",
    "Model",
    "Origin",
    "Part",
    "Port",
    "RawModel",
    "Ref",
    "Tensor",
    "normalize",
    "read",
]
