"""Ways to damage an image's file, seeded: by its bytes, and by what its format is made of.

A PNG's chunks get the right checksums again, and its pixels are damaged before they are compressed,
so that a mutation reaches what lies inside. Bytes in, bytes out.
"""

from __future__ import annotations

import random
import zlib
from collections.abc import Callable
from struct import error as Short
from struct import pack, unpack, unpack_from

NUMBERS = (0, 1, 2, 3, 4, 7, 8, 16, 17, 255, 256, 257, 9_999, 10_001, 32_767, 32_768, 65_535)
LARGE = (65_536, 100_000, 1 << 24, (1 << 31) - 1, 1 << 31, (1 << 32) - 1)
OTHERS = (
    b"%PDF-1.7\n", b"PK\3\4", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"#!/bin/sh\n", b"MZ",
    b"\x7fELF", b"%!PS-Adobe-3.0 EPSF-3.0\n", b"\0\0\0\x1cftypheic", b"<?php ?>", b"\0" * 16,
)  # fmt: skip

Others = Callable[[random.Random], bytes]


def damage(data: bytes, others: Others, seed: int) -> bytes:
    """The file, damaged in one to four ways.

    Args:
        data: the whole file.
        others: gives another image's file, to take pieces from.
        seed: decides everything.
    """
    rng = random.Random(seed)
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        kind = rng.random()
        if kind < 0.25:
            data = _bytes(rng, data)
        elif kind < 0.4:
            data = _lengths(rng, data, others)
        elif kind < 0.55:
            data = _header(rng, data)
        else:
            data = _structure(rng, data, others)
    return data


def _bytes(rng: random.Random, data: bytes) -> bytes:
    """Bits flipped, bytes replaced; mostly near the beginning."""
    made = bytearray(data)
    for _ in range(rng.choice((1, 1, 3, 10, 50))):
        if not made:
            break
        place = int(rng.random() ** rng.choice((1, 3)) * len(made))
        if rng.random() < 0.5:
            made[place] ^= 1 << rng.randrange(8)
        else:
            made[place] = rng.choice((0, 1, 0x7F, 0x80, 0xFF, rng.randrange(256)))
    return bytes(made)


def _lengths(rng: random.Random, data: bytes, others: Others) -> bytes:
    """Cut off, cut out, repeated, filled in; two files in one."""
    start, end = sorted((rng.randrange(len(data) + 1), rng.randrange(len(data) + 1)))
    made = (
        data[:end],
        data[:start] + data[end:],
        data[:end] + data[start:],
        data[:start] + rng.randbytes(rng.choice((1, 4, 100))) + data[start:],
        data[:start] + bytes(end - start) + data[end:],
        data + others(rng),
        others(rng) + data,
        rng.choice(OTHERS) + data,
        data + rng.choice(OTHERS),
        data[: rng.randrange(64)] + others(rng)[rng.randrange(64) :],
        data[:start] + others(rng)[start:],
    )
    return rng.choice(made)


def _header(rng: random.Random, data: bytes) -> bytes:
    """A number in the first bytes, where sizes and depths are; bombs among them."""
    made = bytearray(data)
    width = rng.choice((1, 2, 2, 4, 4))
    place = rng.randrange(4, 64)
    if place + width > len(made):
        return data
    number = rng.choice((*NUMBERS, *LARGE, rng.randrange(1 << 16))) % (1 << (8 * width))
    made[place : place + width] = number.to_bytes(width, rng.choice(("little", "big")))
    return bytes(made)


def _structure(rng: random.Random, data: bytes, others: Others) -> bytes:
    try:
        for mark, change in STRUCTURES:
            if data.startswith(mark):
                return change(rng, data, others)
    except (Short, zlib.error, IndexError, ValueError):
        pass  # damaged too much before to have a structure
    return _bytes(rng, data)


# --- PNG ------------------------------------------------------------------------------------------


