"""Our HDF5 reader: equal to h5py on real files, and unmoved by bad ones."""

from __future__ import annotations

import io
import os
import random
import time
import tracemalloc
import zipfile
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from golden_set import goldens

from keras_files import hdf5, legacy_weights
from understudy.errors import InputError, ModelFileError
from understudy.keras import normalize
from understudy.keras.hdf5 import Group, is_hdf5, read_hdf5
from understudy.keras.raw import read

# --- Real files ---------------------------------------------------------------------------------


@cache
def real_files() -> dict[str, bytes]:
    found = {}
    for golden in goldens():
        for name in golden.files:
            label = f"{golden.version}/{golden.model}/{name}"
            if name.endswith(".h5"):
                found[label] = golden.read(name)
            elif name.endswith(".keras"):
                with zipfile.ZipFile(io.BytesIO(golden.read(name))) as archive:
                    found[label] = archive.read("model.weights.h5")
    return found


def plain(value: Any) -> Any:
    """An attribute as our reader gives it."""
    if isinstance(value, np.ndarray):
        return [plain(item) for item in value.tolist()]
    if isinstance(value, np.generic):
        return plain(value.item())
    return value.decode() if isinstance(value, bytes) else value


def assert_equal(ours: Group, theirs: h5py.Group) -> None:
    assert ours.attributes == {name: plain(value) for name, value in theirs.attrs.items()}
    assert sorted([*ours.groups, *ours.tensors]) == sorted(theirs)
    for name, tensor in ours.tensors.items():
        array = theirs[name]
        assert tensor.path == array.name.lstrip("/")
        assert tensor.shape == array.shape
        if array.dtype.kind not in "fiub":
            continue
        assert tensor.dtype == array.dtype.name
        np.testing.assert_array_equal(tensor.read(), array[()])
    for name, group in ours.groups.items():
        assert_equal(group, theirs[name])


def test_real_files_are_read_as_h5py_does() -> None:
    assert len(real_files()) > 200
    for label, data in real_files().items():
        with h5py.File(io.BytesIO(data)) as theirs:
            assert_equal(read_hdf5(data, label), theirs)


@pytest.mark.parametrize(
    "options",
    [
        {"compression": "gzip"},
        {"compression": "gzip", "shuffle": True},
        {"chunks": (3, 2)},
        {"compression": "gzip", "fletcher32": True},
        {"dtype": ">f4"},
        {"dtype": "<f8"},
        {"dtype": "<f2"},
        {"dtype": "<i8"},
    ],
    ids=str,
)
def test_storage_of_any_kind(options: dict[str, Any]) -> None:
    array = np.arange(35).reshape(7, 5)

    def write(file: h5py.File) -> None:
        file.create_dataset("a/b", data=array, **options)

    data = hdf5(write)
    with h5py.File(io.BytesIO(data)) as theirs:
        assert_equal(read_hdf5(data, "f"), theirs)


@pytest.mark.parametrize("options", [{}, {"compression": "gzip", "shuffle": True}], ids=str)
def test_bfloat16_is_the_upper_half_of_float32(options: dict[str, Any]) -> None:
    """As Keras writes it: two bytes that HDF5 has no number for."""
    array = np.array([[1.0, -2.5, 0.15625], [3e38, 0.0, -1e-30]], np.float32)
    halves = (array.view(np.uint32) >> 16).astype("<u2")
    data = hdf5(lambda file: file.create_dataset("a", data=halves.view("V2"), **options))
    tensor = read_hdf5(data, "f").tensors["a"]
    assert (tensor.dtype, tensor.shape) == ("bfloat16", (2, 3))
    np.testing.assert_allclose(tensor.read(), array, rtol=1 / 128)


def test_a_user_block_before_the_file() -> None:
    def write(file: h5py.File) -> None:
        file["a"] = np.arange(6.0)

    data = hdf5(write, userblock_size=512)
    assert is_hdf5(data)
    tensor = read_hdf5(data, "f").tensor("a")
    assert tensor is not None
    np.testing.assert_array_equal(tensor.read(), np.arange(6.0))


def test_tensors_are_views_of_the_file() -> None:
    data = hdf5(lambda file: file.create_dataset("a", data=np.arange(9, dtype=np.float32)))
    tensor = read_hdf5(data, "f").tensors["a"]
    assert not tensor.read().flags.owndata
    assert not tensor.read().flags.writeable


# --- Damaged files ------------------------------------------------------------------------------


def everything(group: Group) -> Iterator[tuple[str, bytes]]:
    for tensor in group.walk_tensors():
        if tensor.dtype.startswith(("float", "int", "uint", "bool")):
            yield tensor.path, tensor.read().tobytes()


def read_whole(data: bytes) -> dict[str, bytes]:
    return dict(everything(read_hdf5(data, "f")))


def small_file() -> bytes:
    return legacy_weights(
        {
            "conv": {"conv/kernel:0": np.ones((3, 3, 3, 2), np.float32)},
            "dense": {"dense/kernel:0": np.ones((8, 4), np.float32)},
        }
    )


