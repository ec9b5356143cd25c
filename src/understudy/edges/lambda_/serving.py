"""The model of this function: opened in the background, followed without being in the way.

Lambda freezes the process between invocations, threads and all. So the rules are these:

- Opening begins when the module is imported. Whoever starts the function waits for it a while,
  never longer than Lambda lets an import last, and whatever goes wrong is no failure of the
  import.
- A request that finds no release waits for it: an answer "not yet" would freeze the loading, too.
- The thread that watches the pointer sleeps nearly always. A request wakes it when the last look
  is long ago by the wall clock, and does not wait for it. The monotonic clock may stand still
  while the process is frozen.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from ...errors import InputError, UnderstudyError
from ...serve.live import Live, Pace
from ..problem import Problem, not_ready, problem_of

LOOK_SECONDS = 2.0
"""The least time between two looks at the pointer."""

INIT_SECONDS = 8.0
"""How long the import waits; Lambda ends it after 10."""

REQUEST_SECONDS = 20.0
"""How long a request waits for a release that is being loaded."""

RETRY_SECONDS = 2.0
"""How long a request waits while something is wrong."""

SLICE_SECONDS = 0.2
"""How often a request that waits asks whether something is wrong."""

PACE = Pace(poll=60.0, longest_poll=60.0, retry=0.5, longest_retry=5.0)


class Serving:
    """The model, as soon as there is one.

    Args:
        make: begins to follow the stage; does not wait for a release.
        clock: the wall clock, in seconds.
    """

    def __init__(self, make: Callable[[], Live], clock: Callable[[], float] = time.time) -> None:
        self._make = make
        self._clock = clock
        self._lock = threading.Lock()
        self._live: Live | None = None
        self._error: Exception | None = None
        self._thread: threading.Thread | None = None
        self._looked = clock()

    def begin(self, seconds: float) -> None:
        """Begin to open the model, and wait at most so long; any problem ends the waiting."""
        with self._lock:
            if self._live is None and (self._thread is None or not self._thread.is_alive()):
                self._thread = threading.Thread(
                    target=self._open, name="understudy-open", daemon=True
                )
                self._thread.start()
            thread = self._thread
        if thread is not None:
            thread.join(seconds)

    def look(self) -> None:
        """Look at the pointer, in the background, if the last look is long ago."""
        if abs(self._clock() - self._looked) >= LOOK_SECONDS:
            self.look_now()

    def look_now(self) -> None:
        """Look at the pointer, in the background; also after a snapshot was restored."""
        self._looked = self._clock()
        if self._live is not None:
            self._live.check_now()

    def model(self, seconds: float) -> Live | Problem:
        """Give the model when it answers, or say why it does not, after so many seconds at most."""
        patience = max(0.0, min(seconds, REQUEST_SECONDS))
        until = time.monotonic() + patience
        if self._live is None:
            self.begin(patience)
        live = self._live
        if live is None:
            return self._not_open()
        if live.state.serving is None:
            try:
                self._wait(live, until)
            except UnderstudyError as error:
                return _unready(live, error)
        return live

    def state(self) -> Live | Problem:
        """Give the model if it answers, without any waiting."""
        live = self._live
        if live is None:
            return self._not_open()
        if live.state.serving is None:
            return _unready(live, live.state.problem)
        return live

    def _wait(self, live: Live, until: float) -> None:
        if live.state.problem is not None:
            self.look_now()
        wrong_since: float | None = None
        while True:
            try:
                live.wait(min(SLICE_SECONDS, until - time.monotonic()))
                return
            except UnderstudyError:
                now, state = time.monotonic(), live.state
                wrong = state.problem is not None and state.loading is None
                wrong_since = (wrong_since or now) if wrong else None
                gave_up = wrong_since is not None and now - wrong_since >= RETRY_SECONDS
                if now >= until or gave_up:
                    raise

    def _open(self) -> None:
        try:
            live = self._make()
        except Exception as error:  # a request says it
            self._error = error
            return
        self._live = live
        try:
            live.wait()
        except Exception:  # `state` knows it
            return

    def _not_open(self) -> Problem:
        error = self._error
        if error is None:
            return not_ready("the model is being loaded", "try again soon")
        if isinstance(error, InputError):
            return Problem(500, f"the function is not set up: {error.what}", error.hint)
        return problem_of(error)


def _unready(live: Live, error: Exception | None) -> Problem:
    what = error.what if isinstance(error, UnderstudyError) else "it is being loaded"
    hint = error.hint if isinstance(error, UnderstudyError) else "try again soon"
    return not_ready(f"{live.stage} of {live.model} is not ready: {what}", hint)
