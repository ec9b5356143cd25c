"""What people get wrong: each time one line, a hint, exit code 2, and nothing is lost."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import h5py
import numpy as np
import pytest
from tests.cli.conftest import FASHION, Done, Run

ARCHITECTURE = FASHION / "first" / "architecture.json"
WEIGHTS = FASHION / "first" / "weights.h5"


def assert_told(done: Done, *parts: str) -> None:
    """One error line that says this, one hint, exit code 2, nothing on stdout."""
    lines = done.err.splitlines()
    assert done.code == 2
    assert done.out == ""
    assert lines[0].startswith("error: ")
    assert lines[-1].startswith("hint: ")
    assert all(line.startswith("  - ") for line in lines[1:-1])
    for part in parts:
        assert part in done.err


@pytest.fixture
def parts(tmp_path: Path) -> tuple[Path, Path]:
    """A copy of a model's two files, to break."""
    return Path(shutil.copy(ARCHITECTURE, tmp_path)), Path(shutil.copy(WEIGHTS, tmp_path))


COMMANDS = pytest.mark.parametrize(
    "command", [["compile", "-o", "OUT"], ["push", "--model", "m"]], ids=["compile", "push"]
)


@pytest.fixture
def make(run: Run, tmp_path: Path, command: list[str]):  # type: ignore[no-untyped-def]
    """Compile or push these files."""
    options = [str(tmp_path / "out") if part == "OUT" else part for part in command]
    return lambda *files: run(options[0], *files, *options[1:])


@COMMANDS
def test_missing_file(make: Run, tmp_path: Path) -> None:
    assert_told(make(tmp_path / "gone.json", WEIGHTS), "there is no file", "gone.json")


@COMMANDS
def test_not_json(make: Run, parts: tuple[Path, Path]) -> None:
    parts[0].write_text("Layer (type)    Output Shape\n=====\nconv2d: (None, 9)")
    assert_told(make(*parts), "architecture.json is")


@COMMANDS
def test_half_a_json(make: Run, parts: tuple[Path, Path]) -> None:
    parts[0].write_text(ARCHITECTURE.read_text()[:700])
    assert_told(make(*parts), "architecture.json is")


@COMMANDS
@pytest.mark.parametrize("document", [{}, [], {"name": "x"}, {"class_name": "Dense", "config": {}}])
def test_json_that_is_no_model(make: Run, parts: tuple[Path, Path], document: object) -> None:
    parts[0].write_text(json.dumps(document))
    assert_told(make(*parts), "architecture.json", "not a Keras model")


@COMMANDS
@pytest.mark.parametrize("keep", [0.1, 0.5, 0.9, 0.999])
def test_truncated_weights(make: Run, parts: tuple[Path, Path], keep: float) -> None:
    whole = WEIGHTS.read_bytes()
    parts[1].write_bytes(whole[: int(len(whole) * keep)])
    assert_told(make(*parts), "weights.h5")


@COMMANDS
def test_empty_weights(make: Run, parts: tuple[Path, Path]) -> None:
    parts[1].write_bytes(b"")
    assert_told(make(*parts), "weights.h5 is empty")


@COMMANDS
def test_weights_of_another_shape(make: Run, parts: tuple[Path, Path]) -> None:
    document = json.loads(parts[0].read_text())
    for layer in document["config"]["layers"]:
        if layer["class_name"] == "Conv2D":
            layer["config"]["filters"] = 16
    parts[0].write_text(json.dumps(document))
    assert_told(make(*parts), "conv2d", "kernel", "(3, 3, 1, 16)", "(3, 3, 1, 8)")


@COMMANDS
def test_weights_of_another_model(make: Run) -> None:
    done = make(FASHION / "better" / "architecture.json", WEIGHTS)
    assert_told(done, "the weights do not fit the architecture")


@COMMANDS
def test_all_that_is_missing_and_unused_is_listed(make: Run, parts: tuple[Path, Path]) -> None:
    document = json.loads(parts[0].read_text())
    layer = document["config"]["layers"][-1]["config"]
    old, layer["name"] = layer["name"], "answers"
    parts[0].write_text(json.dumps(document))
    done = make(*parts)
    assert_told(done, "answers/kernel", "answers/bias", f"{old}/kernel:0", f"{old}/bias:0")
    assert sum("looked for" in line for line in done.err.splitlines()[1:]) == 2
    assert sum("no layer uses it" in line for line in done.err.splitlines()[1:]) == 2


@COMMANDS
def test_unsupported_layers_are_all_listed(make: Run, parts: tuple[Path, Path]) -> None:
    document = json.loads(parts[0].read_text())
    strange = [
        {"class_name": name, "config": {"name": name.lower()}} for name in ("Mystery", "Riddle")
    ]
    document["config"]["layers"][2:2] = strange
    parts[0].write_text(json.dumps(document))
    assert_told(make(*parts), "2 layers cannot be compiled", "Mystery mystery", "Riddle riddle")


@COMMANDS
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_weights_that_are_no_numbers(
    make: Run, run: Run, parts: tuple[Path, Path], value: float, command: list[str], tmp_path: Path
) -> None:
    with h5py.File(parts[1], "r+") as file:
        found: list[str] = []
        file.visit(lambda name: found.append(name) if name.endswith("kernel:0") else None)
        file[found[0]][0] = value
    assert_told(make(*parts), "NaN or infinite", "kernel", "--allow-nan")
    if command[0] == "compile":
        assert run("compile", *parts, "-o", tmp_path / "out", "--allow-nan").code == 0


