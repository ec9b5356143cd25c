"""Small releases that answer differently, in any store, and pointers that move."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from understudy.delivery.pointer import (
    Action,
    Change,
    Pointer,
    advance,
    dump_pointer,
    parse_pointer,
)
from understudy.errors import NotFoundError
from understudy.release.layout import pointer_key
from understudy.release.manifest import MadeBy, Manifest, Origin, SelfTest, Signature
from understudy.release.repository import write_release
from understudy.release.selftest import SELF_TEST, Cases, write_cases
from understudy.release.staging import describe_files
from understudy.serve import open_session, reference_inputs, resolve
from understudy.serve.live import Pace
from understudy.serve.session import inputs, run
from understudy.store import Store

from ..makers import write_model

MODEL, STAGE = "colors", "dev"
LABELS = ("red", "green", "blue", "none")
RED = Image.new("RGB", (20, 10), (255, 0, 0))

QUICK = Pace(poll=0.01, longest_poll=0.05, retry=0.01, longest_retry=0.05, refused=60.0, cold=5.0)


def stage_release(folder: Path, best: str, *, tolerance: float = 1e-5, extra: int = 0) -> Manifest:
    """A release that says of everything that it is `best`; `extra` bytes make it larger."""
    weights = np.zeros((3, 4), np.float32)
    weights[:, LABELS.index(best)] = 5.0
    write_model(folder, weights=weights)
    session = open_session(folder)
    made = reference_inputs(inputs(session))
    (expected,) = run(session, ["classes"], made)
    write_cases(folder / SELF_TEST, Cases(made, {"classes": expected}))
    names = ["model.onnx", "weights.bin", SELF_TEST]
    if extra:
        (folder / "extra.bin").write_bytes(np.random.default_rng(extra).bytes(extra))
        names.append("extra.bin")
    return Manifest(
        id=hashlib.sha256(f"{best} {tolerance} {extra}".encode()).hexdigest()[:32],
        sources=(),
        options={},
        files=describe_files(folder, names),
        origin=Origin(None, None, None, ()),
        made_by=MadeBy("0", "0", 17),
        inputs=(Signature("image", (None, 8, 6, 3), "float32"),),
        outputs=(Signature("classes", (None, 4), "float32"),),
        activation="softmax",
        labels=LABELS,
        preprocess=resolve(None, (8, 6, 3)).to_json(),
        assumed=(),
        parameters=12,
        load_report=(),
        self_test=SelfTest(tolerance, verified=False, count=1),
    )


def add_release(
    store: Store, folder: Path, best: str, *, tolerance: float = 1e-5, extra: int = 0
) -> str:
    """Put such a release into the store; gives its id."""
    manifest = stage_release(folder, best, tolerance=tolerance, extra=extra)
    write_release(store, MODEL, manifest, folder)
    return manifest.id


def pointer_to(release: str, before: Pointer | None = None) -> bytes:
    """A pointer's file, after all that was before."""
    number = len(before.history) if before else 0
    change = Change(release, "2025-01-01T00:00:00Z", "ada", Action.PUSH, None, "", f"{number:016x}")
    return dump_pointer(advance(before, change))


def point(store: Store, release: str, stage: str = STAGE) -> None:
    """Move the pointer."""
    key = pointer_key(MODEL, stage)
    try:
        before = parse_pointer(store.get(key).data)
    except NotFoundError:
        before = None
    store.put(key, pointer_to(release, before))


def until(reached: Callable[[], object], seconds: float = 30.0) -> None:
    """Wait for something that other threads do."""
    deadline = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.002)
