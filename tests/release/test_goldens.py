"""goldens.npz: what fits, what does not, and what strangers may put in it."""

from __future__ import annotations

import contextlib
import io
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from understudy.errors import InputError
from understudy.release import goldens
from understudy.release.goldens import parse_goldens, parse_images
from understudy.release.manifest import Signature

ONE_IN = (Signature("image", (None, 4, 3, 1), "float32"),)
ONE_OUT = (Signature("classes", (None, 2), "float32"),)
TWO_OUT = (*ONE_OUT, Signature("more", (None, 5), "float32"))

X, Y, Z = np.ones((3, 4, 3, 1)), np.zeros((3, 2), "float32"), np.zeros((3, 5), "float32")


def packed(**arrays: Any) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def test_one_input_and_one_output() -> None:
    cases = parse_goldens(packed(inputs=X, outputs=Y), ONE_IN, ONE_OUT)
    assert cases.count == 3
    assert cases.inputs["image"].dtype == np.float32
    assert set(cases.outputs) == {"classes"}


def test_named_arrays() -> None:
    data = packed(**{"inputs/image": X, "outputs/classes": Y, "outputs/more": Z})
    cases = parse_goldens(data, ONE_IN, TWO_OUT)
    assert set(cases.outputs) == {"classes", "more"}


@pytest.mark.parametrize(
    ("arrays", "why"),
    [
        ({"inputs": X}, "needs arrays called outputs"),
        ({"x": X, "y": Y}, "it has x, y"),
        ({"inputs": X[:2], "outputs": Y}, "same number"),
        ({"inputs": X[:0], "outputs": Y[:0]}, "empty"),
        ({"inputs": X[:, :2], "outputs": Y}, r"\(n, 4, 3, 1\)"),
        ({"inputs": X, "outputs": Z}, r"\(n, 2\)"),
        ({"inputs": X.astype("complex64"), "outputs": Y}, "complex64"),
        ({"inputs": np.array(["a"]), "outputs": Y}, "image"),
    ],
)
def test_what_does_not_fit(arrays: dict[str, Any], why: str) -> None:
    with pytest.raises(InputError, match=why):
        parse_goldens(packed(**arrays), ONE_IN, ONE_OUT)


def test_pickles_are_not_opened() -> None:
    evil = np.array([{"a": 1}], dtype=object)
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=True, inputs=evil, outputs=Y)
    with pytest.raises(InputError, match="cannot be read"):
        parse_goldens(buffer.getvalue(), ONE_IN, ONE_OUT)


def test_a_bomb_is_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(goldens, "MAX_BYTES", 1 << 20)
    buffer = io.BytesIO()
    np.savez_compressed(buffer, inputs=X, outputs=Y, more=np.zeros(1 << 20, "uint8"))
    assert len(buffer.getvalue()) < 10_000
    with pytest.raises(InputError, match="unpacks to"):
        parse_goldens(buffer.getvalue(), ONE_IN, ONE_OUT)


WHOLE = packed(inputs=X, outputs=Y)


@given(st.integers(0, len(WHOLE) - 1), st.integers(0, 255), st.integers(0, len(WHOLE)))
@settings(max_examples=200, deadline=None)
def test_damage_is_an_error_or_harmless(at: int, value: int, keep: int) -> None:
    data = bytearray(WHOLE)
    data[at] = value
    with contextlib.suppress(InputError):
        parse_goldens(bytes(data[:keep]) if keep % 2 else bytes(data), ONE_IN, ONE_OUT)


BYTES = np.frombuffer(b"abcde", np.uint8)


def test_image_files() -> None:
    assert parse_images(packed(images=BYTES, image_sizes=[2, 3])) == (b"ab", b"cde")
    assert parse_images(packed(inputs=X)) == ()


@pytest.mark.parametrize(
    ("arrays", "why"),
    [
        ({"images": BYTES}, "image_sizes say"),
        ({"images": BYTES, "image_sizes": [2.0, 3.0]}, "image_sizes say"),
        ({"images": BYTES, "image_sizes": 5}, "image_sizes say"),
        ({"images": X, "image_sizes": [5]}, "must be bytes"),
        ({"images": BYTES, "image_sizes": [2, 2]}, "add up to 4 bytes, images have 5"),
        ({"images": BYTES, "image_sizes": [7, -2]}, "add up"),
        ({"images": BYTES, "image_sizes": [5, 0]}, "add up"),
    ],
)
def test_images_that_do_not_fit(arrays: dict[str, Any], why: str) -> None:
    with pytest.raises(InputError, match=why):
        parse_images(packed(**arrays))
