"""Printing what became of stage folders and of what is served: a line each, or JSON lines."""

from __future__ import annotations

import contextlib
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from rich.console import Console

from ..errors import UnderstudyError
from .terminal import output, print_json, shown, talk

if TYPE_CHECKING:
    from ..delivery.admission import Outcome
    from ..delivery.watch import Trouble
    from ..serve.live import Event

COLORS = {"admitted": "green", "rejected": "red", "waiting": "yellow"}


def is_good(outcome: Outcome) -> bool:
    """Whether there is nothing that a person has to do about it."""
    return outcome.state in ("admitted", "empty")


def outcomes(done: Sequence[Outcome], *, as_json: bool) -> None:
    """Print what became of each stage folder."""
    if as_json:
        print_json([_object(outcome) for outcome in done])
        return
    for outcome in done:
        _print_outcome(output(), outcome)


@contextlib.contextmanager
def waiting() -> Iterator[Callable[[Outcome], None]]:
    """Say once for each stage why it takes a while."""
    said: set[tuple[str, str]] = set()

    def say(outcome: Outcome) -> None:
        if (outcome.stage, outcome.message) not in said:
            said.add((outcome.stage, outcome.message))
            talk().print(f"{shown(outcome.stage)}: {shown(outcome.message)} …")

    yield say


class Voice:
    """Says what is new, from whichever thread, a whole line at a time."""

    def __init__(self, *, as_json: bool) -> None:
        self._json = as_json
        self._lock = threading.Lock()
        self._failed = threading.Event()
        self._error: OSError | None = None

    def news(self, news: Outcome | Trouble) -> None:
        """Say what became of a stage folder."""
        from ..delivery.watch import Trouble

        if isinstance(news, Trouble):
            self._trouble(news)
        elif self._json:
            self._print({"event": "folder", **_object(news)})
        else:
            with self._lock, self._heard():
                _print_outcome(output(), news, f"{_now()} ")
                sys.stdout.flush()

    def event(self, event: Event) -> None:
        """Say what happened to what is served."""
        if self._json:
            error = None if event.error is None else _what(event.error)
            self._print(
                {
                    "event": str(event.kind),
                    "model": event.model,
                    "stage": event.stage,
                    "release": event.release,
                    "serving": event.serving,
                    "error": error,
                }
            )
        else:
            self._line(f"{_now()} {shown(event)}")

    def forever(self) -> None:
        """Wait until the process is interrupted, or nobody can hear it."""
        self._failed.wait()
        if self._error is not None:
            raise self._error

    def _trouble(self, trouble: Trouble) -> None:
        if self._json:
            error = None if trouble.error is None else _what(trouble.error)
            found = {"model": trouble.model, "stage": trouble.stage, "error": error}
            self._print({"event": "trouble", **found})
            return
        where = "the store" if trouble.model is None else f"{trouble.model} {trouble.stage}"
        if trouble.error is None:
            self._line(f"{_now()} {shown(where)}: works again")
        else:
            hint = getattr(trouble.error, "hint", "please report it")
            why = f"{shown(_what(trouble.error))} ({shown(hint)})"
            self._line(f"{_now()} [red]{shown(where)}: {why}[/]")

    def _line(self, text: str) -> None:
        with self._lock, self._heard():
            output().print(text)
            sys.stdout.flush()

    def _print(self, value: dict[str, Any]) -> None:
        with self._lock, self._heard():
            print_json(value, indent=None)

    @contextlib.contextmanager
    def _heard(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:  # in a thread; the main one ends the process
            self._error = error
            self._failed.set()


@contextlib.contextmanager
def watching(*, as_json: bool) -> Iterator[Voice]:
    """Give what says the news; tells how to end it. SIGTERM, of a service manager, ends it well."""

    def end(_number: int, _frame: object) -> None:
        talk().print("stopped", style="dim")
        raise SystemExit(0)

    before = signal.signal(signal.SIGTERM, end)
    talk().print("watching; Ctrl-C ends it", style="dim")
    try:
        yield Voice(as_json=as_json)
    finally:
        signal.signal(signal.SIGTERM, before)


def _print_outcome(console: Console, outcome: Outcome, before: str = "") -> None:
    color = COLORS.get(outcome.state, "dim")
    where = f"{shown(outcome.model)} {shown(outcome.stage)}"
    console.print(f"{before}{where}: [{color}]{outcome.state}[/]: {shown(outcome.message)}")
    if outcome.hint:
        console.print(f"  hint: {shown(outcome.hint)}")


def _object(outcome: Outcome) -> dict[str, Any]:
    return {
        "model": outcome.model,
        "stage": outcome.stage,
        "state": outcome.state,
        "message": outcome.message,
        "hint": outcome.hint,
        "release": outcome.release,
        "moved": outcome.moved,
    }


def _what(error: Exception) -> str:
    return error.what if isinstance(error, UnderstudyError) else repr(error)


def _now() -> str:
    return datetime.now().astimezone().strftime("%H:%M:%S")
