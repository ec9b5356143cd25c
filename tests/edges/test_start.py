"""What happens when Lambda imports the handler, and when SnapStart restores a snapshot of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from serve.live.scene import MODEL, add_release, point
from understudy.edges.lambda_.settings import DEFAULT_CACHE
from understudy.edges.lambda_.start import room, start
from understudy.store.local import LocalStore

from .scene import PNG_64


def test_a_restored_snapshot_follows_the_pointer_at_once(tmp_path: Path) -> None:
    hooks = pytest.importorskip("snapshot_restore_py", reason="it comes with awslambdaric only")
    store = LocalStore(tmp_path / "store")
    blue, green = (add_release(store, tmp_path / best, best) for best in ("blue", "green"))
    point(store, blue)
    lines: list[str] = []
    variables = {"UNDERSTUDY_STORE": store.describe(), "UNDERSTUDY_MODEL": MODEL}
    function = start(variables, lines.append)
    assert function({"health": True})["release"] == blue
    point(store, green)
    for hook, arguments, options in hooks.get_after_restore():
        hook(*arguments, **options)
    for _ in range(10_000):
        if function({"image": PNG_64})["release"] == green:
            break
    else:
        pytest.fail("the pointer moved, and the release that answers did not")
    told = [json.loads(line) for line in lines]
    assert sum("serving" in line for line in told) == 2


def test_the_cache_is_bounded_by_what_is_free(tmp_path: Path) -> None:
    assert 0 < room(tmp_path / "not" / "there") == room(tmp_path)
    assert room(Path(DEFAULT_CACHE)) > 0
