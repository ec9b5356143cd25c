"""Make a release of sources: read, compile, test, describe; all in a local staging folder.

A release is made only of a model that opens and answers. With goldens, its answers must be the
training framework's own; without, its answers to made-up inputs are recorded, so that other
machines can be compared with this one, and the release is `unverified`. Running the model is not
known here: it comes in as `Rehearse`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from ..compiler import Described
from ..errors import InputError, PreprocessError, ReleaseError, UnsupportedError
from ..files import map_file
from ..keras import Origin, read
from ..keras.formats import Format
from ..keras.formats.table import FORMATS
from ..release.goldens import parse_goldens, parse_images
from ..release.identity import Role, release_id
from ..release.labels import check_labels
from ..release.manifest import (
    KERAS,
    LoadedTensor,
    MadeBy,
    Manifest,
    SelfTest,
    Signature,
)
from ..release.manifest import Origin as RecordedOrigin
from ..release.preprocess import Preprocess, parse
from ..release.reference import reference_inputs
from ..release.resolve import Resolved, resolve
from ..release.selftest import SELF_TEST, Cases, write_cases
from ..release.staging import describe_files, hash_file, stage_sources
from .candidate import Candidate, Examine, for_keras, for_onnx
from .decoding import decode_note
from .exports import NOTE as EXPORT_NOTE
from .exports import family_notes, is_teachable, usual_preprocess
from .matching import UNASSUMED, settle
from .options import BACKENDS, Options
from .proposals import Ahead, Nobody, Proposal
from .sources import Sources, find_sources
from .trials import Prepare

TOLERANCE = 1e-4
"""How far an output may be from what the training framework gave, absolutely."""

MAX_CASES = 4
"""Of the goldens, how many a release tests itself with each time it is opened."""

MAX_CASE_BYTES = 16 << 20

HASHED_AT_ONCE = 2
"""The tensors, and the files made of them: hashing takes longer than all the rest."""

NOBODY = Nobody()

Arrays = Mapping[str, npt.NDArray[Any]]
Rehearse = Callable[[Path, Arrays], dict[str, npt.NDArray[Any]]]
"""Opens the model in a folder and gives its outputs, by name, for inputs by name."""


@dataclass(frozen=True, slots=True)
class Trial:
    """What tries a release before it is one: running models and reading images is not known here.

    Attributes:
        rehearse: runs a model.
        prepare: makes an image's tensor.
        examine: says what a model takes and gives.
    """

    rehearse: Rehearse
    prepare: Prepare
    examine: Examine


@dataclass(frozen=True, slots=True)
class Plan:
    """A release before it is made: its id, and what it is made of."""

    id: str
    sources: Sources
    options: Options
    known: Mapping[Path, str] = field(default_factory=dict)


def plan_release(
    sources: Sources,
    options: Options = Options(),  # noqa: B008 immutable
    known: Mapping[Path, str] = MappingProxyType({}),
) -> Plan:
    """Give the id that a release of these sources has; nothing is compiled yet.

    Args:
        sources: what it is made of.
        options: how it is compiled.
        known: the SHA-256 of files that nobody else can change; the others are hashed.
    """
    digests = {g.name: known.get(g.path) or hash_file(g.path) for g in sources.given}
    single: dict[Role, str] = {
        g.role: digests[g.name] for g in sources.given if g.role is not Role.SHARD
    }
    shards = {g.name: digests[g.name] for g in sources.given if g.role is Role.SHARD}
    return Plan(release_id(single, options.said(), shards), sources, options, known)


def make_release(
    plan: Plan,
    staging: Path,
    trial: Trial,
    step: Callable[[], None] = lambda: None,
    ahead: Ahead = NOBODY,
) -> Manifest:
    """Make the planned release in a local folder, laid out as in the store.

    Args:
        plan: what to make.
        staging: the folder.
        trial: tries it.
        step: is called between the parts of the work; what it raises ends it.
        ahead: is told how it goes on.

    Where neither the files nor a person says what Keras ran on, goldens decide.

    Raises:
        InputError: the sources cannot be used; what, why and what to do is said.
        ReleaseError: the compiled model does not answer as the goldens say.
    """
    try:
        return _make(plan, plan.options, staging, trial, step, ahead)
    except (UnsupportedError, ReleaseError):
        if not _is_backend_open(plan):
            raise
        for backend in BACKENDS:
            with contextlib.suppress(InputError, ReleaseError):
                options = replace(plan.options, backend=backend)
                return _make(plan, options, staging, trial, step, ahead)
        raise


def _candidate(sources: Sources, options: Options, staging: Path, trial: Trial) -> Candidate:
    if options.engine == KERAS:
        return for_keras(sources, options, staging, trial.examine)
    return for_onnx(sources, options)


def _is_backend_open(plan: Plan) -> bool:
    sources = plan.sources
    decided = plan.options.backend is not None or sources.model.format is Format.ONNX
    decided = decided or plan.options.engine == KERAS  # which runs the model as it is
    return (
        not decided
        and sources.path(Role.GOLDENS) is not None
        and read(sources.model).backend is None
    )


def _make(
    plan: Plan,
    options: Options,
    staging: Path,
    trial: Trial,
    step: Callable[[], None],
    ahead: Ahead,
) -> Manifest:
    sources = plan.sources
    staged = stage_sources(staging, sources.given, plan.known)
    if any(given.role in (Role.ARCHITECTURE, Role.MODEL) for given in sources.given):
        ahead.sources(staged)
    candidate = _candidate(sources, options, staging, trial)
    described, origin = candidate.described, candidate.origin
    if options != plan.options:
        note = f"the goldens say that Keras ran on {options.backend}; no file does"
        described = replace(described, notes=(*described.notes, note))
    inputs, outputs = _signatures(described.inputs), _signatures(described.outputs)
    labels = _labels(sources, outputs, described.activation)
    usual = usual_preprocess(sources, origin, described.family)
    preprocess = resolve_preprocess(sources, described, usual)
    goldens = sources.path(Role.GOLDENS)
    step()
    candidate.write(staging)
    step()
    with ThreadPoolExecutor(HASHED_AT_ONCE) as pool:
        files = pool.submit(describe_files, staging, candidate.names)
        ahead.files(candidate.names)
        report = pool.submit(_report, described)
        images: tuple[bytes, ...] = ()
        if goldens is None:
            cases = _recorded(staging, inputs, preprocess, trial.rehearse)
        else:
            cases = parse_goldens(map_file(goldens), inputs, outputs, goldens.name)
            _compare(cases, trial.rehearse(staging, cases.inputs), goldens.name)
            images = parse_images(map_file(goldens), goldens.name)
            if images:
                wanted = cases.inputs[inputs[0].name]
                exact = replace(preprocess, decode="exact")  # training decodes every pixel
                found = settle(exact, images, wanted, trial.prepare, goldens.name, _unsaid(sources))
                preprocess = replace(found[0], decode=preprocess.decode)
                described = _with_choices(described, found[1], goldens.name)
        if preprocess.decode == "fast":

            def answer(batch: npt.NDArray[Any]) -> npt.NDArray[Any]:
                return trial.rehearse(staging, {inputs[0].name: batch})[outputs[0].name]

            note = decode_note(preprocess, images, trial.prepare, answer)
            described = replace(described, notes=(*described.notes, note))
        notes = family_notes(preprocess, described.family)
        described = replace(described, notes=(*described.notes, *notes))
        cases = _some(cases)
        write_cases(staging / SELF_TEST, cases)
        ahead.files((SELF_TEST,))
        self_test = describe_files(staging, (SELF_TEST,))
    return Manifest(
        id=plan.id,
        sources=staged,
        options=plan.options.said(),
        files=tuple(sorted((*files.result(), *self_test), key=lambda file: file.name)),
        origin=recorded_origin(origin, described, is_teachable(sources, origin)),
        made_by=MadeBy(version("understudy"), version("onnx"), candidate.opset),
        inputs=inputs,
        outputs=outputs,
        activation=described.activation,
        labels=labels,
        preprocess=preprocess.to_json(),
        assumed=preprocess.assumed,
        parameters=described.parameters,
        load_report=report.result(),
        self_test=SelfTest(TOLERANCE, goldens is not None, cases.count),
    )


def propose(
    files: Mapping[Path, str], served: Manifest | None, trial: Trial
) -> tuple[Proposal, ...]:
    """What can be made of a person's drop: with the options of what is served, and without.

    Args:
        files: path -> SHA-256; nobody else can change them.
        served: what the stage serves.
        trial: tries it.

    Raises:
        InputError: the files are not one model.
    """
    sources = find_sources([*files])
    said = Options(**served.options) if served is not None else Options()
    every = [said] if said == Options() else [said, Options()]
    return tuple(_proposal(plan_release(sources, options, files), trial) for options in every)


def _proposal(plan: Plan, trial: Trial) -> Proposal:
    return Proposal(
        plan.id, lambda staging, step, ahead: make_release(plan, staging, trial, step, ahead)
    )


def resolve_preprocess(sources: Sources, described: Described, usual: Preprocess) -> Resolved:
    """How an image becomes the model's input: what was said, and defaults for the rest.

    Args:
        sources: they may hold a `preprocess.json`.
        described: the model.
        usual: what its exporter does, for what nobody says.

    Raises:
        InputError: the model does not take one image, or `preprocess.json` does not fit it.
    """
    if len(described.inputs) != 1:
        names = ", ".join(signature.name for signature in described.inputs)
        raise InputError(
            f"the model takes {len(described.inputs)} inputs ({names}), a classifier takes one",
            hint="`understudy compile` works for any model; run it with onnxruntime yourself",
        )
    said = sources.content(Role.PREPROCESS)
    signature = described.inputs[0]
    return resolve(
        None if said is None else _parse_preprocess(sources, bytes(said)),
        signature.shape[1:],
        data_format="channels_first" if _is_channels_first(signature.shape) else "channels_last",
        dtype=signature.dtype,
        model_rescales=described.rescales,
        usual=usual,
    )


def _unsaid(sources: Sources) -> tuple[str, ...]:
    """What goldens may say, because nobody does: a preset says all of it."""
    said = sources.content(Role.PREPROCESS)
    given = Preprocess() if said is None else _parse_preprocess(sources, bytes(said))
    if given.preset is not None:
        return ()
    return tuple(key for key in UNASSUMED if getattr(given, key) is None)


def _parse_preprocess(sources: Sources, said: bytes) -> Preprocess:
    """Read what was said; in errors the file has the name that the person gave it."""
    try:
        return parse(said)
    except PreprocessError as error:
        path = sources.path(Role.PREPROCESS)
        name = "preprocess.json" if path is None else path.name
        raise PreprocessError(
            error.what.replace("preprocess.json", name), hint=error.hint
        ) from error


def _is_channels_first(shape: tuple[int | None, ...]) -> bool:
    """Whether the second axis is the colours'. Both could be: then they are the last."""
    colors = (1, 3, 4)
    return len(shape) == 4 and shape[3] not in colors and shape[1] in colors


