"""What is wrong in a store is found, told, and put right where that needs no guess."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from release.releases import ONE_FILE, TWO_FILES, Sources, stage, write_sources
from understudy.delivery.actions import promote, rollback
from understudy.delivery.fsck import Finding, Kind, Report, fsck
from understudy.delivery.repair import repair_model
from understudy.errors import NotFoundError
from understudy.release.identity import Role
from understudy.release.layout import manifest_key, pointer_key, release_file, stage_file
from understudy.release.manifest import Manifest, dump_manifest
from understudy.release.records import JSON
from understudy.release.repository import read_manifest
from understudy.store import Store
from understudy.store.local import LocalStore
from understudy.store.memory import MemoryStore

from .conftest import KILLS, NewStore
from .scene import MODEL, Actor, Clock, Killed, check_served, folder_of, push, serves

NOW = datetime(2100, 1, 1, tzinfo=UTC).timestamp()
ROLES = {"architecture.json": Role.ARCHITECTURE, "weights.h5": Role.WEIGHTS}
ROLES |= {"labels.txt": Role.LABELS, "model.keras": Role.MODEL}


@pytest.fixture(params=["memory", "local"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Actor:
    return Actor(MemoryStore() if request.param == "memory" else LocalStore(tmp_path / "store"))


def remake_as(made: bytes):  # type: ignore[no-untyped-def]
    """What a version of understudy makes of sources."""

    def remake(given: Path, options: JSON, release: str, staging: Path) -> Manifest | None:
        found: Sources = {
            ROLES[path.name]: path.read_bytes() for path in given.iterdir() if path.name in ROLES
        }
        manifest = stage(staging, found, made)
        return manifest if manifest.id == release else None

    return remake


def check(store: Store, *, repair: bool = False, made: bytes = b"compiled") -> Report:
    def mend(model: str, findings: Sequence[Finding]) -> dict[Finding, str]:
        return dict(repair_model(store, model, findings, remake_as(made)))

    return fsck(store, MODEL, now=NOW, repair=mend if repair else None)


def problems(report: Report) -> list[str]:
    return [finding.problem for finding in report.findings if finding.is_open]


def notes(report: Report) -> list[str]:
    return [finding.problem for finding in report.findings if finding.kind is Kind.NOTE]


def test_a_store_that_is_well(store: Actor, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        check(store)
    assert fsck(store, None, now=NOW) == Report((), 0, 0, ())
    push(store, tmp_path, TWO_FILES)
    promote(store, MODEL, "dev", "prod", by="bob", now=Clock())
    push(store, tmp_path, ONE_FILE)
    store.writes.clear()
    report = check(store, repair=True)
    assert report.is_clean
    assert report.findings == ()
    assert report.models == (MODEL,)
    assert report.files == 5 + 4
    assert store.writes == []


def test_it_reads_in_slices_and_tells_how_far_it_is(store: Actor, tmp_path: Path) -> None:
    push(store, tmp_path, TWO_FILES)
    told: list[tuple[int, int]] = []
    report = fsck(store, MODEL, now=NOW, tell=lambda done, total: told.append((done, total)))
    assert len(told) == 5
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert told[-1][0] == report.size < told[-1][1]


@pytest.mark.parametrize("content", [None, b"other bytes here", b"short"])
@pytest.mark.parametrize("name", ["model.onnx", "weights.bin", "sources/weights.h5"])
def test_a_file_that_is_damaged_is_put_right(
    store: Actor, tmp_path: Path, name: str, content: bytes | None
) -> None:
    done = push(store, tmp_path, TWO_FILES)
    promote(store, MODEL, "dev", "prod", by="bob", now=Clock())
    key = release_file(MODEL, done.manifest.id, name)
    store.delete(key) if content is None else store.put(key, content)
    (problem,) = problems(check(store))
    assert problem.startswith(f"{name} of release {done.manifest.id[:12]} ")
    report = check(store, repair=True)
    assert report.is_clean
    (finding,) = report.findings
    how = "copied from parasites/" if "sources" in name else "compiled again, to the same bytes"
    assert finding.repaired is not None
    assert finding.repaired.startswith(how)
    assert check(store).findings == ()
    assert check_served(store, "prod", tmp_path / "cache") == done.manifest


def test_another_version_makes_the_release_consistent(store: Actor, tmp_path: Path) -> None:
    done = push(store, tmp_path, TWO_FILES)
    store.delete(release_file(MODEL, done.manifest.id, "weights.bin"))
    report = check(store, repair=True, made=b"newer")
    assert report.is_clean
    assert "release.json was replaced" in (report.findings[0].repaired or "")
    manifest = check_served(store, "dev", tmp_path / "cache")
    assert manifest is not None
    assert manifest.files != done.manifest.files
    assert manifest.sources == done.manifest.sources


def test_a_source_that_is_nowhere_is_not_made_up(store: Actor, tmp_path: Path) -> None:
    done = push(store, tmp_path, TWO_FILES)
    store.delete(release_file(MODEL, done.manifest.id, "sources/weights.h5"))
    store.delete(stage_file(MODEL, "dev", "weights.h5"))
    store.delete(release_file(MODEL, done.manifest.id, "model.onnx"))
    report = check(store, repair=True)
    assert not report.is_clean
    assert len(problems(report)) >= 2
    assert all(finding.hint for finding in report.findings)
    push(store, tmp_path, TWO_FILES)
    assert check(store).is_clean


@pytest.mark.parametrize("damage", ["gone", "junk", "all gone"])
def test_a_release_without_a_manifest_is_made_anew(
    store: Actor, tmp_path: Path, damage: str
) -> None:
    done = push(store, tmp_path, TWO_FILES)
    release = done.manifest.id
    if damage == "junk":
        store.put(manifest_key(MODEL, release), b"{}")
    elif damage == "gone":
        store.delete(manifest_key(MODEL, release))
    else:
        for entry in store.list(f"{MODEL}/releases"):
            store.delete(entry.key)
    (problem,) = problems(check(store))
    assert release[:12] in problem
    report = check(store, repair=True)
    assert report.is_clean, report
    assert check_served(store, "dev", tmp_path / "cache") == done.manifest


def test_a_manifest_of_other_sources_is_told(store: Actor, tmp_path: Path) -> None:
    done = push(store, tmp_path, TWO_FILES)
    wrong = dataclasses.replace(done.manifest, options={"allow_nan": True})
    store.put(manifest_key(MODEL, done.manifest.id), dump_manifest(wrong))
    assert "lists other sources than its id says" in problems(check(store, repair=True))[0]


def test_a_damaged_pointer_is_told_with_what_is_known(store: Actor, tmp_path: Path) -> None:
    done = push(store, tmp_path, TWO_FILES)
    store.put(pointer_key(MODEL, "dev"), b"{}")
    report = check(store, repair=True)
    (finding,) = [finding for finding in report.findings if finding.is_open]
    assert finding.kind is Kind.POINTER
    assert f"it served {done.manifest.id[:12]}" in finding.hint
    assert store.get(pointer_key(MODEL, "dev")).data == b"{}"


def test_a_folder_out_of_step_is_brought_in_step(store: Actor, tmp_path: Path) -> None:
    push(store, tmp_path, TWO_FILES)
    before = folder_of(store, "dev")
    store.delete(stage_file(MODEL, "dev", "weights.h5"))
    (problem,) = problems(check(store))
    assert problem.startswith("the folder of dev does not hold what dev serves")
    assert check(store, repair=True).is_clean
    assert folder_of(store, "dev") == before


def test_files_of_people_are_left_alone(store: Actor, tmp_path: Path) -> None:
    push(store, tmp_path, TWO_FILES)
    store.put(stage_file(MODEL, "dev", "weights.h5"), b"just trained")
    store.delete(stage_file(MODEL, "dev", "labels.txt"))
    report = check(store, repair=True)
    assert report.is_clean
    assert notes(report) == ["the folder of dev holds files that were not admitted: weights.h5"]
    assert folder_of(store, "dev")["weights.h5"] == b"just trained"
    assert "labels.txt" not in folder_of(store, "dev")
    for entry in store.list(f"{MODEL}/dev"):
        store.delete(entry.key)
    assert notes(check(store, repair=True))[0].startswith("the folder of dev is empty")


def test_what_is_unfinished_is_a_note(store: Actor, tmp_path: Path) -> None:
    push(store, tmp_path, TWO_FILES)
    left = stage(tmp_path / "left", ONE_FILE)
    store.put_file(release_file(MODEL, left.id, "model.onnx"), tmp_path / "left" / "model.onnx")
    report = check(store, repair=True)
    assert report.is_clean
    assert "was not written to the end" in notes(report)[0]


def test_a_repair_may_be_killed_at_any_call(tmp_path: Path) -> None:
    for step in range(1000):
        base = MemoryStore()
        done = push(base, tmp_path, TWO_FILES)
        promote(base, MODEL, "dev", "prod", by="bob", now=Clock())
        base.put(release_file(MODEL, done.manifest.id, "weights.bin"), b"junk")
        base.delete(release_file(MODEL, done.manifest.id, "sources/labels.txt"))
        base.delete(stage_file(MODEL, "dev", "labels.txt"))
        actor = Actor(base)

        def die(number: int, step: int = step) -> None:
            if number == step:
                raise Killed

        actor.before = die
        try:
            check(actor, repair=True, made=b"newer")
        except Killed:
            pass
        else:
            break
        assert check(base, repair=True, made=b"newer").is_clean
        assert check_served(base, "dev", tmp_path / "cache" / str(step)) is not None
    assert step > 30


@pytest.mark.parametrize(("kind", "when"), KILLS)
@pytest.mark.parametrize("what", ["push", "promote", "rollback"])
def test_after_a_kill_it_is_clean_or_repairs(
    tmp_path: Path, new_store: NewStore, what: str, kind: str, when: str
) -> None:
    """Kill at each call; the stage serves the old or the new, and both are there, whole."""

    def play(store: Store) -> object:
        if what == "push":
            return push(store, tmp_path, TWO_FILES | {Role.WEIGHTS: b"w3"})
        if what == "promote":
            return promote(store, MODEL, "dev", "prod", by="bob", now=Clock())
        return rollback(store, MODEL, "dev", by="bob", now=Clock())

    write_sources(tmp_path / "sources", TWO_FILES)
    name = "prod" if what == "promote" else "dev"
    for step in range(1000):
        folder = tmp_path / str(step)
        base = new_store(kind, folder)
        push(base, tmp_path, ONE_FILE)
        promote(base, MODEL, "dev", "prod", by="bob", now=Clock())
        push(base, tmp_path, TWO_FILES)
        before = {stage: serves(base, stage) for stage in ("dev", "prod")}
        actor = Actor(base)

        def die(number: int, step: int = step) -> None:
            if number == step:
                raise Killed

        setattr(actor, when, die)
        try:
            play(actor)
        except Killed:
            pass
        else:
            break
        served = serves(base, name)
        assert check(base, repair=True).is_clean
        play(base)  # it is done again
        assert serves(base, name) != before[name] or what == "rollback"
        assert served == before[name] or what == "rollback" or served == serves(base, name)
        assert check(base).findings == () or notes(check(base))
        for other in ("dev", "prod"):
            release = serves(base, other)
            assert release is not None
            assert check_served(base, other, folder / "cache") == read_manifest(
                base, MODEL, release
            )
    assert step > 8