@COMMANDS
def test_weights_alone(make: Run) -> None:
    assert_told(make(WEIGHTS), "holds weights only")


@COMMANDS
def test_architecture_alone(make: Run) -> None:
    assert_told(make(ARCHITECTURE), "its weights are missing")


@COMMANDS
def test_a_folder_without_a_model(make: Run, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert_told(make(tmp_path / "empty"), "holds no model")


@COMMANDS
def test_an_image_instead_of_a_model(make: Run) -> None:
    assert_told(make(FASHION / "images" / "test-00000.png"), "none of the files that Keras writes")


def test_wrong_labels(run: Run, tmp_path: Path) -> None:
    labels = tmp_path / "names.txt"
    labels.write_text("one\ntwo\n")
    done = run("push", FASHION / "first", "--model", "m", "--labels", labels)
    assert_told(done, "names.txt has 2 labels, the model gives 10 outputs")


def test_wrong_goldens(run: Run, tmp_path: Path, store: Path) -> None:
    with np.load(FASHION / "first" / "goldens.npz") as arrays:
        inputs, outputs = arrays["inputs"], arrays["outputs"]
    wrong = tmp_path / "wrong.npz"
    np.savez(wrong, inputs=inputs, outputs=outputs[::-1])
    done = run("push", FASHION / "first", "--model", "m", "--goldens", wrong)
    assert_told(done, "does not answer as wrong.npz says")
    np.savez(wrong, inputs=inputs[:, :20], outputs=outputs)
    done = run("push", FASHION / "first", "--model", "m", "--goldens", wrong)
    assert_told(done, "(16, 20, 28, 1)")
    assert not list(store.rglob("release.json"))


def test_wrong_preprocess(run: Run, tmp_path: Path) -> None:
    said = tmp_path / "preprocess.json"
    said.write_text('{"colour": "rgb"}')
    done = run("push", FASHION / "first", "--model", "m", "--preprocess", said)
    assert_told(done, "colour")
    said.write_text('{"color": "rgb"}')
    assert_told(run("push", FASHION / "first", "--model", "m", "--preprocess", said), "rgb")


def test_classifying_what_is_no_image(run: Run, fashion: Path, tmp_path: Path) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("not an image")
    assert_told(run("classify", text, "--model", "fashion"), "notes.txt")


def test_classifying_an_empty_folder(run: Run, fashion: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert_told(run("classify", tmp_path / "empty", "--model", "fashion"), "empty")


def test_classifying_a_missing_path(run: Run, fashion: Path, tmp_path: Path) -> None:
    assert_told(run("classify", tmp_path / "gone.png", "--model", "fashion"), "gone.png")


def test_a_model_that_is_not_there(run: Run, fashion: Path) -> None:
    done = run("classify", fashion, "--model", "fashoin")
    assert_told(done, "there is no model fashoin", "fashion")


def test_a_stage_that_serves_nothing(run: Run, fashion: Path) -> None:
    done = run("classify", fashion, "--model", "fashion", "--stage", "prod")
    assert_told(done, "prod of fashion serves no release", "promote")


def test_promoting_what_is_not_there(run: Run) -> None:
    assert_told(run("promote", "nothing"), "there is no model nothing")


@pytest.mark.parametrize("name", ["", "../up", "a/b", "releases", ".hidden", "x" * 65])
def test_names_that_cannot_be(run: Run, name: str) -> None:
    assert_told(run("push", FASHION / "first", "--model", name), "cannot be called")


def test_a_store_that_is_a_file(run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = run("push", FASHION / "first", "--model", "m", "--store", tmp_path / "file")
    assert_told(done, str(tmp_path / "file"))


def test_a_store_of_an_unknown_kind(run: Run) -> None:
    assert_told(run("status", "--store", "ftp://x/y"), "ftp://")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_store_that_cannot_be_written(run: Run, tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    done = run("push", FASHION / "first", "--model", "m", "--store", tmp_path / "store")
    assert_told(done, "permission denied")


def test_a_store_on_a_pseudo_file_system(run: Run) -> None:
    """Even root cannot write there."""
    if not Path("/proc/self").exists():
        pytest.skip("this system has no /proc")
    assert_told(run("push", FASHION / "first", "--model", "m", "--store", "/proc/store"))


def test_an_output_that_cannot_be_written(run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = run("compile", ARCHITECTURE, WEIGHTS, "-o", tmp_path / "file" / "out")
    assert_told(done, "cannot be written")


def test_json_and_csv_at_once(run: Run, fashion: Path) -> None:
    assert_told(run("classify", fashion, "--model", "fashion", "--json", "--csv"), "exclude")


def test_a_damaged_release_is_not_served(run: Run, fashion: Path, store: Path) -> None:
    weights = next(store.rglob("weights.bin"))
    content = bytearray(weights.read_bytes())
    content[len(content) // 2] ^= 0xFF
    weights.write_bytes(content)
    assert_told(run("classify", fashion, "--model", "fashion"), "weights.bin", "damaged")
