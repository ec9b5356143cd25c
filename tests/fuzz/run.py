"""Damage many files, and see that each ends in an error of ours or in a model.

    python tests/fuzz/run.py [--count 20000] [--first 0] [--jobs 2]

Every case is read, normalised and compiled, as `workers` says.
"""

from __future__ import annotations

import hashlib
import random
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
for folder in ("src", "tests", "tests/golden"):
    sys.path.insert(0, str(ROOT / folder))

from fuzz.workers import Subject, main  # noqa: E402 the path comes first

LARGEST = 150_000
"""Goldens up to this size are taken: all of them are small."""

FORMS = (
    ("architecture.json", "weights.h5"),
    ("architecture.json", "model.weights.h5"),
    ("architecture.yaml", "weights.h5"),
    ("model.h5",),
    ("model.keras",),
    ("sharded.zip",),
    ("tfjs.zip",),
    ("converted_keras.zip",),
)


@cache
def seeds() -> list[tuple[str, dict[str, bytes]]]:
    """The whole files: (name, files), a set a form, unpacked ones beside the zips."""
    from golden_set import goldens

    found: list[tuple[str, dict[str, bytes]]] = []
    for golden in goldens():
        for form in FORMS:
            if not set(form) <= set(golden.files):
                continue
            files = {name: golden.read(name) for name in form}
            if sum(map(len, files.values())) <= LARGEST:
                found.append((f"{golden.version}/{golden.model}/{form[-1]}", files))
            if form[0] in ("tfjs.zip", "sharded.zip"):
                found.append((f"{golden.version}/{golden.model}/unpacked", unpacked(files)))
    found.append(("onnx", {"model.onnx": onnx_model()}))
    return found


def unpacked(files: Mapping[str, bytes]) -> dict[str, bytes]:
    import io
    import zipfile

    ((_, data),) = files.items()
    with zipfile.ZipFile(io.BytesIO(data)) as packed:
        return {name: packed.read(name) for name in packed.namelist()}


def onnx_model() -> bytes:
    """What the compiler itself makes of a golden, its weights inside."""
    import numpy as np
    import onnx
    from golden_set import goldens

    from running import compile_files

    golden = next(g for g in goldens() if g.version == "keras-2.0.6" and g.model == "resnet")
    files = {name: golden.read(name) for name in ("architecture.json", "weights.h5")}
    compiled = compile_files(files)
    proto = onnx.load_model_from_string(compiled.files.onnx)
    weights = b"".join(bytes(piece) for piece in compiled.files.pieces())
    for tensor in proto.graph.initializer:
        if tensor.external_data:
            said = {entry.key: entry.value for entry in tensor.external_data}
            start, size = int(said["offset"]), int(said["length"])
            array = np.frombuffer(weights[start : start + size], "<f4").reshape(tensor.dims)
            tensor.CopyFrom(onnx.numpy_helper.from_array(array, tensor.name))
    return bytes(proto.SerializeToString())


def files_of(number: int) -> tuple[str, dict[str, bytes]]:
    """The files of a case, and which whole ones they come from."""
    from fuzz.mutate import mutate

    rng = random.Random(number)
    name, whole = rng.choice(seeds())

    def others(chooser: random.Random) -> bytes:
        return chooser.choice(list(chooser.choice(seeds())[1].values()))

    return name, mutate(whole, others, rng.randrange(1 << 60))


def outcome(files: Mapping[str, bytes]) -> str:
    """`refused`, or the compiled model's hash.

    Raises:
        Exception: whatever is not an error of ours.
    """
    from understudy.compiler import compile_model
    from understudy.compiler.adopt import adopt_onnx
    from understudy.errors import UnderstudyError
    from understudy.keras import normalize, read
    from understudy.keras.formats import Format, Part, recognise

    try:
        found = recognise(files)
        if found.format is Format.ONNX:
            name = found.parts[Part.MODEL]
            beside = {said: found.files[given] for said, given in found.shards.items()}
            compiled = adopt_onnx(found.files[name], beside, name)
        else:
            compiled = compile_model(normalize(read(found))[0])
        digest = hashlib.sha256(compiled.files.onnx)
        for piece in compiled.files.pieces():
            digest.update(piece)
        return digest.hexdigest()
    except UnderstudyError as error:
        if "\n" in error.what or not error.what or not error.hint:
            raise AssertionError(f"an error that is not one line with a hint: {error!r}") from error
        return "refused"


@cache
def whole_hash(name: str) -> str:
    return outcome(dict(seeds())[name])


def verdict(name: str, files: Mapping[str, bytes]) -> str:
    """`refused`, `same` when it is the whole files' model, or `compiled`."""
    found = outcome(files)
    if found == "refused":
        return found
    return "same" if found == whole_hash(name) else "compiled"


SUBJECT = Subject(__file__, "files", 20_000, seeds, files_of, verdict)

if __name__ == "__main__":
    sys.exit(main(SUBJECT, __doc__, sys.argv[1:]))
