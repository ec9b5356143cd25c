"""`decode-check`, and what push says of releases with `"decode": "fast"`."""

from __future__ import annotations

import io
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.cli.conftest import FASHION, Run

import understudy


def photograph(seed: int) -> bytes:
    """A JPEG of 400 x 300 pixels with coarse and fine detail."""
    rough = np.random.default_rng(seed).integers(0, 256, (24, 32)).astype(np.uint8)
    file = io.BytesIO()
    image = Image.fromarray(rough).resize((400, 300), Image.Resampling.BICUBIC)
    image.save(file, "JPEG", quality=90)
    return file.getvalue()


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    for number in range(3):
        (folder / f"{number}.jpg").write_bytes(photograph(number))
    return folder


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    """The example's model, with goldens that hold images."""
    folder = tmp_path / "sources"
    shutil.copytree(FASHION / "first", folder)
    files = [photograph(number) for number in range(4)]
    with understudy.open_files(folder) as model:
        inputs = np.stack(
            [
                np.asarray(
                    Image.open(io.BytesIO(file)).resize((28, 28), Image.Resampling.BILINEAR),
                    np.float32,
                )[..., None]
                / 255.0
                for file in files
            ]
        )
        (outputs,) = model.predict(inputs).values()
    np.savez(
        folder / "goldens.npz",
        inputs=inputs,
        outputs=outputs,
        images=np.frombuffer(b"".join(files), np.uint8),
        image_sizes=[len(file) for file in files],
    )
    return folder


def test_images_are_compared(run: Run, fashion: Path, photos: Path) -> None:
    done = run("decode-check", photos, "--model", "fashion")
    assert done.code == 0
    assert "3 images: another label comes first for " in done.out
    assert "times as fast" in done.out
    assert done.err == ""
    said = json.loads(run("decode-check", photos, "--model", "fashion", "--json").out)
    assert (said["images"], said["failed"], len(said["each"])) == (3, 0, 3)
    assert said["largest"] == max(each["difference"] for each in said["each"]) > 0
    assert said["changed"] == sum(each["is_changed"] for each in said["each"])


def test_a_broken_image_is_told(run: Run, fashion: Path, photos: Path) -> None:
    (photos / "b.jpg").write_bytes(b"junk")
    done = run("decode-check", photos, "--model", "fashion")
    assert done.code == 1
    assert done.err.count("b.jpg: it is not an image") == 1
    assert "3 images: " in done.out
    said = json.loads(run("decode-check", photos, "--model", "fashion", "--json").out)
    assert "not an image" in said["each"][-1]["error"]["what"]
    done = run("decode-check", photos / "b.jpg", "--model", "fashion")
    assert (done.code, done.out) == (2, "")


def test_the_images_in_the_goldens(run: Run, sources: Path) -> None:
    assert run("push", sources, "--model", "fashion").code == 0
    done = run("decode-check", "--model", "fashion")
    assert done.code == 0, done.err
    assert "4 images: " in done.out


def test_goldens_without_images_are_not_enough(run: Run, fashion: Path) -> None:
    done = run("decode-check", "--model", "fashion")
    assert done.code == 2
    assert "has no images in its goldens" in done.err
    assert "hint: name some images" in done.err


def test_push_says_what_it_changes(run: Run, sources: Path, photos: Path) -> None:
    said = json.loads((sources / "preprocess.json").read_text())
    (sources / "preprocess.json").write_text(json.dumps(said | {"decode": "fast"}))
    done = run("push", sources, "--model", "fashion", "--json")
    assert done.code == 0, done.err
    pushed = json.loads(done.out)
    assert pushed["preprocess"]["decode"] == "fast"
    (note,) = [note for note in pushed["notes"] if "fast" in note]
    checked = json.loads(run("decode-check", "--model", "fashion", "--json").out)
    assert note == (
        f'"decode": "fast" changes outputs by at most {checked["largest"]:.2g} on the 4 images in'
        f" the goldens; another label comes first for {checked['changed']} of them"
    )
    answer = run("classify", photos / "0.jpg", "--model", "fashion", "--json")
    assert answer.code == 0


def test_push_says_so_where_nobody_measured(run: Run, tmp_path: Path) -> None:
    said = tmp_path / "fast.json"
    recorded = json.loads((FASHION / "first" / "preprocess.json").read_text())
    said.write_text(json.dumps(recorded | {"decode": "fast"}))
    files = [FASHION / "first" / name for name in ("architecture.json", "weights.h5")]
    done = run("push", *files, "--preprocess", said, "--model", "fashion")
    assert done.code == 0
    assert "nobody measured what" in done.out
    assert "decode-check" in done.out
