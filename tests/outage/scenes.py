"""What a serving process does while its store is down: warm, and cold.

The store is a real S3 server behind a proxy. Each trouble is a way in which a store can be away,
and how it comes back.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from serve.live.scene import MODEL, RED, STAGE, add_release, point, until
from store.proxy import Fault, Proxy
from store.servers import S3Server
from understudy.errors import StoreError
from understudy.following import live_model
from understudy.serve.live import Event, Live, Pace
from understudy.store.s3 import S3Store

CLIENTS = 4
PACE = replace(Pace(), poll=0.2, longest_poll=2.0)

COLD_SECONDS = 30.0
"""What docs/serving.md states, for a process that has nothing to answer with."""

SLACK_SECONDS = 10.0
"""What a busy machine adds."""


@dataclass(frozen=True)
class Trouble:
    """How the store goes away, and how it comes back."""

    begin: Callable[[S3Server, Proxy], object]
    end: Callable[[S3Server, Proxy], object]


def _through_the_line(fault: Fault) -> Trouble:
    return Trouble(
        lambda _, proxy: proxy.break_with(fault), lambda _, proxy: proxy.break_with(Fault())
    )


TROUBLES: Mapping[str, Trouble] = {
    "killed": Trouble(lambda server, _: server.kill(), lambda server, _: server.start()),
    "hangs": Trouble(lambda server, _: server.freeze(), lambda server, _: server.resume()),
    "resets": _through_the_line(Fault(refuse=True)),
    "truncated bodies": _through_the_line(Fault(truncate=400)),
    "1 byte a second": _through_the_line(Fault(rate=1)),
}


@dataclass
class Stage:
    """A model in a bucket of its own, as its people and as its serving processes see it."""

    server: S3Server
    proxy: Proxy
    folder: Path

    def __post_init__(self) -> None:
        self.prefix = f"outage/{uuid.uuid4().hex}"
        self.direct = self.server.store(self.prefix)
        self.blue = add_release(self.direct, self.folder / "blue", "blue")
        self.green = add_release(self.direct, self.folder / "green", "green", extra=12_000_000)
        point(self.direct, self.blue)

    def through(self) -> S3Store:
        """The store as a serving process reaches it."""
        return self.server.store(self.prefix, endpoint=self.proxy.endpoint)

    @contextmanager
    def live(
        self, wait: float | None = None, tell: Callable[[Event], None] = lambda _: None
    ) -> Iterator[Live]:
        """A serving process, more or less."""
        with live_model(
            MODEL, stage=STAGE, store=self.through(), wait=wait, pace=PACE, tell=tell
        ) as live:
            yield live


def best(live: Live) -> str:
    """What it says of a red image."""
    return live.classify(RED).predictions[0].label


@contextmanager
def clients(live: Live, answers: Counter[str]) -> Iterator[None]:
    """Ask all the while; counts the answers, and raises the first error."""
    stop = threading.Event()
    problems: list[BaseException] = []

    def ask() -> None:
        try:
            while not stop.wait(0.005):
                answers[best(live)] += 1
        except BaseException as error:
            problems.append(error)

    asking = [threading.Thread(target=ask) for _ in range(CLIENTS)]
    for client in asking:
        client.start()
    try:
        yield
    finally:
        stop.set()
        for client in asking:
            client.join()
    if problems:
        raise problems[0]


def warm(stage: Stage, trouble: Trouble, seconds: float) -> tuple[Counter[str], float]:
    """A warm process in an outage; gives its answers, and the seconds to the next release after it.

    The next release is there before the outage ends, so that it comes by itself.
    """
    answers: Counter[str] = Counter()
    with stage.live() as live, clients(live, answers):
        trouble.begin(stage.server, stage.proxy)
        time.sleep(seconds)
        before = sum(answers.values())
        time.sleep(0.5)
        assert sum(answers.values()) > before, "it answers no more"
        assert set(answers) == {"blue"}
        trouble.end(stage.server, stage.proxy)
        point(stage.direct, stage.green)
        began = time.monotonic()
        until(lambda: best(live) == "green", 60.0)
        return answers, time.monotonic() - began


def cold(stage: Stage, trouble: Trouble) -> tuple[float, StoreError, float]:
    """A cold process in an outage, then one that was told to wait.

    Gives the seconds to the error, the error, and the seconds from the end to the first answer.
    """
    trouble.begin(stage.server, stage.proxy)
    began = time.monotonic()
    try:
        with stage.live():
            raise AssertionError("it cannot answer")
    except StoreError as error:
        failed, said = time.monotonic() - began, error
    waited: list[float] = []

    def wait() -> None:
        with stage.live(wait=300.0) as live:
            assert best(live) == "blue"
            waited.append(time.monotonic())

    waiter = threading.Thread(target=wait)
    waiter.start()
    time.sleep(0.5)
    assert waiter.is_alive()
    trouble.end(stage.server, stage.proxy)
    ended = time.monotonic()
    waiter.join(120.0)
    assert waited, "it did not recover"
    return failed, said, waited[0] - ended
