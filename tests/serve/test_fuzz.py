"""Whatever bytes come, the answer is an image or an ImageError."""

from __future__ import annotations

import contextlib

from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from understudy.errors import ImageError
from understudy.serve import decode
from understudy.serve.image import MAX_PIXELS

from .makers import encoded, photo, turned

SEEDS = [
    turned(photo(), 6),
    encoded(photo(mode="CMYK"), "JPEG", progressive=True),
    encoded(photo(mode="RGBA"), "PNG"),
    encoded(photo().quantize(16), "PNG", transparency=bytes(range(16))),
    encoded(photo(), "GIF"),
    encoded(photo(), "WEBP"),
    encoded(photo(), "BMP"),
    encoded(photo(), "TIFF"),
    encoded(photo(), "TIFF", compression="tiff_lzw"),
]
STARTS = [seed[:16] for seed in SEEDS]


def decodes_or_says_why(data: bytes) -> None:
    with contextlib.suppress(ImageError):
        image = decode(data)
        assert isinstance(image, Image.Image)
        assert image.mode == "RGB"
        assert image.width * image.height <= MAX_PIXELS


@given(st.binary(max_size=400))
@settings(max_examples=200)
def test_random_bytes(data: bytes) -> None:
    decodes_or_says_why(data)


@given(st.sampled_from(STARTS), st.binary(max_size=400))
@settings(max_examples=300)
def test_random_bytes_behind_a_true_beginning(start: bytes, data: bytes) -> None:
    decodes_or_says_why(start + data)


@given(
    st.sampled_from(SEEDS),
    st.lists(st.tuples(st.floats(0, 1), st.binary(min_size=1, max_size=6)), max_size=6),
    st.floats(0, 1),
)
@settings(max_examples=800)
def test_mutated_images(seed: bytes, changes: list[tuple[float, bytes]], cut: float) -> None:
    data = bytearray(seed)
    for place, piece in changes:
        # the square prefers the beginning, where the headers are
        start = int(place * place * len(data))
        data[start : start + len(piece)] = piece
    decodes_or_says_why(bytes(data[: max(1, int((1 - cut * cut) * len(data)))]))
