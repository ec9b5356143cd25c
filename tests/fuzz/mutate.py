"""Ways to damage a model's files, seeded: by their bytes, and by their structure.

A structural mutation keeps the container whole (checksums, lengths, HDF5's own trees), so that it
reaches what lies inside. Files in, files out; nothing is read or written here.
"""

from __future__ import annotations

import copy
import io
import json
import random
import zipfile
import zlib
from collections.abc import Callable, Mapping
from typing import Any

import h5py
import numpy as np

Files = dict[str, bytes]
Others = Callable[[random.Random], bytes]

NUMBERS = (
    0,
    1,
    -1,
    2,
    3,
    7,
    255,
    65_535,
    1 << 31,
    (1 << 31) - 1,
    1 << 40,
    1 << 63,
    1 << 70,
    -(1 << 63),
)
WORDS = (
    "", "a", "\x00", "../../etc/passwd", "/etc/passwd", "http://localhost:1/", "conv2d", "Conv2D",
    "Dense", "Lambda", "Sequential", "Functional", "InputLayer", "same", "valid", "channels_first",
    "linear", "softmax", "float16", "int8", "__lambda__", "os", "builtins", "kernel:0", "%s%n",
    "𝕏" * 50, "x" * 3000, "input_1", "weights.bin", "layers", "vars", "-1", "1e999", "NaN",
    "\ud800",
)  # fmt: skip
FLOATS = (0.5, -0.5, 1e308, -1e308, 1e-320, float("inf"), float("nan"))


def mutate(files: Mapping[str, bytes], others: Others, seed: int) -> Files:
    """The files, damaged in one to three ways.

    Args:
        files: name -> content.
        others: gives another file's content, to take pieces from.
        seed: decides everything.
    """
    rng = random.Random(seed)
    made = dict(files)
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        name = rng.choice(sorted(made))
        data = made[name]
        kind = rng.random()
        if kind < 0.45 or not data:
            made[name] = _bytes(rng, data, others)
        elif kind < 0.97:
            made[name] = _structure(rng, data, others)
        elif len(made) > 1:
            del made[name]
        else:
            made[f"{name}.2"] = data
    return made


# --- Bytes ----------------------------------------------------------------------------------------


def _bytes(rng: random.Random, data: bytes, others: Others) -> bytes:
    made = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 5, 20))):
        start = rng.randrange(len(made) + 1)
        size = min(rng.choice((1, 1, 2, 4, 8, 64, 512)), len(made) - start)
        match rng.randrange(8):
            case 0:
                for at in range(start, start + size):
                    made[at] ^= 1 << rng.randrange(8)
            case 1:
                del made[start : start + size]
            case 2:
                made[start:start] = bytes(rng.randrange(256) for _ in range(min(size, 16)))
            case 3:
                made[start : start + size] = bytes(size)
            case 4:
                made[start : start + size] = b"\xff" * size
            case 5:
                value = rng.choice(NUMBERS) & ((1 << 64) - 1)
                made[start : start + 8] = value.to_bytes(8, "little")
            case 6:
                made[start : start + size] = made[: size or 1]
            case 7 if rng.random() < 0.3:
                del made[start:]
            case _:
                piece = others(rng)
                at = rng.randrange(len(piece) + 1)
                made[start : start + size] = piece[at : at + size]
    return bytes(made)


# --- Structure ------------------------------------------------------------------------------------


def _structure(rng: random.Random, data: bytes, others: Others) -> bytes:
    """Change what is inside a file, and close it properly."""
    try:
        if data.startswith(b"PK"):
            return _zip(rng, data, others)
        if data.startswith(b"\x89HDF"):
            return _hdf5(rng, data)
        if data.lstrip()[:1] == b"{":
            return _json(rng, data)
        if b"class_name" in data:
            return _lines(rng, data)
    except Exception:  # the file was damaged before: what reads it here is not what is tested
        pass
    return _bytes(rng, data, others)


def _zip(rng: random.Random, data: bytes, others: Others) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(made, "w") as target:
        names = source.namelist()
        chosen = rng.choice(names)
        what = rng.randrange(8)
        for name in names:
            content = source.read(name)
            if name == chosen and what < 5:
                content = _structure(rng, content, others)
            elif name == chosen and what == 5:
                continue
            elif name == chosen and what == 6:
                name = rng.choice(WORDS) or "x"
            method = rng.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))
            target.writestr(zipfile.ZipInfo(name), content, method)
    return made.getvalue()


def _json(rng: random.Random, data: bytes) -> bytes:
    return json.dumps(tree(rng, json.loads(data))).encode()


def _lines(rng: random.Random, data: bytes) -> bytes:
    """YAML, a line at a time."""
    lines = data.splitlines(keepends=True)
    at = rng.randrange(len(lines))
    match rng.randrange(5):
        case 0:
            del lines[at]
        case 1:
            lines.insert(at, rng.choice(lines))
        case 2:
            key, colon, _ = lines[at].partition(b":")
            value = rng.choice(
                (*WORDS, *NUMBERS, "[1, 2]", "!!python/name:os.system", "*id001", "{}")
            )
            lines[at] = key + colon + b" " + str(value).encode() + b"\n"
        case 3:
            lines[at] = b"  " + lines[at]
        case _:
            lines[at] = lines[at].replace(b"- ", b"- &a ", 1) if b"- " in lines[at] else b"- *a\n"
    return b"".join(lines)


