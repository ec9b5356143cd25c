"""How long an image takes from its bytes to the model's input, against code written by hand.

By hand: `np.asarray(Image.open(f).convert("RGB").resize(size, BILINEAR), "float32") / 255`, with
and without turning the image upright. The tensors are compared bit by bit first.
Run: .venv/bin/python bench/decode.py
"""

from __future__ import annotations

import io

import numpy as np
from machine import alternate, print_machine, print_ratios
from PIL import Image, ImageOps

from understudy.release.resolve import resolve
from understudy.serve.prepare import Place, empty_batch, prepare

ROUNDS = 60
SIDE = 128
OURS, BY_HAND, UPRIGHT = "understudy", "by hand", "by hand, turned upright"


def main() -> None:
    """Measure and print."""
    print_machine()
    how = resolve(None, (SIDE, SIDE, 3))
    for width, height in ((640, 480), (1600, 1200), (4000, 3000)):
        data = photograph(width, height)

        def ours(data: bytes = data) -> None:
            place = Place("image", empty_batch(how, 1), 0)
            prepare(data, how, place)

        place = Place("image", empty_batch(how, 1), 0)
        prepare(data, how, place)
        if not np.array_equal(place.batch[0], by_hand(data)):
            raise SystemExit("the tensors differ: nothing to compare")
        times = alternate(
            {
                OURS: ours,
                BY_HAND: lambda data=data: by_hand(data) is None or None,
                UPRIGHT: lambda data=data: by_hand(data, upright=True) is None or None,
            },
            ROUNDS if width < 4000 else ROUNDS // 4,
            3,
        )
        title = f"JPEG of {width} x {height}, {len(data) / 1000:.0f} kB, to {SIDE} x {SIDE} x 3"
        print_ratios(title, times, BY_HAND)


def by_hand(data: bytes, *, upright: bool = False) -> np.ndarray:  # type: ignore[type-arg]
    """What people write."""
    with Image.open(io.BytesIO(data)) as image:
        turned = ImageOps.exif_transpose(image) if upright else image
        small = turned.convert("RGB").resize((SIDE, SIDE), Image.Resampling.BILINEAR)
    return np.asarray(small, np.float32) / 255.0


def photograph(width: int, height: int) -> bytes:
    """A JPEG with as much detail as a photograph has."""
    random = np.random.default_rng(0)
    coarse = random.integers(0, 256, (height // 16, width // 16, 3), np.uint8)
    smooth = Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)
    grain = random.normal(0, 6, (height, width, 3))
    pixels = np.clip(np.asarray(smooth, np.float32) + grain, 0, 255).astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=88)
    return buffer.getvalue()


if __name__ == "__main__":
    main()
