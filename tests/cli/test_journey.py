"""The whole way of a model, as a person goes it."""

from __future__ import annotations

import csv
import io
import json
import shutil
from pathlib import Path

import pytest
from PIL import Image
from tests.cli.conftest import FASHION, Run


def truth() -> dict[str, str]:
    with (FASHION / "images" / "truth.csv").open(newline="") as file:
        return {row["image"]: row["label"] for row in csv.DictReader(file)}


def right(run: Run, stage: str) -> int:
    done = run("classify", FASHION / "images", "--model", "fashion", "--stage", stage, "--json")
    assert done.code == 0
    answers = [json.loads(line) for line in done.out.splitlines()]
    assert [Path(answer["image"]).name for answer in answers] == sorted(truth())
    labels = truth()
    return sum(a["predictions"][0]["label"] == labels[Path(a["image"]).name] for a in answers)


def test_push_replace_promote(run: Run, fashion: Path) -> None:
    assert right(run, "dev") == 25
    assert run("promote", "fashion").code == 0
    assert right(run, "prod") == 25
    done = run("push", FASHION / "better", "--model", "fashion", "--message", "more epochs")
    assert done.code == 0
    assert "before:" in done.out
    assert right(run, "dev") == 27
    assert right(run, "prod") == 25
    assert run("promote", "fashion").code == 0
    assert right(run, "prod") == 27


def test_the_folder_shows_what_is_served(run: Run, fashion: Path, store: Path) -> None:
    run("push", FASHION / "better", "--model", "fashion")
    for name in ("architecture.json", "labels.txt", "goldens.npz"):
        assert (store / "fashion" / "dev" / name).read_bytes() == (
            FASHION / "better" / name
        ).read_bytes()


def test_pushing_again_changes_nothing(run: Run, fashion: Path) -> None:
    done = run("push", FASHION / "first", "--model", "fashion", "--json")
    assert done.code == 0
    assert json.loads(done.out)["changed"] is False


def test_the_same_files_make_the_same_release_everywhere(run: Run, tmp_path: Path) -> None:
    ids = set()
    for number in range(2):
        copied = tmp_path / f"copy{number}"
        shutil.copytree(FASHION / "first", copied)
        (copied / "weights.h5").rename(copied / f"trained-{number}.hdf5")
        done = run("push", copied, "--model", f"m{number}", "--json")
        ids.add(json.loads(done.out)["release"])
    assert len(ids) == 1


def test_status_lists_stages(run: Run, fashion: Path) -> None:
    done = run("status")
    assert "verified" in done.out
    assert "nothing yet" in done.out
    listed = json.loads(run("status", "fashion", "--json").out)
    assert [stage["stage"] for stage in listed[0]["stages"]] == ["dev", "prod"]


def test_status_of_an_empty_store(run: Run) -> None:
    done = run("status")
    assert done.code == 0
    assert "no models" in done.out


def test_classify_says_that_there_are_more_pages(run: Run, fashion: Path, tmp_path: Path) -> None:
    path = tmp_path / "two.tif"
    page = Image.new("L", (28, 28))
    page.save(path, save_all=True, append_images=[page])
    for images in ([path], [path, fashion / "test-00000.png"]):
        done = run("classify", *images, "--model", "fashion")
        assert (done.code, done.err.count("the file has more pages; this is the first")) == (0, 1)
        assert "more pages" not in done.out


def test_classify_one_image(run: Run, fashion: Path) -> None:
    done = run("classify", fashion / "test-00000.png", "--model", "fashion", "-k", "2")
    assert done.code == 0
    assert "Ankle boot" in done.out
    assert "83.3 %" in done.out


def test_classify_as_csv(run: Run, fashion: Path) -> None:
    done = run("classify", fashion, "--model", "fashion", "--csv", "-k", "3")
    rows = list(csv.DictReader(io.StringIO(done.out)))
    assert len(rows) == 90
    assert rows[0]["label"] == "Ankle boot"
    assert 0.83 < float(rows[0]["probability"]) < 0.84


