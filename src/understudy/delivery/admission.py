"""Admission: what lies in a stage folder becomes what the stage serves, or a reason why not.

Look, decide, wait until the folder is quiet, look again, and only then move the pointer. What was
decided is written to `status.json`; as long as what it rests on stays the same, nothing is read
but a listing, and nothing is written. So it may be called at any time, twice, or by several.

The first stage takes whatever makes a release. A later stage takes only what was admitted before.
The making of a release, the clock, the person and the pause come in as arguments.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from ..errors import ConflictError, InputError, NotFoundError, ReleaseError
from ..release.digests import Digests
from ..release.identity import short_id
from ..release.layout import DEFAULT_STAGES, check_model, check_stage, stage_folder
from ..release.manifest import Manifest, Source
from ..release.repository import Sending, find_release, read_manifest, write_release
from ..store.disk import temporary_folder
from ..store.port import Entry, Store
from .drop import Served, explain, find_admitted, in_passing, is_removal, neighbours
from .folder import Copies, Look, identify, look, ours, settle_folder, verified
from .patience import Patience
from .pointer import Action, Change
from .pointers import StoredPointer, change_found_pointer, read_pointer
from .proposals import Propose, Verdict, make_of
from .record import Known, Record, State, basis_of, update_record

ROUNDS = 20

LOOK_SECONDS = 0.1
"""So often it looks whether a folder stays as it is."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a stage folder.

    Attributes:
        model: whose.
        stage: whose.
        state: what became of the files.
        message: the same, in plain words.
        hint: what can be done; may be empty.
        release: what the stage serves now; None when it never served.
        moved: whether the stage served something else before.
        again: look again after so many seconds, because this is not final; None when it is.
    """

    model: str
    stage: str
    state: State
    message: str
    hint: str = ""
    release: str | None = None
    moved: bool = False
    again: float | None = None


@dataclass(frozen=True, slots=True)
class _Scene:
    """All that a decision rests on: a folder, its pointer, and that of the stage before."""

    model: str
    stage: str
    seen: Look
    pointer: StoredPointer | None
    before: StoredPointer | None
    version: str

    @property
    def serves(self) -> str | None:
        return None if self.pointer is None else self.pointer.pointer.release

    def basis(self, state: State) -> str:
        """What a decision rests on. What is refused may be taken when other things change."""
        context = [self.serves or ""]
        if state in (State.WAITING, State.REJECTED):
            context += ["" if self.before is None else self.before.etag, self.version]
        return basis_of(self.seen.files, context)


Made = Callable[[Manifest, Path], None]
"""Is called with each release that was made, and the folder where its files are for a moment, while
these are written into the store."""

Moved = Callable[[str, str], None]
"""Is called with the model and the stage as soon as the stage serves another release."""


class Admission:
    """Admits what people put into the stage folders of one store."""

    def __init__(
        self,
        store: Store,
        propose: Propose,
        *,
        by: str,
        now: Callable[[], datetime],
        version: str,
        stages: Sequence[str] = DEFAULT_STAGES,
        patience: Patience | None = None,
        made: Made = lambda _manifest, _staging: None,
        moved: Moved = lambda _model, _stage: None,
        digests: Digests | None = None,
    ) -> None:
        self._store = store
        self._propose = propose
        self._by = by
        self._now = now
        self._version = version
        self._stages = tuple(stages)
        self._patience = patience or Patience()
        self._made = made
        self._moved = moved
        self._digests = Digests() if digests is None else digests

    def admit(self, model: str, stage: str) -> Outcome:
        """Look at a stage folder, and do what its files ask for.

        Raises:
            InputError: there cannot be such a model, or there is no such stage.
            StoreError: the store cannot be read or written.
        """
        check_model(model)
        if check_stage(stage) not in self._stages:
            raise InputError(
                f"there is no stage {stage}", hint=f"the stages are {', '.join(self._stages)}"
            )
        with ExitStack() as stack:

            @cache
            def copies() -> Copies:
                folder = stack.enter_context(temporary_folder())
                return Copies(self._store, folder, self._digests)

            for _ in range(ROUNDS):
                try:
                    outcome = self._once(self._scene(model, stage), copies)
                except ConflictError:
                    continue  # something was changed while it was looked at
                if outcome is not None:
                    return outcome
        return Outcome(
            model, stage, State.WAITING, "the files keep changing", again=self._patience.quiet
        )

    def _scene(self, model: str, stage: str) -> _Scene:
        index = self._stages.index(stage)
        before = read_pointer(self._store, model, self._stages[index - 1]) if index else None
        pointer = read_pointer(self._store, model, stage)
        seen = look(self._store, model, stage)
        return _Scene(model, stage, seen, pointer, before, self._version)

    def _once(self, scene: _Scene, copies: Callable[[], Copies]) -> Outcome | None:
        """Decide and act; None when it has to be looked at again."""
        record = scene.seen.record
        if record is not None and record.is_busy(self._seconds()):
            message = "another process is copying files here"
            return replace(_outcome(scene, State.SETTLING, message), again=1.0)
        if (
            record is not None
            and not record.writers
            and (record.basis == scene.basis(record.state))
        ):
            return _outcome(scene, record.state, record.message, record.hint)
        if (
            record is not None
            and scene.serves
            and (record.writers or record.in_step not in (None, scene.serves))
        ):
            self._settle(scene)
            return None
        if not scene.seen.files:
            return self._empty(scene)
        with ExitStack() as stack:
            return self._decide(scene, copies, stack)

    def _decide(
        self, scene: _Scene, copies: Callable[[], Copies], stack: ExitStack
    ) -> Outcome | None:
        store, model, stage = self._store, scene.model, scene.stage
        served = None if scene.serves is None else _manifest(store, model, scene.serves)
        base = ours(store, model, scene.seen.record, scene.serves)
        quiet = self._patience.quiet
        sendings: list[Sending] = []

        def ahead(release: str, made: Path) -> Sending:
            sendings.append(Sending(store, model, release, made, _there(scene, files)))
            return sendings[-1]

        self._left(scene, quiet)  # from now on it is watched for changes
        if stage != self._stages[0]:
            files = identify(store, scene.seen, self._digests)
            verdict = self._take_admitted(scene, files, base)
        else:
            files = copies().identify(scene.seen)
            if served is not None and is_removal(files, served.sources):
                quiet = self._patience.removal_quiet
                left = self._left(scene, quiet)
                if left > self._patience.quiet:
                    message = "files were taken away, and more may follow"
                    return replace(_outcome(scene, State.WAITING, message), again=left)
            self._wait(scene, quiet)  # here, because half a drop may be a model, too
            copies().complete(scene.seen)
            staging = stack.enter_context(temporary_folder())
            verdict = make_of(
                files,
                copies().folder,
                store=store,
                model=model,
                propose=self._propose,
                served=served,
                base=base,
                staging=staging,
                step=lambda: self._check_unchanged(scene),
                ahead=ahead,
            )
        self._wait(scene, quiet)
        if verdict.manifest is None:
            return self._tell(scene, files, verdict)
        sending = sendings[-1] if sendings else None
        return self._serve(scene, files, verdict.manifest, verdict.staging, sending)

    def _wait(self, scene: _Scene, quiet: float) -> None:
        """Wait until the folder has been as it is for so many seconds, or raise `ConflictError`."""
        self._check_unchanged(scene)
        while left := self._left(scene, quiet):
            self._patience.sleep(min(left, LOOK_SECONDS))
            self._check_unchanged(scene)

    def _check_unchanged(self, scene: _Scene) -> None:
        """Raise `ConflictError` as soon as the folder is not what it was."""
        now = self._scene(scene.model, scene.stage)
        if now.basis(State.WAITING) != scene.basis(State.WAITING):
            raise ConflictError("the folder was changed meanwhile", hint="look again")

    def _settle(self, scene: _Scene) -> None:
        settle_folder(
            self._store,
            scene.model,
            scene.stage,
            displace=False,
            now=self._seconds,
            digests=self._digests,
        )

    def _left(self, scene: _Scene, quiet: float) -> float:
        folder = stage_folder(scene.model, scene.stage)
        return self._patience.left(folder, scene.basis(State.WAITING), quiet)

    def _seconds(self) -> float:
        return self._now().timestamp()

    # --- Later stages: only what was admitted ---------------------------------------------------

    def _take_admitted(
        self, scene: _Scene, files: Mapping[str, str], base: Sequence[Source]
    ) -> Verdict:
        found = find_admitted(files, self._admitted(scene), base)
        if found is not None:
            manifest = find_release(self._store, scene.model, found.release)
            if manifest is not None:
                return Verdict(State.ADMITTED, "", manifest=manifest)
        before = self._stages[self._stages.index(scene.stage) - 1]
        why = explain(files, tuple(self._admitted(scene)), base, scene.stage, before)
        return Verdict(State.WAITING if why.waiting else State.REJECTED, why.message, why.hint)

    def _admitted(self, scene: _Scene) -> Iterator[Served]:
        """What the stage may take: what the one before serves and served, and its own history."""
        earlier = () if scene.before is None else scene.before.pointer.history
        own = () if scene.pointer is None else scene.pointer.pointer.history
        lasting = {change.release for change in own}
        for release in dict.fromkeys(change.release for change in (*earlier, *own)):
            manifest = _manifest(self._store, scene.model, release)
            if manifest is None:
                continue
            if release not in lasting and scene.before is not None:
                around = neighbours(scene.before.pointer, release)
                manifests = {name: _manifest(self._store, scene.model, name) for name in around}
                sources = {name: m.sources for name, m in manifests.items() if m is not None}
                if release in in_passing(scene.before.pointer, sources):
                    continue
            yield Served(release, manifest.sources)

    # --- What follows ---------------------------------------------------------------------------

    def _serve(
        self,
        scene: _Scene,
        files: Mapping[str, str],
        manifest: Manifest,
        staging: Path | None,
        sending: Sending | None,
    ) -> Outcome:
        moved = scene.serves != manifest.id
        if staging is not None:
            with ThreadPoolExecutor(1) as pool:
                told = pool.submit(self._made, manifest, staging)
                write_release(
                    self._store,
                    scene.model,
                    manifest,
                    staging,
                    there=_there(scene, files),
                    sent={} if sending is None else sending.sent(),
                    digests=self._digests,
                )
                told.result()
        if moved:
            index = self._stages.index(scene.stage)
            change = Change(
                release=manifest.id,
                at=self._now().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
                by=self._by,
                action=Action.ADMIT,
                from_stage=self._stages[index - 1] if index else None,
                message="",
                nonce=secrets.token_hex(8),
            )
            change_found_pointer(self._store, scene.model, scene.stage, scene.pointer, change)
            self._moved(scene.model, scene.stage)
        self._settle(scene)
        message = f"admitted as release {short_id(manifest.id)}, which {scene.stage} serves now; "
        done = _outcome(scene, State.ADMITTED, message + verified(manifest))
        return replace(done, release=manifest.id, moved=moved)

    def _tell(self, scene: _Scene, files: Mapping[str, str], verdict: Verdict) -> Outcome:
        known = tuple(
            Known(name, entry.size, entry.etag, files[name])
            for name, entry in sorted(scene.seen.files.items())
        )
        serves = f"; {scene.stage} goes on serving {short_id(scene.serves)}" if scene.serves else ""
        message = verdict.message + serves
        return self._write(scene, verdict.state, message, verdict.hint, known)

    def _empty(self, scene: _Scene) -> Outcome:
        folder = stage_folder(scene.model, scene.stage)
        message, hint = f"there are no model's files in {folder}/", ""
        if scene.seen.below:
            message += f", only in a folder inside it: {scene.seen.below[0]}"
            hint = f"put the files into {folder}/ itself"
        if scene.serves:
            message += f"; {scene.stage} goes on serving {short_id(scene.serves)}"
        if scene.seen.record is None and not scene.seen.below:
            return _outcome(scene, State.EMPTY, message, hint)
        return self._write(scene, State.EMPTY, message, hint, ())

    def _write(
        self, scene: _Scene, state: State, message: str, hint: str, known: tuple[Known, ...]
    ) -> Outcome:
        def change(record: Record | None) -> Record:
            return Record(
                model=scene.model,
                stage=scene.stage,
                state=state,
                message=message,
                hint=hint,
                serves=scene.serves,
                in_step=None if record is None else record.in_step,
                basis=scene.basis(state),
                writers=() if record is None else record.writers,
                files=known,
            )

        update_record(self._store, scene.model, scene.stage, change)
        return _outcome(scene, state, message, hint)


def _there(scene: _Scene, files: Mapping[str, str]) -> dict[str, Entry]:
    """SHA-256 -> the object in the stage folder that has it."""
    return {files[name]: entry for name, entry in scene.seen.files.items()}


def _outcome(scene: _Scene, state: State, message: str, hint: str = "") -> Outcome:
    return Outcome(scene.model, scene.stage, state, message, hint, scene.serves)


def _manifest(store: Store, model: str, release: str) -> Manifest | None:
    try:
        return read_manifest(store, model, release)
    except (NotFoundError, ReleaseError):
        return None
