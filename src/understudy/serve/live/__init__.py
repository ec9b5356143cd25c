"""The release that a stage serves, kept up to date while requests are answered.

A watcher sees what the stage's pointer says; the policy decides what follows from it; the manager
carries that out: a loader opens the release and lets it pass its self-test, the holder lends it
to requests. Requests never wait for any of this, and never ask the store.

Nothing in here knows what a store or a pointer's file looks like: two functions are given to it,
one that reads the pointer and one that loads a release.
"""

from .fleet import Fleet
from .live import Live
from .pace import Pace
from .policy import Desired
from .told import Event, Kind

__all__ = ["Desired", "Event", "Fleet", "Kind", "Live", "Pace"]
