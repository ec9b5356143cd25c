"""How many scans a JPEG has, whatever else is in the file."""

from __future__ import annotations

import pytest

from understudy.errors import ImageError
from understudy.serve import decode
from understudy.serve.scans import count_scans, has_one_scan

from .makers import encoded, photo

BASELINE = encoded(photo(), "JPEG")
PROGRESSIVE = encoded(photo(), "JPEG", progressive=True)


def with_segment(data: bytes, body: bytes, before: bytes = b"\xff\xdb") -> bytes:
    """A comment before a marker's first place."""
    place = data.index(before)
    return data[:place] + b"\xff\xfe" + (len(body) + 2).to_bytes(2, "big") + body + data[place:]


def separate(scans: int) -> bytes:
    """A baseline JPEG of three channels, each in scans of its own; they hold nothing."""
    each = b"".join(
        b"\xff\xda\0\x08\x01" + bytes((channel, 0 if channel == 1 else 0x11)) + b"\0\x3f\0\0"
        for channel in (1, 2, 3)
    )
    return BASELINE[: BASELINE.index(b"\xff\xda")] + each * scans + b"\xff\xd9"


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
@pytest.mark.parametrize("restarts", [0, 1])
def test_one_scan_is_known_by_the_header(mode: str, restarts: int) -> None:
    data = encoded(photo(mode=mode), "JPEG", restart_marker_rows=restarts)
    head = data[: data.index(b"\xff\xda") + 20]
    assert has_one_scan(head)
    assert count_scans(data, 100) == 1
    assert not has_one_scan(data[: data.index(b"\xff\xda")])


def test_what_has_several() -> None:
    assert not has_one_scan(PROGRESSIVE)
    assert count_scans(PROGRESSIVE, 100) == 10
    assert not has_one_scan(separate(1))
    assert count_scans(separate(2), 100) == 6
    assert count_scans(separate(200), 100) == 101


def test_what_looks_like_a_scan_is_none() -> None:
    """In a comment, and in a film that a phone puts behind the picture."""
    scans = b"\xff\xda\0\x08" * 200
    for data in (with_segment(PROGRESSIVE, scans), PROGRESSIVE + scans):
        assert count_scans(data, 100) == 10
        assert decode(data).tobytes() == decode(PROGRESSIVE).tobytes()


def test_what_looks_like_an_end_is_none() -> None:
    """Otherwise many scans could hide behind it."""
    last = PROGRESSIVE[PROGRESSIVE.rindex(b"\xff\xda") : -2]
    data = with_segment(PROGRESSIVE[:-2] + last * 200, b"\xff\xd9", b"\xff\xda")
    assert count_scans(data, 100) == 101
    with pytest.raises(ImageError, match="more than 100 scans"):
        decode(data)
    with pytest.raises(ImageError, match="more than 100 scans"):
        decode(separate(200))


def test_junk_between_segments_is_skipped() -> None:
    place = PROGRESSIVE.index(b"\xff\xdb")
    data = PROGRESSIVE[:place] + b"\0\x17\xff\0\xff\xff" + PROGRESSIVE[place:]
    assert count_scans(data, 100) == 10


@pytest.mark.parametrize("data", [b"", b"\xff", b"\xff\xd8", b"\xff\xd8\xff\xda", BASELINE[:30]])
def test_what_is_cut_off_ends(data: bytes) -> None:
    assert not has_one_scan(data)
    assert count_scans(data, 100) <= 1