def recorded_origin(origin: Origin, described: Described, teachable: bool) -> RecordedOrigin:
    """What wrote the model, as a release records it."""
    name = FORMATS[Format(origin.format)].name
    notes = (*described.notes, EXPORT_NOTE) if teachable else described.notes
    return RecordedOrigin(name, origin.keras_version, origin.backend, notes)


def _signatures(found: tuple[Any, ...]) -> tuple[Signature, ...]:
    return tuple(Signature(s.name, s.shape, s.dtype) for s in found)


def _labels(sources: Sources, outputs: tuple[Signature, ...], activation: str) -> tuple[str, ...]:
    found = sources.labels()
    if found is None:
        return ()
    name, labels = found
    classes = outputs[0].shape[-1]
    if classes is not None:
        check_labels(len(labels), classes, activation, name)
    return labels


def _recorded(
    staging: Path, inputs: tuple[Signature, ...], preprocess: Resolved, rehearse: Rehearse
) -> Cases:
    """Made-up inputs, with what the model answers here."""
    sized = (
        Signature(inputs[0].name, (None, *preprocess.shape), inputs[0].dtype),
        *inputs[1:],
    )
    high = 255.0 if preprocess.takes_levels else 1.0
    made_up = reference_inputs(sized, high=high)
    return Cases(made_up, rehearse(staging, made_up))


