"""Weights in several HDF5 files: Keras 3's `.weights.json`, `model_00000.weights.h5` and so on.

The trees of the shards become one, as if the weights had been saved in one file
(keras 3.15 `saving_lib.ShardedH5IOStore`).
"""

from __future__ import annotations

from collections.abc import Sequence

from ...errors import ModelFileError
from ..hdf5 import Group
from ..model import Tensor

MAX_SHARDS = 10_000


def join(roots: Sequence[Group], name: str) -> Group:
    """One tree of the shards' trees.

    Raises:
        ModelFileError: two shards hold the same weight.
    """
    if len(roots) > MAX_SHARDS:
        raise ModelFileError(f"{name} names {len(roots):,} files", hint="save fewer shards")
    return _join(roots, name)


def _join(groups: Sequence[Group], name: str) -> Group:
    tensors: dict[str, Tensor] = {}
    members: dict[str, list[Group]] = {}
    for group in groups:
        for key, tensor in group.tensors.items():
            if key in tensors:
                raise ModelFileError(
                    f"two of the files that {name} names hold {tensor.path}",
                    hint="give the shards of one model only, as save_weights() wrote them",
                )
            tensors[key] = tensor
        for key, member in group.groups.items():
            members.setdefault(key, []).append(member)
    attributes = {key: value for group in groups for key, value in group.attributes.items()}
    joined = {
        key: found[0] if len(found) == 1 else _join(found, name) for key, found in members.items()
    }
    return Group(groups[0].path, attributes, joined, tensors)