def _png(rng: random.Random, data: bytes, others: Others) -> bytes:
    chunks: list[tuple[bytes, bytes]] = []
    place = 8
    while place < len(data):
        (size,) = unpack_from(">I", data, place)
        chunks.append((data[place + 4 : place + 8], data[place + 8 : place + 8 + size]))
        place += 12 + size
    chosen = rng.randrange(len(chunks))
    name, body = chunks[chosen]
    kind = rng.randrange(8)
    if kind == 0:
        chunks.insert(rng.randrange(len(chunks) + 1), chunks[chosen])
    elif kind == 1:
        del chunks[chosen]
    elif kind == 2:
        rng.shuffle(chunks)
    elif kind == 3:
        names = (b"IHDR", b"PLTE", b"IDAT", b"tRNS", b"iCCP", b"zTXt", b"iTXt", b"eXIf", b"acTL")
        chunks.insert(chosen, (rng.choice(names), rng.randbytes(rng.choice((0, 4, 13, 26, 300)))))
    elif kind == 4:
        rows = zlib.decompress(b"".join(body for name, body in chunks if name == b"IDAT"))
        rows = rng.choice((rows[: len(rows) // 2], rows * 3, _bytes(rng, rows), b""))
        chunks = [c for c in chunks if c[0] != b"IDAT"]
        chunks.insert(max(0, len(chunks) - 1), (b"IDAT", zlib.compress(rows)))
    elif kind == 5:
        sizes = rng.choice(((20_000, 20_000), (9_999, 9_999), (1, 1 << 30), (0, 5), (3, 2)))
        bits, color = rng.choice((1, 2, 4, 8, 16, 3)), rng.choice((0, 2, 3, 4, 6, 5))
        chunks[0] = (b"IHDR", pack(">IIBBBBB", *sizes, bits, color, 0, 0, rng.randrange(3)))
    elif kind == 6:
        large = zlib.compress(bytes(30_000_000))
        chunks.insert(1, (rng.choice((b"zTXt", b"iCCP")), b"a\0\0" + large))
    else:
        chunks[chosen] = (name, _bytes(rng, body))
    return data[:8] + b"".join(_chunk(*one) for one in chunks)


def _chunk(name: bytes, body: bytes) -> bytes:
    return pack(">I", len(body)) + name + body + pack(">I", zlib.crc32(name + body))


# --- JPEG -----------------------------------------------------------------------------------------


def _jpeg(rng: random.Random, data: bytes, others: Others) -> bytes:
    segments: list[bytes] = []
    place = 2
    while data[place] == 0xFF and data[place + 1] != 0xDA:
        (size,) = unpack_from(">H", data, place + 2)
        segments.append(data[place : place + 2 + size])
        place += 2 + size
    scan = data[place:]
    chosen = rng.randrange(len(segments))
    segment = segments[chosen]
    kind = rng.randrange(8)
    if kind == 0:
        segments.insert(rng.randrange(len(segments) + 1), segment)
    elif kind == 1:
        del segments[chosen]
    elif kind == 2:
        rng.shuffle(segments)
    elif kind == 3:  # another size, number of channels or sampling
        segments = [_frame(rng, s) if 0xC0 <= s[1] <= 0xC2 else s for s in segments]
    elif kind == 4:
        scan = _bytes(rng, scan)
    elif kind == 5:
        scan = scan[: rng.randrange(len(scan))] + rng.choice((b"", b"\xff\xd9"))
    elif kind == 6:
        mark = rng.choice((0xDD, 0xE0, 0xE1, 0xE2, 0xEE, 0xC4, 0xDB, 0xFE))
        text = rng.choice((b"Exif\0\0", b"ICC_PROFILE\0", b"Adobe\0", b"MPF\0", b"JFIF\0", b""))
        body = text + rng.randbytes(rng.choice((0, 5, 60)))
        segments.insert(chosen, bytes((0xFF, mark)) + pack(">H", len(body) + 2) + body)
    else:
        segments[chosen] = segment[:4] + _bytes(rng, segment[4:])
    if rng.random() < 0.05:  # many scans of many pixels make a decoder slow
        segments = [_frame(rng, s) if 0xC0 <= s[1] <= 0xC2 else s for s in segments]
        scan = scan.removesuffix(b"\xff\xd9") * rng.choice((2, 300, 3000))
    return data[:2] + b"".join(segments) + scan


def _frame(rng: random.Random, segment: bytes) -> bytes:
    made = bytearray(segment)
    kind = rng.randrange(4)
    if kind == 0:
        made[5:9] = pack(
            ">HH", *rng.choice(((65_500, 65_500), (1, 65_535), (9_999, 9_999), (0, 8)))
        )
    elif kind == 1:
        made[1] = rng.choice((0xC0, 0xC1, 0xC2, 0xC3, 0xC9, 0xCA))
    elif kind == 2:
        made[rng.randrange(10, len(made))] = rng.choice((0, 0x11, 0x22, 0x44, 0x41, 0xFF))
    else:
        made[4] = rng.choice((8, 12, 16, 0))
    return bytes(made)


# --- TIFF -----------------------------------------------------------------------------------------


def _tiff(rng: random.Random, data: bytes, others: Others) -> bytes:
    order = "<" if data.startswith(b"II") else ">"
    made = bytearray(data)
    (place,) = unpack_from(f"{order}I", made, 4)
    (count,) = unpack_from(f"{order}H", made, place)
    entry = place + 2 + 12 * rng.randrange(max(1, count))
    kind = rng.randrange(6)
    if kind == 0:
        tags = (256, 257, 258, 259, 262, 266, 273, 277, 278, 279, 284, 317, 320, 322, 324, 338, 339)
        made[entry : entry + 2] = pack(f"{order}H", rng.choice((*tags, 347, 700, 34_665, 34_675)))
    elif kind == 1:
        made[entry + 2 : entry + 4] = pack(f"{order}H", rng.randrange(20))
    elif kind == 2:
        made[entry + 4 : entry + 8] = pack(f"{order}I", rng.choice((*NUMBERS, *LARGE)))
    elif kind == 3:
        made[entry + 8 : entry + 12] = pack(f"{order}I", rng.choice((*NUMBERS, *LARGE)))
    elif kind == 4:
        compressions = (1, 2, 3, 4, 5, 6, 7, 8, 32_773, 32_946, 50_000, 34_925, 34_676, 9)
        made[entry : entry + 12] = pack(f"{order}HHIHH", 259, 3, 1, rng.choice(compressions), 0)
    else:  # the next directory is this one, or anywhere
        after = place + 2 + 12 * count
        made[after : after + 4] = pack(f"{order}I", rng.choice((place, 4, *NUMBERS, *LARGE)))
    return bytes(made)


# --- WebP -----------------------------------------------------------------------------------------


def _webp(rng: random.Random, data: bytes, others: Others) -> bytes:
    chunks: list[bytes] = []
    place = 12
    while place < len(data):
        (size,) = unpack_from("<I", data, place + 4)
        chunks.append(data[place : place + 8 + size + size % 2])
        place += 8 + size + size % 2
    chosen = rng.randrange(len(chunks))
    kind = rng.randrange(5)
    if kind == 0:
        chunks.insert(rng.randrange(len(chunks) + 1), chunks[chosen])
    elif kind == 1:
        del chunks[chosen]
    elif kind == 2:
        size = pack("<I", rng.choice((*NUMBERS, *LARGE)))
        chunks[chosen] = chunks[chosen][:4] + size + chunks[chosen][8:]
    elif kind == 3:
        wide = b"VP8X" + pack("<I", 10) + rng.randbytes(10)
        chunks.insert(0, wide)
    else:
        chunks[chosen] = chunks[chosen][:8] + _bytes(rng, chunks[chosen][8:])
    body = b"WEBP" + b"".join(chunks)
    return b"RIFF" + pack("<I", len(body)) + body


def _small(rng: random.Random, data: bytes, others: Others) -> bytes:
    """BMP and GIF: their headers are all the structure there is."""
    if data.startswith(b"GIF") and rng.random() < 0.5:  # a frame larger than the screen
        place = data.find(b",") + 1
        return (
            data[:place] + pack("<4H", *(rng.choice(NUMBERS) for _ in range(4))) + data[place + 8 :]
        )
    size = unpack("<I", data[18:22])[0]
    changed = rng.choice((size ^ 1, size * 500, (1 << 32) - size, 1 << 31)) % (1 << 32)
    return rng.choice((data[:18] + pack("<I", changed) + data[22:], _header(rng, data)))


STRUCTURES: tuple[tuple[bytes, Callable[[random.Random, bytes, Others], bytes]], ...] = (
    (b"\x89PNG", _png),
    (b"\xff\xd8", _jpeg),
    (b"II*\0", _tiff),
    (b"MM\0*", _tiff),
    (b"RIFF", _webp),
    (b"BM", _small),
    (b"GIF8", _small),
)
"""How a file begins, and how what it is made of is changed."""
