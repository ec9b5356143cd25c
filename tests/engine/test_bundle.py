"""The bundle with Keras: within Lambda's limits, killed while it unpacks, in a small /tmp.

It is large to fetch and slow to start: it is built where `make keras` asks for it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from build.box import Box, boxed
from build.test_layouts import best, drive
from understudy import building
from understudy.build.bundle import Bundle
from understudy.build.contents import Function
from understudy.build.layout import Layout
from understudy.build.limits import MIB
from understudy.build.proof import Stand
from understudy.errors import BuildError, InputError
from understudy.release.manifest import KERAS

TMP = 1024 * MIB
"""The ephemeral storage that docs/engines.md asks for."""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    if not os.environ.get("UNDERSTUDY_KERAS_PYTHON"):
        pytest.skip("UNDERSTUDY_KERAS_PYTHON is not set: `make keras` builds the bundle with Keras")
    output = tmp_path_factory.mktemp("keras") / "bundle.zip"
    try:
        return building.build_bundle(output=output, engine=KERAS, layout=Layout.ZIPPED)
    except BuildError as error:
        if "cannot be fetched" in error.what or "there is no uv" in error.what:
            pytest.skip(f"no bundle was built: {error.what}")
        raise


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Stand:
    return building.make_stand(tmp_path_factory.mktemp("stand"), KERAS)


@pytest.fixture
def box(built: Bundle, stand: Stand) -> Iterator[Box]:
    with boxed(built.path, files={"store": stand.store, "images": stand.images}) as found:
        yield replace(found, size=TMP)


def test_it_fits(built: Bundle) -> None:
    assert all(margin.left > 0 for margin in built.margins if margin.limit.final)
    assert built.unpacked < TMP
    assert built.recipe.contents.engine == KERAS


def test_it_proves_itself(built: Bundle) -> None:
    if not built.proof.ran:
        pytest.skip(f"the bundle was not run: {built.proof.why_not}")
    assert built.proof.formats == ("bmp", "gif", "jpeg", "png", "tiff", "webp")


def test_killed_while_it_unpacks_and_then_two_at_once(
    built: Bundle, box: Box, stand: Stand
) -> None:
    said = drive(built, box, stand, kills=4, at_once=2)
    assert said["begun"] >= 2
    assert [best(answer) for answer in said["answers"]] == [stand.label] * 2
    assert sorted(map(len, said["left"])) == [len("lock"), 64]


def test_in_a_tmp_that_is_too_small(built: Bundle, box: Box, stand: Stand) -> None:
    small = replace(box, size=256 * MIB)
    (answer,) = drive(built, small, stand, kills=0, at_once=1)["answers"]
    assert answer["error"].startswith("there is no room for the packages")


def test_only_the_function_that_serves_has_it(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no bundle of the function for admission"):
        building.build_bundle(output=tmp_path / "a.zip", function=Function.ADMISSION, engine=KERAS)
