"""Damage many images, and see that each ends in an error of ours or in an image.

    python tests/fuzz/images.py [--count 5000] [--first 0] [--jobs 2]

Every case is decoded, in one of the ways that a release may ask for, as `workers` says.
"""

from __future__ import annotations

import hashlib
import random
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
for folder in ("src", "tests"):
    sys.path.insert(0, str(ROOT / folder))

from fuzz.damage import damage  # noqa: E402 the path comes first
from fuzz.workers import Subject, main  # noqa: E402

LARGE = 1_000_000
"""Pixels; no whole image has so many, and hashing them takes longer than decoding."""

WAYS: dict[str, dict[str, Any]] = {
    "rgb": {"color": "rgb"},
    "grayscale": {"color": "grayscale"},
    "rgba": {"color": "rgba"},
    "as it lies": {"orientation": "ignore"},
    "on white": {"alpha": "white"},
    "16 bits": {"color": "grayscale", "bits": 16},
    "fast": {"reduction": lambda _: 4},
}


@dataclass(frozen=True)
class Case:
    """Bytes, and how they are decoded."""

    data: bytes
    way: str


@cache
def seeds() -> dict[str, bytes]:
    """Whole images of every kind, by name."""
    from serve.kinds import bmp, filled, packed, png, samples, tiff
    from serve.makers import encoded, photo, turned

    def image(mode: str = "RGB") -> Any:
        return photo(70, 50, mode)  # each its own: saving leaves traces in Pillow's images

    others = [photo(70, 50, seed=2), photo(20, 30, seed=3)]
    found = {
        "jpeg": encoded(image(), "JPEG"),
        "jpeg progressive": encoded(image(), "JPEG", progressive=True),
        "jpeg grey": encoded(image("L"), "JPEG"),
        "jpeg cmyk": encoded(image("CMYK"), "JPEG"),
        "jpeg restarting": encoded(image(), "JPEG", restart_marker_rows=1, subsampling=2),
        "jpeg turned": turned(image(), 6),
        "mpo": encoded(image(), "MPO", save_all=True, append_images=[image()]),
        "gif": encoded(image(), "GIF", transparency=3),
        "gif moving": encoded(image(), "GIF", save_all=True, append_images=others),
        "webp": encoded(image(), "WEBP"),
        "webp lossless": encoded(image("RGBA"), "WEBP", lossless=True),
        "webp moving": encoded(image(), "WEBP", save_all=True, append_images=others[:1]),
        "webp turned": turned(image(), 8, "WEBP"),
        "png palette": encoded(image().quantize(16), "PNG", transparency=bytes(range(16))),
        "bmp": encoded(image(), "BMP"),
        "bmp palette": encoded(image().quantize(16), "BMP"),
        "bmp upside down": bmp((19, -13), 8, filled(packed(samples(8), 8)), palette=[(1, 2, 3)]),
        "bmp runs": bmp(
            (19, 13), 8, b"\5\1\0\0" * 13 + b"\0\1", compression=1, palette=[(1, 2, 3)]
        ),
        "bmp fields": bmp(
            (19, 13),
            16,
            filled(packed(samples(16), 16)),
            compression=3,
            masks=(0xF800, 0x7E0, 0x1F),
        ),
        "tiff pages": encoded(image(), "TIFF", save_all=True, append_images=others),
        "tiff big": encoded(image(), "TIFF", big_tiff=True),
        "tiff turned": turned(image(), 5, "TIFF"),
        "tiff cmyk": encoded(image("CMYK"), "TIFF"),
        "tiff bilevel": encoded(image("1"), "TIFF", compression="group4"),
    }
    for compression in ("raw", "tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg", "zstd"):
        found[f"tiff {compression}"] = encoded(image(), "TIFF", compression=compression)
    for bits in (1, 2, 4, 8, 16):
        for interlaced in (False, True):
            name = f"png {bits}{' interlaced' * interlaced}"
            found[name] = png(samples(bits), bits, 0, interlaced=interlaced)
    for bits in (8, 16):
        for kind, channels in ((2, 3), (4, 2), (6, 4)):
            found[f"png {bits} {channels}"] = png(samples(bits, channels), bits, kind)
        for order in ("<", ">"):
            found[f"tiff {bits} {order}"] = tiff(samples(bits), bits, 1, order=order)  # type: ignore[arg-type]
        found[f"tiff {bits} tiled"] = tiff(samples(bits, 3), bits, 2, tile=16)
        found[f"tiff {bits} deflated"] = tiff(samples(bits, 3), bits, 2, deflated=True)
    return found


def case(number: int) -> tuple[str, Case]:
    """What it was made of, and the case."""
    rng = random.Random(number)
    name = rng.choice([*seeds()])
    way = rng.choice([*WAYS])

    def others(chooser: random.Random) -> bytes:
        return chooser.choice([*seeds().values()])

    return name, Case(damage(seeds()[name], others, rng.randrange(1 << 60)), way)


def verdict(name: str, one: Case) -> str:
    """`refused`, `same` when the picture is as it was, or `decoded`."""
    found = outcome(one)
    if found == "refused":
        return found
    return "same" if found == outcome(Case(seeds()[name], one.way)) else "decoded"


def outcome(one: Case) -> str:
    """`refused`, or the picture's hash.

    Raises:
        Exception: whatever is not an error of ours.
    """
    from understudy.errors import ImageError
    from understudy.serve.image import MAX_PIXELS, decode, memory_for

    if memory_for(one.data) < 0:
        raise AssertionError("less than no memory")
    try:
        image = decode(one.data, **WAYS[one.way])
    except ImageError as error:
        if "\n" in error.what or not error.what or not error.hint:
            raise AssertionError(f"an error that is not one line with a hint: {error!r}") from error
        return "refused"
    if image.width * image.height > MAX_PIXELS or image.mode not in ("RGB", "L", "RGBA", "F"):
        raise AssertionError(f"{image.mode} of {image.size}")
    pixels = image.tobytes() if image.width * image.height < LARGE else b""
    return hashlib.sha256(repr((image.mode, image.size)).encode() + pixels).hexdigest()


SUBJECT = Subject(__file__, "images", 5_000, seeds, case, verdict, seconds=20)

if __name__ == "__main__":
    sys.exit(main(SUBJECT, __doc__, sys.argv[1:]))
