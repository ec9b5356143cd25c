"""Fixtures: a tiny classifier whose answers can be worked out by hand."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from understudy.serve import Classifier, Resolved, ServedModel, resolve

from .makers import write_model

LABELS = ("red", "green", "blue", "none")


@pytest.fixture(scope="session")
def model_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Softmax over the mean red, green and blue of an image, and a zero."""
    return write_model(tmp_path_factory.mktemp("model"))


@pytest.fixture
def how() -> Resolved:
    return resolve(None, (8, 6, 3))


@pytest.fixture
def served(how: Resolved) -> ServedModel:
    return ServedModel("colors", how, "softmax", "image", "classes", LABELS, "dev", "r1")


@pytest.fixture
def classifier(model_folder: Path, served: ServedModel) -> Iterator[Classifier]:
    with Classifier.open(model_folder, served) as opened:
        yield opened
