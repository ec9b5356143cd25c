"""Small releases for tests: made of bytes, without a model in them."""

from __future__ import annotations

from pathlib import Path

from understudy.release.identity import Role, release_id
from understudy.release.layout import source_name
from understudy.release.manifest import (
    LoadedTensor,
    MadeBy,
    Manifest,
    Origin,
    SelfTest,
    Signature,
)
from understudy.release.staging import Given, describe_files, hash_file, stage_sources

Sources = dict[Role, bytes]

TWO_FILES: Sources = {Role.ARCHITECTURE: b"{}", Role.WEIGHTS: b"w1", Role.LABELS: b"a\nb\n"}
ONE_FILE: Sources = {Role.MODEL: b"a whole model", Role.LABELS: b"a\nb\n"}

_SUFFIXES = {
    Role.ARCHITECTURE: ".json",
    Role.WEIGHTS: ".h5",
    Role.MODEL: ".keras",
    Role.METADATA: ".json",
    Role.LABELS: ".txt",
    Role.PREPROCESS: ".json",
    Role.GOLDENS: ".npz",
}


def write_sources(folder: Path, sources: Sources) -> dict[Role, Path]:
    """Write the sources under names of their own, as a person has them."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = {role: folder / f"my-{role}{_SUFFIXES[role]}" for role in sources}
    for role, path in paths.items():
        path.write_bytes(sources[role])
    return paths


def name_of(role: Role) -> str:
    """The canonical name of the source with this role."""
    return source_name(role, _SUFFIXES[role])


def id_of(folder: Path, sources: Sources) -> str:
    """The release's id for these sources."""
    paths = write_sources(folder, sources)
    return release_id({role: hash_file(path) for role, path in paths.items()}, {})


def stage(folder: Path, sources: Sources, made: bytes = b"compiled") -> Manifest:
    """Stage a release of these sources, of which `made` was compiled."""
    given = write_sources(folder / "given", sources)
    staged = stage_sources(folder, [Given(r, name_of(r), p) for r, p in given.items()], {})
    (folder / "model.onnx").write_bytes(made + b" graph")
    (folder / "weights.bin").write_bytes(made + b" weights")
    return Manifest(
        id=release_id({source.role: source.sha256 for source in staged}, {}),
        sources=staged,
        options={},
        files=describe_files(folder, ["weights.bin", "model.onnx"]),
        origin=Origin("Keras JSON + HDF5 weights", "2.0.6", "tensorflow", ("a note",)),
        made_by=MadeBy("0.1.0", "1.17.0", 18),
        inputs=(Signature("image", (None, 8, 8, 3), "float32"),),
        outputs=(Signature("classes", (None, 2), "float32"),),
        activation="softmax",
        labels=("a", "b"),
        preprocess={"size": [8, 8], "scale": "0..1"},
        assumed=("size",),
        parameters=1234,
        load_report=(
            LoadedTensor("dense/kernel:0", (3, 2), "float32", "dense/kernel", "used", "a" * 64),
            LoadedTensor("old/bias:0", (), "float32", None, "unused", None),
        ),
        self_test=SelfTest(tolerance=1e-4, verified=True, count=3),
    )
