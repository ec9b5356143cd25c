"""What differs between two releases: layers, weights, labels, preprocessing, options, answers.

Both are fetched and checked like releases that are to be served. Running the models is not known
here: it comes in as `Rehearse`. Nothing is written to the store.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..compiler import WEIGHTS_FILE
from ..compiler.contents import operators
from ..errors import InputError, NotFoundError, ReleaseError
from ..files import map_file
from ..keras import normalize, read
from ..keras.formats import Format
from ..release.identity import short_id
from ..release.layout import DEFAULT_STAGES, SOURCES, check_model, release_file
from ..release.manifest import HINT, KERAS, Manifest, Signature
from ..release.repository import fetch_release, read_manifest, resolve_release
from ..release.selftest import SELF_TEST, read_cases
from ..store.disk import temporary_folder
from ..store.port import Store
from .candidate import MODEL_FILE
from .compare import Changed, Comparison, changes, compare
from .making import Rehearse
from .options import recorded_options
from .outline import Piece, compiled_outline, keras_outline
from .pointers import read_pointer, stages_in_store
from .sources import Sources, find_sources
from .status import is_model, unknown_model


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two releases, and how it was named."""

    named: str
    release: str


@dataclass(frozen=True, slots=True)
class LabelChanges:
    """How the labels differ.

    Attributes:
        added: labels that only the second has.
        removed: labels that only the first has.
        moved: labels that stand for another output: label, before, after.
    """

    added: tuple[str, ...]
    removed: tuple[str, ...]
    moved: tuple[tuple[str, int, int], ...]


@dataclass(frozen=True, slots=True)
class Answers:
    """What both models answer to the same inputs: those of both self-tests.

    Attributes:
        cases: how many inputs; 0 when the models take different ones.
        largest: the largest absolute difference of an output; None when they give different ones,
            or one that is not finite.
        same: how many inputs get the same first label; None when that cannot be said.
    """

    cases: int
    largest: float | None
    same: int | None


@dataclass(frozen=True, slots=True)
class Diff:
    """Two releases compared.

    Attributes:
        model: the model.
        first: one of them.
        second: the other.
        facts: what was written and made by what; sizes, inputs and outputs.
        labels: how they differ.
        preprocess: the keys that differ.
        options: of the compiler, that differ.
        compared: `layers`, or `operators` where one of them is no Keras model.
        pieces: layers or operators, and weights.
        answers: to the same inputs.
    """

    model: str
    first: Side
    second: Side
    facts: tuple[Changed, ...]
    labels: LabelChanges
    preprocess: tuple[Changed, ...]
    options: tuple[Changed, ...]
    compared: str
    pieces: Comparison
    answers: Answers


def diff(
    store: Store,
    model: str,
    first: str,
    second: str,
    rehearse: Rehearse,
    *,
    stages: Sequence[str] = DEFAULT_STAGES,
) -> Diff:
    """Compare two releases of a model.

    Args:
        store: where.
        model: the model's name.
        first: the beginning of a release's id, or a stage for the release that it serves.
        second: the same.
        rehearse: runs a model.
        stages: all stages that there are.

    Raises:
        NotFoundError: there is no such model or release, or the stage serves nothing.
        InputError: an id is not clear.
        ReleaseError: a release is damaged.
    """
    if not is_model(store, check_model(model)):
        raise unknown_model(store, model)
    sides = [Side(name, resolve(store, model, name, stages)) for name in (first, second)]
    manifests = [read_manifest(store, model, side.release) for side in sides]
    with temporary_folder() as folder:
        places = [folder / "first", folder / "second"]
        for place, manifest in zip(places, manifests, strict=True):
            fetch_release(store, model, manifest, place)
            _fetch_sources(store, model, manifest, place / SOURCES)
        compared, outlines = _outlines(places, manifests)
        pieces = compare(*outlines)
        answers = _answers(places, manifests, rehearse)
        del outlines
    one, other = manifests
    return Diff(
        model,
        sides[0],
        sides[1],
        changes(_facts(one), _facts(other)),
        label_changes(one.labels, other.labels),
        changes(_texts(one.preprocess), _texts(other.preprocess)),
        changes(_texts(one.options), _texts(other.options)),
        compared,
        pieces,
        answers,
    )


def resolve(store: Store, model: str, name: str, stages: Sequence[str]) -> str:
    """Give the release that a stage serves, or whose id begins so."""
    if name in stages or name in stages_in_store(store, model):
        found = read_pointer(store, model, name)
        if found is None:
            raise NotFoundError(
                f"{name} of {model} serves no release",
                hint=f"`understudy releases {model}` lists those that there are",
            )
        return found.pointer.release
    return resolve_release(store, model, name)


def label_changes(before: Sequence[str], after: Sequence[str]) -> LabelChanges:
    """Compare labels; the place of a label is its first. Pure."""
    old = {label: number for number, label in reversed([*enumerate(before)])}
    new = {label: number for number, label in reversed([*enumerate(after)])}
    return LabelChanges(
        tuple(label for label in dict.fromkeys(after) if label not in old),
        tuple(label for label in dict.fromkeys(before) if label not in new),
        tuple(
            (label, old[label], new[label])
            for label in dict.fromkeys(after)
            if label in old and old[label] != new[label]
        ),
    )


