"""What the real Keras is given to open: no code, and nothing that it does not read."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

import keras_files as kf
from understudy.delivery.sources import find_sources
from understudy.errors import InputError, UnsupportedError
from understudy.training.files import model_files

KERAS = Path(__file__).parents[1] / "golden" / "keras-3.15.1" / "shared" / "model.keras"
DENSE = kf.layer("Dense", "dense", units=2)


def written(folder: Path, *layers: Any, **more: Any) -> list[Path]:
    document = {**kf.sequential(kf.image_input(), *layers), **more}
    architecture, weights = folder / "architecture.json", folder / "weights.h5"
    architecture.write_text(json.dumps(document))
    weights.write_bytes(kf.legacy_weights(kf.conv_weights("conv")))
    return [architecture, weights]


def test_a_whole_model_is_opened_by_its_path() -> None:
    found = model_files(find_sources([KERAS]))
    assert (found.path, found.architecture) == (KERAS, None)


def test_an_architecture_goes_with_its_weights(tmp_path: Path) -> None:
    paths = written(tmp_path, kf.conv("conv"), compile_config={"loss": {"module": "losses.mine"}})
    found = model_files(find_sources(paths))
    assert found.path == paths[1]
    wanted = json.loads(paths[0].read_text())
    del wanted["compile_config"]
    assert json.loads(found.architecture or "") == wanted


@pytest.mark.parametrize(
    ("layer", "names"),
    [
        (kf.layer("Lambda", "scale", function=["4wEAAAA=", None, None]), "Lambda scale"),
        ({**DENSE, "module": "lesions.layers", "registered_name": "x>Dense"}, "lesions.layers"),
        (kf.layer("Dense", "d", activation={"class_name": "__lambda__", "config": {}}), "__lambda"),
    ],
)
def test_code_is_never_opened(layer: Any, names: str, tmp_path: Path) -> None:
    with pytest.raises(UnsupportedError) as caught:
        model_files(find_sources(written(tmp_path, kf.conv("conv"), layer)))
    assert names in " ".join(caught.value.problems)
    assert "docs/preprocess.md" in caught.value.hint


def test_what_keras_does_not_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.json"
    path.write_text(json.dumps({"modelTopology": {}, "weightsManifest": []}))
    with pytest.raises(InputError, match="does not open TFJS"):
        model_files(find_sources([path]))


def test_a_zip_has_to_be_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "model.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for file in written(tmp_path, kf.conv("conv")):
            archive.write(file, file.name)
    with pytest.raises(InputError, match=r"does not open model\.zip"):
        model_files(find_sources([path]))
