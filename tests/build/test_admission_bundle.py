"""The bundle of the function that admits: small enough, and it compiles a model by Keras."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from understudy import building
from understudy.build.bundle import Bundle
from understudy.build.contents import Function
from understudy.build.stand import KERAS
from understudy.errors import BuildError

GOLDEN = Path(__file__).parents[1] / "golden" / "keras-3.15.1" / "gray_sigmoid"
MOST_ZIPPED, MOST_UNZIPPED = 45e6, 130e6


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    output = tmp_path_factory.mktemp("admission") / "admission.zip"
    try:
        return building.build_bundle(output=output, function=Function.ADMISSION)
    except BuildError as error:
        if "cannot be fetched" in error.what or "there is no uv" in error.what:
            pytest.skip(f"no bundle was built: {error.what}")
        raise


def test_it_is_small_and_has_what_compiles(built: Bundle) -> None:
    assert built.handler == "understudy.edges.lambda_.admission.handler"
    assert built.size.zipped <= MOST_ZIPPED
    assert built.size.plain <= MOST_UNZIPPED
    with zipfile.ZipFile(built.path) as archive:
        names = set(archive.namelist())
    wanted = ("edges/lambda_/admission", "compiler/lowering", "keras/normalize", "wiring")
    assert {f"understudy/{module}.py" for module in wanted} <= names
    assert not [name for name in names if name.startswith(("understudy/cli", "onnx/backend"))]


def test_it_compiled_a_model(built: Bundle) -> None:
    if not built.proof.ran:
        pytest.skip(f"the bundle was not run: {built.proof.why_not}")
    assert built.proof.formats == ()
    assert built.proof.seconds


def test_the_model_is_the_golden_one() -> None:
    assert sorted(path.name for path in KERAS.iterdir()) == [
        *("architecture.json", "goldens.npz", "model.weights.h5")
    ]
    for path in KERAS.iterdir():
        assert path.read_bytes() == (GOLDEN / path.name).read_bytes()
