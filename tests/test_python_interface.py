"""The three lines of Python that the README promises."""

from __future__ import annotations

import io
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import understudy
from understudy import wiring
from understudy.errors import ImageError, InputError, NotFoundError, ReleaseError
from understudy.store.memory import MemoryStore

FASHION = Path(__file__).parents[1] / "examples" / "fashion"
BOOT = FASHION / "images" / "test-00000.png"


def files(folder: str) -> list[Path]:
    return [path for path in (FASHION / folder).iterdir() if "golden" not in path.name]


def test_from_a_store(tmp_path: Path) -> None:
    wiring.push_files([FASHION / "first"], "fashion", store=tmp_path)
    model = understudy.open("fashion", stage="dev", store=tmp_path)
    result = model.classify(BOOT)
    assert result.predictions[0].label == "Ankle boot"
    assert (result.model, result.stage) == ("fashion", "dev")
    assert result.release is not None
    assert len(result.release) == 32


def test_from_plain_files() -> None:
    model = understudy.open_files(
        FASHION / "first" / "architecture.json",
        FASHION / "first" / "weights.h5",
        labels=FASHION / "first" / "labels.txt",
        preprocess=FASHION / "first" / "preprocess.json",
    )
    assert model.classify(BOOT).predictions[0].label == "Ankle boot"
    assert model.classify(BOOT).release is None


def test_from_a_folder() -> None:
    model = understudy.open_files(FASHION / "better")
    assert model.classify(BOOT).predictions[0].label == "Ankle boot"


def test_every_kind_of_image_gives_the_same_answer() -> None:
    model = understudy.open_files(FASHION / "first")
    with Image.open(BOOT) as image:
        image.load()
        kinds = [BOOT, str(BOOT), BOOT.read_bytes(), image, np.asarray(image)]
        answers = {model.classify(kind).predictions for kind in kinds}
    assert len(answers) == 1


def test_ready_tensors_give_what_keras_gave() -> None:
    model = understudy.open_files(FASHION / "better")
    with np.load(FASHION / "better" / "goldens.npz") as goldens:
        outputs = model.predict(goldens["inputs"])
        np.testing.assert_allclose(outputs["dense"], goldens["outputs"], atol=1e-6)


def test_goldens_are_what_the_pictures_become() -> None:
    """The example's images, decoded and scaled, are the tensors of its goldens."""
    model = understudy.open_files(FASHION / "first")
    with np.load(FASHION / "first" / "goldens.npz") as goldens:
        expected = goldens["outputs"][0]
    result = model.classify(BOOT, top_k=10)
    found = sorted(result.predictions, key=lambda prediction: prediction.index)
    np.testing.assert_allclose([p.probability for p in found], expected, atol=1e-6)


def test_many_images_one_broken(tmp_path: Path) -> None:
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"\xff\xd8\xff but then nothing")
    model = understudy.open_files(FASHION / "first")
    results = list(model.classify_many([BOOT, broken, BOOT]))
    assert [result.error is None for result in results] == [True, False, True]
    with pytest.raises(ImageError, match=r"broken\.jpg"):
        model.classify(broken)


def test_a_memory_store_serves_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Any store but a folder is read through a cache on the disk."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    store = MemoryStore()
    wiring.push_files([FASHION / "first"], "fashion", store=store)
    for _ in range(2):
        model = understudy.open("fashion", store=store)
        assert model.classify(BOOT).predictions[0].label == "Ankle boot"


def test_what_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="there is no model fashion"):
        understudy.open("fashion", store=tmp_path)
    wiring.push_files([FASHION / "first"], "fashion", store=tmp_path)
    with pytest.raises(NotFoundError, match="prod of fashion serves no release"):
        understudy.open("fashion", stage="prod", store=tmp_path)
    with pytest.raises(InputError, match="there is no file"):
        understudy.open_files(tmp_path / "model.keras")


def test_a_release_that_answers_otherwise_is_refused(tmp_path: Path) -> None:
    """The self-test runs before anything is served."""
    wiring.push_files([FASHION / "first"], "fashion", store=tmp_path)
    release = next((tmp_path / "fashion" / "releases").iterdir())
    path = release / "release.json"
    manifest = json.loads(path.read_text())
    manifest["self_test"]["tolerance"] = -1.0
    path.write_text(json.dumps(manifest))
    with pytest.raises(ReleaseError, match="self-test failed"):
        understudy.open("fashion", store=tmp_path)


def test_the_other_names_do_not_exist() -> None:
    with pytest.raises(AttributeError):
        understudy.close  # noqa: B018


def test_sources_may_lie_anywhere(tmp_path: Path) -> None:
    """An HDF5 file may be called anything; its bytes decide."""
    architecture = shutil.copy(FASHION / "first" / "architecture.json", tmp_path / "net.txt")
    weights = shutil.copy(FASHION / "first" / "weights.h5", tmp_path / "net.model")
    model = understudy.open_files(weights, architecture)
    buffer = io.BytesIO(BOOT.read_bytes())
    assert model.classify(buffer.getvalue()).predictions[0].label == "class 9"
