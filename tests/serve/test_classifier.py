"""The whole way, from images to results, against a model that can be worked out by hand."""

from __future__ import annotations

import math
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import FrozenInstanceError, replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto
from PIL import Image

from understudy.errors import ImageError, InputError, ReleaseError
from understudy.serve import Classifier, Preprocess, ServedModel, resolve

from .makers import encoded, photo, write_model

RED = Image.new("RGB", (20, 10), (255, 0, 0))
P_RED = math.e / (math.e + 3)


def test_one_image(classifier: Classifier) -> None:
    result = classifier.classify(RED, top_k=2)
    assert [p.label for p in result.predictions] == ["red", "green"]
    assert result.predictions[0].probability == pytest.approx(P_RED, abs=1e-6)
    assert (result.image, result.model, result.stage, result.release) == (0, "colors", "dev", "r1")
    assert result.error is None
    with pytest.raises(FrozenInstanceError):
        result.image = "other"  # type: ignore[misc]


def test_every_kind_of_source_gives_the_same(classifier: Classifier, tmp_path: Path) -> None:
    path = tmp_path / "photo.png"
    path.write_bytes(encoded(photo(), "PNG"))
    sources: list[Any] = [path, str(path), path.read_bytes(), photo(), np.asarray(photo())]
    results = [classifier.classify(source) for source in sources]
    assert len({result.predictions for result in results}) == 1
    assert [result.image for result in results] == [str(path), str(path), 0, 0, 0]
    assert classifier.classify(path, name="upload").image == "upload"


def test_the_json_of_an_answer(classifier: Classifier) -> None:
    said = classifier.classify(RED, top_k=1).to_json()
    assert list(said) == ["image", "model", "stage", "release", "predictions", "timings_ms"]
    assert list(said["timings_ms"]) == ["decode", "preprocess", "infer"]
    assert all(spent >= 0 for spent in said["timings_ms"].values())
    assert list(said["predictions"][0]) == ["label", "index", "probability"]


def test_one_broken_image_is_raised_with_its_name(classifier: Classifier, tmp_path: Path) -> None:
    path = tmp_path / "notes.jpg"
    path.write_text("nothing to see")
    with pytest.raises(ImageError, match=r"notes\.jpg: it is not an image"):
        classifier.classify(path)
    with pytest.raises(ImageError, match=r"^it is not an image"):
        classifier.classify(b"nothing to see")


@pytest.mark.parametrize("batch_size", [1, 2, 3, 7, 100])
def test_many_are_as_one_by_one(classifier: Classifier, batch_size: int) -> None:
    images: list[Any] = [photo(seed=seed) for seed in range(7)]
    images[2:2] = [b"", b"junk"]
    results = list(classifier.classify_many(iter(images), batch_size=batch_size))
    assert [result.image for result in results] == list(range(9))
    assert [result.image for result in results if result.error] == [2, 3]
    assert results[2].to_json() == {
        "image": 2,
        "error": {"what": "it is empty (0 bytes)", "hint": "copy the file again"},
    }
    for result, image in zip(results, images, strict=True):
        if not result.error:
            alone = classifier.classify(image)
            assert [p.label for p in result.predictions] == [p.label for p in alone.predictions]
            assert [p.probability for p in result.predictions] == pytest.approx(
                [p.probability for p in alone.predictions], abs=1e-6
            )


def test_nothing_and_nothing_but_broken(classifier: Classifier) -> None:
    assert list(classifier.classify_many([])) == []
    assert [bool(r.error) for r in classifier.classify_many([b""] * 5, batch_size=2)] == [True] * 5


def test_an_endless_row_is_drawn_as_it_is_used(classifier: Classifier) -> None:
    drawn = 0

    def endless() -> Iterator[Any]:
        nonlocal drawn
        while True:
            drawn += 1
            yield RED

    before = threading.active_count()
    results = classifier.classify_many(endless(), batch_size=4)
    assert drawn == 0
    assert len(list(islice(results, 40))) == 40
    assert drawn <= 40 + 2 * 4 + 2 * (os.cpu_count() or 1) + 1
    assert hasattr(results, "close")
    results.close()
    assert threading.active_count() == before


def test_an_error_of_the_row_itself_comes_through(classifier: Classifier) -> None:
    def row() -> Iterator[Any]:
        yield RED
        raise ZeroDivisionError

    before = threading.active_count()
    with pytest.raises(ZeroDivisionError):
        list(classifier.classify_many(row()))
    assert threading.active_count() == before


