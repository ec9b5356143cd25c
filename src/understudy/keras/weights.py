"""Which stored tensor is which weight of which layer.

Two layouts exist. *Legacy* (`layer_names`, `weight_names`; 1.x to tf.keras 2.15, and Keras 3's
`.h5`): a group for each top-level layer, with the names of its weights. *Numbered* (Keras 3's
`.weights.h5`): `layers/<class>_<n>/vars/<i>`, nested as the models are.

Names decide wherever they exist. Where all that differs are automatic numbers (`conv2d_7` in the
weights, `conv2d_1` in the architecture: both made in one session), layers are paired by their
order among those of their kind, which is what Keras does, and a note says so. Tensors are never
moved to where merely their shape would fit.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import WeightsError
from .hdf5 import Group
from .model import Tensor
from .spellings import WEIGHT_NAMES, WEIGHTS

Path = tuple[str, ...]
Roles = dict[str, Tensor]


@dataclass(frozen=True, slots=True)
class Owner:
    """A layer, or a nested model, that may own weights.

    Attributes:
        path: names from the outermost model inwards.
        class_name: as written, without a package.
        kind: the class by its newest name.
        config: the options, by their newest names.
        children: a nested model's layers, in the file's order; None for a layer.
    """

    path: Path
    class_name: str
    kind: str
    config: Mapping[str, Any]
    children: tuple[Owner, ...] | None = None

    @property
    def name(self) -> str:
        """The layer's own name."""
        return self.path[-1]

    def leaves(self) -> Iterator[Owner]:
        """The layers in it, at any depth; itself if it is a layer."""
        if self.children is None:
            yield self
        else:
            for child in self.children:
                yield from child.leaves()

    def roles(self) -> tuple[str, ...] | None:
        """The layer's weights in Keras' order; None for a class that is not in the table."""
        rows = WEIGHTS.get(self.kind)
        if rows is None:
            return None
        return tuple(role for role, when in rows if when is None or self.config.get(when, True))


@dataclass(frozen=True, slots=True)
class Assignment:
    """The weights of each layer, by its path, and what had to be assumed."""

    weights: dict[Path, Roles]
    notes: tuple[str, ...]


def assign(root: Group, owners: Sequence[Owner], name: str) -> Assignment:
    """Give every layer its tensors.

    Args:
        root: the group that holds the model's weights.
        owners: the outermost model's layers, in the architecture's order.
        name: what to call the weights' file in errors.

    Raises:
        WeightsError: these are weights of another model, or of none.
    """
    if _names(root, "layer_names") is not None:
        return _Legacy(root, name).assign(owners)
    if "layers" in root.groups:
        return _Numbered(root, name).assign(owners)
    raise WeightsError(
        f"{name} holds no Keras weights",
        hint="give the file that model.save_weights() or model.save() made",
    )


# --- Legacy: groups and weights have names ---------------------------------------------------


