"""Which prebuilt files run on a target: tables of headers, names and tags."""

from __future__ import annotations

import pytest

from understudy.build.fit import fits_tag, problems
from understudy.build.target import Arch, Python, Target

from .makers import elf

X86 = Target(Python.PY313, Arch.X86_64)
ARM = Target(Python.PY314, Arch.ARM64)
NATIVE = {X86: elf(), ARM: elf(machine=183)}

FITS = (
    ("a/b.cpython-313-x86_64-linux-gnu.so", X86),
    ("a/b.cpython-314-aarch64-linux-gnu.so", ARM),
    ("a/b.abi3.so", X86),
    ("a/b.so", X86),
    ("a.libs/libb-1.2.so.3", ARM),
    ("bin/program", ARM),
)
NAMES = (
    ("a/b.cpython-312-x86_64-linux-gnu.so", "is an extension module for cpython-312-x86_64"),
    ("a/b.cpython-313t-x86_64-linux-gnu.so", "is an extension module for cpython-313t"),
    ("a/b.cpython-313-x86_64-linux-musl.so", "is an extension module for cpython-313-x86_64"),
    ("a/b.cpython-313-aarch64-linux-gnu.so", "is an extension module for cpython-313-aarch64"),
    ("a/b.pypy310-pp73-x86_64-linux-gnu.so", "is an extension module for pypy310"),
    ("a/b.cp313-win_amd64.pyd", "is for Windows, not for Linux"),
)
FILES = (
    (elf(machine=183), "is for arm64, not for x86_64"),
    (elf(machine=243), "is for another machine, not for x86_64"),
    (b"\x7fELF\x01\x01" + bytes(50), "is for another machine, not for x86_64"),
    (elf()[:70], "is damaged"),
    (b"\xcf\xfa\xed\xfe" + bytes(50), "is for macOS, not for Linux"),
    (b"MZ" + bytes(50), "is for Windows, not for Linux"),
    (elf(["libc.musl-x86_64.so.1"]), "is linked to musl (Alpine Linux), and Amazon Linux has gl"),
    (elf(versions=["GLIBC_2.2.5", "GLIBC_2.38"]), "needs GLIBC_2.38, and Amazon Linux 2023 has GL"),
    (
        elf(versions=["GLIBCXX_3.4.30"]),
        "needs GLIBCXX_3.4.30, and Amazon Linux 2023 has GLIBCXX_3.",
    ),
    (elf(versions=["CXXABI_1.3.15", "CXXABI_1.3"]), "needs CXXABI_1.3.15, and Amazon Linux 2023 h"),
    (elf(versions=["GLIBC_ABI_DT_RELR"]), "needs GLIBC_2.36, and Amazon Linux 2023 has GLIBC_2.34"),
)


@pytest.mark.parametrize(("path", "target"), FITS)
def test_what_fits(path: str, target: Target) -> None:
    assert problems(path, NATIVE[target], target) == ()


@pytest.mark.parametrize(("path", "said"), NAMES)
def test_names(path: str, said: str) -> None:
    (found,) = problems(path, NATIVE[X86], X86)
    assert found.startswith(said)


@pytest.mark.parametrize(("data", "said"), FILES, ids=lambda value: str(value)[:30])
def test_headers(data: bytes, said: str) -> None:
    (found,) = problems("a/b.so", data, X86)
    assert found.startswith(said)


def test_the_newest_that_there_is_fits() -> None:
    versions = ["GLIBC_2.34", "GLIBC_2.9", "GLIBCXX_3.4.29", "CXXABI_1.3.13", "GLIBC_PRIVATE"]
    assert problems("a/b.so", elf(versions=versions), X86) == ()


@pytest.mark.parametrize(
    "path", ["a.py", "data/cli.exe", "data/x.dll", "a/script.so.txt", "a/linker.so"]
)
def test_other_files_are_not_looked_at(path: str) -> None:
    data = b"MZ" if "x.dll" in path or "exe" in path else b"INPUT(libc.so.6)"
    assert problems(path, data, X86) == ()


TAGS = {
    "py3-none-any": True,
    "py2.py3-none-any": True,
    "py313-none-any": True,
    "py314-none-any": False,
    "py2-none-any": False,
    "cp313-cp313-manylinux_2_28_x86_64": True,
    "cp313-cp313-manylinux_2_34_x86_64": True,
    "cp313-cp313-manylinux_2_35_x86_64": False,
    "cp313-cp313-manylinux_2_17_x86_64.manylinux2014_x86_64": True,
    "cp313-cp313-manylinux_2_28_aarch64": False,
    "cp313-cp313-linux_x86_64": True,
    "cp313-cp313-musllinux_1_2_x86_64": False,
    "cp313-cp313-macosx_11_0_arm64": False,
    "cp313-cp313-win_amd64": False,
    "cp313-cp313t-manylinux_2_28_x86_64": False,
    "cp312-cp312-manylinux_2_28_x86_64": False,
    "cp38-abi3-manylinux1_x86_64": True,
    "cp314-abi3-manylinux_2_28_x86_64": False,
    "cp313-none-manylinux_2_28_x86_64": True,
    "py3-none-manylinux2010_x86_64": True,
    "pp310-pypy310_pp73-manylinux_2_28_x86_64": False,
    "nonsense": False,
}


@pytest.mark.parametrize("tag", TAGS)
def test_tags(tag: str) -> None:
    assert fits_tag(tag, X86) is TAGS[tag]


def test_a_wheel_with_one_tag_that_fits() -> None:
    text = "Wheel-Version: 1.0\nTag: cp313-cp313-win_amd64\nTag: py3-none-any\n"
    assert problems("a-1.dist-info/WHEEL", text.encode(), X86) == ()
    assert problems("a-1.dist-info/WHEEL", b"Wheel-Version: 1.0\n", X86) == ()
    (found,) = problems("a-1.dist-info/WHEEL", b"Tag: cp312-cp312-linux_x86_64\n", X86)
    assert found == "says that it is for cp312-cp312-linux_x86_64, not for Python 3.13 on x86_64"
