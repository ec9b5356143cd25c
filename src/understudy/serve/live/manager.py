"""Carries out what the policy decides, for one stage of one model, in a thread of its own.

It owns what changes: what is desired, what is loading, what failed. Loading is done in a thread
for each attempt. An attempt that is called off is left alone: it ends at its next step, and what
it brings is closed.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace

from ...errors import StoreError, UnderstudyError
from ..classifier import Classifier
from .attempt import Attempt, CalledOff, Load
from .holder import Holder
from .pace import Pace
from .policy import (
    Action,
    CallOff,
    Desired,
    Discard,
    Failure,
    Release,
    Snapshot,
    Swap,
    Wait,
    next_action,
)
from .told import Event, Kind
from .watcher import ReadPointer, Watcher

Tell = Callable[[Event], None]


@dataclass(frozen=True, slots=True)
class State:
    """What is known of a stage, for people.

    Attributes:
        serving: the release that answers; None while there is none.
        desired: the release that the pointer named last; None while it was never read.
        loading: the release that is being loaded.
        problem: why the pointer cannot be read or the desired release is not served.
    """

    serving: str | None
    desired: str | None
    loading: str | None
    problem: Exception | None


class Manager:
    """Keeps the release that `read` desires in the holder, by means of `load`."""

    def __init__(
        self, model: str, stage: str, read: ReadPointer, load: Load, pace: Pace, tell: Tell
    ) -> None:
        self.holder = Holder(self._wake)
        self._model = model
        self._stage = stage
        self._load = load
        self._pace = pace
        self._tell = tell
        self._changed = threading.Condition()
        self._desired: Desired | None = None
        self._attempt: Attempt | None = None
        self._ready: tuple[Desired, Classifier] | None = None
        self._failure: Failure | None = None
        self._problem: Exception | None = None  # of the last attempt to load
        self._unseen: Exception | None = None  # of the last look at the pointer
        self._told: object = None
        self._progress_at = time.monotonic()
        self._stopped = False
        self._watcher = Watcher(read, self._seen, self._not_seen, pace)
        self._thread = threading.Thread(target=self._run, name="understudy-manage", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()
        self._watcher.start()

    def look_now(self) -> None:
        """Look at the pointer at once."""
        self._watcher.look_now()

    def stop(self) -> None:
        """End; requests that are under way are finished with what they have."""
        self._watcher.stop()
        with self._changed:
            self._stopped = True
            if self._attempt is not None:
                self._attempt.call_off()
                self._attempt = None
            self.holder.swap(None)
            self._changed.notify_all()

    def state(self) -> State:
        """What is known."""
        with self._changed:
            return State(
                self._serving(),
                self._desired.release if self._desired else None,
                self._attempt.desired.release if self._attempt else None,
                self._known_problem(),
            )

    def wait(self, seconds: float | None) -> None:
        """Wait until a release is served.

        Args:
            seconds: how long to go on in spite of problems; None: the first problem is the end.

        Raises:
            UnderstudyError: the problem; or that nothing came for too long.
        """
        deadline = None if seconds is None else time.monotonic() + seconds
        with self._changed:
            while self.holder.current is None and not self._stopped:
                now = time.monotonic()
                problem = self._known_problem()
                if deadline is None:
                    if problem is not None:
                        raise problem
                    left = self._progress_at + self._pace.cold - now
                else:
                    left = deadline - now
                if left <= 0:
                    raise problem or self._too_slow(now)
                self._changed.wait(min(left, 1.0))

    # --- News, from other threads -----------------------------------------------------------------

    def _wake(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def _progress(self) -> None:
        self._progress_at = time.monotonic()

    def _seen(self, desired: Desired | None) -> None:
        self._progress()
        with self._changed:
            was_lost = self._unseen is not None and self._desired is not None
            self._unseen = None
            self._desired = desired or self._desired
            if was_lost and self._failure is not None and isinstance(self._problem, StoreError):
                self._failure = replace(self._failure, retry_at=time.monotonic())
            self._changed.notify_all()
        if was_lost:
            self._say(Kind.FOUND)

    def _not_seen(self, error: Exception) -> None:
        with self._changed:
            again = type(self._unseen) is type(error)
            self._unseen = error
            self._changed.notify_all()
        if not again:
            self._say(Kind.LOST, error=error)

    def _attempted(self, attempt: Attempt, done: Classifier | Exception) -> None:
        self._progress()
        with self._changed:
            wanted = attempt is self._attempt
            if wanted:
                self._attempt = None
                if isinstance(done, Exception):
                    self._failed(attempt.desired, done)
                else:
                    self._ready = attempt.desired, done
                self._changed.notify_all()
        if not isinstance(done, Exception):
            if not wanted:
                done.close()
        elif wanted and self._told != (attempt.desired, type(done)):
            self._told = attempt.desired, type(done)
            self._say(Kind.REFUSED, attempt.desired.release, done)

    def _failed(self, desired: Desired, error: Exception) -> None:
        before = self._failure
        again = before is not None and before.desired == desired
        attempts = before.attempts + 1 if before is not None and again else 1
        retry_at = time.monotonic() + self._pace.until_retry(error, attempts)
        self._failure = Failure(desired, attempts, retry_at)
        self._problem = error

    # --- The thread -------------------------------------------------------------------------------

    def _run(self) -> None:
        while True:
            with self._changed:
                action = next_action(self._snapshot())
                if isinstance(action, Wait):
                    if self._stopped and not self.holder.leases():
                        return
                    left = None if action.until is None else action.until - time.monotonic()
                    self._changed.wait(left)
                    continue
            self._do(action)

    def _snapshot(self) -> Snapshot:
        leases = self.holder.leases()
        if self._stopped:
            return Snapshot(time.monotonic(), ready=self._ready_release(), leases=leases)
        return Snapshot(
            time.monotonic(),
            desired=self._desired,
            serving=self._serving(),
            loading=self._attempt.desired.release if self._attempt else None,
            ready=self._ready_release(),
            failed=self._failure,
            leases=leases,
        )

    def _do(self, action: Action) -> None:
        match action:
            case Release():
                self.holder.release()
            case Swap():
                self._swap()
            case Discard():
                with self._changed:
                    ready, self._ready = self._ready, None
                if ready is not None:
                    ready[1].close()
            case CallOff():
                with self._changed:
                    attempt, self._attempt = self._attempt, None
                if attempt is not None:
                    attempt.call_off()
            case _:
                self._begin()

    def _swap(self) -> None:
        with self._changed:
            if self._ready is None or self._stopped:
                return
            desired, classifier = self._ready
            self._ready = None
            self._failure = self._problem = self._told = None
            self.holder.swap(classifier)
            self._changed.notify_all()
        self._say(Kind.SERVING, desired.release)

    def _begin(self) -> None:
        with self._changed:
            if self._desired is None or self._stopped:
                return
            attempt = self._attempt = Attempt(self._desired, self._progress)
        threading.Thread(
            target=self._try, args=(attempt,), name="understudy-load", daemon=True
        ).start()

    def _try(self, attempt: Attempt) -> None:
        try:
            self._attempted(attempt, self._load(attempt))
        except CalledOff:
            pass
        except UnderstudyError as error:
            # The traceback would keep what was opened, such as a session, as long as the error.
            error.__cause__ = error.__context__ = None
            self._attempted(attempt, error.with_traceback(None))
        except Exception as error:  # a bug; what is served goes on
            self._attempted(attempt, error)

    # --- What is known; under the lock ------------------------------------------------------------

    def _serving(self) -> str | None:
        current = self.holder.current
        return None if current is None else current.served.release

    def _ready_release(self) -> str | None:
        return None if self._ready is None else self._ready[0].release

    def _known_problem(self) -> Exception | None:
        failed = self._failure is not None and self._failure.desired == self._desired
        return self._problem if failed else self._unseen

    def _say(self, kind: Kind, release: str | None = None, error: Exception | None = None) -> None:
        event = Event(kind, self._model, self._stage, release, self._serving(), error)
        with suppress(Exception):  # trouble with a log is no reason to serve no more
            self._tell(event)

    def _too_slow(self, now: float) -> StoreError:
        return StoreError(
            f"{self._stage} of {self._model} is not loaded yet; the last byte came from the store"
            f" {now - self._progress_at:.0f} s ago",
            hint="check that the store is there and can be reached, then try again",
        )
