"""Releases that Keras runs, made and refused where there is no Keras."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from understudy import building, keeping, wiring
from understudy.build import stand
from understudy.build.proof import Stand
from understudy.delivery.options import Options, recorded_options
from understudy.engine.document import DOCUMENT, WEIGHTS
from understudy.errors import InputError
from understudy.release.manifest import KERAS, Manifest
from understudy.release.repository import read_manifest


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Stand:
    """A store with a release for each engine; what Keras answered is known without it."""
    return building.make_stand(tmp_path_factory.mktemp("stand"), KERAS)


def manifest_of(made: Stand, model: str) -> Manifest:
    (folder,) = (made.store / model / "releases").iterdir()
    return read_manifest(wiring.store_at(made.store), model, folder.name)


def test_it_holds_what_keras_wrote(made: Stand) -> None:
    manifest = manifest_of(made, made.model)
    assert manifest.engine == KERAS
    assert manifest.options == {"engine": "keras"}
    assert manifest.made_by.opset == 0
    assert [file.name for file in manifest.files] == [DOCUMENT, WEIGHTS, "selftest.npz"]
    folder = made.store / made.model / "releases" / manifest.id
    architecture = json.loads((stand.KERAS / "architecture.json").read_bytes())
    architecture.pop("compile_config", None)  # of training
    said = json.loads((folder / DOCUMENT).read_bytes())
    assert said == {"weights": WEIGHTS, "model": architecture}
    weights = (stand.KERAS / "model.weights.h5").read_bytes()
    assert (folder / WEIGHTS).read_bytes() == weights
    assert any("Keras itself" in note for note in manifest.origin.notes)


def test_a_compiled_one_says_nothing_of_an_engine(made: Stand) -> None:
    (other,) = made.others
    manifest = manifest_of(made, other)
    assert manifest.engine == "onnx"
    assert manifest.options == {}


def test_one_source_gives_two_ids(made: Stand, tmp_path: Path) -> None:
    done = wiring.push_files([stand.KERAS], "m", store=tmp_path)
    assert done.manifest.id != manifest_of(made, made.model).id


def test_the_option_is_recorded_and_checked() -> None:
    assert Options(engine="keras").said() == {"engine": "keras"}
    assert recorded_options({"engine": "keras"}) == Options(engine="keras")
    with pytest.raises(InputError, match="no engine 'theano'"):
        Options(engine="theano")
    with pytest.raises(InputError, match="Keras runs the layer"):
        Options(engine="keras", layers={"scale": "x / 255"})


@pytest.mark.parametrize("command", ["classify", "push"])
def test_where_keras_is_not_it_is_refused_in_plain_words(made: Stand, command: str) -> None:
    run = (
        "import sys; sys.modules['keras'] = None; from understudy.cli import main;"
        "sys.argv[:1] = ['understudy']; main()"
    )
    arguments = {
        "classify": [str(made.images), "--model", made.model],
        "push": [str(stand.KERAS), "--model", "other", "--engine", "keras"],
    }
    done = subprocess.run(
        [sys.executable, "-c", run, command, *arguments[command]],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "UNDERSTUDY_STORE": str(made.store)},
    )
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert "the release needs Keras, which cannot be imported here" in done.stderr
    assert "understudy build --engine keras" in " ".join(done.stderr.split())


def test_files_that_keras_cannot_open_are_refused(made: Stand, tmp_path: Path) -> None:
    model = made.store.with_name("sources") / "model.onnx"
    with pytest.raises(InputError, match="Keras cannot open this model: it is ONNX"):
        wiring.push_files(
            [model], "m", store=tmp_path, options=wiring.compile_options(engine="keras")
        )


def test_both_engines_call_inputs_and_outputs_the_same(made: Stand, tmp_path: Path) -> None:
    first = manifest_of(made, made.model)
    compiled = wiring.push_files([stand.KERAS], "m", store=tmp_path).manifest
    assert [s.shape for s in compiled.inputs] == [s.shape for s in first.inputs]
    assert [s.name for s in compiled.outputs] == [s.name for s in first.outputs]


def test_releases_of_layers_and_of_operators_have_nothing_in_common(
    made: Stand, tmp_path: Path
) -> None:
    store = tmp_path / "store"
    shutil.copytree(made.store, store)
    first = manifest_of(made, made.model).id
    wiring.push_files([made.store.with_name("sources")], made.model, store=store)
    with pytest.raises(InputError, match="there is nothing to compare"):
        keeping.model_diff(made.model, first, "dev", store=store)
