"""The weights of Keras 1 under the names of Keras 2: `conv_1_W:0` becomes `conv_1/kernel`.

A weight's name there is its layer's, `_`, and what it is; TensorFlow adds `:0`, and a number where
another model of the session had the name already. Theano adds nothing, which tells the two apart.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from ..hdf5 import Group
from ..legacy import names_of
from ..model import Array, Tensor
from . import tables

_ENDS = "|".join(
    sorted(
        [*tables.ROLES, "W_carry", "b_carry", *(f"{w}_{g}" for w in "WUb" for g in "ifcozrh")],
        key=len,
        reverse=True,
    )
)
_NAME = re.compile(rf"(?P<layer>.*)_(?P<end>{_ENDS})(?:_\d+)?(?P<slot>:\d+)?", re.DOTALL)


def says_backend(root: Group) -> str | None:
    """What wrote these weights, by their names; None if they do not tell.

    None as well for weights that are not Keras 1's: those carry the version.
    """
    if "keras_version" in root.attributes:
        return None
    matches = [match for name in _weight_names(root) if (match := _NAME.fullmatch(name))]
    if not matches:
        return None
    return "tensorflow" if any(match["slot"] for match in matches) else "theano"


def _weight_names(root: Group) -> Iterator[str]:
    for layer in names_of(root, "layer_names") or []:
        group = root.find(layer)
        if group is not None:
            yield from names_of(group, "weight_names") or []


def rename_weights(root: Group, layers: Sequence[str]) -> Group:
    """The same tree, with the names that Keras 2 would have given.

    Args:
        root: the group with the weights.
        layers: the outermost model's layers, in order: Keras 0.3 kept numbers only.
    """
    if "nb_layers" in root.attributes:
        root = _named(root, layers)
    groups = {name: _renamed(group) for name, group in root.groups.items()}
    return Group(root.path, root.attributes, groups, root.tensors)


def _named(root: Group, layers: Sequence[str]) -> Group:
    """Keras 0.3's `layer_0/param_0` as groups by the layers' names."""
    groups: dict[str, Group] = {}
    if root.attributes["nb_layers"] == len(layers):
        for number, layer in enumerate(layers):
            found = root.groups.get(f"layer_{number}", Group("", {}))
            groups[layer] = Group(
                found.path, {"weight_names": list(found.tensors)}, found.groups, found.tensors
            )
    return Group(root.path, {"layer_names": list(groups)}, groups)


def _renamed(group: Group) -> Group:
    """One layer's group; what is not named in Keras 1's way stays as it is.

    Where a layer's name has slashes, its group lies deeper, perhaps in another layer's.
    """
    written = names_of(group, "weight_names")
    if written is None:
        below = {name: _renamed(inner) for name, inner in group.groups.items()}
        return Group(group.path, group.attributes, below, group.tensors)
    tensors: dict[str, Tensor] = {}
    gates: dict[str, dict[str, Tensor]] = {}
    for name in written:
        match = _NAME.fullmatch(name)
        tensor = group.tensor(name)
        if tensor is None:
            continue
        if match is None:
            tensors[name] = tensor
        elif match["end"] in tables.ROLES:
            tensors[_free(f"{match['layer']}/{tables.ROLES[match['end']]}", tensors)] = tensor
        else:
            gates.setdefault(match["layer"], {})[match["end"]] = tensor
    for layer, parts in gates.items():
        tensors |= {f"{layer}/{role}": tensor for role, tensor in _joined(parts).items()}
    own = _tree(group.path, [(name.split("/"), tensor) for name, tensor in tensors.items()])
    for name, inner in group.groups.items():
        if _has_layers(inner):
            own = _joint(own, Group(own.path, {}, {name: _renamed(inner)}))
    return Group(group.path, {"weight_names": list(tensors)}, own.groups, own.tensors)


def _tree(path: str, members: Sequence[tuple[list[str], Tensor]]) -> Group:
    """Tensors by the parts of their names as groups in groups."""
    deeper: dict[str, list[tuple[list[str], Tensor]]] = {}
    for parts, tensor in members:
        if parts[1:]:
            deeper.setdefault(parts[0], []).append((parts[1:], tensor))
    groups = {name: _tree(name, inner) for name, inner in deeper.items()}
    return Group(path, {}, groups, {parts[0]: t for parts, t in members if not parts[1:]})


def _joint(one: Group, other: Group) -> Group:
    """What two groups of one place hold."""
    groups = dict(one.groups)
    for name, inner in other.groups.items():
        groups[name] = _joint(groups[name], inner) if name in groups else inner
    attributes = one.attributes | other.attributes
    return Group(one.path, attributes, groups, {**one.tensors, **other.tensors})


def _has_layers(group: Group) -> bool:
    """Whether a layer's group is in it, or is it."""
    listed = names_of(group, "weight_names") is not None
    return listed or any(map(_has_layers, group.groups.values()))


def _free(name: str, taken: Mapping[str, Tensor]) -> str:
    """The name, or one beside it that no layer has: two of one name are refused later."""
    return name if name not in taken else f"{name} again, number {len(taken)}"


def _joined(parts: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The weights of an LSTM's or a GRU's gates as three; others stay as they are."""
    forms = {(end[0], tensor.shape[:-1], tensor.dtype) for end, tensor in parts.items()}
    if len(forms) > len("WUb"):  # gates that do not fit together are no gates of one layer
        return dict(parts)
    for order in tables.GATES:
        if set(parts) == {f"{weight}_{gate}" for weight in "WUb" for gate in order}:
            return {
                tables.ROLES[weight]: _concatenated([parts[f"{weight}_{g}"] for g in order])
                for weight in "WUb"
            }
    return dict(parts)


def _concatenated(parts: Sequence[Tensor]) -> Tensor:
    first = parts[0]
    sizes = [part.shape[-1] if part.shape else 0 for part in parts]

    def read() -> Array:
        return np.concatenate([part.read() for part in parts], axis=-1)

    path = f"{first.path} and {len(parts) - 1} more"
    shape = (*first.shape[:-1], sum(sizes))
    return Tensor(path, shape, first.dtype, read, tuple(parts))
