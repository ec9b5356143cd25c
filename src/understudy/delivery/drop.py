"""Decisions about a person's drop. Pure: from what is in a folder to what it may be.

Rules:

- The folder is the set: every file in it counts, what was there before as well as what is new.
- One thing makes way: when new model files and those of the release before are not one model
  together, the earlier ones count for nothing. So a `model.keras` replaces an `architecture.json`
  and its weights.
- A later stage takes only what was admitted on the stage before it, file by file. It does not take
  what that stage served in passing, while one set of files was replaced by the next.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import combinations

from ..release.identity import Role, short_id
from ..release.manifest import Source
from .folder import is_it
from .pointer import Pointer

PASSING_SECONDS = 60.0
"""A mixture of the sets before and after it, served for less than this, was a set in the making."""

_OF_MODEL = frozenset({Role.ARCHITECTURE, Role.WEIGHTS, Role.MODEL, Role.METADATA, Role.SHARD})


@dataclass(frozen=True, slots=True)
class Served:
    """A release that a stage may take: its id and its sources."""

    release: str
    sources: tuple[Source, ...]


def earlier_model(files: Mapping[str, str], sources: Iterable[Source]) -> tuple[str, ...]:
    """Give the names of the files that are the model of an earlier release."""
    model = [source for source in sources if source.role in _OF_MODEL]
    return tuple(n for n, sha in sorted(files.items()) if any(is_it(s, n, sha) for s in model))


def choices(files: Iterable[str], earlier: Sequence[str]) -> Iterator[frozenset[str]]:
    """Give the sets of files that may be the model, the likeliest first.

    All; then the new ones alone; then with ever more of the earlier ones left out.
    """
    everything = frozenset(files)
    yield everything
    if not earlier or everything <= set(earlier):
        return
    yield everything - set(earlier)
    for count in range(1, min(len(earlier), 4)):
        for gone in combinations(earlier, count):
            yield everything - set(gone)


def is_removal(files: Mapping[str, str], served: Collection[Source]) -> bool:
    """Whether these are some files of the release that is served, not all, and nothing else."""
    matched = [[s for s in served if is_it(s, name, sha)] for name, sha in files.items()]
    return all(matched) and len({s.name for found in matched for s in found}) < len(served)


def find_admitted(
    files: Mapping[str, str], admitted: Iterable[Served], earlier: Iterable[Source]
) -> Served | None:
    """Give the first release whose sources these files are, but for an earlier model's.

    Args:
        files: name -> SHA-256.
        admitted: the releases that the stage may take, the likeliest first.
        earlier: the sources of what the stage serves, or was getting.
    """
    superseded = set(earlier_model(files, earlier))
    for served in admitted:
        matched = {
            name: source
            for name, sha256 in files.items()
            for source in served.sources
            if is_it(source, name, sha256)
        }
        whole = {(s.role, s.name) for s in matched.values()} >= {
            (s.role, s.name) for s in served.sources
        }
        if whole and files.keys() - matched.keys() <= superseded:
            return served
    return None


def neighbours(pointer: Pointer, release: str) -> frozenset[str]:
    """Give a release and those that the stage served right before and after it."""
    served = [change.release for change in pointer.history]
    places = [number for number, found in enumerate(served) if found == release]
    return frozenset(
        served[other]
        for number in places
        for other in range(max(0, number - 1), min(len(served), number + 2))
    )


def in_passing(pointer: Pointer, sources: Mapping[str, Sequence[Source]]) -> frozenset[str]:
    """Give the releases that a stage served only while its files were being replaced.

    Args:
        pointer: of the stage.
        sources: release -> what it was made from; what is not there is not judged.
    """
    changes = pointer.history
    lasting: set[str] = {pointer.release}
    passing: set[str] = set()
    for after, change, before in zip(changes, changes[1:], changes[2:], strict=False):
        around = {*map(_key, sources.get(after.release, ()))} | {
            *map(_key, sources.get(before.release, ()))
        }
        its = {*map(_key, sources.get(change.release, ()))}
        brief = _seconds(change.at, after.at) < PASSING_SECONDS
        if (
            its
            and its <= around
            and brief
            and change.release not in (before.release, after.release)
        ):
            passing.add(change.release)
        else:
            lasting.add(change.release)
    lasting.add(changes[-1].release)
    return frozenset(passing - lasting)


def _key(source: Source) -> tuple[Role, str, str]:
    return source.role, source.name if source.role is Role.SHARD else "", source.sha256


def _seconds(start: str, end: str) -> float:
    """From one moment of a history to a later one; endless where one is not readable."""
    try:
        return (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds()
    except (ValueError, TypeError):
        return float("inf")


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a later stage does not take what lies in its folder.

    Attributes:
        waiting: whether it may become right when more files come.
        message: why, in plain words.
        hint: what to do.
    """

    waiting: bool
    message: str
    hint: str


def explain(
    files: Mapping[str, str],
    admitted: Sequence[Served],
    earlier: Iterable[Source],
    stage: str,
    before: str,
) -> Refusal:
    """Say why these files are no release that the stage may take.

    Args:
        files: name -> SHA-256.
        admitted: the releases that it may take.
        earlier: the sources of what the stage serves, or was getting.
        stage: whose folder it is.
        before: the stage that releases come from.
    """
    earlier = tuple(earlier)
    foreign = {
        name
        for name, sha in files.items()
        if not any(is_it(s, name, sha) for served in admitted for s in served.sources)
    }
    if foreign:
        return Refusal(
            False,
            f"{_listed(foreign)} never on {before}, and {stage} takes only what was admitted there",
            f"put the files into {before}/ first, look at its answers, then move them here",
        )
    old = {name for name, sha in files.items() if any(is_it(s, name, sha) for s in earlier)}
    target = max(admitted, key=lambda served: _score(files, served, old), default=None)
    if target is None:
        return Refusal(True, "there is nothing that was admitted before", f"use {before}/ first")
    its = {n for n, sha in files.items() if any(is_it(s, n, sha) for s in target.sources)}
    missing = [s for s in target.sources if not any(is_it(s, n, files[n]) for n in its)]
    rest = files.keys() - its
    message = f"this is a part of release {short_id(target.release)}"
    if missing:
        message += f", waiting for {', '.join(source.name for source in missing)}"
    if rest:
        message += f"; {', '.join(sorted(rest))} of another release"
    return Refusal(
        True, message, f"put all its files here; take away what {before} did not have with them"
    )


def _score(files: Mapping[str, str], served: Served, old: set[str]) -> tuple[int, int]:
    """How many of the new files are this release's, and how many of all."""
    its = {n for n, sha in files.items() if any(is_it(s, n, sha) for s in served.sources)}
    return len(its - old), len(its)


def _listed(names: Iterable[str]) -> str:
    listed = sorted(names)
    return f"{', '.join(listed)} {'was' if len(listed) == 1 else 'were'}"