@dataclass(slots=True)
class _Legacy:
    root: Group
    name: str

    def assign(self, owners: Sequence[Owner]) -> Assignment:
        notes: list[str] = []
        stored = {
            group: names
            for group in _names(self.root, "layer_names") or []
            if (names := self._weight_names(group))
        }
        wanted = [owner for owner in owners if _has_weights(owner)]
        pairs = _pair([owner.name for owner in wanted], list(stored), by_number=False)
        if pairs is None:
            # Weights of another model. What fits by name is kept: the compiler, which knows the
            # shapes, then names the first tensor that is wrong.
            pairs = {owner.name: owner.name for owner in wanted if owner.name in stored}
        renamed = {ours: theirs for ours, theirs in pairs.items() if ours != theirs}
        if renamed:
            notes.append(_renamed_note(renamed))
        weights: dict[Path, Roles] = {}
        for owner in wanted:
            if owner.name not in pairs:
                continue
            group = pairs[owner.name]
            tensors = {name: self._tensor(group, name) for name in stored[group]}
            weights.update(self._distribute(owner, tensors, notes))
        return Assignment(weights, tuple(notes))

    def _weight_names(self, group: str) -> list[str]:
        found = self.root.find(group)
        return [] if found is None else _names(found, "weight_names") or []

    def _tensor(self, group: str, name: str) -> Tensor:
        found = self.root.find(group)
        tensor = found.tensor(name) if found is not None else None
        if tensor is None:
            raise WeightsError(
                f"{self.name} lists {group}/{name}, but does not hold it",
                hint="copy or download the file again",
            )
        return tensor

    def _distribute(
        self, owner: Owner, tensors: dict[str, Tensor], notes: list[str]
    ) -> dict[Path, Roles]:
        """One group's tensors to the layers in it; a layer's group is all its own."""
        leaves = list(owner.leaves())
        if owner.children is None:
            return {owner.path: self._by_role(owner, list(tensors.items()))}
        shares: dict[Path, list[tuple[str, Tensor]]] = {}
        by_path = {leaf.path: leaf for leaf in leaves}
        weighted = [leaf for leaf in leaves if _has_weights(leaf)]
        # Keras 1 names have no slash: the layer's name is a prefix. Newer ones are paths.
        scopes = list(dict.fromkeys(_scope(name) for name in tensors))
        pairs = _pair([leaf.name for leaf in weighted], scopes, by_number=True)
        if pairs is not None and len(set(pairs)) == len(weighted):
            renamed = {ours: theirs for ours, theirs in pairs.items() if ours != theirs}
            if renamed:
                notes.append(_renamed_note(renamed))
            owners_of = {pairs[leaf.name]: leaf for leaf in weighted}
            for name, tensor in tensors.items():
                leaf = owners_of.get(_scope(name))
                if leaf is not None:
                    shares.setdefault(leaf.path, []).append((name, tensor))
        else:
            for name, tensor in tensors.items():
                found = self._by_scopes(owner, leaves, name)
                shares.setdefault(found.path, []).append((name, tensor))
        return {path: self._by_role(by_path[path], share) for path, share in shares.items()}

    def _by_scopes(self, owner: Owner, leaves: list[Owner], name: str) -> Owner:
        """The one layer whose path's end is the weight's scopes' end, the longer the better.

        Keras 3.0 wrote bare names (`kernel`): then the one layer that has such a weight.
        """
        scopes = name.split("/")[:-1]
        best: list[Owner] = []
        best_length = 0
        if not scopes:
            best = [leaf for leaf in leaves if _role(leaf.kind, None, name) in (leaf.roles() or ())]
        for leaf in leaves:
            length = _common_suffix(leaf.path, scopes)
            if length > best_length:
                best, best_length = [leaf], length
            elif length == best_length and length:
                best.append(leaf)
        if len(best) != 1:
            what = "no layer" if not best else "more than one layer"
            raise WeightsError(
                f"{self.name}: the weight {name} of {owner.name} belongs to {what} of it",
                hint="are these the weights of this architecture? Save both from one model",
            )
        return best[0]

    def _by_role(self, leaf: Owner, share: list[tuple[str, Tensor]]) -> Roles:
        roles = leaf.roles()
        found: Roles = {}
        for name, tensor in share:
            role = _role(leaf.kind, roles, name)
            if role in found or (roles is not None and role not in roles):
                known = ", ".join(roles or ()) or "no weights"
                raise WeightsError(
                    f"{self.name}: {tensor.path} is no weight that {leaf.kind} "
                    f"{'/'.join(leaf.path)} has ({known})",
                    hint="are these the weights of this architecture? Save both from one model",
                )
            found[role] = tensor
        return found


def _names(group: Group, attribute: str) -> list[str] | None:
    """A list of names; long ones are split over `<attribute>0`, `<attribute>1` and so on."""
    if attribute in group.attributes:
        return _text_list(group.attributes[attribute])
    if f"{attribute}0" not in group.attributes:
        return None
    names: list[str] = []
    for number in range(len(group.attributes)):
        part = group.attributes.get(f"{attribute}{number}")
        if part is None:
            break
        names += _text_list(part)
    return names


def _text_list(value: Any) -> list[str]:
    items = value if isinstance(value, list) else [value]
    return [item for item in items if isinstance(item, str)]


def _scope(name: str) -> str:
    """`block1/conv1/kernel:0` -> `conv1`: who the weight's layer is."""
    parts = name.split("/")
    return parts[-2] if len(parts) > 1 else ""


def _role(kind: str, roles: tuple[str, ...] | None, name: str) -> str:
    """`conv2d_1/kernel:0` -> `kernel`; also `kernel_1:0`, which a name clash made."""
    written = re.sub(r":\d+$", "", name.split("/")[-1])
    renames = WEIGHT_NAMES.get(kind, {})
    for candidate in (written, re.sub(r"_\d+$", "", written)):
        role = renames.get(candidate, candidate)
        if roles is None or role in roles:
            return role
    return written


def _common_suffix(path: Path, scopes: Sequence[str]) -> int:
    length = 0
    for ours, theirs in zip(reversed(path), reversed(scopes), strict=False):
        if ours != theirs:
            break
        length += 1
    return length


# --- Numbered: groups are called by class and number, weights by number -------------------------


