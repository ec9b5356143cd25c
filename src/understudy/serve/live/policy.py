"""What to do next, from what is known now. Pure: no threads, no clock, no store.

The rules, in the order in which they are asked:

| there is | and | then |
|---|---|---|
| an old release | nobody uses it any more | release it |
| a release that is ready | it is the desired one | swap it in |
| a release that is ready | another one is desired by now | discard it |
| a release that is loading | another one is desired by now | call the loading off |
| a release that is loading | it is the desired one | wait |
| a desired release | it is served | nothing |
| a desired release | it failed since the pointer changed last, and its time has not come | wait |
| a desired release | otherwise | load it |

What was served goes on being served, whatever happens to anything else.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Desired:
    """What the pointer says: the release, and the etag with which that was read."""

    release: str
    etag: str


@dataclass(frozen=True, slots=True)
class Failure:
    """An attempt that did not bring a release.

    Attributes:
        desired: what was to be loaded; of the same release under a new etag, nothing is known.
        attempts: how many there were, one after the other.
        retry_at: when the next one may begin, on the clock of `Snapshot.now`.
    """

    desired: Desired
    attempts: int
    retry_at: float


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All that the decision depends on.

    Attributes:
        now: seconds on a clock that never goes back.
        desired: what the pointer said last; None before it was seen.
        serving: the release that answers; None at the beginning.
        loading: the release that is being loaded.
        ready: the release that was loaded, and waits to be swapped in.
        failed: the last attempt, where it failed.
        leases: how many requests still use each release that was swapped out.
    """

    now: float
    desired: Desired | None = None
    serving: str | None = None
    loading: str | None = None
    ready: str | None = None
    failed: Failure | None = None
    leases: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Release:
    """Let go of the old releases that nobody uses any more."""


@dataclass(frozen=True, slots=True)
class Swap:
    """Let the release that is ready answer from now on."""


@dataclass(frozen=True, slots=True)
class Discard:
    """Close the release that is ready: nobody wants it any more."""


@dataclass(frozen=True, slots=True)
class CallOff:
    """Stop loading; the next thing begins when it has stopped."""


@dataclass(frozen=True, slots=True)
class Load:
    """Begin to load what is desired."""

    desired: Desired


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing to do until something happens, or until a time."""

    until: float | None = None


Action = Release | Swap | Discard | CallOff | Load | Wait


def next_action(known: Snapshot) -> Action:
    """Decide the next step; carried out, it leads to a snapshot with another one."""
    wanted = known.desired.release if known.desired else None
    if 0 in known.leases:
        return Release()
    if known.ready is not None:
        return Swap() if known.ready == wanted else Discard()
    if known.loading is not None:
        return Wait() if known.loading == wanted else CallOff()
    if known.desired is None or known.serving == wanted:
        return Wait()
    failed = known.failed
    if failed is not None and failed.desired == known.desired and known.now < failed.retry_at:
        return Wait(failed.retry_at)
    return Load(known.desired)
