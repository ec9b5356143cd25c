"""How many scans a JPEG has: how often its decoder goes over all pixels.

Markers are found as libjpeg finds them (jdmarker.c, `next_marker`): 0xFF before what is neither 0
nor 0xFF, and what comes before that is skipped. Pure: bytes in, a number out.
"""

from __future__ import annotations

import re

MARKER = re.compile(rb"\xff([^\x00\xff])", re.DOTALL)
END, SCAN = 0xD9, 0xDA
FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
PROGRESSIVE = frozenset({0xC2, 0xC6, 0xCA, 0xCE})
ALONE = frozenset({0x01, *range(0xD0, 0xD9)})
"""Markers without a segment."""


def has_one_scan(head: bytes) -> bool:
    """Whether the first scan holds all there is, so that the decoder stops after it.

    Args:
        head: the beginning of the file. False if it ends before the first scan.
    """
    channels, place = 0, 2
    while found := MARKER.search(head, place):
        marker, place = found[1][0], found.end()
        if marker in PROGRESSIVE:
            return False
        if marker in FRAMES:
            channels = int.from_bytes(head[place + 7 : place + 8])
        if marker == SCAN:
            return head[place + 2 : place + 3] == bytes((channels,))
        place = _after(head, marker, place)
    return False


def count_scans(data: bytes, most: int) -> int:
    """Count the scans of the first picture in a file, up to one more than `most`."""
    scans, place = 0, 2
    while scans <= most and (found := MARKER.search(data, place)):
        marker, place = found[1][0], found.end()
        if marker == END:
            break
        scans += marker == SCAN
        place = _after(data, marker, place)
    return scans


def _after(data: bytes, marker: int, place: int) -> int:
    """Where a marker's segment ends."""
    return place if marker in ALONE else place + int.from_bytes(data[place : place + 2])
