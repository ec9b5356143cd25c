"""What a person may write for a store."""

from __future__ import annotations

from pathlib import Path

import pytest

from understudy.errors import InputError
from understudy.store import open_store


@pytest.mark.parametrize("form", ["{}", "{}/", "file://{}", "FILE://{}", "file://localhost{}"])
def test_a_folder(tmp_path: Path, form: str) -> None:
    store = open_store(form.format(tmp_path / "a b"))
    store.put("key", b"1")
    assert (tmp_path / "a b" / "key").read_bytes() == b"1"
    assert store.describe() == str(tmp_path / "a b")


def test_a_percent_encoded_url(tmp_path: Path) -> None:
    assert open_store(f"file://{tmp_path}/a%20b").describe() == str(tmp_path / "a b")


def test_a_relative_path_and_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert open_store("models").describe() == str(tmp_path / "models")
    assert open_store("~/models").describe() == str(tmp_path / "home" / "models")


def test_memory_is_new_each_time() -> None:
    store = open_store("memory://")
    store.put("key", b"1")
    assert store.describe() == "memory://"
    assert open_store("memory://").list("") == ()


def test_a_bucket(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert open_store("s3://bucket").describe() == "s3://bucket"
    assert open_store("S3://bucket/a b/c%20/").describe() == "s3://bucket/a b/c%20"


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("", "names no store"),
        ("a\0b", "names no store"),
        ("gs://bucket/prefix", "gs:// are not known"),
        ("s3://", "names no bucket"),
        ("s3:///prefix", "names no bucket"),
        ("s3://a bucket/prefix", "names no bucket"),
        ("s3://bucket/a//b", "a part of it is empty"),
        ("s3://bucket/../b", "a part `.` or `..`"),
        ("https://example.org/", "https:// are not known"),
        ("file://models/parasites", "not the URL of a folder"),
        ("file://", "not the URL of a folder"),
        ("file:///", "not the URL of a folder"),
        ("memory://somewhere", "memory:// alone"),
        ("~nobody-has-this-name/models", "home directory"),
    ],
)
def test_what_is_refused(url: str, words: str) -> None:
    with pytest.raises(InputError, match=words) as caught:
        open_store(url)
    assert caught.value.hint