@dataclass(slots=True)
class _Numbered:
    root: Group
    name: str

    def assign(self, owners: Sequence[Owner]) -> Assignment:
        weights: dict[Path, Roles] = {}
        notes: list[str] = []
        self._container(self.root.groups["layers"], owners, weights, notes)
        return Assignment(weights, tuple(notes))

    def _container(
        self,
        group: Group,
        owners: Sequence[Owner],
        weights: dict[Path, Roles],
        notes: list[str],
    ) -> None:
        for owner, member in self._members(group, owners, notes):
            if owner.children is not None:
                inner = member.groups.get("layers")
                if inner is not None:
                    self._container(inner, owner.children, weights, notes)
                continue
            roles = self._by_number(owner, member.groups.get("vars"))
            if roles:
                weights[owner.path] = roles

    def _members(
        self, group: Group, owners: Sequence[Owner], notes: list[str]
    ) -> Iterator[tuple[Owner, Group]]:
        """Each layer with its group.

        Newer versions note the layer's name at its `vars` group; where these are the
        architecture's names, they decide. Otherwise the group is called by the layer's class
        and its number among those of its class, in the order of the model's layers.
        (keras 3.15 `saving_lib._save_container_state`.)
        """
        named: dict[str, Group] = {}
        for member in group.groups.values():
            own = member.groups.get("vars")
            noted = own.attributes.get("name") if own is not None else None
            if isinstance(noted, str):
                named[noted] = member
        wanted = {owner.name for owner in owners if _has_weights(owner)}
        by_name = len(named) == len(group.groups) and wanted <= set(named)
        counts: Counter[str] = Counter()
        renamed: dict[str, str] = {}
        for owner in owners:
            snake = _snake_case(owner.class_name)
            numbered = f"{snake}_{counts[snake]}" if counts[snake] else snake
            counts[snake] += 1
            found = named.get(owner.name) if by_name else group.groups.get(numbered)
            if found is None:
                continue
            member = found
            if by_name and re.sub(r"_\d+$", "", _last(member.path)) != snake:
                raise WeightsError(
                    f"{self.name}: {member.path} is named {owner.name}, which is "
                    f"a {owner.class_name} in the architecture",
                    hint="are these the weights of this architecture? Save both from one model",
                )
            noted = _noted_name(member)
            if noted is not None and noted != owner.name and _has_weights(owner):
                renamed[owner.name] = noted
            yield owner, member
        if renamed:
            notes.append(_renamed_note(renamed))

    def _by_number(self, owner: Owner, group: Group | None) -> Roles:
        if group is None or not group.tensors:
            return {}
        roles = owner.roles()
        if roles is None:
            return dict(group.tensors)
        if sorted(group.tensors) != sorted(str(number) for number in range(len(roles))):
            raise WeightsError(
                f"{self.name}: {group.path} holds {len(group.tensors)} tensors, "
                f"{owner.kind} {'/'.join(owner.path)} has {len(roles)} ({', '.join(roles)})",
                hint="are these the weights of this architecture? Save both from one model",
            )
        return {role: group.tensors[str(number)] for number, role in enumerate(roles)}


def _noted_name(member: Group) -> str | None:
    own = member.groups.get("vars")
    noted = own.attributes.get("name") if own is not None else None
    return noted if isinstance(noted, str) else None


def _last(path: str) -> str:
    return path.rpartition("/")[2]


def _snake_case(name: str) -> str:
    """Keras' own rule for group names (keras `utils.naming.to_snake_case`)."""
    name = re.sub(r"\W+", "", name)
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()


# --- Both -----------------------------------------------------------------------------------


def _has_weights(owner: Owner) -> bool:
    """Whether the layer must own weights; a class that is not in the table may or may not."""
    return any(leaf.roles() for leaf in owner.leaves())


def _pair(ours: Sequence[str], theirs: Sequence[str], *, by_number: bool) -> dict[str, str] | None:
    """Our names -> theirs: the same ones, or, where only automatic numbers differ, by order.

    Args:
        ours: the names of the architecture, in its order.
        theirs: the names of the file, in its order.
        by_number: order is that of the numbers, not of the lists (a frozen layer's weights
            are listed last).

    Returns:
        None if the names are not those of one model.
    """
    if set(ours) <= set(theirs):
        return {name: name for name in ours}
    mine, yours = _by_base(ours), _by_base(theirs)
    if {base: len(names) for base, names in mine.items()} != {
        base: len(names) for base, names in yours.items()
    }:
        return None
    pairs: dict[str, str] = {}
    for base, names in mine.items():
        numbered = dict(
            zip(sorted(names, key=_number), sorted(yours[base], key=_number), strict=True)
        )
        listed = dict(zip(names, yours[base], strict=True))
        if not by_number and numbered != listed:
            return None
        pairs.update(numbered)
    return pairs


def _by_base(names: Sequence[str]) -> dict[str, list[str]]:
    bases: dict[str, list[str]] = {}
    for name in dict.fromkeys(names):
        bases.setdefault(re.sub(r"_\d+$", "", name), []).append(name)
    return bases


def _number(name: str) -> int:
    match = re.search(r"_(\d+)$", name)
    return int(match[1]) if match else 0


def _renamed_note(renamed: Mapping[str, str]) -> str:
    ours, theirs = next(iter(renamed.items()))
    more = f" and {len(renamed) - 1} more" if len(renamed) > 1 else ""
    return (
        f"the weights' layers have other automatic numbers than the architecture's; "
        f"paired by order, as Keras does: {ours} takes those of {theirs}{more}"
    )


def _listed(names: Sequence[str], most: int = 3) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
