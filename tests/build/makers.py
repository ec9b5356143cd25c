"""Native files for the tests, of their headers alone."""

from __future__ import annotations

import struct
from collections.abc import Sequence

HEADER, PROGRAM, ENTRY = 64, 56, 16


def elf(
    needed: Sequence[str] = (), soname: str = "", machine: int = 62, text: bytes = b""
) -> bytes:
    """A 64-bit shared library: two program headers, a dynamic section, its strings, `text`."""
    strings = b"\0"
    entries = []
    for tag, name in [*((1, name) for name in needed), *([(14, soname)] if soname else [])]:
        entries.append((tag, len(strings)))
        strings += name.encode() + b"\0"
    dynamic = HEADER + 2 * PROGRAM
    where = dynamic + (len(entries) + 2) * ENTRY
    entries += [(5, 0x10000 + where), (0, 0)]
    size = where + len(strings)
    headers = struct.pack("<IIQQQQQQ", 1, 5, 0, 0x10000, 0, size, size, 4096)
    length = len(entries) * ENTRY
    headers += struct.pack("<IIQQQQQQ", 2, 6, dynamic, 0x10000 + dynamic, 0, length, length, 8)
    start = b"\x7fELF\x02\x01\x01" + bytes(9) + struct.pack("<HHI", 3, machine, 1)
    start += struct.pack("<QQQIHHHHHH", 0, HEADER, 0, 0, HEADER, PROGRAM, 2, 0, 0, 0)
    packed = b"".join(struct.pack("<qQ", *entry) for entry in entries)
    return start + headers + packed + strings + text
