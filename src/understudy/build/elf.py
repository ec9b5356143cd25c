"""Which libraries a native Linux file links or names, and of which versions, from its bytes.

The dynamic section is read as the ELF specification (TIS 1.2, and the 64-bit supplement) lays it
out, the versions of symbols as the Linux Standard Base 5.0 does ("Symbol Versioning"). Names in the
rest of the file are taken, too: that is how a library is opened at run time.
Only 64-bit little-endian files are read; both of Lambda's architectures have these.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from .target import Arch

MAGIC = b"\x7fELF\x02\x01"
MACHINES = {62: Arch.X86_64, 183: Arch.ARM64}
"""e_machine: EM_X86_64 and EM_AARCH64."""

LOAD, DYNAMIC = 1, 2
"""p_type of a program header."""
NEEDED, STRINGS, SONAME = 1, 5, 14
VERSIONS = 0x6FFFFFFE
"""d_tag of an entry of the dynamic section."""

NAMED = re.compile(rb"lib[A-Za-z0-9_+.-]+?\.so")


@dataclass(frozen=True, slots=True)
class Native:
    """A native file.

    Attributes:
        arch: what it runs on; None for another machine than Lambda's.
        needed: the libraries that are loaded with it.
        soname: what others link it as; empty if nothing can.
        named: names up to `.so`, anywhere in the file.
        versions: of the symbols that it takes from libraries, such as `GLIBC_2.34`.
    """

    arch: Arch | None
    needed: frozenset[str]
    soname: str
    named: frozenset[str]
    versions: frozenset[str] = frozenset()

    def uses(self, file_name: str, soname: str) -> bool:
        """Whether it links a library, or has its name in it."""
        stem = file_name.partition(".so")[0] + ".so"
        return file_name in self.needed or soname in self.needed or stem in self.named


def read_elf(data: bytes) -> Native | None:
    """Read a file; None if it is no 64-bit ELF file, or a damaged one."""
    if not data.startswith(MAGIC):
        return None
    try:
        (machine,) = struct.unpack_from("<H", data, 18)
        dynamic = _Dynamic.read(data)
        needed, sonames = dynamic.texts(NEEDED), dynamic.texts(SONAME)
        versions = frozenset(dynamic.versions())
    except (struct.error, ValueError, OverflowError):
        return None
    named = frozenset(name.decode() for name in NAMED.findall(data))
    soname = sonames[0] if sonames else ""
    return Native(MACHINES.get(machine), frozenset(needed), soname, named, versions)


@dataclass(frozen=True, slots=True)
class _Dynamic:
    """The dynamic section: its entries, and where addresses are in the file."""

    data: bytes
    entries: tuple[tuple[int, int], ...]
    loads: tuple[tuple[int, int, int], ...]

    @classmethod
    def read(cls, data: bytes) -> _Dynamic:
        (table,) = struct.unpack_from("<Q", data, 32)
        each, count = struct.unpack_from("<HH", data, 54)
        headers = [struct.unpack_from("<IIQQQQ", data, table + n * each) for n in range(count)]
        loads = tuple((h[3], h[5], h[2]) for h in headers if h[0] == LOAD)
        found = next((header for header in headers if header[0] == DYNAMIC), None)
        entries = []
        for place in range(found[2], found[2] + found[5], 16) if found else ():
            tag, value = struct.unpack_from("<qQ", data, place)
            if tag == 0:
                break
            entries.append((tag, value))
        return cls(data, tuple(entries), loads)

    def texts(self, tag: int) -> list[str]:
        """The strings of all entries with this tag."""
        return [self._text(value) for found, value in self.entries if found == tag]

    def versions(self) -> Iterator[str]:
        """The versions that are needed: a list of libraries, with a list of versions each."""
        if self._value(VERSIONS) is None:
            return
        place, following = self._place(self._value(VERSIONS) or 0), 1
        while following:  # it is 0 in the last entry of each list
            _, _, _, first, following = struct.unpack_from("<HHIII", self.data, place)
            inner, further = place + first, 1
            while further:
                _, _, _, name, further = struct.unpack_from("<IHHII", self.data, inner)
                yield self._text(name)
                inner += further
            place += following

    def _value(self, tag: int) -> int | None:
        return next((value for found, value in self.entries if found == tag), None)

    def _place(self, address: int) -> int:
        """Where in the file an address is."""
        for start, size, offset in self.loads:
            if start <= address < start + size:
                return offset + address - start
        raise ValueError("the address is in no segment")

    def _text(self, value: int) -> str:
        start = self._place(self._value(STRINGS) or 0) + value
        return self.data[start : self.data.index(b"\0", start)].decode()
