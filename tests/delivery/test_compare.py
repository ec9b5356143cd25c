"""Comparing models piece by piece."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from tests.keras_files import conv, conv_weights, files, functional, image_input, legacy_weights

from serve.makers import write_model
from understudy import keeping, wiring
from understudy.delivery.compare import compare, pair_pieces
from understudy.delivery.diff import Diff, diff, label_changes
from understudy.delivery.outline import Array, Piece, Weight
from understudy.errors import InputError, NotFoundError, ReleaseError
from understudy.store.memory import MemoryStore

RNG = np.random.default_rng(0)


def piece(name: str, kind: str = "Dense", units: int = 3, **weights: Array) -> Piece:
    held = {
        role: Weight(array.shape, lambda array=array: array)  # type: ignore[misc]
        for role, array in weights.items()
    }
    return Piece(name, kind, {"units": str(units)}, held)


@pytest.mark.parametrize(
    ("first", "second", "pairs"),
    [
        ("a b", "a b", [(0, 0), (1, 1)]),
        ("a b", "b a", [(1, 0), (0, 1)]),
        ("a b", "b", [(1, 0)]),
        ("a", "x a", [(0, 1)]),
        ("a b c", "x y z", [(0, 0), (1, 1), (2, 2)]),
        ("dense_1 dense_2", "dense_7 dense_8 dense_9", [(0, 0), (1, 1)]),
    ],
)
def test_which_layer_is_which(first: str, second: str, pairs: list[tuple[int, int]]) -> None:
    one, other = ([piece(name) for name in names.split()] for names in (first, second))
    assert list(pair_pieces(one, other)) == pairs


def test_settings_tell_layers_apart_before_their_order() -> None:
    one = [piece("a", units=3), piece("b", units=9)]
    other = [piece("x", units=9), piece("y", units=4)]
    assert pair_pieces(one, other) == ((1, 0), (0, 1))
    assert pair_pieces([piece("a", "Conv2D")], [piece("b", "Dense")]) == ()


def test_how_far_weights_moved() -> None:
    before = RNG.normal(size=(5, 7)).astype(np.float32)
    after = before.copy()
    after[2, 3] += 0.5
    found = compare([piece("a", k=before, b=before)], [piece("a", k=after, b=before)])
    (change,) = found.weights
    assert (change.layer, change.weight, change.before) == ("a", "k", (5, 7))
    assert change.largest == pytest.approx(0.5, rel=1e-6)
    assert change.relative == pytest.approx(0.5 / np.linalg.norm(before), rel=1e-6)
    assert found.same_weights == 1


@pytest.mark.parametrize(
    ("before", "after", "relative", "largest"),
    [
        ([0.0, 0.0], [0.0, 2.0], None, 2.0),
        ([1.0, np.nan], [1.0, np.nan], "equal", None),
        ([1.0, np.nan], [1.0, 2.0], None, None),
        ([1.0, np.inf], [2.0, np.inf], None, 1.0),
        ([3.0, 4.0], [3.0, 9.0], 1.0, 5.0),
        ([], [], "equal", None),
    ],
)
def test_numbers_that_are_none(
    before: list[float], after: list[float], relative: object, largest: float | None
) -> None:
    one, other = piece("a", k=np.array(before)), piece("a", k=np.array(after))
    found = compare([one], [other])
    if relative == "equal":
        assert (found.weights, found.same_weights) == ((), 1)
    else:
        assert [(w.relative, w.largest) for w in found.weights] == [(relative, largest)]


def test_weights_are_read_in_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    before = RNG.normal(size=1000)
    after = before + RNG.normal(size=1000)
    monkeypatch.setattr("understudy.delivery.compare.SLICE", 7)
    (change,) = compare([piece("a", k=before)], [piece("a", k=after)]).weights
    expected = np.linalg.norm(after - before) / np.linalg.norm(before)
    assert change.relative == pytest.approx(expected)
    assert change.largest == pytest.approx(np.abs(after - before).max())


def test_what_was_added_removed_changed_and_renamed() -> None:
    kernel = np.ones((2, 2))
    one = [piece("a", units=3, k=kernel), piece("old", "Flatten"), piece("dense_1", k=kernel)]
    other = [piece("a", units=4, k=np.ones((2, 3))), piece("new", "Pool"), piece("d", k=kernel)]
    found = compare(one, other)
    assert [line.name for line in found.added] == ["new"]
    assert [(line.name, line.kind, line.parameters) for line in found.removed] == [
        ("old", "Flatten", 0)
    ]
    (changed,) = found.changed
    assert [(c.key, c.before, c.after) for c in changed.settings] == [("units", "3", "4")]
    assert found.renamed == 1
    (weight,) = found.weights
    assert (weight.before, weight.after, weight.relative) == ((2, 2), (2, 3), None)
    assert found.same_weights == 1


@pytest.mark.parametrize(
    ("before", "after", "added", "removed", "moved"),
    [
        ("a b", "a b", (), (), ()),
        ("a b", "a b c", ("c",), (), ()),
        ("a b c", "a c", (), ("b",), (("c", 2, 1),)),
        ("a b", "b a", (), (), (("b", 1, 0), ("a", 0, 1))),
        ("a a b", "a b b", (), (), (("b", 2, 1),)),
    ],
)
def test_labels(before: str, after: str, added: object, removed: object, moved: object) -> None:
    found = label_changes(before.split(), after.split())
    assert (found.added, found.removed, found.moved) == (added, removed, moved)


# --- Real models ----------------------------------------------------------------------------------


def keras(folder: Path, seed: int, labels: str, scale: str, **config: object) -> Path:
    layers = [
        image_input(),
        conv("first", "image", **config),
        {
            "class_name": "GlobalAveragePooling2D",
            "name": "pool",
            "config": {"name": "pool"},
            "inbound_nodes": [[["first", 0, 0, {}]]],
        },
    ]
    made = files(functional(layers), legacy_weights(conv_weights("first", seed=seed)))
    folder.mkdir()
    for name, data in made.items():
        (folder / name).write_bytes(data)
    (folder / "labels.txt").write_text("\n".join(labels))
    (folder / "preprocess.json").write_text(json.dumps({"scale": scale}))
    return folder


def pushed(store: MemoryStore, *folders: Path) -> list[str]:
    return [wiring.push_files([folder], "m", store=store).manifest.id for folder in folders]


def compared(store: MemoryStore, first: str, second: str) -> Diff:
    return diff(store, "m", first, second, wiring.rehearse)


def test_two_keras_models(tmp_path: Path) -> None:
    store = MemoryStore()
    one = keras(tmp_path / "one", 1, "abcd", "0..1")
    other = keras(tmp_path / "other", 2, "abdc", "-1..1", activation="relu")
    first, second = pushed(store, one, other)
    found = compared(store, first[:8], "dev")
    assert (found.first.release, found.second.release) == (first, second)
    assert (found.compared, found.pieces.added, found.pieces.removed) == ("layers", (), ())
    (changed,) = found.pieces.changed
    assert [one.key for one in changed.settings] == ["activation"]
    assert [(w.layer, w.weight) for w in found.pieces.weights] == [
        ("first", "kernel"),
        ("first", "bias"),
    ]
    assert found.labels.moved == (("d", 3, 2), ("c", 2, 3))
    assert [(c.key, c.before, c.after) for c in found.preprocess] == [
        ("scale", '"0..1"', '"-1..1"')
    ]
    assert found.answers.cases == 4
    assert found.answers.largest is not None
    assert found.answers.largest > 0
    json.dumps(keeping.model_diff("m", first, second, store=store).answers.same)


def test_a_release_and_itself(tmp_path: Path) -> None:
    store = MemoryStore()
    (first,) = pushed(store, keras(tmp_path / "one", 1, "abcd", "0..1"))
    found = compared(store, "dev", first)
    assert (found.facts, found.preprocess, found.options, found.pieces.weights) == ((), (), (), ())
    assert (found.answers.largest, found.answers.same) == (0.0, found.answers.cases)


def test_onnx_is_compared_by_operators(tmp_path: Path) -> None:
    store = MemoryStore()

    def onnx(name: str, weights: Mapping[str, float]) -> Path:
        eye = np.eye(3, 4, dtype=np.float32) * np.float32(weights["by"])
        return write_model(tmp_path / name, weights=eye)

    folders = []
    for name, by in (("one", 1.0), ("other", 2.0)):
        folder = onnx(name, {"by": by})
        (folder / "preprocess.json").write_text('{"scale": "0..1"}')
        folders.append(folder)
    first, second = pushed(store, *folders)
    found = compared(store, first, second)
    assert found.compared == "operators"
    (change,) = found.pieces.weights
    assert (change.weight, change.relative, change.largest) == ("input 1", 1.0, 1.0)
    mixed = pushed(store, keras(tmp_path / "keras", 1, "abcd", "0..1"))[0]
    assert compared(store, first, mixed).compared == "operators"
    assert compared(store, first, mixed).answers.cases == 0


def test_what_cannot_be_compared_is_told(tmp_path: Path) -> None:
    store = MemoryStore()
    with pytest.raises(NotFoundError, match="no model m"):
        compared(store, "dev", "prod")
    (first,) = pushed(store, keras(tmp_path / "one", 1, "abcd", "0..1"))
    with pytest.raises(NotFoundError, match="prod of m serves no release"):
        compared(store, "dev", "prod")
    with pytest.raises(InputError, match="not a release's id"):
        compared(store, "dev", "prd")
    store.put(f"m/releases/{first}/sources/weights.h5", b"junk")
    with pytest.raises(ReleaseError, match=r"weights\.h5 of release .* damaged"):
        compared(store, "dev", "dev")
