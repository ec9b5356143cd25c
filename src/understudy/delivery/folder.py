"""The stage folder: people put files there, and what they see in it is what the stage serves.

Rules:

- A file is known by its content alone. What is the content of the release that the stage serves,
  or of one whose files were being copied here, is ours. Everything else is a person's, and news.
- After the pointer moved, the folder follows, never the other way round. When the pointer moves
  again meanwhile, it is brought in step again.
- Whoever writes here says so first in `status.json`, with the release. If it is killed, whoever
  comes next finishes the work, and takes nothing half for a person's drop.
- A push replaces files that were never admitted, but they are kept under `displaced/`.
- Files that cannot belong to a model stay as they are.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterable, Mapping, Set
from dataclasses import dataclass, replace
from pathlib import Path

from ..errors import ConflictError, NotFoundError, ReleaseError, StoreError, UnderstudyError
from ..keras.formats import may_belong
from ..release.digests import Digests
from ..release.identity import Role, short_id
from ..release.layout import (
    SOURCES,
    displaced_file,
    is_source_name,
    release_file,
    stage_file,
    stage_folder,
)
from ..release.manifest import Manifest, Source
from ..release.repository import read_manifest
from ..store.disk import temporary_folder
from ..store.port import Entry, Store
from .pointer import Change
from .pointers import StoredPointer, read_pointer
from .record import (
    STATUS_FILE,
    Known,
    Record,
    State,
    Writer,
    basis_of,
    parse_record,
    update_record,
    with_writer,
    without_writer,
)
from .sources import BY_NAME

ROUNDS = 10
"""Enough: whoever moves the pointer brings the folder in step, too."""

Seconds = Callable[[], float]


@dataclass(frozen=True, slots=True)
class Look:
    """A stage folder at one moment.

    Attributes:
        files: those that may belong to a model, by name.
        below: the names of such files in folders inside the folder, which count for nothing.
        record: what `status.json` says.
    """

    files: Mapping[str, Entry]
    below: tuple[str, ...]
    record: Record | None


def look(store: Store, model: str, stage: str) -> Look:
    """See what is in a stage folder."""
    folder = stage_folder(model, stage)
    entries = {entry.key.removeprefix(f"{folder}/"): entry for entry in store.list(folder)}
    record = None
    if STATUS_FILE in entries:
        try:
            data = store.get(stage_file(model, stage, STATUS_FILE)).data
        except NotFoundError:
            pass
        else:
            record = parse_record(data, model, stage)
    below = (name for name in entries if "/" in name and _counts(name.rpartition("/")[2]))
    files = {name: entry for name, entry in entries.items() if "/" not in name and _counts(name)}
    return Look(files, tuple(below), record)


def _counts(name: str) -> bool:
    if name.startswith(".") or name == STATUS_FILE:
        return False
    return name in BY_NAME or is_source_name(name) or may_belong(name)


class Copies:
    """Copies of a stage folder's files on this machine, each brought once as long as it stays.

    Args:
        store: where the folder is.
        folder: for the copies.
        digests: remembers what was read.
    """

    def __init__(self, store: Store, folder: Path, digests: Digests) -> None:
        self.folder = folder
        self._store = store
        self._digests = digests
        self._here: dict[str, Entry] = {}

    def identify(self, found: Look) -> dict[str, str]:
        """Give the SHA-256 of every file; brings only those that are not among the digests.

        What this process knows is often about to be replaced: somebody's first file was seen.

        Raises:
            ConflictError: a file is not the one that was seen; look again.
        """
        return {
            name: self._digests.get(entry) or self._bring(name, entry)
            for name, entry in found.files.items()
        }

    def complete(self, found: Look) -> None:
        """Bring all files that are not here.

        Raises:
            ConflictError: a file is not the one that was seen; look again.
        """
        for name, entry in found.files.items():
            if self._here.get(name) != entry:
                self._bring(name, entry)

    def _bring(self, name: str, entry: Entry) -> str:
        try:
            got = self._store.download(entry.key, self.folder / name)
        except NotFoundError as error:
            raise ConflictError(f"{entry.key} is gone", hint="look again") from error
        if got.etag != entry.etag:
            raise ConflictError(f"{entry.key} was changed meanwhile", hint="look again")
        self._here[name] = entry
        self._digests.keep(entry, got.sha256)
        return got.sha256


def identify(store: Store, found: Look, digests: Digests | None = None) -> dict[str, str]:
    """Give the SHA-256 of every file in the folder; reads only those that are not known.

    They are known by `status.json`, or among the digests.

    Raises:
        ConflictError: a file is not the one that was seen; look again.
    """
    said = {
        name: found.record and found.record.sha256(name, entry)
        for name, entry in found.files.items()
    }
    new = replace(found, files={n: e for n, e in found.files.items() if said[n] is None})
    with temporary_folder() as folder:
        copies = Copies(store, folder, Digests() if digests is None else digests)
        read = copies.identify(new)
    return {name: sha256 or read[name] for name, sha256 in said.items()}


def ours(store: Store, model: str, record: Record | None, serves: str | None) -> tuple[Source, ...]:
    """Give the sources that are no news here: of what is served, or was being copied here."""
    releases = [serves]
    if record is not None:
        releases += [record.in_step, *(writer.release for writer in record.writers)]
    sources: list[Source] = []
    for release in dict.fromkeys(releases):
        try:
            sources += read_manifest(store, model, release).sources if release else ()
        except (NotFoundError, ReleaseError):
            continue  # its files cannot be told from a person's
    return tuple(sources)


@dataclass(frozen=True, slots=True)
class FolderPlan:
    """How a stage folder becomes what its stage serves.

    Attributes:
        displace: names of a person's files that make room; a copy is kept.
        remove: names of files that the release does not have. They go before anything is copied,
            so that a folder that is half done lacks something.
        copy: the sources that are missing or differ.
    """

    displace: tuple[str, ...]
    remove: tuple[str, ...]
    copy: tuple[Source, ...]


def plan_folder(
    wanted: Iterable[Source],
    present: Mapping[str, str],
    known: Set[str],
    *,
    displace: bool = True,
) -> FolderPlan:
    """Decide what to move away, remove and copy in a stage folder.

    Args:
        wanted: what the release was made from.
        present: name -> SHA-256 of the files that are there.
        known: the SHA-256 of what is nobody's news.
        displace: whether news make room; else they stay, and nothing is copied over them.
    """
    wanted = tuple(wanted)
    kept = {name for name, sha256 in present.items() if any(is_it(s, name, sha256) for s in wanted)}
    rest = {name: sha256 for name, sha256 in present.items() if name not in kept}
    news = {name for name, sha256 in rest.items() if sha256 not in known}
    copy = [s for s in wanted if not any(is_it(s, name, present[name]) for name in kept)]
    if not displace:
        copy = [source for source in copy if source.name not in news]
    overwritten = {source.name for source in copy}
    gone = rest.keys() - overwritten - (set() if displace else news)
    return FolderPlan(tuple(sorted(news)) if displace else (), tuple(sorted(gone)), tuple(copy))


def is_it(source: Source, name: str, sha256: str) -> bool:
    """Whether a file is this source. Models may be called anything, what goes by name may not."""
    by_name = source.role is Role.SHARD or source.role in BY_NAME.values()
    return sha256 == source.sha256 and (name == source.name or not (by_name or name in BY_NAME))


def settle_folder(
    store: Store,
    model: str,
    stage: str,
    *,
    displace: bool = True,
    now: Seconds = time.time,
    digests: Digests | None = None,
) -> bool:
    """Bring the stage folder in step with the pointer; gives whether anything had to be written.

    Doing it again writes nothing. With `displace`, files that were never admitted make room.
    What is among the digests is not read.

    Raises:
        StoreError: the folder cannot be written; the stage serves its release all the same.
    """
    wrote = False
    for _ in range(ROUNDS):
        found = read_pointer(store, model, stage)
        if found is None:
            break
        try:
            wrote |= _follow(store, model, stage, found, displace, now, digests)
        except ConflictError:
            continue  # somebody put another file there; look again
        except UnderstudyError as error:
            raise StoreError(
                f"{stage} of {model} serves {short_id(found.pointer.release)}, but its files could"
                f" not be copied to {stage_folder(model, stage)}: {error.what}",
                hint=f"do the same again when this is solved: {error.hint}",
            ) from error
        again = read_pointer(store, model, stage)
        if again is None or again.etag == found.etag:
            break
    return wrote


def _follow(
    store: Store,
    model: str,
    stage: str,
    found: StoredPointer,
    displace: bool,
    now: Seconds,
    digests: Digests | None,
) -> bool:
    release = found.pointer.release
    manifest = read_manifest(store, model, release)
    seen = look(store, model, stage)
    present = identify(store, seen, digests)
    known = {source.sha256 for source in ours(store, model, seen.record, release)}
    plan = plan_folder(manifest.sources, present, known, displace=displace)
    entries = dict(seen.files)
    writer = Writer(secrets.token_hex(8), release, now())
    if plan != FolderPlan((), (), ()):
        _announce(store, model, stage, writer)
        _carry_out(store, model, stage, manifest, plan, entries, present)
    done = _settled(model, stage, manifest, found.pointer.history[0], entries, present)

    def conclude(record: Record | None) -> Record:
        writers = () if record is None else record.writers
        return without_writer(replace(done, writers=writers), writer.nonce, now())

    told = update_record(store, model, stage, conclude)
    return told or plan != FolderPlan((), (), ())


def _announce(store: Store, model: str, stage: str, writer: Writer) -> None:
    message = f"the files of release {short_id(writer.release)} are being copied here"
    empty = Record(model, stage, State.SETTLING, message, "", None, None, "", (), ())

    def begin(record: Record | None) -> Record:
        begun = replace(record or empty, state=State.SETTLING, message=message, hint="", basis="")
        return with_writer(begun, writer)

    update_record(store, model, stage, begin)


def _carry_out(
    store: Store,
    model: str,
    stage: str,
    manifest: Manifest,
    plan: FolderPlan,
    entries: dict[str, Entry],
    present: dict[str, str],
) -> None:
    """Write, and keep `entries` and `present` in step with what is there."""
    for name in plan.displace:
        target = displaced_file(model, stage, present[name], name)
        store.copy(stage_file(model, stage, name), target)
    for name in plan.remove:
        store.delete(stage_file(model, stage, name))
        del entries[name], present[name]
    for source in plan.copy:
        key = stage_file(model, stage, source.name)
        etag = store.copy(release_file(model, manifest.id, f"{SOURCES}/{source.name}"), key)
        entries[source.name] = Entry(key, source.size, etag)
        present[source.name] = source.sha256


def _settled(
    model: str,
    stage: str,
    manifest: Manifest,
    change: Change,
    entries: Mapping[str, Entry],
    present: Mapping[str, str],
) -> Record:
    """What is said of a folder that is in step, but for news in it."""
    news = [n for n, sha in present.items() if not any(is_it(s, n, sha) for s in manifest.sources)]
    return Record(
        model=model,
        stage=stage,
        state=State.ADMITTED,
        message=f"these files are release {short_id(manifest.id)}, which {stage} serves; "
        f"{_how(change)} on {change.at} by {change.by}; {verified(manifest)}",
        hint="",
        serves=manifest.id,
        in_step=manifest.id,
        basis="" if news else basis_of(entries, (manifest.id,)),
        writers=(),
        files=tuple(
            Known(name, entry.size, entry.etag, present[name])
            for name, entry in sorted(entries.items())
        ),
    )


def _how(change: Change) -> str:
    words = {"push": "pushed", "promote": "promoted", "rollback": "rolled back"}
    return words.get(change.action, "admitted")


def verified(manifest: Manifest) -> str:
    """How far a release can be trusted, in words."""
    if manifest.self_test.verified:
        return "verified against its goldens"
    return "unverified: without goldens.npz nobody compared it with Keras"
