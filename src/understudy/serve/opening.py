"""From a release's files on this machine's disk to a classifier that has proved itself."""

from __future__ import annotations

from pathlib import Path

from ..release.manifest import Manifest
from ..release.resolve import Resolved
from ..release.selftest import SELF_TEST, read_cases
from .classifier import Classifier
from .model import ServedModel
from .selftest import Case, check
from .session import open_session


def open_release(folder: Path, model: str, stage: str, manifest: Manifest) -> Classifier:
    """Open a release, and let it pass its self-test.

    Raises:
        InputError: the model is no image classifier.
        ReleaseError: the files cannot be opened, or the self-test failed.
    """
    session = open_session(folder)
    cases = read_cases(folder / SELF_TEST)
    case = Case("self-test", cases.inputs, cases.outputs)
    check(session, [case], manifest.self_test.tolerance)
    return Classifier(session, served_model(manifest, model, stage))


def served_model(manifest: Manifest, model: str, stage: str | None) -> ServedModel:
    """What a release serves; with no stage, it is of no store."""
    return ServedModel(
        model=model,
        preprocess=Resolved.from_json(dict(manifest.preprocess)),
        activation=manifest.activation or "linear",
        input=manifest.inputs[0].name,
        output=manifest.outputs[0].name,
        labels=manifest.labels,
        stage=stage,
        release=manifest.id if stage is not None else None,
    )
