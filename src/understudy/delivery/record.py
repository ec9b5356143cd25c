"""`status.json` in a stage folder: for people, what became of their files, in plain words.

For admission it is a memory: which release the folder was last in step with, what each file's
content is, and who is writing in the folder. It is nothing that must be true: one that is damaged,
lost, or moved here from another folder is as good as none, and costs time only.

The writers are what makes a kill harmless. Whoever brings a folder in step says so first, with the
release. If it is killed, whoever comes next knows that files of that release are no person's drop.
"""

from __future__ import annotations

import hashlib
import random
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from ..errors import ConflictError, NotFoundError, ReleaseError, StoreError
from ..release.layout import stage_file
from ..release.records import decode, encode
from ..store.port import Entry, Store

STATUS_FILE = "status.json"
SCHEMA = 1
ATTEMPTS = 50
"""Each attempt that is lost was won by somebody: this is how many others may be in the way."""

STALE_SECONDS = 60.0
"""After this long, a writer that did not say that it is done was killed."""


class State(StrEnum):
    """What became of the files in a stage folder."""

    ADMITTED = "admitted"
    WAITING = "waiting"
    REJECTED = "rejected"
    EMPTY = "empty"
    SETTLING = "settling"


@dataclass(frozen=True, slots=True)
class Known:
    """A file whose content is known, as long as it has this size and etag."""

    name: str
    size: int
    etag: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Writer:
    """Somebody who is bringing the folder in step with a release.

    Attributes:
        nonce: tells it from others.
        release: the one whose files it copies.
        since: when it began, in seconds since 1970.
    """

    nonce: str
    release: str
    since: float


@dataclass(frozen=True, slots=True)
class Record:
    """What `status.json` says.

    Attributes:
        model: whose folder it is.
        stage: whose folder it is.
        state: what became of the files.
        message: the same for people: what happened, and why.
        hint: what they can do; empty when there is nothing to do.
        serves: the release that the stage served when this was written; None before the first.
        in_step: the release that the files were last known to be; None before the first.
        basis: what this was decided on; while it is the same, nothing is decided anew.
        writers: who is bringing the folder in step.
        files: what is in the folder, as far as it is known.
    """

    model: str
    stage: str
    state: State
    message: str
    hint: str
    serves: str | None
    in_step: str | None
    basis: str
    writers: tuple[Writer, ...]
    files: tuple[Known, ...]

    def sha256(self, name: str, entry: Entry) -> str | None:
        """The hash of a file's content, if it is still the file that was seen."""
        for known in self.files:
            if (known.name, known.size, known.etag) == (name, entry.size, entry.etag):
                return known.sha256
        return None

    def is_busy(self, now: float) -> bool:
        """Whether somebody is bringing the folder in step at this moment."""
        return any(now - writer.since < STALE_SECONDS for writer in self.writers)


def parse_record(data: bytes, model: str, stage: str) -> Record | None:
    """Read `status.json`; None when it is none of ours, or another folder's."""
    try:
        record = decode(Record, data, schema=SCHEMA, what=STATUS_FILE, hint="-")
    except ReleaseError:
        return None
    return record if (record.model, record.stage) == (model, stage) else None


def update_record(
    store: Store, model: str, stage: str, change: Callable[[Record | None], Record]
) -> bool:
    """Change `status.json` on top of what others write at the same time; False when it stays.

    Raises:
        StoreError: it cannot be written.
    """
    key = stage_file(model, stage, STATUS_FILE)
    for attempt in range(ATTEMPTS):
        try:
            found = store.get(key)
            current, etag = parse_record(found.data, model, stage), found.etag
        except NotFoundError:
            current, etag = None, None
        changed = change(current)
        if changed == current:
            return False
        try:
            store.put_if(key, encode(changed, schema=SCHEMA), expected=etag)
        except ConflictError:
            time.sleep(random.uniform(0, min(0.05, 0.001 * 2**attempt)))
            continue
        return True
    raise StoreError(
        f"others keep changing {key} at the same time", hint="wait until they are done, try again"
    )


def basis_of(files: Mapping[str, Entry], context: Iterable[str]) -> str:
    """One value for all that a decision rests on: the files, and what else counts."""
    lines = [f"{name} {entry.size} {entry.etag}" for name, entry in sorted(files.items())]
    return hashlib.sha256("\n".join([*context, *lines]).encode()).hexdigest()[:32]


def with_writer(record: Record, writer: Writer) -> Record:
    """The record while `writer` works."""
    return replace(record, writers=(*record.writers, writer))


def without_writer(record: Record, nonce: str, now: float) -> Record:
    """The record when a writer is done; those that were killed long ago go, too."""
    rest = (w for w in record.writers if w.nonce != nonce and now - w.since < STALE_SECONDS)
    return replace(record, writers=tuple(rest))
