"""The SHA-256 of files in a store that this process has read, so that none is read twice."""

from __future__ import annotations

from collections import OrderedDict

from ..store.port import Entry

LIMIT = 1000


class Digests:
    """A memory of contents: of an object as long as it has the size and the etag that it had.

    Other than `status.json`, nobody else can write in it.
    """

    def __init__(self) -> None:
        self._known: OrderedDict[str, tuple[int, str, str]] = OrderedDict()

    def get(self, entry: Entry) -> str | None:
        """The hash of an object; None when it is not known, or another now."""
        size, etag, sha256 = self._known.get(entry.key, (-1, "", ""))
        return sha256 if (size, etag) == (entry.size, entry.etag) else None

    def keep(self, entry: Entry, sha256: str) -> None:
        """Remember it; of very many, the oldest are forgotten."""
        self._known[entry.key] = (entry.size, entry.etag, sha256)
        self._known.move_to_end(entry.key)
        if len(self._known) > LIMIT:
            self._known.popitem(last=False)
