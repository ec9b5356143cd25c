"""Every golden of every real Keras version, in every form of its files, against its own outputs."""

from __future__ import annotations

import io
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from golden_set import Golden, goldens

from running import compile_files, predict, run

READ = {
    "keras-1.2.2": 19,
    "keras-1.2.2-theano": 4,
    "keras-1.2.2+keras1": 8,
    "keras-1.2.2-theano+keras1": 2,
    "keras-2.0.6+formats": 1,
    "keras-2.2.4+formats": 1,
    "keras-2.3.1+formats": 1,
    "tfkeras-1.15+formats": 1,
    "tfkeras-2.4+formats": 1,
    "tfkeras-2.15+formats": 4,
    "keras-3.15.1+formats": 2,
    "tensorflowjs-4.22.0": 4,
    "tfkeras-2.4+strangers": 2,
    "tfkeras-2.15+strangers": 2,
    "keras-3.15.1+strangers": 3,
    "keras-2.0.6+composite": 4,
    "keras-2.2.4+composite": 6,
    "tfkeras-2.4+composite": 6,
    "tfkeras-2.13+composite": 7,
    "tfkeras-2.15+composite": 7,
    "keras-3.0.5+composite": 6,
    "keras-3.15.1+composite": 9,
    "keras-1.2.2+corners": 1,
    "keras-2.0.6+corners": 1,
    "keras-2.2.4+corners": 1,
    "tfkeras-1.15+corners": 1,
    "tfkeras-2.15+corners": 2,
    "keras-3.0.5+corners": 2,
    "keras-3.15.1+corners": 3,
    "keras-3.15.1-jax+corners": 1,
    "keras-2.0.6": 19,
    "keras-2.2.4": 19,
    "keras-2.3.1": 19,
    "tfkeras-1.15": 18,
    "tfkeras-2.4": 18,
    "tfkeras-2.8": 18,
    "tfkeras-2.10": 18,
    "tfkeras-2.13": 18,
    "tfkeras-2.15": 18,
    "keras-3.0.5": 18,
    "keras-3.15.1": 18,
}
"""Version -> how many models it has at least: a golden that is lost is a test that is lost."""

FORMS = (
    ("architecture.json", "weights.h5"),
    ("architecture.json", "model.weights.h5"),
    ("model.h5",),
    ("model.keras",),
    ("architecture.yaml", "weights.h5"),
    ("sharded.zip",),
    ("tfjs.zip",),
    ("converted_keras.zip",),
)

Case = tuple[Golden, tuple[str, ...]]


@cache
def cases() -> tuple[Case, ...]:
    return tuple(
        (golden, form) for golden in goldens() for form in FORMS if set(form) <= set(golden.files)
    )


def name_of(case: Case) -> str:
    golden, form = case
    return f"{golden.version}/{golden.model}/{form[-1]}"


def contents(case: Case) -> dict[str, bytes]:
    golden, form = case
    return {name: golden.read(name) for name in form}


def pairs(golden: Golden) -> list[tuple[list[np.ndarray], list[np.ndarray]]]:
    """(inputs, outputs) of each of the golden's recordings, in Keras' order."""
    made = []
    for name in golden.manifest["files"]["goldens"]:
        with np.load(io.BytesIO(golden.read(name))) as arrays:
            made.append((_side(arrays, "inputs", golden), _side(arrays, "outputs", golden)))
    return made


def _side(arrays: Any, side: str, golden: Golden) -> list[np.ndarray]:
    if side in arrays:
        return [arrays[side]]
    return [arrays[f"{side}/{port['name']}"] for port in golden.manifest[side]]


def test_no_golden_is_lost() -> None:
    counts = dict.fromkeys(READ, 0)
    for golden in goldens():
        if golden.version in counts:
            counts[golden.version] += 1
    assert all(counts[version] >= least for version, least in READ.items()), counts
    assert all({g.version, g.version.partition("+")[0]} & set(READ) for g in goldens())
    tried = {(golden.version, golden.model) for golden, _ in cases()}
    plain = [golden for golden in goldens() if not golden.version.endswith("+formats")]
    assert tried >= {(golden.version, golden.model) for golden in plain}


@pytest.mark.parametrize("case", [pytest.param(case, id=name_of(case)) for case in cases()])
def test_right(case: Case) -> None:
    golden, _ = case
    said = golden.manifest["backend"] if golden.version.endswith("+corners") else None
    compiled = compile_files(contents(case), backend=said)
    for side, signatures in (("inputs", compiled.inputs), ("outputs", compiled.outputs)):
        ports = golden.manifest[side]
        assert len(ports) == len(signatures)
        for port, signature in zip(ports, signatures, strict=True):
            if port["reported"]:
                assert signature.name == port["name"]
            assert list(signature.shape) == port["shape"]
    for inputs, outputs in pairs(golden):
        for ours, theirs in zip(run(compiled, inputs), outputs, strict=True):
            assert ours.shape == theirs.shape
            assert ours.dtype == theirs.dtype
            assert np.abs(ours - theirs).max() <= golden.manifest["tolerance"]


SEED = Path(__file__).resolve().parents[3] / "shared" / "seed18m"


@pytest.mark.skipif(not SEED.is_dir(), reason=f"the origin's model is not at {SEED}")
def test_the_origins_model() -> None:
    files = {name: (SEED / name).read_bytes() for name in ("architecture.json", "weights.h5")}
    (ours,) = predict(files, np.load(SEED / "x.npy"))
    assert np.abs(ours - np.load(SEED / "y.npy")).max() <= 1e-4