def _fetch_sources(store: Store, model: str, manifest: Manifest, folder: Path) -> None:
    for source in manifest.sources:
        path = folder / source.name
        try:
            key = release_file(model, manifest.id, f"{SOURCES}/{source.name}")
            found = store.download(key, path)
        except NotFoundError as error:
            raise _damaged(model, manifest, source.name, "it is missing") from error
        if found.sha256 != source.sha256:
            raise _damaged(model, manifest, source.name, "its content is not what was written")


def _damaged(model: str, manifest: Manifest, name: str, why: str) -> ReleaseError:
    where = f"{name} of release {short_id(manifest.id)} of {model}"
    return ReleaseError(f"{where} is damaged: {why}", hint=HINT)


def _outlines(
    places: Sequence[Path], manifests: Sequence[Manifest]
) -> tuple[str, tuple[Sequence[Piece], Sequence[Piece]]]:
    sources = [find_sources([place / SOURCES]) for place in places]
    if any(found.model.format is Format.ONNX for found in sources):
        if any(manifest.engine == KERAS for manifest in manifests):
            raise InputError(
                "an ONNX model has no layers, and one that Keras runs has no operators: there is"
                " nothing to compare",
                hint="compare releases of the same engine",
            )
        first, second = (_operators(place) for place in places)
        return "operators", (first, second)
    first, second = (_layers(f, m) for f, m in zip(sources, manifests, strict=True))
    return "layers", (first, second)


def _layers(sources: Sources, manifest: Manifest) -> tuple[Piece, ...]:
    options = recorded_options(manifest.options)
    model, _ = normalize(read(sources.model), backend=options.backend)
    return keras_outline(model)


def _operators(place: Path) -> tuple[Piece, ...]:
    return compiled_outline(operators(map_file(place / MODEL_FILE), map_file(place / WEIGHTS_FILE)))


def _answers(places: Sequence[Path], manifests: Sequence[Manifest], rehearse: Rehearse) -> Answers:
    one, other = manifests
    if [_kind(s) for s in one.inputs] != [_kind(s) for s in other.inputs]:
        return Answers(0, None, None)
    cases = [read_cases(place / SELF_TEST) for place in places]
    rows = [
        np.concatenate([c.inputs[m.inputs[n].name] for c, m in zip(cases, manifests, strict=True)])
        for n in range(len(one.inputs))
    ]
    outputs = []
    for place, manifest in zip(places, manifests, strict=True):
        named = {s.name: row for s, row in zip(manifest.inputs, rows, strict=True)}
        found = rehearse(place, named)
        outputs.append([found[s.name].astype(np.float64) for s in manifest.outputs])
    if [a.shape for a in outputs[0]] != [b.shape for b in outputs[1]]:
        return Answers(len(rows[0]), None, _same(outputs[0][0], outputs[1][0], one, other))
    apart = max(
        float(np.abs(a - b).max(initial=0.0)) for a, b in zip(outputs[0], outputs[1], strict=True)
    )
    same = _same(outputs[0][0], outputs[1][0], one, other)
    return Answers(len(rows[0]), apart if np.isfinite(apart) else None, same)


def _kind(signature: Signature) -> tuple[object, ...]:
    return signature.shape[1:], signature.dtype


def _same(first: Any, second: Any, one: Manifest, other: Manifest) -> int | None:
    """How many inputs get the same label; by their numbers where there are no labels."""
    winners = []
    for scores, manifest in ((first, one), (second, other)):
        if scores.ndim != 2 or scores.shape[1] < 2 or not np.isfinite(scores).all():
            return None
        numbers = scores.argmax(axis=1).tolist()
        labels = manifest.labels
        winners.append([labels[n] if labels else str(n) for n in numbers])
    if bool(one.labels) != bool(other.labels):
        return None
    return int(sum(a == b for a, b in zip(*winners, strict=True)))


def _facts(manifest: Manifest) -> dict[str, str]:
    origin = manifest.origin
    facts = {
        "written by": f"Keras {origin.keras_version}" if origin.keras_version else None,
        "format": origin.format,
        "run by": manifest.engine,
        "compiled by": f"understudy {manifest.made_by.understudy}, onnx {manifest.made_by.onnx}",
        "parameters": f"{manifest.parameters:,}",
        "input": ", ".join(f"{s.shape[1:]} {s.dtype}" for s in manifest.inputs),
        "output": ", ".join(f"{s.shape[1:]} {s.dtype}" for s in manifest.outputs),
        "ends with": manifest.activation,
        "verified": "yes" if manifest.self_test.verified else "no",
    }
    return {key: value for key, value in facts.items() if value is not None}


def _texts(values: Mapping[str, Any]) -> dict[str, str]:
    """Values as JSON; what was assumed is no difference in itself."""
    return {
        key: json.dumps(value, sort_keys=True) for key, value in values.items() if key != "assumed"
    }