def tree(rng: random.Random, document: Any) -> Any:
    """Change one to three values of plain data, at any depth."""
    made = copy.deepcopy(document)
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        holders = list(_holders(made))
        if not holders:
            break
        holder = rng.choice(holders)
        key = rng.choice(list(holder) if isinstance(holder, dict) else range(len(holder)))
        what = rng.randrange(10)
        if what == 0:
            del holder[key]
        elif what == 1 and isinstance(holder, dict):
            holder[rng.choice(list(holder))] = holder[key]
        elif what == 1:
            holder.append(holder[key])
        elif what == 2:
            other = rng.choice(holders)
            at = rng.choice(list(other) if isinstance(other, dict) else range(len(other)))
            holder[key] = copy.deepcopy(other[at])
        elif what == 3 and isinstance(holder, dict):
            holder[rng.choice(WORDS)] = holder.pop(key)
        elif what == 4:
            holder[key] = _deep(rng, holder[key])
        else:
            holder[key] = _value(rng, holder[key])
    return made


def _holders(value: Any) -> Any:
    if isinstance(value, (dict, list)) and value:
        yield value
        for item in value.values() if isinstance(value, dict) else value:
            yield from _holders(item)


def _deep(rng: random.Random, value: Any) -> Any:
    for _ in range(rng.choice((1, 2, 50, 300))):
        value = [value] if rng.random() < 0.5 else {"config": value, "class_name": "Sequential"}
    return value


def _value(rng: random.Random, old: Any) -> Any:
    if isinstance(old, bool) or old is None:
        return rng.choice((True, False, None, *NUMBERS, *WORDS))
    if isinstance(old, int) and rng.random() < 0.6:
        return rng.choice((old + 1, old - 1, old * 2, -old, *NUMBERS))
    if isinstance(old, str) and rng.random() < 0.6:
        return rng.choice((old[:-1], old + "_1", old.upper(), *WORDS))
    return rng.choice((None, True, [], {}, [1, 2], [[1, 2], [3, 4]], *FLOATS, *NUMBERS, *WORDS))


def _hdf5(rng: random.Random, data: bytes) -> bytes:
    image = io.BytesIO(data)
    with h5py.File(image, "r+") as file:
        places: list[Any] = [file]
        file.visititems(lambda _, item: places.append(item))
        for _ in range(rng.choice((1, 1, 2, 4))):
            _hdf5_once(rng, file, rng.choice(places))
    return image.getvalue()


def _hdf5_once(rng: random.Random, file: h5py.File, item: Any) -> None:
    attributes = list(item.attrs)
    if attributes and rng.random() < 0.5:
        _attribute(rng, item, rng.choice(attributes))
        return
    if item.name == "/":
        return
    parent, name = item.parent, item.name.rpartition("/")[2]
    match rng.randrange(5):
        case 0:
            del parent[name]
        case 1:
            parent.move(name, rng.choice(("kernel:0", "0", "7", "vars", "x y", name + "_1")))
        case 2:
            parent[f"{name}_again"] = file
        case _ if isinstance(item, h5py.Dataset):
            shape = list(item.shape)
            if shape:
                axis = rng.randrange(len(shape))
                shape[axis] = rng.choice((0, 1, shape[axis] + 1, shape[axis] * 2))
            dtype = rng.choice(("f4", "f8", "f2", "i4", "u1", "S3", ">f4", "c8", "?"))
            del parent[name]
            fill = np.zeros(shape, dtype) if rng.random() < 0.5 else np.ones(shape, "f4")
            options = {"compression": "gzip"} if shape and all(shape) and rng.random() < 0.5 else {}
            parent.create_dataset(name, data=fill, **options)
        case _:
            del parent[name]
            parent.create_dataset(name, data=np.arange(4.0))


def _attribute(rng: random.Random, item: Any, name: str) -> None:
    old = item.attrs[name]
    if isinstance(old, (bytes, str)) and old[:1] in (b"{", "{"):
        text = old if isinstance(old, str) else old.decode()
        item.attrs[name] = json.dumps(tree(rng, json.loads(text)))
    elif isinstance(old, np.ndarray) and old.size and old.dtype.kind in "SO":
        names = [n if isinstance(n, bytes) else str(n).encode() for n in old.tolist()]
        at = rng.randrange(len(names))
        match rng.randrange(4):
            case 0:
                del names[at]
            case 1:
                names[at] = rng.choice(names)
            case 2:
                names[at] = rng.choice(WORDS).encode(errors="replace").replace(b"\x00", b"") or b"x"
            case _:
                rng.shuffle(names)
        item.attrs[name] = np.array(names or [b""])
    else:
        item.attrs[name] = rng.choice((1, -1.5, "text", b"bytes", "1.2.2", "3.0.0", "theano"))


def checksum(files: Mapping[str, bytes]) -> int:
    """A number that tells sets of files apart."""
    return zlib.crc32(repr(sorted((n, zlib.crc32(d)) for n, d in files.items())).encode())
