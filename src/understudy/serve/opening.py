"""From a release's files on this machine's disk to a classifier that has proved itself."""

from __future__ import annotations

from pathlib import Path

from ..release.manifest import KERAS, Manifest
from ..release.resolve import Resolved
from ..release.selftest import SELF_TEST, read_cases
from .classifier import Classifier
from .model import ServedModel
from .selftest import Case, check
from .session import Session, open_session


def open_release(
    folder: Path, model: str, stage: str, manifest: Manifest, *, allow_lambda: bool = False
) -> Classifier:
    """Open a release, and let it pass its self-test.

    Args:
        folder: the release's files.
        model: whose.
        stage: stands in the answers.
        manifest: of the release.
        allow_lambda: whether Keras, where it runs the model, may run the code of Lambda layers.

    Raises:
        InputError: the model is no image classifier, or needs Keras, which is not here or may not
            be trusted with it.
        ReleaseError: the files cannot be opened, or the self-test failed.
    """
    session = open_engine(folder, manifest.engine, allow_lambda=allow_lambda)
    cases = read_cases(folder / SELF_TEST)
    case = Case("self-test", cases.inputs, cases.outputs)
    check(session, [case], manifest.self_test.tolerance)
    return Classifier(session, served_model(manifest, model, stage))


def open_engine(folder: Path, engine: str, *, allow_lambda: bool) -> Session:
    """Open the model in a folder with what runs it: onnxruntime, or Keras."""
    if engine != KERAS:
        return open_session(folder)
    from ..engine.session import open_keras  # rare

    return open_keras(folder, allow_lambda=allow_lambda)


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
