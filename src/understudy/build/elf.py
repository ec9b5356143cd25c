"""Which libraries a native Linux file links or names, from its bytes.

The dynamic section is read as the ELF specification (TIS 1.2, and the 64-bit supplement) lays it
out. Names in the rest of the file are taken, too: that is how a library is opened at run time.
Only 64-bit little-endian files are read; both of Lambda's architectures have these.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass

from .target import Arch

MAGIC = b"\x7fELF\x02\x01"
MACHINES = {62: Arch.X86_64, 183: Arch.ARM64}
"""e_machine: EM_X86_64 and EM_AARCH64."""

LOAD, DYNAMIC = 1, 2
"""p_type of a program header."""
NEEDED, STRINGS, SONAME = 1, 5, 14
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
    """

    arch: Arch | None
    needed: frozenset[str]
    soname: str
    named: frozenset[str]

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
        needed, soname = _dynamic(data)
    except (struct.error, ValueError, OverflowError, StopIteration):
        return None
    named = frozenset(name.decode() for name in NAMED.findall(data))
    return Native(MACHINES.get(machine), frozenset(needed), soname, named)


def _dynamic(data: bytes) -> tuple[list[str], str]:
    """The libraries that are needed, and the soname."""
    (table,) = struct.unpack_from("<Q", data, 32)
    each, count = struct.unpack_from("<HH", data, 54)
    headers = [struct.unpack_from("<IIQQQQ", data, table + n * each) for n in range(count)]
    found = next((header for header in headers if header[0] == DYNAMIC), None)
    if found is None:
        return [], ""
    entries = []
    for place in range(found[2], found[2] + found[5], 16):
        tag, value = struct.unpack_from("<qQ", data, place)
        if tag == 0:
            break
        entries.append((tag, value))
    strings = next(value for tag, value in entries if tag == STRINGS)
    start = next(
        offset + strings - address
        for kind, _, offset, address, _, size in headers
        if kind == LOAD and address <= strings < address + size
    )

    def text(value: int) -> str:
        return data[start + value : data.index(b"\0", start + value)].decode()

    names = [text(value) for tag, value in entries if tag == SONAME]
    return [text(value) for tag, value in entries if tag == NEEDED], names[0] if names else ""