def _compare(cases: Cases, found: Arrays, name: str) -> None:
    worst, where = 0.0, ""
    for output, expected in cases.outputs.items():
        difference = np.abs(expected.astype(np.float64) - found[output].astype(np.float64))
        largest = float(np.nan_to_num(difference, nan=np.inf, posinf=np.inf).max())
        if largest > worst:
            worst, where = largest, output
    if worst > TOLERANCE:
        raise ReleaseError(
            f"the model does not answer as {name} says: {where} is off by {worst:.2g}, "
            f"the tolerance is {TOLERANCE:.0e}",
            hint="give the goldens of this very model, as model.predict took its inputs, or none",
        )


def _with_choices(described: Described, chosen: tuple[str, ...], name: str) -> Described:
    if not chosen:
        return described
    note = f"the images in {name} say {', '.join(chosen)}; no preprocess.json does"
    return replace(described, notes=(*described.notes, note))


def _some(cases: Cases) -> Cases:
    """The first few cases, as many as are quick to run whenever the release is opened."""
    size = sum(array[:1].nbytes for array in (*cases.inputs.values(), *cases.outputs.values()))
    count = max(1, min(MAX_CASES, MAX_CASE_BYTES // max(size, 1)))
    return Cases(
        {name: array[:count] for name, array in cases.inputs.items()},
        {name: array[:count] for name, array in cases.outputs.items()},
    )


def _report(described: Described) -> tuple[LoadedTensor, ...]:
    return tuple(
        LoadedTensor(t.source, t.shape, t.dtype, t.target, t.status, t.sha256)
        for t in described.report()
    )
