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
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from ..errors import (
    ConflictError,
    IncompleteError,
    InputError,
    NotFoundError,
    ReleaseError,
    UnderstudyError,
)
from ..release.identity import short_id
from ..release.layout import DEFAULT_STAGES, check_model, check_stage, stage_folder
from ..release.manifest import Manifest, Source
from ..release.repository import find_release, read_manifest, write_release
from ..store.disk import temporary_folder
from ..store.port import Store
from .drop import (
    Served,
    choices,
    earlier_model,
    explain,
    find_admitted,
    in_passing,
    is_removal,
    neighbours,
)
from .folder import Look, fetch, identify, look, ours, settle_folder, verified
from .patience import Patience
from .pointer import Action, Change
from .pointers import StoredPointer, change_found_pointer, read_pointer
from .record import Known, Record, State, basis_of, update_record

ROUNDS = 20


@dataclass(frozen=True, slots=True)
class Proposal:
    """A release that could be made: its id, and how."""

    id: str
    build: Callable[[Path], Manifest]


Propose = Callable[[Mapping[Path, str], Manifest | None], Sequence[Proposal]]
"""Says what can be made of files (path -> SHA-256), given what the stage serves: the likeliest
first.

Raises `InputError` when the files are not one model."""


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


@dataclass(frozen=True, slots=True)
class _Verdict:
    """What was decided; when admitted, as which release, and where it is, if it is a new one."""

    state: State
    message: str
    hint: str = ""
    manifest: Manifest | None = None
    staging: Path | None = None


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
    ) -> None:
        self._store = store
        self._propose = propose
        self._by = by
        self._now = now
        self._version = version
        self._stages = tuple(stages)
        self._patience = patience or Patience()

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
        for _ in range(ROUNDS):
            try:
                outcome = self._once(self._scene(model, stage))
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

    def _once(self, scene: _Scene) -> Outcome | None:
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
            settle_folder(self._store, scene.model, scene.stage, displace=False, now=self._seconds)
            return None
        if not scene.seen.files:
            return self._empty(scene)
        with ExitStack() as stack:
            return self._decide(scene, stack)

    def _decide(self, scene: _Scene, stack: ExitStack) -> Outcome | None:
        store, model, stage = self._store, scene.model, scene.stage
        served = None if scene.serves is None else _manifest(store, model, scene.serves)
        base = ours(store, model, scene.seen.record, scene.serves)
        quiet = self._patience.quiet
        if stage != self._stages[0]:
            files = identify(store, scene.seen)
            verdict = self._take_admitted(scene, files, base)
        else:
            folder = stack.enter_context(temporary_folder())
            files = fetch(store, scene.seen, folder)
            if served is not None and is_removal(files, served.sources):
                quiet = self._patience.removal_quiet
                left = self._left(scene, quiet)
                if left > self._patience.quiet:
                    message = "files were taken away, and more may follow"
                    return replace(_outcome(scene, State.WAITING, message), again=left)
            staging = stack.enter_context(temporary_folder())
            verdict = self._make(scene, folder, files, served, base, staging)
        self._patience.sleep(self._left(scene, quiet))
        if self._scene(model, stage).basis(State.WAITING) != scene.basis(State.WAITING):
            return None
        if verdict.manifest is None:
            return self._tell(scene, files, verdict)
        return self._serve(scene, verdict.manifest, verdict.staging)

    def _left(self, scene: _Scene, quiet: float) -> float:
        folder = stage_folder(scene.model, scene.stage)
        return self._patience.left(folder, scene.basis(State.WAITING), quiet)

    def _seconds(self) -> float:
        return self._now().timestamp()

    # --- The first stage: whatever makes a release ----------------------------------------------

    def _make(
        self,
        scene: _Scene,
        folder: Path,
        files: Mapping[str, str],
        served: Manifest | None,
        base: Sequence[Source],
        staging: Path,
    ) -> _Verdict:
        problems: list[UnderstudyError] = []
        for number, names in enumerate(choices(files, earlier_model(files, base))):
            try:
                proposals = self._propose(
                    {folder / name: files[name] for name in sorted(names)}, served
                )
            except InputError as error:  # these are not one model; fewer of them may be
                problems.append(error)
                continue
            found, refused = self._build(scene.model, proposals, staging / str(number))
            if found is not None:
                return found
            problems.append(refused[0])
            if number == 0 and not isinstance(refused[0], IncompleteError):
                break  # it is one model, and a bad one
        return _refusal(problems)

    def _build(
        self, model: str, proposals: Sequence[Proposal], staging: Path
    ) -> tuple[_Verdict | None, list[UnderstudyError]]:
        """The first of the proposals that is there or can be made, or why there is none."""
        problems: list[UnderstudyError] = []
        for number, proposal in enumerate(proposals):
            manifest = find_release(self._store, model, proposal.id)
            if manifest is not None:
                return _Verdict(State.ADMITTED, "", "", manifest), []
            made = staging / str(number)
            try:
                made.mkdir(parents=True)
                return _Verdict(State.ADMITTED, "", "", proposal.build(made), made), []
            except (InputError, ReleaseError) as error:
                problems.append(error)
            except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
                problems.append(_bug(error))  # whoever watches has other models to look after
        return None, problems

    # --- Later stages: only what was admitted ---------------------------------------------------

    def _take_admitted(
        self, scene: _Scene, files: Mapping[str, str], base: Sequence[Source]
    ) -> _Verdict:
        found = find_admitted(files, self._admitted(scene), base)
        if found is not None:
            manifest = find_release(self._store, scene.model, found.release)
            if manifest is not None:
                return _Verdict(State.ADMITTED, "", manifest=manifest)
        before = self._stages[self._stages.index(scene.stage) - 1]
        why = explain(files, tuple(self._admitted(scene)), base, scene.stage, before)
        return _Verdict(State.WAITING if why.waiting else State.REJECTED, why.message, why.hint)

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

    def _serve(self, scene: _Scene, manifest: Manifest, staging: Path | None) -> Outcome:
        moved = scene.serves != manifest.id
        if staging is not None:
            write_release(self._store, scene.model, manifest, staging)
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
        settle_folder(self._store, scene.model, scene.stage, displace=False, now=self._seconds)
        message = f"admitted as release {short_id(manifest.id)}, which {scene.stage} serves now; "
        done = _outcome(scene, State.ADMITTED, message + verified(manifest))
        return replace(done, release=manifest.id, moved=moved)

    def _tell(self, scene: _Scene, files: Mapping[str, str], verdict: _Verdict) -> Outcome:
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


def _outcome(scene: _Scene, state: State, message: str, hint: str = "") -> Outcome:
    return Outcome(scene.model, scene.stage, state, message, hint, scene.serves)


def _manifest(store: Store, model: str, release: str) -> Manifest | None:
    try:
        return read_manifest(store, model, release)
    except (NotFoundError, ReleaseError):
        return None


def _bug(error: Exception) -> ReleaseError:
    return ReleaseError(
        f"understudy failed on these files ({type(error).__name__}: {error})",
        hint="this is a fault of understudy; please report it, with the files if you can",
    )


def _refusal(problems: Sequence[UnderstudyError]) -> _Verdict:
    """Why nothing could be made: of the likeliest files that may be one model, if there are any."""
    problem = problems[min(1, len(problems) - 1)]
    details = "; ".join(getattr(problem, "problems", ()))
    what = f"{problem.what}: {details}" if details else problem.what
    waiting = isinstance(problem, IncompleteError)
    return _Verdict(State.WAITING if waiting else State.REJECTED, what, problem.hint)