def test_ctrl_c_ends_it(model_folder: Path) -> None:
    program = f"""
from itertools import repeat
from pathlib import Path
from PIL import Image
from understudy.serve import Classifier, ServedModel, resolve
how = resolve(None, (8, 6, 3))
served = ServedModel("m", how, "softmax", "image", "classes")
with Classifier.open(Path({str(model_folder)!r}), served) as classifier:
    for result in classifier.classify_many(repeat(Image.new("RGB", (900, 900)))):
        print(result.image, flush=True)
"""
    process = subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"0\n"
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert process.returncode != 0
    assert b"KeyboardInterrupt" in errors


def test_threads_share_a_classifier(classifier: Classifier) -> None:
    images = [photo(seed=seed) for seed in range(40)]
    alone = [classifier.classify(image).predictions for image in images]
    with ThreadPoolExecutor(8) as pool:
        assert [r.predictions for r in pool.map(classifier.classify, images)] == alone


def test_a_number_that_is_not_finite_spoils_one_image_only(tmp_path: Path, how: Any) -> None:
    folder = write_model(tmp_path, last="Reciprocal", weights=np.ones((3, 2), np.float32))
    served = ServedModel("m", how, "linear", "image", "classes")
    black = Image.new("RGB", (5, 5))
    with Classifier.open(folder, served) as classifier:
        bad, good = classifier.classify_many([black, RED])
        assert bad.error is not None
        assert "not a finite number" in bad.error.what
        assert good.predictions
        with pytest.raises(ImageError, match="not a finite number"):
            classifier.classify(black)


def test_uint8_and_free_sizes(tmp_path: Path) -> None:
    folder = write_model(tmp_path, shape=("batch", "h", "w", 3), dtype=TensorProto.UINT8)
    how = resolve(Preprocess(size=(5, 7)), (None, None, 3), dtype="uint8")
    served = ServedModel("m", how, "softmax", "image", "classes")
    with Classifier.open(folder, served) as classifier:
        assert classifier.classify(RED).predictions[0].label == "class 0"


def test_predict_gives_every_output_raw(classifier: Classifier) -> None:
    tensor = np.zeros((3, 8, 6, 3))
    tensor[1, :, :, 0] = 1
    found = classifier.predict(tensor)
    assert list(found) == ["classes"]
    assert found["classes"].shape == (3, 4)
    assert found["classes"][1, 0] == pytest.approx(P_RED, abs=1e-6)


@pytest.mark.parametrize(
    ("tensor", "what", "hint"),
    [
        (np.zeros((8, 6, 3), np.float32), "the batch axis is missing", "tensor[None]"),
        (np.zeros((1, 6, 8, 3), np.float32), "takes float32 (any, 8, 6, 3)", "classify()"),
        (np.zeros((1, 8, 6), np.float32), "shape (1, 8, 6)", "classify()"),
        (np.zeros((0, 8, 6, 3), np.float32), "the batch is empty", "one image"),
        (np.zeros((1, 8, 6, 3), np.uint8), "the tensor is uint8", "does not scale"),
        (np.zeros((1, 8, 6, 3), complex), "the tensor is complex128", "does not scale"),
        (np.zeros((), np.float32), "shape ()", "classify()"),
    ],
)
def test_predict_refuses_what_does_not_fit(
    classifier: Classifier, tensor: Any, what: str, hint: str
) -> None:
    with pytest.raises(InputError) as caught:
        classifier.predict(tensor)
    assert what in caught.value.what
    assert hint in caught.value.hint


@pytest.mark.parametrize(
    ("change", "error", "what"),
    [
        ({"labels": ("a", "b")}, InputError, "has 2 labels, the model gives 4 outputs"),
        ({"output": "other"}, ReleaseError, 'no output "other"; it has "classes"'),
        ({"input": "other"}, ReleaseError, 'input is "image", the release says "other"'),
        ({"preprocess": resolve(None, (8, 8, 3))}, ReleaseError, "the release makes float32 (8,"),
        ({"preprocess": resolve(None, (8, 6, 3), dtype="uint8")}, ReleaseError, "uint8"),
    ],
)
def test_a_release_that_does_not_fit_is_refused_when_opened(
    model_folder: Path, served: ServedModel, change: Any, error: Any, what: str
) -> None:
    with pytest.raises(error) as caught:
        Classifier.open(model_folder, replace(served, **change))
    assert what in caught.value.what


@pytest.mark.parametrize("arguments", [{"top_k": 0}, {"batch_size": 0}])
def test_wrong_arguments_are_refused_at_once(classifier: Classifier, arguments: Any) -> None:
    with pytest.raises(InputError):
        classifier.classify_many([RED], **arguments)


def test_closed_is_closed_but_finishes_what_it_began(classifier: Classifier) -> None:
    results = classifier.classify_many([RED] * 3)
    classifier.close()
    assert len(list(results)) == 3
    for call in (classifier.classify, classifier.predict, classifier.classify_many):
        with pytest.raises(InputError, match="colors is closed"):
            call(RED)  # type: ignore[operator]
