"""Which native files would not find a library."""

from __future__ import annotations

from understudy.build.elf import read_elf
from understudy.build.links import missing
from understudy.build.plan import Found

from .makers import elf


def found(path: str, *needed: str, soname: str = "") -> Found:
    return Found(path, "a 1", read_elf(elf(needed, soname)))


def test_by_file_name_by_soname_and_of_the_system() -> None:
    assert (
        missing(
            [
                found("PIL/_imaging.so", "libtiff-1.so.6", "libjpeg.so", "libc.so.6", "libz.so.1"),
                found("pillow.libs/libtiff-1.so.6"),
                found("pillow.libs/libjpeg-2.so.62", soname="libjpeg.so"),
                Found("PIL/Image.py", "a 1"),
            ]
        )
        == ()
    )


def test_what_is_nowhere_is_named_with_who_needs_it() -> None:
    files = [found("PIL/_imaging.so", "libxcb.so.1", "libtiff.so"), found("PIL/_webp.so")]
    assert missing(files) == (
        "PIL/_imaging.so needs libtiff.so",
        "PIL/_imaging.so needs libxcb.so.1",
    )
