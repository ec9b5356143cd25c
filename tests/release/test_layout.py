"""Names, and where things are."""

from __future__ import annotations

from pathlib import Path

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
    ("role", "file", "name"),
    [
        (Role.ARCHITECTURE, "my model.JSON", "architecture.json"),
        (Role.WEIGHTS, "best.weights.h5", "weights.h5"),
        (Role.WEIGHTS, "w.hdf5", "weights.h5"),
        (Role.MODEL, "x.keras", "model.keras"),
        (Role.MODEL, "x.H5", "model.h5"),
        (Role.MODEL, "x.hdf5", "model.h5"),
        (Role.MODEL, "x.onnx", "model.onnx"),
        (Role.LABELS, "classes", "labels.txt"),
        (Role.PREPROCESS, "p.json", "preprocess.json"),
        (Role.GOLDENS, "g.npz", "goldens.npz"),
    ],
)
def test_sources_get_their_canonical_names(role: Role, file: str, name: str) -> None:
    assert layout.source_name(role, Path(file)) == name
    assert name in layout.SOURCE_NAMES


@pytest.mark.parametrize(("role", "file"), [(Role.MODEL, "x.pb"), (Role.MODEL, "x")])
def test_a_suffix_that_does_not_fit_is_refused(role: Role, file: str) -> None:
    with pytest.raises(InputError, match=f"cannot be the {role}"):
        layout.source_name(role, Path(file))


def test_what_people_drop_by_the_other_name_is_known() -> None:
    assert "model.hdf5" in layout.SOURCE_NAMES
    assert "notes.txt" not in layout.SOURCE_NAMES
    assert "status.json" not in layout.SOURCE_NAMES
