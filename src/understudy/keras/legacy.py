"""The legacy layout of weights: groups and weights have names (`layer_names`, `weight_names`)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

from ..errors import WeightsError
from .hdf5 import Group
from .model import EXTRA, Part, Tensor
from .owner import (
    Assignment,
    Owner,
    Path,
    Roles,
    has_weights,
    pair,
    renamed_note,
    without_number,
)
from .spellings import CELL_SCOPES, INNER_SCOPES, WEIGHT_NAMES, WRAPPER_STATE


@dataclass(slots=True)
class Legacy:
    """A group in the legacy layout, and what to call its file in errors."""

    root: Group
    name: str

    def assign(self, owners: Sequence[Owner]) -> Assignment:
        """Give every layer its tensors, by the names of both."""
        notes: list[str] = []
        stored = {
            group: names
            for group in names_of(self.root, "layer_names") or []
            if (names := self._weight_names(group))
        }
        wanted = [owner for owner in owners if has_weights(owner)]
        pairs = pair([owner.name for owner in wanted], list(stored), by_number=False)
        if pairs is None:
            # Weights of another model. What fits by name is kept: the compiler, which knows the
            # shapes, then names the first tensor that is wrong.
            pairs = {owner.name: owner.name for owner in wanted if owner.name in stored}
        renamed = {ours: theirs for ours, theirs in pairs.items() if ours != theirs}
        if renamed:
            notes.append(renamed_note(renamed))
        self._check_held([name for name in pairs.values() if name in stored], stored)
        weights: dict[Path, Roles] = {}
        places: dict[Path, dict[str, str]] = {}
        for owner in wanted:
            group = pairs.get(owner.name, owner.name)
            places |= named_places(owner, f"{self.root.path}/{group}".lstrip("/"))
            if owner.name not in pairs:
                continue
            held = {name: self._tensor(group, name) for name in stored[group]}
            tensors = {name: tensor for name, tensor in held.items() if tensor is not None}
            weights.update(self.distribute(owner, tensors, notes))
        return Assignment(weights, tuple(notes), places)

    def _weight_names(self, group: str) -> list[str]:
        found = self.root.find(group)
        return [] if found is None else names_of(found, "weight_names") or []

    def _check_held(self, groups: Sequence[str], listed: Mapping[str, list[str]]) -> None:
        """Refuse a file that lists tensors which it does not hold."""
        absent = [
            f"{group}/{name}"
            for group in groups
            for name in listed[group]
            if self._tensor(group, name) is None
        ]
        if absent:
            more = f" and {len(absent) - 1:,} more" if absent[1:] else ""
            raise WeightsError(
                f"{self.name} lists {absent[0]}{more}, but does not hold it",
                hint="copy or download the file again",
                problems=tuple(absent) if absent[1:] else (),
            )

    def _tensor(self, group: str, name: str) -> Tensor | None:
        found = self.root.find(group)
        return found.tensor(name) if found is not None else None

    def distribute(
        self, owner: Owner, tensors: dict[str, Tensor], notes: list[str]
    ) -> dict[Path, Roles]:
        """One group's tensors to the layers in it; a layer's group is all its own."""
        leaves = list(owner.leaves())
        tensors = _without_state(owner, tensors)
        if owner.children is None:
            return {owner.path: self._by_role(owner, list(tensors.items()))}
        shares: dict[Path, list[tuple[str, Tensor]]] = {}
        by_path = {leaf.path: leaf for leaf in leaves}
        weighted = [leaf for leaf in leaves if has_weights(leaf)]
        # Keras 1 names have no slash: the layer's name is a prefix. Newer ones are paths.
        known = {name for leaf in leaves for name in leaf.path}
        inside = _directions(weighted, known)
        scopes = {name: inside.get(scope := _scope(name, known), scope) for name in tensors}
        stored = list(dict.fromkeys(scopes.values()))
        labels: dict[Path, str] = {}
        pairs: dict[str, str] | None = None
        for labels in _labels(weighted, _wrapped_in(owner), stored):
            pairs = pair(list(labels.values()), stored, by_number=True)
            if pairs is not None:
                break
        if owner.wrapped is not None and len(weighted) == 1:
            shares[weighted[0].path] = list(tensors.items())
        elif pairs is not None and len(set(pairs)) == len(weighted):
            renamed = {ours: theirs for ours, theirs in pairs.items() if ours != theirs}
            if renamed:
                notes.append(renamed_note(renamed))
            owners_of = {pairs[labels[leaf.path]]: leaf for leaf in weighted}
            for name, tensor in tensors.items():
                leaf = owners_of.get(scopes[name])
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
        if roles is not None and any("/" in role for role in roles):
            return self._by_parts(leaf, roles, share)
        if roles is not None and [name for name, _ in share] == _numbered(len(roles)):
            return dict(zip(roles, (tensor for _, tensor in share), strict=True))
        found: Roles = {}
        for name, tensor in share:
            role = _role(leaf.kind, roles, name)
            if role in found or (roles is not None and role not in roles):
                role = f"{EXTRA}{name}"
            found[role] = tensor
        return found

    def _by_parts(
        self, leaf: Owner, roles: tuple[str, ...], share: list[tuple[str, Tensor]]
    ) -> Roles:
        """The tensors of a layer made of others: by the names of these.

        Where the names do not tell them apart, as those of several cells do not, they are in
        Keras' order.
        """
        names = {
            "forward_layer": leaf.config.get("layer"),
            "backward_layer": leaf.config.get("backward_layer"),
        }
        hints = INNER_SCOPES | {
            part: f"{INNER_SCOPES[part]}|{re.escape(inside.name)}"
            for part, inside in names.items()
            if isinstance(inside, Part)
        }
        fitting = [[role for role in roles if _fits(role, name, hints)] for name, _ in share]
        chosen = [fits[0] for fits in fitting if len(fits) == 1]
        if len(chosen) == len(share) == len(set(chosen)):
            return dict(zip(chosen, (tensor for _, tensor in share), strict=True))
        in_order = len(share) == len(roles) and _rising([name for name, _ in share])
        if in_order and all(role in fits for role, fits in zip(roles, fitting, strict=True)):
            return dict(zip(roles, (tensor for _, tensor in share), strict=True))
        raise WeightsError(
            f"{self.name}: the {len(share)} tensors of {'/'.join(leaf.path)} are not those "
            f"that {leaf.kind} has ({', '.join(roles)})",
            hint="are these the weights of this architecture? Save both from one model",
        )


def named_places(owner: Owner, group: str) -> dict[Path, dict[str, str]]:
    """Where the weights of the layers in a group should be: each below its layer's name."""
    start = f"{group}/" if group else ""
    return {
        leaf.path: {role: f"{start}{leaf.name}/{role}" for role in leaf.roles() or ()}
        for leaf in owner.leaves()
    }


