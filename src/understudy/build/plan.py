"""What stays in a bundle, and what each rule leaves out. Pure: files in, a plan out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .elf import Native
from .rules import RULES, Rule, When


@dataclass(frozen=True, slots=True)
class Size:
    """Bytes, zipped and as they are."""

    zipped: int
    plain: int

    def __add__(self, other: Size) -> Size:
        return Size(self.zipped + other.zipped, self.plain + other.plain)


NOTHING = Size(0, 0)


@dataclass(frozen=True, slots=True)
class Found:
    """A file that could be in the bundle.

    Attributes:
        path: in the bundle, with slashes.
        package: whose it is.
        native: what a native file links; None for all others.
        added: whether a person added it: what it needs is not known here, so all of it stays.
    """

    path: str
    package: str
    native: Native | None = None
    added: bool = False

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.path.rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class Plan:
    """Which files stay, and which rule leaves out which of the others; both in order."""

    kept: tuple[Found, ...]
    dropped: Mapping[str, tuple[Found, ...]]


def plan(
    files: Sequence[Found], compiled: frozenset[str] = frozenset(), rules: Sequence[Rule] = RULES
) -> Plan:
    """Decide.

    Args:
        files: all there are.
        compiled: the sources that bytecode stands in for.
        rules: what to leave out, from the first to the last.
    """
    alone = not any(file.added for file in files)
    fitting = [rule for rule in rules if alone or not rule.alone]
    verdicts: dict[str, Rule | None] = {
        file.path: next((r for r in fitting if _applies(r, file, compiled)), None) for file in files
    }
    while used := [file for file in files if _is_used(file, verdicts, files)]:
        verdicts |= {file.path: None for file in used}
    ordered = sorted(files, key=lambda file: file.path)
    return Plan(
        tuple(file for file in ordered if verdicts[file.path] is None),
        {rule.name: tuple(f for f in ordered if verdicts[f.path] is rule) for rule in rules},
    )


def _applies(rule: Rule, file: Found, compiled: frozenset[str]) -> bool:
    if file.added or not rule.matches(file.path):
        return False
    if rule.when is When.UNUSED:
        return file.native is not None
    return rule.when is not When.COMPILED or file.path in compiled


def _is_used(file: Found, verdicts: Mapping[str, Rule | None], files: Sequence[Found]) -> bool:
    """Whether a library that would go is used by a file that stays."""
    rule = verdicts[file.path]
    if rule is None or rule.when is not When.UNUSED or file.native is None:
        return False
    soname = file.native.soname
    return any(
        verdicts[other.path] is None
        and other.native is not None
        and other.native.uses(file.name, soname)
        for other in files
    )
