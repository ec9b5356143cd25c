"""HDF5 as a tree of plain values: groups, attributes, tensors that are read on demand.

The file is a stranger's. Nothing outside it is ever opened (no external links or storage, no
virtual datasets), every extent is checked against the file's size before it is trusted, and the
number and depth of objects are bounded. Contiguous tensors are views of the given buffer.
It knows nothing of Keras.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from threading import Lock
from typing import Any

import numpy as np
import pyfive

from ..errors import ModelFileError
from ..files import Buffer, BufferFile
from .chunks import ChunkError, check_chunks
from .model import Array, Tensor

SIGNATURE = b"\x89HDF\r\n\x1a\n"

MAX_OBJECTS = 50_000
MAX_DEPTH = 64
MAX_COMPRESSION = 100
"""How many times its size a file may hold in chunks, which may be compressed. Weights of float32
shrink little; pruned ones, mostly zeros, by some tens."""

SMALL = 64 << 20
"""Less than this in chunks is always fine."""

_COMPACT, _CONTIGUOUS, _CHUNKED = 0, 1, 2
_UNDEFINED = (1 << 64) - 1
"""The address of what is not in the file."""


@dataclass(frozen=True, slots=True)
class Group:
    """An HDF5 group.

    Attributes:
        path: from the root, without a leading slash; empty for the root.
        attributes: name -> str, number, or a list of these.
        groups, tensors: the members by name, in the file's order.
    """

    path: str
    attributes: dict[str, Any]
    groups: Mapping[str, Group] = field(default_factory=dict)
    tensors: Mapping[str, Tensor] = field(default_factory=dict)

    def walk_tensors(self) -> Iterator[Tensor]:
        """Every tensor in and below this group."""
        yield from self.tensors.values()
        for group in self.groups.values():
            yield from group.walk_tensors()

    def find(self, path: str) -> Group | None:
        """The group at `path` below this one, or None."""
        group: Group | None = self
        for name in path.split("/"):
            if group is None:
                return None
            group = group.groups.get(name) if name else group
        return group

    def tensor(self, path: str) -> Tensor | None:
        """The tensor at `path` below this group, or None."""
        parent, _, name = path.rpartition("/")
        group = self.find(parent)
        return None if group is None else group.tensors.get(name)


def is_hdf5(data: Buffer) -> bool:
    """Whether the bytes are an HDF5 file: the signature at 0, 512, 1024 and so on."""
    offset = 0
    while offset + len(SIGNATURE) <= len(data):
        if bytes(data[offset : offset + len(SIGNATURE)]) == SIGNATURE:
            return True
        offset = offset * 2 if offset else 512
        if offset > 1 << 20:
            break
    return False


def read_hdf5(data: Buffer, name: str) -> Group:
    """The tree of an HDF5 file.

    Args:
        data: the whole file; tensors read from it later, so it must stay open.
        name: what to call the file in errors.

    Raises:
        ModelFileError: damaged, truncated, or using something that a Keras file has no use for.
    """
    budget = _Budget(MAX_OBJECTS)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            file = pyfive.File(BufferFile(data))
            # Addresses count from the end of the user block, where there is one.
            return _group(file, "", memoryview(data)[file.userblock_size :], name, budget, 0)
    except ModelFileError:
        raise
    except MemoryError:
        raise _damaged(name, "it claims sizes that cannot be") from None
    except AssertionError:  # pyfive's only word on external links, among others
        raise _damaged(name, "it is damaged, or has links to other files") from None
    except Exception as error:  # pyfive raises whatever a damaged structure leads it to
        raise _damaged(name, f"{type(error).__name__}: {error}") from error


BFLOAT16 = np.dtype("V2")
"""What h5py makes of an array of bfloat16, which NumPy does not have: two bytes of any kind."""


@dataclass(slots=True)
class _Budget:
    """How many objects may still come, what came, how much may be in chunks, and who reads."""

    left: int
    seen: set[int] = field(default_factory=set)
    chunked: int = 0
    reading: Lock = field(default_factory=Lock)


def _group(source: Any, path: str, data: Buffer, name: str, budget: _Budget, depth: int) -> Group:
    if depth > MAX_DEPTH:
        raise _damaged(name, f"its groups are nested more than {MAX_DEPTH} deep")
    groups: dict[str, Group] = {}
    tensors: dict[str, Tensor] = {}
    for key in source:
        budget.left -= 1
        if budget.left < 0:
            raise _damaged(name, f"it has more than {MAX_OBJECTS:,} objects")
        member_path = f"{path}/{key}" if path else key
        target = source._links[key]
        if isinstance(target, str):
            raise _damaged(name, f"{member_path} is a link to {target}; Keras writes no links")
        if target in budget.seen:
            raise _damaged(name, f"{member_path} is in the file twice; Keras writes no links")
        budget.seen.add(target)
        member = source.get_lazy_view(key)
        if isinstance(member, pyfive.Dataset):
            tensors[key] = _tensor(member, member_path, data, name, budget)
        elif isinstance(member, pyfive.Group):
            groups[key] = _group(member, member_path, data, name, budget, depth + 1)
        else:
            raise _damaged(name, f"{member_path} is neither a group nor a dataset")
    return Group(path, _attributes(source.attrs), groups, tensors)


def _attributes(source: Mapping[str, Any]) -> dict[str, Any]:
    return {str(key): _plain(value) for key, value in source.items()}


def _plain(value: Any) -> Any:
    """An attribute's value as str, number, or a list of these; bytes are decoded."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, np.ndarray):
        return [_plain(item) for item in value.tolist()] if value.ndim else _plain(value.item())
    if isinstance(value, np.generic):
        return _plain(value.item())
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value


