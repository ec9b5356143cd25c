"""Settings become concrete parts, for admission and for serving while models change."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from .errors import StoreError
from .following import fleet
from .release.layout import DEFAULT_STAGES, check_model
from .store.local import LocalStore
from .store.port import Store
from .wiring import PathLike, loader_of, now, store_at, trial, user

if TYPE_CHECKING:
    from .delivery.admission import Admission, Made, Moved, Outcome
    from .delivery.watch import Tell
    from .release.digests import Digests
    from .release.manifest import Manifest
    from .serve.live import Event, Fleet

At = PathLike | Store | None
"""What `wiring.store_at` takes."""

PATIENCE_SECONDS = 120.0
"""How long one `admit` waits for files that keep changing."""


def admit_folders(
    model: str,
    stages: Sequence[str] = DEFAULT_STAGES,
    *,
    store: At = None,
    waiting: Callable[[Outcome], None] = lambda _: None,
) -> tuple[Outcome, ...]:
    """Admit what lies in a model's stage folders, in the order of the stages.

    Args:
        model: its name.
        stages: which folders.
        store: a folder, a URL, or a store.
        waiting: is called before each pause, while somebody is still writing.

    Raises:
        NotFoundError: there is no such model in the store.
    """
    from .delivery.status import unknown_model

    where = store_at(store)
    admission = _admission(where)
    if not where.list_folders(check_model(model)):
        raise unknown_model(where, model)
    return tuple(_final(admission, model, stage, waiting) for stage in stages)


def _final(
    admission: Admission, model: str, stage: str, waiting: Callable[[Outcome], None]
) -> Outcome:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        outcome = admission.admit(model, stage)
        if outcome.again is None or time.monotonic() > deadline:
            return outcome
        waiting(outcome)
        time.sleep(outcome.again)


def watch_folders(
    models: Sequence[str] | None, tell: Tell, *, store: At = None, every: float
) -> None:
    """Admit what people put into stage folders, until the process is interrupted.

    Args:
        models: which ones; None for all, also those that are new.
        tell: is called with everything that is new.
        store: a folder, a URL, or a store.
        every: seconds between two looks while nothing changes.
    """
    from .delivery.watch import Watch

    where = store_at(store)
    for model in models or ():
        check_model(model)
    Watch(where, _admission(where), models, DEFAULT_STAGES, tell, every).run()


@contextmanager
def serving(
    models: Sequence[str] | None,
    tell: Tell,
    told: Callable[[Event], None],
    *,
    store: At = None,
    every: float,
) -> Iterator[Fleet]:
    """Admit what is dropped, and keep what every stage serves ready to answer.

    Args:
        models: which ones; None for all, also those that are new.
        tell: is called with everything that is new in the stage folders.
        told: is called with everything that happens to what is served.
        store: a folder, a URL, or a store.
        every: seconds between two looks while nothing changes.
    """
    from .delivery.admission import Outcome
    from .delivery.watch import Trouble, Watch
    from .serve.live import Pace

    where = store_at(store)
    for model in models or ():
        check_model(model)

    def hear(news: Outcome | Trouble) -> None:
        tell(news)
        if isinstance(news, Outcome) and news.release is not None:
            moved(news.model, news.stage)

    def moved(model: str, stage: str) -> None:
        followed.follow(model, stage).check_now()

    def keep(manifest: Manifest, staging: Path) -> None:
        if not isinstance(where, LocalStore):
            with contextlib.suppress(StoreError):  # whoever loads it says so
                loader.cache.keep(manifest, staging)

    loader = loader_of(where)
    admission = _admission(where, keep, moved, loader.digests)
    with fleet(store=where, loader=loader, pace=Pace(poll=every), tell=told) as followed:
        watch = Watch(where, admission, models, DEFAULT_STAGES, hear, every)
        thread = threading.Thread(target=watch.run, name="understudy-admit", daemon=True)
        thread.start()
        try:
            yield followed
        finally:
            watch.stop()
            thread.join(timeout=5)


def admission_into(store: At, *, by: str | None = None) -> Admission:
    """What admits into a store.

    Args:
        store: a folder, a URL, or a store.
        by: who does this, for the history; by default the person at this machine.
    """
    return _admission(store_at(store), by=by)


def _admission(
    store: Store,
    made: Made = lambda _manifest, _staging: None,
    moved: Moved = lambda _model, _stage: None,
    digests: Digests | None = None,
    *,
    by: str | None = None,
) -> Admission:
    from .delivery.admission import Admission
    from .delivery.making import propose

    return Admission(
        store,
        lambda files, served: propose(files, served, trial()),
        by=by or user(),
        now=now,
        version=version("understudy"),
        made=made,
        moved=moved,
        digests=digests,
    )
