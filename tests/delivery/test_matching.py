"""Goldens with images: which preprocessing made the inputs of them."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from understudy import wiring
from understudy.delivery.matching import UNASSUMED, settle
from understudy.errors import InputError, ReleaseError
from understudy.release.preprocess import Preprocess
from understudy.release.resolve import Resolved, resolve
from understudy.serve.resize import METHODS
from understudy.store.memory import MemoryStore

RESIZING = Path(__file__).parents[1] / "serve" / "resizing"
PREPARE = wiring.trial().prepare
SIZE = (20, 21)
LOOKS_ALIKE = {"pillow/nearest", "tensorflow/nearest", "opencv/nearest", "skimage/0"}


def png(pixels: NDArray[Any]) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def made_by(method: str) -> tuple[list[bytes], NDArray[Any]]:
    """Images as files, and what the real library made of them, from 0 to 1."""
    library, _, name = method.partition("/")
    with np.load(RESIZING / f"{library}.npz") as found:
        keys = [key for key in found.files if key.endswith(f"/{SIZE[0]}x{SIZE[1]}")]
        chosen = [key for key in keys if key.startswith(f"{name}/")]
        images = [png(found["in/" + key.split("/")[1]]) for key in chosen]
        return images, np.stack([found[key].astype(np.float32) / 255 for key in chosen])


def way(**said: Any) -> Resolved:
    return resolve(Preprocess(**said), (*SIZE, 3))


def photos(count: int = 2) -> list[NDArray[np.uint8]]:
    """Something like photographs: soft shapes, a few edges, some noise."""
    rng = np.random.default_rng(3)
    found = []
    for number in range(count):
        y, x = np.mgrid[:90, :120]
        soft = 120 + 60 * np.sin(x / (17 + number)) + 50 * np.cos(y / 13 + x / 29)
        edges = np.where((x - 60) ** 2 + (y - 40) ** 2 < 600, 90, 0)
        colors = np.stack([soft + edges, soft[::-1] * 0.8 + 20, soft * 0.5 + edges], -1)
        noisy = colors + rng.normal(0, 3, colors.shape)
        found.append(np.clip(noisy, 0, 255).astype(np.uint8))
    return found


@pytest.mark.parametrize("method", METHODS)
def test_what_nobody_said_is_found(method: str) -> None:
    images, inputs = made_by(method)
    found, notes = settle(way(), images, inputs, PREPARE, "goldens.npz")
    if method in LOOKS_ALIKE:
        assert found.resize in LOOKS_ALIKE
    else:
        assert found.resize == method
    assert notes == (f'"resize": "{found.resize}"',)


@pytest.mark.parametrize(
    ("said", "method"),
    [
        (said, method)
        for said in ("pillow/bilinear", "tensorflow/bilinear")
        for method in METHODS
        if method != said
    ],
)
def test_what_is_said_wrong_is_told_and_what_is_right(method: str, said: Any) -> None:
    images, inputs = made_by(method)
    with pytest.raises(ReleaseError, match="do not become its inputs") as caught:
        settle(way(resize=said), images, inputs, PREPARE, "goldens.npz")
    words = LOOKS_ALIKE if method in LOOKS_ALIKE else {method}
    assert any(f'say "resize": "{word}" in' in caught.value.hint for word in words)


@pytest.mark.parametrize("method", ["pillow/lanczos", "tensorflow/area", "opencv/cubic"])
@pytest.mark.parametrize("scale", ["none", "-1..1", "caffe", "torch"])
@pytest.mark.parametrize("fit", ["stretch", "crop"])
@pytest.mark.parametrize("color", ["rgb", "bgr"])
def test_all_that_nobody_said_is_found_together(
    method: Any, scale: Any, fit: Any, color: Any
) -> None:
    how = way(resize=method, scale=scale, fit=fit, color=color)
    images = [png(pixels) for pixels in photos()]
    inputs = np.stack([PREPARE(image, how) for image in images])
    found, _ = settle(way(), images, inputs, PREPARE, "goldens.npz")
    same = np.stack([PREPARE(image, found) for image in images])
    np.testing.assert_allclose(same, inputs, atol=1e-4 * max(1.0, float(np.abs(inputs).max())))
    assert (found.resize, found.fit) == (method, fit)


@pytest.mark.parametrize("side", [20, 22, 27, 32])
@pytest.mark.parametrize("method", ["pillow/bilinear", "pillow/bicubic"])
@pytest.mark.parametrize("scale", ["0..1", "torch"])
def test_a_shorter_side_is_found(side: int, method: Any, scale: Any) -> None:
    how = way(fit="center_crop", shorter_side=side, resize=method, scale=scale)
    images = [png(pixels) for pixels in photos(3)]
    inputs = np.stack([PREPARE(image, how) for image in images])
    found, _ = settle(way(), images, inputs, PREPARE, "goldens.npz")
    assert (found.fit, found.shorter_side, found.resize) == ("center_crop", side, method)
    with pytest.raises(ReleaseError) as caught:
        settle(way(fit="crop", scale=scale), images, inputs, PREPARE, "goldens.npz")
    assert f'"shorter_side": {side}' in caught.value.hint


@pytest.mark.parametrize("alpha", ["white", "black"])
def test_what_became_of_opacity_is_found_unless_it_was_said(alpha: Any) -> None:
    opacity = np.linspace(0, 255, 90 * 120).reshape(90, 120, 1).astype(np.uint8)
    images = [png(np.concatenate([pixels, opacity], -1)) for pixels in photos()]
    inputs = np.stack([PREPARE(image, way(alpha=alpha)) for image in images])
    found, notes = settle(way(), images, inputs, PREPARE, "goldens.npz", UNASSUMED)
    assert found.alpha == alpha
    assert notes == (f'"alpha": "{alpha}"',)
    with pytest.raises(ReleaseError) as caught:
        settle(way(alpha="drop"), images, inputs, PREPARE, "goldens.npz")
    assert f'"alpha": "{alpha}"' in caught.value.hint


def test_sixteen_bits_are_found_unless_it_was_said() -> None:
    deep = np.random.default_rng(4).integers(0, 4000, (90, 120)).astype(np.uint16)
    images = [png(deep), png(deep[::-1].copy())]
    how = resolve(Preprocess(bits=16), (*SIZE, 1))
    inputs = np.stack([PREPARE(image, how) for image in images])
    open_ = resolve(Preprocess(), (*SIZE, 1))
    found, notes = settle(open_, images, inputs, PREPARE, "goldens.npz", UNASSUMED)
    assert (found.bits, notes) == (16, ('"bits": 16',))
    with pytest.raises(ReleaseError) as caught:
        settle(resolve(Preprocess(bits=8), (*SIZE, 1)), images, inputs, PREPARE, "goldens.npz")
    assert '"bits": 16' in caught.value.hint


def test_what_is_said_right_stays() -> None:
    images, inputs = made_by("opencv/linear")
    how = way(resize="opencv/linear", scale="0..1")
    found, notes = settle(how, images, inputs, PREPARE, "goldens.npz")
    assert (found, notes) == (replace(how, assumed=("orientation",)), ())


def test_images_of_something_else() -> None:
    images, inputs = made_by("opencv/linear")
    with pytest.raises(ReleaseError, match="off by") as caught:
        settle(way(), images[::-1], 1 - inputs, PREPARE, "goldens.npz")
    assert "save the images" in caught.value.hint or "nothing makes them" in caught.value.hint


def test_numbers_that_do_not_fit() -> None:
    images, inputs = made_by("opencv/linear")
    with pytest.raises(InputError, match="has 2 images and 1 inputs"):
        settle(way(), images * 2, inputs, PREPARE, "goldens.npz")
    with pytest.raises(InputError, match="become tensors"):
        settle(replace(way(), size=(9, 9)), images, inputs, PREPARE, "goldens.npz")


FASHION = Path(__file__).parents[2] / "examples" / "fashion" / "first"


def push(folder: Path, resize: Any, said: str | None) -> Any:
    """Push a model whose goldens hold images that became inputs in this way."""
    files = [FASHION / "architecture.json", FASHION / "weights.h5"]
    how = resolve(Preprocess(resize=resize), (28, 28, 1))
    images = [png(pixels) for pixels in photos(3)]
    inputs = np.stack([PREPARE(image, how) for image in images])
    with wiring.open_files(*files) as classifier:
        (outputs,) = classifier.predict(inputs).values()
    np.savez(
        folder / "goldens.npz",
        inputs=inputs,
        outputs=outputs,
        images=np.frombuffer(b"".join(images), np.uint8),
        image_sizes=[len(image) for image in images],
    )
    if said is not None:
        (folder / "preprocess.json").write_text(said)
        files.append(folder / "preprocess.json")
    store = MemoryStore()
    return wiring.push_files(files, "m", store=store, goldens=folder / "goldens.npz").manifest


def test_a_push_takes_the_resizing_from_the_goldens(tmp_path: Path) -> None:
    manifest = push(tmp_path, "opencv/linear", None)
    assert manifest.preprocess["resize"] == "opencv/linear"
    assert any('"resize": "opencv/linear"' in note for note in manifest.origin.notes)


def test_a_push_with_the_wrong_resizing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ReleaseError, match="do not become its inputs") as caught:
        push(tmp_path, "tensorflow/area", '{"resize": "pillow/bilinear"}')
    assert caught.value.hint.startswith('say "resize": "tensorflow/area" in preprocess.json')