def _numbered(count: int) -> list[str]:
    """What Keras 1 called weights that had no names (keras 1.2.2 `save_weights_to_hdf5_group`)."""
    return [f"param_{number}" for number in range(count)]


def names_of(group: Group, attribute: str) -> list[str] | None:
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


def _scope(name: str, known: AbstractSet[str]) -> str:
    """`block1/conv1/kernel:0` -> `conv1`: who the weight's layer is.

    A layer's name may have slashes itself: the longest name that fits is the layer's.
    `lstm_1/lstm_cell_3/kernel:0` -> `lstm_1`: what lies inside a layer is passed over, unless
    it is the name of a layer.
    """
    scopes = name.split("/")[:-1]
    slashed = {without_number(layer) for layer in known if "/" in layer}
    for start in range(len(scopes) - 1):
        if without_number(rest := "/".join(scopes[start:])) in slashed:
            return rest
    while len(scopes) > 1 and scopes[-1] not in known and _INNER.fullmatch(scopes[-1]):
        scopes.pop()
    return scopes[-1] if scopes else ""


def _directions(leaves: Sequence[Owner], known: AbstractSet[str]) -> dict[str, str]:
    """What Keras 1 calls the layers in a Bidirectional -> its name, where that is told by them."""
    found: dict[str, set[str]] = {}
    for leaf in leaves:
        inside = leaf.config.get("layer")
        if leaf.kind == "Bidirectional" and isinstance(inside, Part):
            for direction in ("forward", "backward"):
                found.setdefault(f"{direction}_{inside.name}", set()).add(leaf.name)
    return {
        scope: min(names)
        for scope, names in found.items()
        if len(names) == 1 and scope not in known
    }


