"""Native files for the tests, of their headers alone."""

from __future__ import annotations

import struct
from collections.abc import Sequence

HEADER, PROGRAM, ENTRY = 64, 56, 16


def elf(
    needed: Sequence[str] = (),
    soname: str = "",
    machine: int = 62,
    text: bytes = b"",
    versions: Sequence[str] = (),
) -> bytes:
    """A 64-bit shared library: two program headers, a dynamic section, its strings, `text`.

    The versions of symbols are those of two libraries, as if each had half of them.
    """
    strings = b"\0"
    entries = []
    for tag, name in [*((1, name) for name in needed), *([(14, soname)] if soname else [])]:
        entries.append((tag, len(strings)))
        strings += name.encode() + b"\0"
    needs, strings = _needs(versions, strings)
    dynamic = HEADER + 2 * PROGRAM
    where = dynamic + (len(entries) + (4 if needs else 2)) * ENTRY
    if needs:
        entries += [(0x6FFFFFFE, 0x10000 + where + len(strings)), (0x6FFFFFFF, 2)]
    entries += [(5, 0x10000 + where), (0, 0)]
    size = where + len(strings) + len(needs)
    headers = struct.pack("<IIQQQQQQ", 1, 5, 0, 0x10000, 0, size, size, 4096)
    length = len(entries) * ENTRY
    headers += struct.pack("<IIQQQQQQ", 2, 6, dynamic, 0x10000 + dynamic, 0, length, length, 8)
    start = b"\x7fELF\x02\x01\x01" + bytes(9) + struct.pack("<HHI", 3, machine, 1)
    start += struct.pack("<QQQIHHHHHH", 0, HEADER, 0, 0, HEADER, PROGRAM, 2, 0, 0, 0)
    packed = b"".join(struct.pack("<qQ", *entry) for entry in entries)
    return start + headers + packed + strings + needs + text


def _needs(versions: Sequence[str], strings: bytes) -> tuple[bytes, bytes]:
    """The section of needed versions, and the strings with theirs; empty if there are none."""
    found, half = b"", len(versions) // 2
    for last, part in enumerate((versions[:half], versions[half:]) if versions else ()):
        inner = b""
        for number, version in enumerate(part):
            further = 16 if number + 1 < len(part) else 0
            inner += struct.pack("<IHHII", 0, 0, 2, len(strings), further)
            strings += version.encode() + b"\0"
        found += struct.pack("<HHIII", 1, len(part), 0, 16, 0 if last else 16 + len(inner)) + inner
    return found, strings
