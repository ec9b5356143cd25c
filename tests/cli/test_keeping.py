"""Going back, looking back, and looking after a store, on the command line."""

from __future__ import annotations

import json
import os
import shutil
import time
from pathlib import Path

import pytest
from tests.cli.conftest import FASHION, Run
from tests.cli.test_errors import assert_told


@pytest.fixture
def both(run: Run, fashion: Path) -> list[str]:
    """Both models of the example, dev and prod serve the better one; their ids."""
    run("promote", "fashion", "-m", "good enough")
    assert run("push", FASHION / "better", "--model", "fashion", "-m", "more epochs").code == 0
    assert run("promote", "fashion").code == 0
    listed = json.loads(run("history", "fashion", "--stage", "dev", "--json").out)
    return [event["release"] for event in reversed(listed)]


def served(run: Run, stage: str) -> str:
    (model,) = json.loads(run("status", "fashion", "--json").out)
    (found,) = [one for one in model["stages"] if one["stage"] == stage]
    release: str = found["change"]["release"]
    return release


def age(store: Path, days: float) -> None:
    """Make all files in the store older."""
    for path in store.rglob("*"):
        if path.is_file():
            then = time.time() - days * 24 * 3600
            os.utime(path, (then, then))


def test_rollback_and_history(run: Run, both: list[str]) -> None:
    dry = run("rollback", "fashion", "--dry-run")
    assert "prod of fashion would serve" in dry.out
    assert "nothing was written" in dry.out
    done = run("rollback", "fashion", "-m", "worse on boots")
    assert done.code == 0
    assert f"prod of fashion now serves {both[0][:12]} (before: {both[1][:12]})" in done.out
    assert (served(run, "prod"), served(run, "dev")) == (both[0], both[1])
    told = run("history", "fashion").out
    assert "worse on boots" in told
    assert "promote from dev" in told
    events = json.loads(run("history", "fashion", "--json").out)
    assert [event["action"] for event in events] == [
        "rollback",
        "promote",
        "push",
        "promote",
        "push",
    ]
    assert set(events[0]) == {
        "stage", "version", "release", "at", "by", "action", "from_stage", "message", "nonce",
        "verified",
    }  # fmt: skip
    done = run("rollback", "fashion", "--to", both[1][:6], "--json")
    assert json.loads(done.out)["release"] == both[1]
    assert run("rollback", "fashion", "--stage", "dev").code == 0
    assert served(run, "dev") == both[0]


def test_what_a_rollback_cannot(run: Run, fashion: Path) -> None:
    assert_told(run("rollback", "fashion"), "prod of fashion serves no release")
    assert_told(run("rollback", "fashion", "--stage", "dev"), "never served anything but")
    assert_told(run("rollback", "nothing"), "there is no model nothing")
    done = run("rollback", "fashion", "--stage", "dev", "--to", "ffff")
    assert_told(done, "dev of fashion never served a release ffff")


def test_unverified_needs_a_word(run: Run, tmp_path: Path) -> None:
    bare = tmp_path / "bare"
    shutil.copytree(FASHION / "first", bare)
    (bare / "goldens.npz").unlink()
    run("push", bare, "--model", "fashion")
    assert_told(run("promote", "fashion"), "is unverified", "goldens.npz", "--unverified")
    assert_told(run("promote", "fashion", "--dry-run"), "is unverified")
    assert run("promote", "fashion", "--unverified").code == 0


def test_dry_runs(run: Run, store: Path) -> None:
    done = run("push", FASHION / "first", "--model", "fashion", "--dry-run", "--json")
    assert (json.loads(done.out)["changed"], json.loads(done.out)["dry_run"]) == (True, True)
    assert not store.exists()


def test_diff_by_stage_and_by_id(run: Run, both: list[str]) -> None:
    run("rollback", "fashion")
    told = run("diff", "fashion", "prod", "dev").out
    for words in ("13,610 → 33,626", "+ dropout (Dropout)", "same first label for 8 of 8"):
        assert words in told
    found = json.loads(run("diff", "fashion", both[0][:8], both[1], "--json").out)
    assert found["compared"] == "layers"
    assert found["answers"]["cases"] == 8
    assert "they are the same release" in run("diff", "fashion", "dev", both[1]).out
    assert_told(run("diff", "fashion", "dev", "ffff"), "no release ffff")


def test_releases_and_prune(run: Run, both: list[str], store: Path) -> None:
    listed = json.loads(run("releases", "fashion", "--json").out)
    assert [(one["release"], one["stages"], one["keep"]) for one in listed] == [
        (both[1], ["dev", "prod"], True),
        (both[0], [], True),
    ]
    assert "0 releases removed" in run("prune").out
    age(store, 3)
    assert "removes it" in run("releases", "fashion", "--keep", "1").out
    assert "1 release would be removed" in run("prune", "--keep", "1", "--dry-run").out
    done = json.loads(run("prune", "fashion", "--keep", "1", "--json").out)
    assert [v["release"] for v in done[0]["verdicts"] if not v["keep"]] == [both[0]]
    assert done[0]["freed"] > 100_000
    assert [path.name for path in (store / "fashion" / "releases").iterdir()
            if any(one.is_file() for one in path.rglob("*"))] == [both[1]]  # fmt: skip
    assert "removed" in run("history", "fashion").out
    assert_told(run("rollback", "fashion"), "is not whole")
    assert run("fsck").code == 0
    assert_told(run("prune", "nothing"), "there is no model nothing")


def test_fsck_finds_and_repairs(run: Run, both: list[str], store: Path) -> None:
    done = run("fsck")
    assert (done.code, "all is well" in done.out) == (0, True)
    release = store / "fashion" / "releases" / both[1]
    content = bytearray((release / "weights.bin").read_bytes())
    content[5000] ^= 1
    (release / "weights.bin").write_bytes(content)
    (store / "fashion" / "prod" / "labels.txt").unlink()
    (release / "sources" / "labels.txt").unlink()
    done = run("fsck")
    assert done.code == 1
    assert "weights.bin of release" in done.out
    assert "3 problems" in done.out
    done = run("fsck", "fashion", "--repair")
    assert done.code == 0
    assert "copied from fashion/" in done.out
    assert "compiled again, to the same bytes" in done.out
    found = json.loads(run("fsck", "--json").out)
    assert (found["clean"], found["findings"], found["models"]) == (True, [], ["fashion"])


def test_a_release_without_its_manifest_is_made_anew(
    run: Run, both: list[str], store: Path
) -> None:
    (store / "fashion" / "releases" / both[1] / "release.json").write_text("{")
    assert run("fsck").code == 1
    assert run("fsck", "--repair").code == 0
    assert run("classify", FASHION / "images", "--model", "fashion", "--json").code == 0
