"""Opening sessions: from mapped weights, with our errors."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from understudy.errors import ReleaseError
from understudy.serve import Signature, inputs, open_session, outputs
from understudy.serve.session import OPTIMIZE, cores, run

from .makers import write_model


def test_opens_and_says_what_it_takes_and_gives(model_folder: Path) -> None:
    session = open_session(model_folder, threads=1)
    assert inputs(session) == (Signature("image", (None, 8, 6, 3), "float32"),)
    assert outputs(session) == (Signature("classes", (None, 4), "float32"),)
    (found,) = run(session, ["classes"], {"image": np.zeros((2, 8, 6, 3), np.float32)})
    assert np.allclose(found, 0.25)


def test_the_weights_are_outside_the_model_and_mapped(tmp_path: Path) -> None:
    folder = write_model(tmp_path, weights=np.ones((3, 50_000), np.float32))
    assert (folder / "weights.bin").stat().st_size >= 600_000
    assert (folder / "model.onnx").stat().st_size < 2_000
    session = open_session(folder)
    maps = Path("/proc/self/maps")
    if maps.exists():
        assert str(folder / "weights.bin") in maps.read_text()
    assert outputs(session)[0].shape == (None, 50_000)


@pytest.mark.parametrize("missing", ["model.onnx", "weights.bin"])
def test_a_missing_file(tmp_path: Path, missing: str) -> None:
    write_model(tmp_path)
    (tmp_path / missing).unlink()
    with pytest.raises(ReleaseError, match=f"there is no {missing}"):
        open_session(tmp_path)


@pytest.mark.parametrize(
    ("name", "content"), [("model.onnx", b"junk"), ("model.onnx", b""), ("weights.bin", b"1234")]
)
def test_damaged_files(
    tmp_path: Path, name: str, content: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    write_model(tmp_path)
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ReleaseError, match="cannot be opened") as caught:
        open_session(tmp_path)
    assert "\n" not in caught.value.what
    assert capfd.readouterr() == ("", "")


def test_what_goes_wrong_while_running_is_ours(
    model_folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    session = open_session(model_folder)
    with pytest.raises(ReleaseError, match="failed to run"):
        run(session, ["classes"], {"image": np.zeros((1, 1, 1, 3), np.float32)})
    assert capfd.readouterr() == ("", "")


def test_the_options_are_names_that_onnxruntime_knows() -> None:
    import onnxruntime

    assert hasattr(onnxruntime.GraphOptimizationLevel, OPTIMIZE)
    assert cores() >= 1
