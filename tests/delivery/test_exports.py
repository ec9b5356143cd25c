"""A Teachable Machine export brings how its images are made; a person's word wins, key by key."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from golden_set import goldens
from PIL import Image, ImageOps

import understudy
from understudy import wiring
from understudy.delivery.exports import usual_preprocess
from understudy.delivery.sources import find_sources
from understudy.keras import Origin
from understudy.keras.teachable import is_teachable
from understudy.release.preprocess import Preprocess

KERAS = Preprocess(fit="crop", resize="pillow/lanczos", scale="-1..1")
BROWSER = Preprocess(fit="crop", resize="pillow/bilinear", scale="-1..1")
NOBODY = Origin("h5", None, None)


def golden(version: str, model: str, name: str) -> bytes:
    return next(g for g in goldens() if (g.version, g.model) == (version, model)).read(name)


def unpack(data: bytes, folder: Path) -> Path:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        archive.extractall(folder)
    return folder


@pytest.fixture
def keras_zip(tmp_path: Path) -> Path:
    """The download for Keras: `keras_model.h5` and `labels.txt`."""
    path = tmp_path / "converted_keras.zip"
    path.write_bytes(golden("tfkeras-2.4+formats", "teachable", "converted_keras.zip"))
    return path


@pytest.fixture
def browser_folder(tmp_path: Path) -> Path:
    """The download for TensorFlow.js, unpacked."""
    data = golden("tensorflowjs-4.22.0", "teachable", "tfjs.zip")
    return unpack(data, tmp_path / "tm-my-image-model")


def picture() -> Image.Image:
    """Wider than high, with colours that the sides do not share with the middle."""
    x = np.linspace(0, 255, 60)[None, :, None]
    y = np.linspace(0, 255, 31)[:, None, None]
    return Image.fromarray(np.concatenate([x + 0 * y, y + 0 * x, 255 - x + 0 * y], 2).astype("u1"))


def snippet(image: Image.Image, size: tuple[int, int]) -> Any:
    """What Teachable Machine tells people to write (its snippets, `tensorflow/keras.md`)."""
    image = ImageOps.fit(image.convert("RGB"), size, Image.Resampling.LANCZOS)
    return (np.asarray(image).astype(np.float32) / 127.5) - 1


def test_the_keras_download_in_a_zip_or_a_folder(keras_zip: Path, tmp_path: Path) -> None:
    folder = unpack(keras_zip.read_bytes(), tmp_path / "converted_keras")
    for given in ([keras_zip], [folder], sorted(folder.iterdir())):
        assert usual_preprocess(find_sources(given), NOBODY) == KERAS


def test_the_answer_is_that_of_the_snippet(keras_zip: Path) -> None:
    model = understudy.open_files(keras_zip)
    (expected,) = next(iter(model.predict(snippet(picture(), (12, 12))[None]).values()))
    for found in model.classify(picture(), top_k=4).predictions:
        assert found.probability == pytest.approx(float(expected[found.index]), abs=1e-6)
    plain = understudy.open_files(keras_zip, preprocess={"fit": "stretch", "scale": "0..1"})
    other = plain.classify(picture(), top_k=4).predictions
    assert max(abs((p.probability or 0) - float(expected[p.index])) for p in other) > 1e-3


def test_a_release_records_it_as_assumed(keras_zip: Path, tmp_path: Path) -> None:
    done = wiring.push_files([keras_zip], "hands", store=tmp_path / "store")
    recorded = done.manifest.preprocess
    assert [recorded[key] for key in ("fit", "resize", "scale")] == [
        *("crop", "pillow/lanczos", "-1..1")
    ]
    assert {"fit", "resize", "scale"} <= set(done.manifest.assumed)
    assert any("Teachable Machine" in note for note in done.manifest.origin.notes)


def test_what_a_person_says_wins_key_by_key(keras_zip: Path, tmp_path: Path) -> None:
    said = tmp_path / "preprocess.json"
    said.write_text(json.dumps({"resize": "pillow/bicubic", "orientation": "ignore"}))
    done = wiring.push_files([keras_zip], "hands", store=tmp_path / "store", preprocess=said)
    recorded = done.manifest.preprocess
    assert [recorded[key] for key in ("orientation", "fit", "resize", "scale")] == [
        *("ignore", "crop", "pillow/bicubic", "-1..1")
    ]
    assert set(done.manifest.assumed) == {"color", "fit", "scale"}


def test_the_download_for_tensorflow_js(browser_folder: Path, tmp_path: Path) -> None:
    assert usual_preprocess(find_sources([browser_folder]), NOBODY) == BROWSER
    metadata = browser_folder / "metadata.json"
    metadata.write_text(json.dumps(json.loads(metadata.read_text()) | {"packageName": "else"}))
    done = wiring.push_files([browser_folder], "hands", store=tmp_path / "store")
    assert done.manifest.preprocess["scale"] == "-1..1"  # the architecture tells as well
    metadata.unlink()
    done = wiring.push_files([browser_folder], "hands", store=tmp_path / "store")
    assert done.manifest.preprocess["fit"] == "crop"


def test_other_models_keep_the_defaults(keras_zip: Path, tmp_path: Path) -> None:
    folder = unpack(keras_zip.read_bytes(), tmp_path / "own")
    (folder / "labels.txt").write_text("left\nright\nup\ndown\n")
    assert usual_preprocess(find_sources([folder]), NOBODY) == Preprocess()
    (folder / "labels.txt").write_text("0 left\n1 right\n2 up\n3 down\n")
    assert usual_preprocess(find_sources([folder]), NOBODY) == KERAS
    (folder / "keras_model.h5").rename(folder / "my_model.h5")
    assert usual_preprocess(find_sources([folder]), NOBODY) == Preprocess()


def sequential(*layers: Any) -> dict[str, Any]:
    return {"class_name": "Sequential", "config": {"name": "s", "layers": list(layers)}}


def dense(name: str, **options: Any) -> dict[str, Any]:
    return {"class_name": "Dense", "config": {"name": name, **options}}


FEATURES = sequential(
    {"class_name": "Functional", "config": {}},
    {"class_name": "GlobalAveragePooling2D", "config": {}},
)
LAST = dense("dense_Dense4", use_bias=False, activation="softmax")


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (sequential(FEATURES, sequential(dense("dense_Dense3"), LAST)), True),
        (sequential({"class_name": "InputLayer", "config": {}}, FEATURES,
                    sequential(dense("dense_Dense3"), LAST)), True),
        (sequential(FEATURES, sequential(dense("dense"), LAST)), False),
        (sequential(FEATURES, sequential(LAST)), False),
        (sequential(FEATURES, sequential(dense("dense_Dense1"), dense("dense_Dense2"))), False),
        (sequential(FEATURES), False),
        (sequential(FEATURES, {"class_name": "Sequential", "config": [3]}), False),
        (sequential(FEATURES, {"class_name": "Sequential", "config": None}), False),
        (sequential(3), False),
        ({"class_name": "Sequential"}, False),
        ([], False),
        ("text", False),
    ],
)  # fmt: skip
def test_the_architecture_that_tells(document: Any, expected: bool) -> None:
    assert is_teachable(document) is expected


def vgg(folder: Path, name: str) -> list[Path]:
    """A model of Keras, under another name."""
    document = json.loads(golden("keras-2.2.4", "vgg_functional", "architecture.json"))
    document["config"]["name"] = name
    files = [folder / "architecture.json", folder / "weights.h5"]
    files[0].write_text(json.dumps(document))
    files[1].write_bytes(golden("keras-2.2.4", "vgg_functional", "weights.h5"))
    return files


def test_a_model_of_keras_applications_is_scaled_as_there(tmp_path: Path) -> None:
    store = tmp_path / "store"
    manifest = wiring.push_files(vgg(tmp_path, "vgg16"), "m", store=store).manifest
    assert manifest.preprocess["scale"] == "caffe"
    assert "scale" in manifest.assumed
    assert any("keras.applications.vgg16" in note for note in manifest.origin.notes)
    said = tmp_path / "preprocess.json"
    said.write_text('{"scale": "-1..1"}')
    files = vgg(tmp_path, "vgg16")
    manifest = wiring.push_files(files, "m", store=store, preprocess=said).manifest
    assert manifest.preprocess["scale"] == "-1..1"
    assert not any("keras.applications" in note for note in manifest.origin.notes)
    manifest = wiring.push_files(vgg(tmp_path, "model"), "m", store=store).manifest
    assert manifest.preprocess["scale"] == "0..1"
