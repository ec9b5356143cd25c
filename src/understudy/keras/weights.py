"""Which stored tensor is which weight of which layer.

Three layouts exist. *Legacy* (`layer_names`, `weight_names`; 1.x to tf.keras 2.15, and Keras 3's
`.h5`): a group for each top-level layer, with the names of its weights. *Numbered* (Keras 3's
`.weights.h5`): `layers/<class>_<n>/vars/<i>`, nested as the models are; tf.keras 2.12 and 2.13 call
`layers` otherwise and count otherwise. *Flat* (TensorFlow.js): `<layer>/<weight>`, no groups.

Names decide wherever they exist. Where all that differs are automatic numbers (`conv2d_7` in the
weights, `conv2d_1` in the architecture: both made in one session), layers are paired by their
order among those of their kind, which is what Keras does, and a note says so. Tensors are never
moved to where merely their shape would fit.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..errors import WeightsError
from .flat import Flat
from .hdf5 import Group
from .legacy import Legacy, names_of
from .numbered import CHECKPOINT, Numbered
from .owner import Assignment, Owner


def assign(root: Group, owners: Sequence[Owner], name: str) -> Assignment:
    """Give every layer its tensors.

    Args:
        root: the group that holds the model's weights.
        owners: the outermost model's layers, in the architecture's order.
        name: what to call the weights' file in errors.

    Raises:
        WeightsError: these are weights of another model, or of none.
    """
    if names_of(root, "layer_names") is not None:
        return Legacy(root, name).assign(owners)
    if "layers" in root.groups:
        return Numbered(root, name).assign(owners)
    if CHECKPOINT in root.groups:
        return Numbered(root, name, CHECKPOINT).assign(owners)
    if root.tensors:
        return Flat(root, name).assign(owners)
    raise WeightsError(
        f"{name} holds no Keras weights",
        hint="give the file that model.save_weights() or model.save() made",
    )
