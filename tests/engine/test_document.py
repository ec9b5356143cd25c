"""`keras.json`: written and read."""

from __future__ import annotations

import json

import pytest

from understudy.engine.document import OLDER_WEIGHTS, WEIGHTS, Document, decode, encode
from understudy.errors import ReleaseError


@pytest.mark.parametrize("weights", [WEIGHTS, OLDER_WEIGHTS])
def test_what_is_written_is_read(weights: str) -> None:
    document = Document(weights, {"class_name": "Sequential", "config": [1, None, "ü"]})
    assert decode(encode(document)) == document


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"{}",
        b'{"weights": "keras.h5"}',
        b'{"weights": "keras.h5", "model": 1}',
        b'{"weights": "../keras.h5", "model": {}}',
        b'{"weights": 5, "model": {}}',
        b"[" * 100_000,
        json.dumps({"weights": "model.onnx", "model": {}}).encode(),
    ],
)
def test_what_is_damaged_is_refused(data: bytes) -> None:
    with pytest.raises(ReleaseError, match=r"keras\.json is damaged"):
        decode(data)
