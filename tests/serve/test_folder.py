"""Which images the paths mean."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from understudy.errors import InputError
from understudy.serve import images_in
from understudy.serve.folder import described


def touch(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def names(folder: Path, *paths: Path) -> list[str]:
    return [str(path.relative_to(folder)) for path in images_in(paths)]


def test_a_folder_in_the_order_of_counting(tmp_path: Path) -> None:
    touch(tmp_path, "image10.png", "image2.JPG", "b/1.tif", "B1.webp", "a.gif", "07.bmp", "7.bmp")
    touch(tmp_path, "notes.txt", ".hidden.png", ".git/x.png", "__MACOSX/._a.gif", "b/.x.png")
    (tmp_path / "folder.png").mkdir()
    assert names(tmp_path, tmp_path) == [
        *("07.bmp", "7.bmp", "a.gif", "b/1.tif"),
        *("B1.webp", "image2.JPG", "image10.png"),
    ]


def test_a_named_file_is_always_tried(tmp_path: Path) -> None:
    touch(tmp_path, "scan", ".hidden.png", "sub/a.png")
    found = names(tmp_path, tmp_path / "scan", tmp_path / "sub", tmp_path / ".hidden.png")
    assert found == ["scan", "sub/a.png", ".hidden.png"]


def test_links_to_folders_do_not_go_round(tmp_path: Path) -> None:
    touch(tmp_path, "a/1.png")
    (tmp_path / "a/again").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "a/2.png").symlink_to(tmp_path / "a/1.png")
    assert names(tmp_path, tmp_path) == ["a/1.png", "a/2.png"]


def test_folders_are_read_when_their_turn_comes(tmp_path: Path) -> None:
    touch(tmp_path, "a/1.png", "b/1.png")
    images = images_in([tmp_path])
    touch(tmp_path, "b/2.png")
    assert len(list(images)) == 3


@pytest.mark.parametrize("name", ["empty", "texts"])
def test_what_is_missing_is_said_before_anything_begins(tmp_path: Path, name: str) -> None:
    touch(tmp_path, "texts/a.txt", "good.png")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError) as caught:
        images_in([tmp_path / "good.png", tmp_path / name])
    assert str(tmp_path / name) in caught.value.what
    assert caught.value.hint


def test_what_is_left_out_is_counted_and_said(tmp_path: Path) -> None:
    touch(
        tmp_path, "a/1.png", "a/2.HEIC", "a/3.heic", "b/4.avif", "labels.txt", "b/scan", ".x.heic"
    )
    (tmp_path / "b/again").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "gone.png").symlink_to(tmp_path / "nowhere.png")
    left_out: Counter[str] = Counter()
    assert len(list(images_in([tmp_path, tmp_path / "labels.txt"], left_out))) == 2
    assert left_out == {
        ".heic": 2,
        ".avif": 1,
        "links to folders": 1,
        "broken links and special files": 1,
    }
    assert described(left_out).startswith("left out 5 images that cannot be read: 2 .heic, 1 ")
    assert ".jpg" in described(left_out).partition("; ")[2]


def test_many_kinds_of_files_are_one_line() -> None:
    kinds = Counter({f".{number}": number for number in range(1, 10)})
    line = described(kinds)
    assert ": 9 .9, 8 .8, 7 .7, 6 .6, 5 .5, 4 .4, 6 others; " in line
    assert described(Counter({".heic": 1})).startswith("left out one image that cannot be read: 1 ")


def test_a_folder_of_other_images_says_so(tmp_path: Path) -> None:
    touch(tmp_path, "good/a.png", "good/b.tga", "phone/1.heic", "phone/2.heic")
    with pytest.raises(InputError, match=r"phone; left out 2 images .*: 2 \.heic; "):
        images_in([tmp_path / "good", tmp_path / "phone"])


def test_a_missing_file_is_left_to_the_decoder(tmp_path: Path) -> None:
    """One missing file among many shall not keep the others from being classified."""
    touch(tmp_path, "good.png")
    named = [tmp_path / "good.png", tmp_path / "missing.png"]
    assert list(images_in(named)) == named


def test_nothing_named() -> None:
    with pytest.raises(InputError, match="nothing to classify"):
        images_in([])
