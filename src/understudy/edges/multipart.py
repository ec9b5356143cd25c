"""multipart/form-data (RFC 7578), as browsers and `curl -F` send it: bytes -> parts.

The whole body is at hand, so this is splitting at the boundary. `email` of the standard library
does the same, but its import would be part of each cold start, and it copies the image through
text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

MAX_PARTS = 20

_BOUNDARY = re.compile(r';\s*boundary=(?:"([^"]+)"|([^;\s]+))', re.IGNORECASE)
_PARAMETER = re.compile(r';\s*(name|filename)=(?:"((?:[^"\\]|\\.)*)"|([^;\s]*))', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Part:
    """One field of a form; `filename` is None where it is no file."""

    name: str
    filename: str | None
    data: bytes


def boundary_of(content_type: str) -> bytes | None:
    """Find the boundary in the header `Content-Type`; None where there is none."""
    found = _BOUNDARY.search(content_type)
    text = found and (found[1] or found[2])
    return text.encode("latin-1", "replace") if text else None


def split(body: bytes, boundary: bytes) -> tuple[Part, ...] | None:
    """Split a body into its fields; None when it is not whole or not of this format."""
    delimiter = b"\r\n--" + boundary
    pieces = (b"\r\n" + body).split(delimiter, MAX_PARTS + 2)
    if len(pieces) < 2 or not pieces[-1].startswith(b"--"):
        return None
    parts = [_part(piece) for piece in pieces[1:-1]]
    whole = tuple(part for part in parts if part is not None)
    return whole if len(whole) == len(parts) else None


def _part(piece: bytes) -> Part | None:
    """Read `<blanks>CRLF headers CRLF CRLF data`."""
    padding, first, rest = piece.partition(b"\r\n")
    head, blank, data = rest.partition(b"\r\n\r\n")
    if not first or not blank or padding.strip(b" \t"):
        return None
    for line in head.decode("utf-8", "replace").split("\r\n"):
        title, _, value = line.partition(":")
        if title.strip().lower() == "content-disposition":
            said = {m[1].lower(): m[2] if m[2] is not None else m[3] for m in _found(value)}
            return Part(said["name"], said.get("filename"), data) if "name" in said else None
    return None


def _found(value: str) -> list[re.Match[str]]:
    return list(_PARAMETER.finditer(value))