def _tensor(source: Any, path: str, data: Buffer, name: str, budget: _Budget) -> Tensor:
    shape = tuple(int(size) for size in source.shape or ())
    dtype = source.dtype
    if dtype == BFLOAT16:
        stored = _numbers(source, path, shape, np.dtype("<u2"), data, name, budget)
        return replace(stored, dtype="bfloat16", read=lambda: _widened(stored.read()))
    if not isinstance(dtype, np.dtype) or dtype.kind not in "fiub":
        # Strings and the like: Keras keeps some beside the weights, none is a weight.
        kind = dtype.name if isinstance(dtype, np.dtype) else str(dtype)
        return Tensor(path, shape, kind, _refuse(name, f"{path} is not numeric"))
    return _numbers(source, path, shape, dtype, data, name, budget)


def _widened(halves: Array) -> Array:
    """The upper halves of float32 numbers, which bfloat16 is, as float32."""
    return (halves.astype(np.uint32) << np.uint32(16)).view(np.float32)


def _numbers(
    source: Any,
    path: str,
    shape: tuple[int, ...],
    dtype: np.dtype[Any],
    data: Buffer,
    name: str,
    budget: _Budget,
) -> Tensor:
    nbytes = math.prod(shape) * dtype.itemsize
    layout = source.id.layout_class
    if layout == _CONTIGUOUS:
        offset = int(source.id.data_offset)
        if nbytes and offset == _UNDEFINED:
            raise _damaged(name, f"{path} keeps its data outside of the file, or was never written")
        if nbytes and offset + nbytes > len(data):
            raise _damaged(
                name,
                f"{path} should take {nbytes:,} bytes from {offset:,} on, "
                f"the file ends at {len(data):,}",
                truncated=True,
            )
        return Tensor(path, shape, dtype.name, _view(data, offset if nbytes else 0, shape, dtype))
    if layout not in (_COMPACT, _CHUNKED):
        raise _damaged(name, f"{path} keeps its data outside of the file")
    budget.chunked += nbytes
    if budget.chunked > max(SMALL, MAX_COMPRESSION * len(data)):
        raise _damaged(name, f"{path} claims {nbytes:,} bytes, more than the file can hold")
    return Tensor(
        path, shape, dtype.name, _stored(source, path, shape, dtype, name, budget.reading)
    )


def _view(
    data: Buffer, offset: int, shape: tuple[int, ...], dtype: np.dtype[Any]
) -> Callable[[], Array]:
    def read() -> Array:
        count = math.prod(shape)
        if not count:
            return np.zeros(shape, dtype.newbyteorder("="))
        stored = np.frombuffer(data, dtype, count, offset).reshape(shape)
        return stored if dtype.isnative else stored.astype(dtype.newbyteorder("="))

    return read


def _stored(
    source: Any,
    path: str,
    shape: tuple[int, ...],
    dtype: np.dtype[Any],
    name: str,
    reading: Lock,
) -> Callable[[], Array]:
    """A reader for compact and for chunked (perhaps compressed) data, one thread at a time."""

    def read() -> Array:
        try:
            with reading, warnings.catch_warnings():
                warnings.simplefilter("ignore")
                if source.id.layout_class == _CHUNKED:
                    check_chunks(source, dtype.itemsize)
                array = np.asarray(source[()])
        except ChunkError as error:
            raise _damaged(name, f"{path} {error}") from None
        except Exception as error:  # whatever a damaged chunk leads to
            raise _damaged(name, f"{path}: {type(error).__name__}: {error}") from error
        if array.dtype.kind == "V":
            array = array.view(dtype)
        if array.shape != shape:
            raise _damaged(name, f"{path} holds {array.shape}, it claims {shape}")
        return np.ascontiguousarray(array, dtype.newbyteorder("=")).reshape(shape)

    return read


def _refuse(name: str, why: str) -> Callable[[], Array]:
    def read() -> Array:
        raise _damaged(name, why)

    return read


def _damaged(name: str, why: str, *, truncated: bool = False) -> ModelFileError:
    state = "is truncated" if truncated else "cannot be read as HDF5"
    return ModelFileError(
        f"{name} {state}: {why}", hint="copy or download the file again, or save it once more"
    )