def test_broken_images_do_not_stop_the_others(run: Run, fashion: Path, tmp_path: Path) -> None:
    folder = tmp_path / "mixed"
    folder.mkdir()
    shutil.copy(fashion / "test-00000.png", folder / "a.png")
    (folder / "b.png").write_bytes(b"no image at all")
    whole = (fashion / "test-00001.png").read_bytes()
    (folder / "c.png").write_bytes(whole[: len(whole) // 2])
    shutil.copy(fashion / "test-00001.png", folder / "d.png")
    done = run("classify", folder, "--model", "fashion")
    assert done.code == 1
    assert "Ankle boot" in done.out
    assert "Pullover" in done.out
    assert done.err.count("error:") == 2
    lines = [
        json.loads(line)
        for line in run("classify", folder, "--model", "fashion", "--json").out.splitlines()
    ]
    assert ["error" in line for line in lines] == [False, True, True, False]


def test_a_model_without_labels_and_goldens(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "bare"
    folder.mkdir()
    for name in ("architecture.json", "weights.h5"):
        shutil.copy(FASHION / "first" / name, folder)
    done = run("push", folder, "--model", "bare")
    assert done.code == 0
    assert "unverified" in done.out
    assert "assumed" in done.out
    done = run("classify", FASHION / "images" / "test-00000.png", "--model", "bare")
    assert "class 9" in done.out


def test_compile_and_inspect(run: Run, tmp_path: Path) -> None:
    files = [FASHION / "first" / name for name in ("architecture.json", "weights.h5")]
    done = run("compile", *files, "-o", tmp_path / "out")
    assert done.code == 0
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["model.onnx", "weights.bin"]
    found = json.loads(run("inspect", *files, "--json").out)
    assert found["parameters"] == 13610
    assert found["origin"]["keras_version"] == "2.4.0"
    assert found["inputs"][0]["shape"] == [None, 28, 28, 1]
    assert found["compiles"] is True
    shown = run("inspect", *files).out
    assert "13,610 parameters" in shown
    for text in (done.out, shown):
        first = found["tensors"][0]
        assert first["source"] in text
        assert first["sha256"][:12] in text
    assert "tensors: " in done.out


def test_a_long_load_report_is_cut_and_whole_in_json(run: Run) -> None:
    done = run("inspect", FASHION / "better")
    whole = json.loads(run("inspect", FASHION / "better", "--json").out)["tensors"]
    assert len(whole) == 52
    assert sum(tensor["source"] in done.out for tensor in whole) == 20
    assert "and 32 more: `understudy inspect --json` lists all" in done.out


def test_inspect_an_architecture_alone(run: Run, tmp_path: Path) -> None:
    architecture = FASHION / "first" / "architecture.json"
    done = run("inspect", architecture)
    assert done.code == 0
    assert "13,610 parameters" in done.out
    assert "needed to compile" in done.out
    found = json.loads(run("inspect", architecture, "--json").out)
    assert (found["compiles"], found["needs_weights"], found["problems"]) == (False, True, [])
    document = json.loads(architecture.read_text())
    document["config"]["layers"].insert(1, {"class_name": "Riddle", "config": {"name": "r"}})
    (tmp_path / "a.json").write_text(json.dumps(document))
    done = run("inspect", tmp_path / "a.json")
    assert done.code == 1
    assert "Riddle r: this layer is not known" in done.out


def test_what_classify_leaves_out(run: Run, fashion: Path, tmp_path: Path) -> None:
    folder = tmp_path / "images"
    folder.mkdir()
    for name in ("test-00000.png", "test-00002.png"):
        shutil.copy(fashion / name, folder)
    for name in ("a.heic", "b.heic", "labels.txt"):
        (folder / name).touch()
    done = run("classify", folder, "--model", "fashion", "--json")
    assert done.code == 0
    assert len(done.out.splitlines()) == 2
    (line,) = done.err.splitlines()
    assert line.startswith("note: left out 2 images that cannot be read: 2 .heic; ")
    assert run("classify", folder / "test-00000.png", "--model", "fashion").err == ""


def test_status_with_a_damaged_model(run: Run, fashion: Path, store: Path) -> None:
    (store / "bad" / "stages").mkdir(parents=True)
    (store / "bad" / "stages" / "dev.json").write_text("[oops")
    done = run("status")
    assert done.code == 0
    (row,) = [line for line in done.out.splitlines() if line.startswith("bad ")]
    assert "damaged" in row
    assert "fashion" in done.out


@pytest.mark.parametrize("arguments", [[], ["--help"], ["--version"], ["push", "--help"]])
def test_help_is_there(run: Run, arguments: list[str]) -> None:
    done = run(*arguments)
    assert done.code in (0, 2)
    assert done.out + done.err
