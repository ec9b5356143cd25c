"""labels.txt as people write it."""

from __future__ import annotations

import pytest

from understudy.errors import InputError
from understudy.release.labels import parse_labels


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("cat\ndog\n", ("cat", "dog")),
        ("cat\r\ndog", ("cat", "dog")),
        ("\ufeffcat\ndog\n\n\n", ("cat", "dog")),
        ("  cat \n\tbig dog\n", ("cat", "big dog")),
        ("0 cat\n1 big dog\n", ("cat", "big dog")),
        ("0 zero\n1 one\n3 three\n", ("0 zero", "1 one", "3 three")),
        ("7\n8\n", ("7", "8")),
        ("0\n1\n", ("0", "1")),
        ("1 euro\n2 euro\n", ("1 euro", "2 euro")),
        ("Größe\n猫\n", ("Größe", "猫")),
    ],
)
def test_labels(text: str, labels: tuple[str, ...]) -> None:
    assert parse_labels(text.encode()) == labels


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "empty"),
        (b"\n\n", "empty"),
        (b"cat\n\ndog\n", "line 2"),
        (b"\xff\xfec\x00a\x00t\x00", "UTF-8"),
        (b"c\0at", "not text"),
        (b"x" * (5 << 20), "too much"),
    ],
)
def test_what_is_no_list_of_labels(data: bytes, why: str) -> None:
    with pytest.raises(InputError, match=why):
        parse_labels(data)
