"""What is served, as plain values: everything about a release but its running session."""

from __future__ import annotations

from dataclasses import dataclass

from ..release.resolve import Resolved


@dataclass(frozen=True)
class ServedModel:
    """A classifier and where it comes from.

    Attributes:
        model: its name.
        preprocess: how an image becomes the input tensor.
        activation: of the output, in Keras' words; see `answer.head`.
        input: the name of the input in model.onnx.
        output: the name of the output that holds the classes.
        labels: one for each class, or none.
        stage: the stage that serves it; None for a model outside a store.
        release: the release's id; None for a model outside a store.
    """

    model: str
    preprocess: Resolved
    activation: str
    input: str
    output: str
    labels: tuple[str, ...] = ()
    stage: str | None = None
    release: str | None = None
