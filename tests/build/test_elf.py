"""What a native file links and names is read from its bytes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from understudy.build.elf import read_elf
from understudy.build.interpreter import here
from understudy.build.target import Arch

from .makers import elf


def test_what_is_linked_and_its_own_name() -> None:
    found = read_elf(elf(["libz.so.1", "libjpeg-6dc8.so.62"], "libtiff.so.6"))
    assert found is not None
    assert found.needed == {"libz.so.1", "libjpeg-6dc8.so.62"}
    assert found.soname == "libtiff.so.6"
    assert found.arch is Arch.X86_64


@pytest.mark.parametrize(("machine", "arch"), [(62, "x86_64"), (183, "arm64"), (243, None)])
def test_the_machine(machine: int, arch: str | None) -> None:
    found = read_elf(elf(machine=machine))
    assert found is not None
    assert found.arch == arch


def test_the_versions_of_symbols() -> None:
    wanted = ["GLIBC_2.2.5", "GLIBC_2.34", "GLIBCXX_3.4.29"]
    found = read_elf(elf(["libc.so.6"], versions=wanted))
    assert found is not None
    assert found.versions == set(wanted)
    assert found.needed == {"libc.so.6"}


def test_a_library_that_is_opened_by_name_is_used() -> None:
    found = read_elf(elf(text=b"\0cannot open libproviders_shared.so\0"))
    assert found is not None
    assert found.uses("libproviders_shared.so", "")
    assert found.uses("libproviders_shared.so.1.2", "")
    assert not found.uses("libproviders.so", "")


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04", b"\x7fELF\x01\x01" + bytes(100)])
def test_other_files_are_none(data: bytes) -> None:
    assert read_elf(data) is None


@given(st.integers(0, 400), st.binary(max_size=8))
def test_damage_is_no_exception(place: int, damage: bytes) -> None:
    data = elf(["libz.so.1"], "liba.so", versions=["GLIBC_2.2.5", "GLIBC_2.34"])
    read_elf(data[:place] + damage + data[place + len(damage) :])
    read_elf(data[:place])


def test_a_real_one_is_for_this_machine() -> None:
    names = sorted(Path(np.__file__).parent.glob("_core/_multiarray_umath.*.so"))
    found = read_elf(names[0].read_bytes()) if names else None
    if found is None:
        pytest.skip("NumPy's extension is no 64-bit ELF file on this system")
    assert found.arch is here()
    assert any(name.startswith("libc.") for name in found.needed)
    assert any(version.startswith("GLIBC_2.") for version in found.versions)
