"""Files of kinds that Pillow does not write, from samples, after the formats' own documents.

PNG: the W3C's specification, third edition. TIFF: revision 6.0. BMP: Microsoft's BITMAPINFOHEADER.
Samples are (height, width, channels) of whole numbers, from 0 to what their bits can hold.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from struct import pack
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[Any]
Order = Literal["<", ">"]

ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2))
ADAM7 += ((0, 1, 1, 2),)
"""First column and row of each pass, and its steps."""


def samples(bits: int, channels: int = 1, *, width: int = 19, height: int = 13) -> Samples:
    """A slope with noise in each channel, with the lowest and the highest number in it."""
    highest = (1 << bits) - 1
    y, x = np.mgrid[0:height, 0:width]
    slopes = np.stack([(x * (k + 1) + y * 2) / 60 for k in range(channels)], axis=-1)
    noise = np.random.default_rng(bits).random(slopes.shape) * 0.3
    made = ((slopes + noise) % 1.0 * highest).round().astype(np.uint32)
    made[0, 0], made[-1, -1] = 0, highest
    return made


def grey_levels(found: Samples, bits: int) -> Samples:
    """Samples as whole grey levels from 0 to 255, rounded."""
    return np.rint(found * (255 / ((1 << bits) - 1))).astype(np.uint8)


def packed(rows: Samples, bits: int, order: Order = ">") -> list[bytes]:
    """Each row of samples as bytes; what is below a byte begins with the highest bit."""
    lines = rows.reshape(len(rows), -1)
    if bits >= 8:
        return [line.astype(f"{order}u{bits // 8}").tobytes() for line in lines]
    found = []
    for line in lines:
        ones = (line[:, None] >> np.arange(bits - 1, -1, -1)) & 1
        found.append(np.packbits(ones.astype(np.uint8).reshape(-1)).tobytes())
    return found


# --- PNG ------------------------------------------------------------------------------------------


def png(
    found: Samples,
    bits: int,
    kind: int,
    *,
    before: Sequence[tuple[bytes, bytes]] = (),
    interlaced: bool = False,
) -> bytes:
    """A PNG: `kind` 0 grey, 2 colours, 3 palette, 4 grey with alpha, 6 colours with alpha.

    Args:
        found: the samples.
        bits: of each.
        kind: the colour type.
        before: chunks before the data, such as PLTE and tRNS.
        interlaced: in Adam's seven passes.
    """
    passes = [found[row::down, column::right] for column, row, right, down in ADAM7]
    parts = [part for part in passes if part.size] if interlaced else [found]
    raw = b"".join(b"\0" + line for part in parts for line in packed(part, bits))
    height, width = found.shape[:2]
    header = pack(">IIBBBBB", width, height, bits, kind, 0, 0, int(interlaced))
    chunks = [(b"IHDR", header), *before, (b"IDAT", zlib.compress(raw)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(name, data) for name, data in chunks)


def chunk(name: bytes, data: bytes) -> bytes:
    """One chunk of a PNG."""
    return pack(">I", len(data)) + name + data + pack(">I", zlib.crc32(name + data))


# --- TIFF -----------------------------------------------------------------------------------------


def tiff(
    found: Samples,
    bits: int,
    photometric: int,
    *,
    order: Order = "<",
    tile: int = 0,
    deflated: bool = False,
    tags: Mapping[int, Sequence[int]] | None = None,
) -> bytes:
    """A TIFF with one page.

    Args:
        found: the samples.
        bits: of each; 12 are packed as the document says.
        photometric: 0 white is zero, 1 black is zero, 2 colours, 5 CMYK.
        order: of the bytes.
        tile: the side of the tiles; one strip without.
        deflated: compressed.
        tags: others, of whole numbers of 16 bits.
    """
    height, width, channels = found.shape
    if tile:
        down, right = -(-height // tile) * tile, -(-width // tile) * tile
        whole = np.zeros((down, right, channels), found.dtype)
        whole[:height, :width] = found
        parts = [
            whole[y : y + tile, x : x + tile]
            for y in range(0, down, tile)
            for x in range(0, right, tile)
        ]
    else:
        parts = [found]
    blocks = [b"".join(packed(part, bits, order)) for part in parts]
    blocks = [zlib.compress(block) for block in blocks] if deflated else blocks
    starts, place = [], 8
    for block in blocks:
        starts.append(place)
        place += len(block) + len(block) % 2
    sizes = [len(block) for block in blocks]
    short, long = 3, 4
    entries: dict[int, tuple[int, Sequence[int]]] = {
        256: (long, [width]),
        257: (long, [height]),
        258: (short, [bits] * channels),
        259: (short, [8 if deflated else 1]),
        262: (short, [photometric]),
        277: (short, [channels]),
    }
    if tile:
        entries |= {322: (long, [tile]), 323: (long, [tile])}
        entries |= {324: (long, starts), 325: (long, sizes)}
    else:
        entries |= {273: (long, starts), 278: (long, [height]), 279: (long, sizes)}
    entries |= {tag: (short, values) for tag, values in (tags or {}).items()}
    data = b"".join(block + b"\0" * (len(block) % 2) for block in blocks)
    return _directory(entries, data, order)


def _directory(
    entries: Mapping[int, tuple[int, Sequence[int]]], data: bytes, order: Order
) -> bytes:
    place = 8 + len(data)
    after = place + 2 + 12 * len(entries) + 4
    lines, far = b"", b""
    for tag in sorted(entries):
        kind, values = entries[tag]
        body = pack(f"{order}{len(values)}{'H' if kind == 3 else 'I'}", *values)
        lines += pack(f"{order}HHI", tag, kind, len(values))
        if len(body) > 4:
            lines += pack(f"{order}I", after + len(far))
            far += body
        else:
            lines += body.ljust(4, b"\0")
    mark = b"II*\0" if order == "<" else b"MM\0*"
    count = pack(f"{order}H", len(entries))
    return mark + pack(f"{order}I", place) + data + count + lines + b"\0" * 4 + far


# --- BMP ------------------------------------------------------------------------------------------


def bmp(
    size: tuple[int, int],
    bits: int,
    rows: bytes,
    *,
    compression: int = 0,
    palette: Sequence[tuple[int, int, int]] = (),
    masks: Sequence[int] = (),
) -> bytes:
    """A BMP: (width, height), a negative height when the first row is the upmost one.

    Args:
        size: in pixels.
        bits: of a pixel.
        rows: as they are stored, each filled up to four bytes.
        compression: 0 none, 1 RLE8, 2 RLE4, 3 bit fields.
        palette: colours of red, green, blue.
        masks: of red, green, blue, and of alpha, if there is one.
    """
    colours = b"".join(bytes((blue, green, red, 0)) for red, green, blue in palette)
    fields = b"".join(pack("<I", mask) for mask in masks)
    header_size = 40 if len(masks) < 4 else 56
    inside = fields if len(masks) == 4 else b""
    outside = fields if len(masks) == 3 else b""
    start = 14 + header_size + len(outside) + len(colours)
    width, height = size
    header = pack("<IiiHHII", header_size, width, height, 1, bits, compression, len(rows))
    header += pack("<iiII", 2835, 2835, len(palette), 0) + inside
    return (
        pack("<2sIHHI", b"BM", start + len(rows), 0, 0, start) + header + outside + colours + rows
    )


def filled(rows: Sequence[bytes]) -> bytes:
    """Rows of a BMP, each filled up to four bytes."""
    return b"".join(row + b"\0" * (-len(row) % 4) for row in rows)