_INNER = re.compile("|".join((CELL_SCOPES, *INNER_SCOPES.values())))


def _labels(
    leaves: Sequence[Owner], wrapped: AbstractSet[Path], scopes: Sequence[str]
) -> Iterator[dict[Path, str]]:
    """What layers may be called in the names of weights, by their paths.

    One in a wrapper as the wrapper (Keras 2), or by its own name (Keras 3, and models): as the
    names tell; or else, where automatic numbers differ, all in one way.
    """
    own = {leaf.path: leaf.name for leaf in leaves}
    outer = {leaf.path: leaf.path[-2] for leaf in leaves if leaf.path in wrapped}
    seen = {path for path, name in outer.items() if name in scopes and own[path] not in scopes}
    yield own | {path: outer[path] for path in seen}
    yield own | outer
    yield own


def _wrapped_in(owner: Owner) -> set[Path]:
    """The layers that wrappers hold, at any depth."""
    found = {owner.wrapped.path} if owner.wrapped is not None else set()
    return found.union(*(_wrapped_in(child) for child in owner.children or ()))


def _without_state(owner: Owner, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """The tensors without what wrappers need in training only."""
    state = WRAPPER_STATE.get(owner.class_name, frozenset())
    for child in owner.children or ():
        tensors = _without_state(child, tensors)
    return {name: tensor for name, tensor in tensors.items() if _written(name) not in state}


def _written(name: str) -> str:
    return re.sub(r":\d+$", "", name.split("/")[-1])


def _fits(role: str, name: str, hints: Mapping[str, str]) -> bool:
    """Whether a weight's name may be that of a role.

    Args:
        role: as the layer has it, e.g. `cell/kernel`.
        name: as the file has it.
        hints: the beginning of a role -> what the name holds for it.
    """
    *parts, last = role.split("/")
    if last not in (_written(name), re.sub(r"_\d+$", "", _written(name))):
        return False
    scopes = name.split("/")[:-1]
    wanted = [hints[part] for part in parts if part in hints]
    return all(any(re.fullmatch(hint, scope) for scope in scopes) for hint in wanted)


def _rising(names: Sequence[str]) -> bool:
    """Whether automatic numbers rise, where names differ in these alone: the order is kept."""
    highest: dict[str, tuple[int, ...]] = {}
    for name in names:
        base = re.sub(r"_\d+", "", _written(name)), re.sub(r"_\d+", "", name)
        numbers = tuple(int(number) for number in re.findall(r"_(\d+)", name))
        if numbers < highest.get("/".join(base), ()):
            return False
        highest["/".join(base)] = numbers
    return True


def _role(kind: str, roles: tuple[str, ...] | None, name: str) -> str:
    """`conv2d_1/kernel:0` -> `kernel`; also `kernel_1:0`, which a name clash made."""
    written = _written(name)
    renames = WEIGHT_NAMES.get(kind, {})
    for candidate in (written, re.sub(r"_\d+$", "", written)):
        role = renames.get(candidate, candidate)
        if roles is None or role in roles:
            return role
    return written


def _common_suffix(path: Path, scopes: Sequence[str]) -> int:
    length = 0
    own = "/".join(path).split("/")  # a name may have slashes itself
    for ours, theirs in zip(reversed(own), reversed(scopes), strict=False):
        if ours != theirs:
            break
        length += 1
    return length
