"""The function that admits: real admission into a store in memory, without Keras."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from delivery.drops import propose
from understudy.delivery.admission import Admission
from understudy.delivery.patience import Patience
from understudy.edges.lambda_.admit import AdmissionFunction, Clock
from understudy.edges.lambda_.function import InvocationError
from understudy.edges.task import ObjectUrl
from understudy.errors import StoreError
from understudy.release.layout import DEFAULT_STAGES
from understudy.store import Entry
from understudy.store.memory import MemoryStore

from .scene import eventbridge

MODEL = "parasites"
ROLE_NAMES = {"architecture": "architecture.json", "weights": "weights.h5"}


class Bucket(MemoryStore):
    """A store that may be down."""

    down = False

    def list(self, folder: str) -> tuple[Entry, ...]:
        if self.down:
            raise StoreError("cannot reach it", hint="wait")
        return super().list(folder)


@dataclass
class Scene:
    """The function, its store, and what it logs; the clock goes on by waiting only."""

    store: Bucket = field(default_factory=Bucket)
    lines: list[dict[str, Any]] = field(default_factory=list)
    seconds: float = 0.0
    left: float = 900.0

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds

    def get_remaining_time_in_millis(self) -> float:
        """As the context that Lambda gives."""
        return (self.left - self.seconds) * 1000

    def function(self) -> AdmissionFunction:
        patience = Patience(clock=lambda: self.seconds, sleep=self.sleep)
        admission = Admission(
            self.store,
            propose,
            by="admission",
            now=lambda: datetime.fromtimestamp(1e9 + self.seconds, UTC),
            version="1",
            patience=patience,
        )
        clock = Clock(lambda: 1e9 + self.seconds, self.sleep)
        store = ObjectUrl("b", "")
        return AdmissionFunction(admission, store, DEFAULT_STAGES, self.write, clock)

    def write(self, line: str) -> None:
        self.lines.append(json.loads(line))

    def drop(self, stage: str = "dev", **files: bytes) -> None:
        for role, data in files.items():
            self.store.put(f"{MODEL}/{stage}/{ROLE_NAMES[role]}", data)

    def metrics(self, name: str) -> list[float]:
        return [line[name] for line in self.lines if name in line]


def event(stage: str = "dev", name: str = "weights.h5") -> Any:
    return eventbridge("b", f"{MODEL}/{stage}/{name}")


FILES = {"architecture": b"one architecture", "weights": b"one set of weights"}


def test_a_drop_is_admitted_and_a_second_event_changes_nothing() -> None:
    scene = Scene()
    function = scene.function()
    scene.drop(**FILES)
    (first,) = function(event(), scene)["results"]
    assert (first["state"], first["moved"]) == ("admitted", True)
    before = scene.store.list("")
    (second,) = function(event(), scene)["results"]
    assert (second["state"], second["moved"]) == ("admitted", False)
    assert second["release"] == first["release"]
    assert scene.store.list("") == before
    assert scene.metrics("Admitted") == [1]
    assert not scene.metrics("Rejected")


def test_half_a_drop_waits_and_the_rest_completes_it() -> None:
    scene = Scene()
    function = scene.function()
    scene.drop(architecture=FILES["architecture"])
    (half,) = function(event(name="architecture.json"), scene)["results"]
    assert half["state"] == "waiting"
    scene.drop(weights=FILES["weights"])
    assert function(event(), scene)["results"][0]["state"] == "admitted"


def test_what_was_never_on_dev_is_refused_on_prod_and_counted_once() -> None:
    scene = Scene()
    function = scene.function()
    scene.drop(**FILES)
    function(event(), scene)
    scene.drop("prod", architecture=FILES["architecture"], weights=b"another")
    for _ in range(3):
        assert function(event("prod"), scene)["results"][0]["state"] == "rejected"
    assert scene.metrics("Rejected") == [1]
    assert json.loads(scene.store.get(f"{MODEL}/prod/status.json").data)["state"] == "rejected"


def test_an_event_that_asks_for_nothing_does_not_look_at_the_store() -> None:
    scene = Scene()
    scene.store.down = True
    assert "ignored" in scene.function()(event(name="status.json"), scene)


def test_a_stage_that_there_is_not_is_answered_with_those_that_there_are() -> None:
    said = Scene().function()({"model": MODEL, "stage": "prd"})
    assert said == {"ignored": "no file in a folder dev or prod of a model changed"}


def test_a_store_that_is_down_is_raised_and_logged() -> None:
    scene = Scene()
    function = scene.function()
    scene.drop(**FILES)
    scene.store.down = True
    with pytest.raises(InvocationError, match="cannot reach it"):
        function(event(), scene)
    assert scene.metrics("Failed") == [1]
    assert scene.lines[-1]["level"] == "ERROR"
    scene.store.down = False
    assert function(event(), scene)["results"][0]["state"] == "admitted"


def test_files_that_are_taken_away_are_waited_for_as_long_as_there_is_time() -> None:
    scene = Scene()
    function = scene.function()
    scene.drop(**FILES)
    function(event(), scene)
    scene.store.delete(f"{MODEL}/dev/weights.h5")
    scene.left = scene.seconds + 10
    with pytest.raises(InvocationError, match="keep changing"):
        function(event(), scene)
    scene.left = scene.seconds + 900
    (done,) = scene.function()(event(), scene)["results"]
    assert not done["moved"]
    assert done["release"]


@pytest.mark.parametrize(
    ("said", "why"), [("", "UNDERSTUDY_STORE is not set"), ("./store", "'./store'")]
)
def test_a_setting_that_is_wrong_is_said_at_each_event(said: str, why: str) -> None:
    code = (
        "from understudy.edges.lambda_.admission import handler\n"
        "try: handler({})\n"
        "except Exception as error: print(error)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"UNDERSTUDY_STORE": said},
        capture_output=True,
        text=True,
        check=True,
    )
    assert why in done.stdout
    assert "hint: " in done.stdout