def test_truncated_files_are_refused_or_whole() -> None:
    for data in (small_file(), min(real_files().values(), key=len)):
        whole = read_whole(data)
        for length in range(0, len(data), max(1, len(data) // 400)):
            try:
                assert read_whole(data[:length]) == whole
            except ModelFileError as error:
                assert error.hint  # noqa: PT017


@pytest.mark.parametrize("seed", range(4))
def test_mutated_files_are_refused_or_read(seed: int) -> None:
    dice = random.Random(seed)
    sources = [small_file(), *sorted(real_files().values(), key=len)[:4]]
    refused = 0
    for _ in range(150):
        data = bytearray(dice.choice(sources))
        for _ in range(dice.choice((1, 1, 2, 8, 64))):
            data[dice.randrange(len(data))] = dice.choice((0, 1, 255, 128, dice.randrange(256)))
        start = time.monotonic()
        try:
            read_whole(bytes(data))
        except ModelFileError:
            refused += 1
        assert time.monotonic() - start < 5
    assert refused


# --- Hostile files ------------------------------------------------------------------------------


def refused(data: bytes, reason: str) -> None:
    """Reading everything ends with our error, in bounded time and memory."""
    tracemalloc.start()
    start = time.monotonic()
    try:
        with pytest.raises(InputError, match=reason):
            read_whole(data)
        assert tracemalloc.get_traced_memory()[1] < (64 << 20) + 8 * len(data)
    finally:
        tracemalloc.stop()
    assert time.monotonic() - start < 5


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """A file that no reader may open: it is a pipe, so that opening would hang."""
    path = tmp_path / "secret.h5"
    os.mkfifo(path)
    return path


def external_link(file: h5py.File, secret: Path) -> None:
    file["weights"] = h5py.ExternalLink(str(secret), "/a")


def soft_link(file: h5py.File, _: Path) -> None:
    file["a"] = np.zeros(3)
    file["weights"] = h5py.SoftLink("/a")


def dangling_link(file: h5py.File, _: Path) -> None:
    file["weights"] = h5py.SoftLink("/nowhere")


def external_storage(file: h5py.File, secret: Path) -> None:
    file.create_dataset("weights", (4,), "f4", external=[(str(secret), 0, 16)])


def virtual_dataset(file: h5py.File, secret: Path) -> None:
    layout = h5py.VirtualLayout((4,), "f4")
    layout[:] = h5py.VirtualSource(str(secret), "a", (4,))
    file.create_virtual_dataset("weights", layout)


def cycle(file: h5py.File, _: Path) -> None:
    file.create_group("a/b")
    file["a/b/c"] = file["a"]


def many_paths(file: h5py.File, _: Path) -> None:
    """2^40 ways from the root to the last group."""
    group = file.create_group("start")
    for _ in range(40):
        following = group.create_group("left")
        group["right"] = following
        group = following


def huge_chunked(file: h5py.File, _: Path) -> None:
    file.create_dataset("weights", (1 << 40,), "f4", chunks=(1 << 20,))


def huge_contiguous(file: h5py.File, _: Path) -> None:
    file.create_dataset("weights", (1 << 40,), "f4")


def huge_filled(file: h5py.File, _: Path) -> None:
    file.create_dataset("weights", (1 << 30,), "f4", fillvalue=1.0)


def sparse_chunks(file: h5py.File, _: Path) -> None:
    dataset = file.create_dataset("weights", (1 << 22,), "f4", chunks=(1 << 10,))
    dataset[:1024] = 1


NEWER = "|layout class 4"
"""What the reader says to the chunks of `libver="latest"`, which Keras never asks for."""


@pytest.mark.parametrize("libver", ["earliest", "latest"])
@pytest.mark.parametrize(
    ("write", "reason"),
    [
        (external_link, "links to other files"),
        (soft_link, "a link to /a"),
        (dangling_link, "a link to /nowhere"),
        (external_storage, "outside of the file"),
        (virtual_dataset, "outside of the file"),
        (cycle, "twice"),
        (many_paths, "twice"),
        (huge_chunked, "more than the file can hold" + NEWER),
        (huge_contiguous, "outside of the file, or was never written"),
        (huge_filled, "outside of the file, or was never written"),
        (sparse_chunks, "lacks some" + NEWER),
    ],
)
def test_hostile_files_are_refused(
    write: Callable[[h5py.File, Path], None], reason: str, libver: str, secret: Path
) -> None:
    refused(hdf5(lambda file: write(file, secret), libver=libver), reason)


def test_a_compressed_bomb_is_bounded() -> None:
    """64 MiB of zeros in 64 KiB: what deflate can honestly do is read, but a chunk at a time."""

    def write(file: h5py.File) -> None:
        dataset = file.create_dataset(
            "weights", (1 << 24,), "f4", chunks=(1 << 18,), compression="gzip", compression_opts=9
        )
        dataset[:] = 0

    data = hdf5(write)
    assert len(data) < 1 << 18
    tensor = read_hdf5(data, "f").tensors["weights"]
    tracemalloc.start()
    assert not tensor.read().any()
    assert tracemalloc.get_traced_memory()[1] < 5 << 26
    tracemalloc.stop()


def test_a_chunk_that_expands_beyond_its_size_is_refused() -> None:
    """The chunk says 1 KiB, its deflated stream holds 128 MiB."""
    import zlib

    packer = zlib.compressobj(9)
    stream = b"".join(packer.compress(bytes(1 << 24)) for _ in range(8)) + packer.flush()

    def write(file: h5py.File) -> None:
        dataset = file.create_dataset("weights", (256,), "f4", chunks=(256,), compression="gzip")
        dataset.id.write_direct_chunk((0,), stream)

    refused(hdf5(write), "weights")


def test_an_hdf5_file_inside_a_zip_is_no_hdf5_file() -> None:
    """A stored member may begin at 512, where an HDF5 file with a user block has its own start."""
    weights = hdf5(lambda file: file.create_group("layers"))
    config = b'{"class_name": "Sequential", "config": {"layers": []}}'
    for padding in range(600):
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w") as archive:
            archive.writestr("config.json", config + b" " * padding)
            archive.writestr("model.weights.h5", weights)
        if is_hdf5(stream.getvalue()):
            break
    else:
        pytest.fail("no padding puts the member at 512")
    with pytest.raises(ModelFileError, match="Sequential without layers"):
        normalize(read({"model.keras": stream.getvalue()}))
