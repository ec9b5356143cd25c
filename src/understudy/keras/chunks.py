"""The chunks of an HDF5 dataset, looked at before they are unpacked.

A chunk is a stranger's: it may be missing, or unpack to more than it says. Only the filters that
h5py offers without more libraries are let through.
"""

from __future__ import annotations

import math
import zlib
from typing import Any

_DEFLATE, _SHUFFLE, _CHECKSUM = 1, 2, 3
CHECKSUM_BYTES = 4


class ChunkError(Exception):
    """The chunks cannot be what they say; the message goes on after the dataset's name."""


def check_chunks(source: Any, itemsize: int) -> None:
    """See that a chunked dataset has all its chunks, and that none unpacks to more than its size.

    Args:
        source: the `pyfive` dataset.
        itemsize: bytes of one element.

    Raises:
        ChunkError: some are missing, too many, too large, or stored in an unusual way.
    """
    expected = math.prod(
        -(-size // chunk) for size, chunk in zip(source.shape, source.chunks, strict=True)
    )
    number = source.id.get_num_chunks()
    if number != expected:
        raise ChunkError(f"lacks some of its {expected} chunks: it has {number}")
    filters = [entry["filter_id"] for entry in source.id.filter_pipeline or ()]
    if len(set(filters)) < len(filters) or set(filters) - {_DEFLATE, _SHUFFLE, _CHECKSUM}:
        raise ChunkError(f"is stored with the filters {filters}, which Keras does not use")
    if _DEFLATE not in filters:
        return
    skipped = 1 << filters.index(_DEFLATE)
    limit = math.prod(source.chunks) * itemsize + CHECKSUM_BYTES
    for index in range(number):
        mask, packed = source.id.read_direct_chunk(source.id.get_chunk_info(index).chunk_offset)
        if not mask & skipped and len(zlib.decompressobj().decompress(packed, limit + 1)) > limit:
            raise ChunkError(f"has a chunk that unpacks to more than its {limit:,} bytes")
