"""Keras 3's layout of weights: groups are called by class and number, weights by number."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..errors import WeightsError
from .hdf5 import Group
from .model import EXTRA
from .owner import Assignment, Owner, Roles, has_weights, renamed_note
from .places import places, snake_case
from .shared import complete, likeness
from .spellings import GROUP_NAMES

CHECKPOINT = "_layer_checkpoint_dependencies"


@dataclass(slots=True)
class Numbered:
    """A group in Keras 3's layout, and what to call its file in errors.

    Attributes:
        container: the group that holds a model's layers. In that of tf.keras 2.12 and 2.13,
            `CHECKPOINT`, layers with weights are counted twice (tf.keras 2.13
            `Functional._layer_checkpoint_dependencies` lists them under two names).
        seen: the layers that were met, where those are not counted again.
    """

    root: Group
    name: str
    container: str = "layers"
    seen: set[str] | None = None

    def assign(self, owners: Sequence[Owner]) -> Assignment:
        """Give every layer its tensors, by class and number, or by noted names.

        A layer that is in several models has its weights once. tf.keras 2.14 and 2.15 don't count
        it where it has none, all others do (tf.keras 2.15 `saving_lib._save_container_state`).
        """
        plain = found = self._assign(owners)
        same = complete(owners, plain)
        if same is None:
            found = self._assign(owners, set())
            same = complete(owners, found) if _taken(found) >= _taken(plain) else None
        if same is None:
            return plain
        return Assignment(found.weights, (*found.notes, *same), found.places)

    def _assign(self, owners: Sequence[Owner], seen: set[str] | None = None) -> Assignment:
        """Give every layer its tensors; what was `seen` before is not counted."""
        found = Assignment({}, (), {})
        notes: list[str] = []
        self.seen = seen
        self._container(self.root.groups[self.container], owners, found, notes)
        return Assignment(found.weights, tuple(notes), found.places)

    def _container(
        self,
        group: Group,
        owners: Sequence[Owner],
        found: Assignment,
        notes: list[str],
    ) -> None:
        for owner, member in self._members(group, owners, notes):
            self._owner(member, owner, found, notes)

    def _owner(self, member: Group, owner: Owner, found: Assignment, notes: list[str]) -> None:
        if owner.wrapped is not None:
            inner = _inside(member, "layer")
            self._owner(inner, owner.wrapped, found, notes)
        elif owner.children is not None:
            inner = _inside(member, self.container)
            self._container(inner, owner.children, found, notes)
        else:
            found.places[owner.path] = _numbered_places(owner, member.path)
            roles = self._by_number(owner, member)
            if roles:
                found.weights[owner.path] = roles

    def _members(
        self, group: Group, owners: Sequence[Owner], notes: list[str]
    ) -> Iterator[tuple[Owner, Group]]:
        """Each layer with its group; an empty one, where it should be, if the file has none.

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
        wanted = {owner.name for owner in owners if has_weights(owner)}
        by_name = len(named) == len(group.groups) and wanted <= set(named)
        counts: Counter[str] = Counter()
        renamed: dict[str, str] = {}
        for owner in owners:
            if self._seen_before(owner):
                continue
            snake = snake_case(GROUP_NAMES.get(owner.class_name, owner.class_name))
            numbered = f"{snake}_{counts[snake]}" if counts[snake] else snake
            found = named.get(owner.name) if by_name else group.groups.get(numbered)
            counts[snake] += 2 if self._listed_twice(owner, found) else 1
            if found is None:
                yield owner, Group(f"{group.path}/{numbered}", {})
                continue
            member = found
            if by_name and re.sub(r"_\d+$", "", _last(member.path)) != snake:
                raise WeightsError(
                    f"{self.name}: {member.path} is named {owner.name}, which is "
                    f"a {owner.class_name} in the architecture",
                    hint="are these the weights of this architecture? Save both from one model",
                )
            noted = _noted_name(member)
            if noted is not None and noted != owner.name and has_weights(owner):
                renamed[owner.name] = noted
            yield owner, member
        if renamed:
            notes.append(renamed_note(renamed))

    def _seen_before(self, owner: Owner) -> bool:
        if self.seen is None:
            return False
        mark = likeness(owner)
        before = mark in self.seen
        self.seen.add(mark)
        return before

    def _listed_twice(self, owner: Owner, member: Group | None) -> bool:
        if self.container != CHECKPOINT:
            return False
        stored = member is not None and next(member.walk_tensors(), None) is not None
        return stored or has_weights(owner)

    def _by_number(self, owner: Owner, member: Group) -> Roles:
        """A layer's tensors, each from the group of the layer inside it that holds it."""
        wanted = places(owner.kind, owner.config)
        own = member.groups.get("vars")
        if wanted is None:
            return {} if own is None else dict(own.tensors)
        if not wanted and own is not None and own.tensors:
            raise self._number_wrong(owner, own, [])
        found: Roles = {}
        for groups, share in itertools.groupby(wanted, key=lambda place: place.groups):
            roles = [place.role for place in share]
            held = [member.find(f"{group}/vars" if group else "vars") for group in groups]
            group = next((one for one in held if one is not None), None)
            if group is None or not group.tensors:
                continue
            if sorted(group.tensors) != sorted(str(number) for number in range(len(group.tensors))):
                raise self._number_wrong(owner, group, roles)
            for number, tensor in sorted(group.tensors.items(), key=lambda item: int(item[0])):
                known = int(number) < len(roles)
                found[roles[int(number)] if known else f"{EXTRA}{number}"] = tensor
        return found

    def _number_wrong(self, owner: Owner, group: Group, roles: Sequence[str]) -> WeightsError:
        return WeightsError(
            f"{self.name}: {group.path} holds {len(group.tensors)} tensors, "
            f"{owner.kind} {'/'.join(owner.path)} has {len(roles)} ({', '.join(roles)})",
            hint="are these the weights of this architecture? Save both from one model",
        )


def _taken(found: Assignment) -> set[str]:
    """The tensors that layers have."""
    return {tensor.path for roles in found.weights.values() for tensor in roles.values()}


def _inside(member: Group, name: str) -> Group:
    """A group in a group; an empty one if the file has none."""
    return member.groups.get(name) or Group(f"{member.path}/{name}", {})


def _numbered_places(owner: Owner, path: str) -> dict[str, str]:
    """Where the weights of a layer should be, if `path` is its group."""
    found: dict[str, str] = {}
    places_of = itertools.groupby(
        places(owner.kind, owner.config) or (), key=lambda place: place.groups
    )
    for groups, share in places_of:
        inner = f"{path}/{groups[0]}" if groups[0] else path
        found |= {place.role: f"{inner}/vars/{number}" for number, place in enumerate(share)}
    return found


def _noted_name(member: Group) -> str | None:
    own = member.groups.get("vars")
    noted = own.attributes.get("name") if own is not None else None
    return noted if isinstance(noted, str) else None


def _last(path: str) -> str:
    return path.rpartition("/")[2]
