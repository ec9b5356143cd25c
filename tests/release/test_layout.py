"""Names, and where things are."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from understudy.errors import InputError
from understudy.release import layout
from understudy.release.identity import Role
from understudy.store.keys import is_key


def test_the_keys_are_those_of_the_design() -> None:
    assert layout.stage_file("parasites", "dev", "labels.txt") == "parasites/dev/labels.txt"
    assert layout.pointer_key("parasites", "prod") == "parasites/stages/prod.json"
    assert layout.manifest_key("parasites", "abc") == "parasites/releases/abc/release.json"
    assert layout.release_file("parasites", "abc", "model.onnx") == (
        "parasites/releases/abc/model.onnx"
    )


RESERVED = ["releases", "stages", "Releases"]


@pytest.mark.parametrize("name", ["parasites", "a", "A-b_c.d", "3d", "_x", "a" * 64, "v1..2"])
def test_good_names(name: str) -> None:
    assert layout.check_model(name) == layout.check_stage(name) == name
    assert layout.is_name(name)


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", ".hidden", "-x", "a/b", "a\\b", "a b", "ü", "a\n", "a\0", "a" * 65, *RESERVED],
)
def test_bad_names(name: str) -> None:
    assert not layout.is_name(name)
    for check, kind in ((layout.check_model, "model"), (layout.check_stage, "stage")):
        with pytest.raises(InputError, match=f"a {kind} cannot be called") as caught:
            check(name)
        assert "\n" not in caught.value.what
        assert "\0" not in caught.value.what


@settings(deadline=None)
@given(st.text())
def test_a_name_is_safe_in_a_key(name: str) -> None:
    if layout.is_name(name):
        assert is_key(layout.pointer_key(name, name))


@pytest.mark.parametrize(
    ("role", "suffix", "name"),
    [
        (Role.ARCHITECTURE, ".json", "architecture.json"),
        (Role.ARCHITECTURE, ".yaml", "architecture.yaml"),
        (Role.WEIGHTS, ".h5", "weights.h5"),
        (Role.WEIGHTS, ".json", "weights.json"),
        (Role.MODEL, ".keras", "model.keras"),
        (Role.MODEL, ".h5", "model.h5"),
        (Role.MODEL, ".onnx", "model.onnx"),
        (Role.MODEL, ".json", "model.json"),
        (Role.MODEL, ".zip", "model.zip"),
        (Role.METADATA, ".json", "metadata.json"),
        (Role.LABELS, ".txt", "labels.txt"),
        (Role.PREPROCESS, ".json", "preprocess.json"),
        (Role.GOLDENS, ".npz", "goldens.npz"),
    ],
)
def test_sources_get_their_canonical_names(role: Role, suffix: str, name: str) -> None:
    assert layout.source_name(role, suffix) == name
    assert layout.is_source_name(name)


@pytest.mark.parametrize(
    "name",
    [
        "weights.bin",
        "my-model.weights.bin",
        "group1-shard1of12.bin",
        "group1-shard1of1",
        "model_00000.weights.h5",
        "model.onnx.data",
        "model.onnx_data",
    ],
)
def test_shards_keep_their_names(name: str) -> None:
    assert layout.is_shard_name(name)
    assert layout.is_source_name(name)


def test_what_people_drop_by_the_other_name_is_known() -> None:
    assert layout.is_source_name("model.hdf5")
    assert not layout.is_source_name("notes.txt")
    assert not layout.is_source_name("status.json")
