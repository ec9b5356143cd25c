"""Settings become what follows stages: the part of `wiring` for a process that goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .errors import NotFoundError
from .release.layout import check_model, check_stage
from .store.port import Store
from .wiring import DEFAULT_STAGE, PathLike, loader_of, store_at

if TYPE_CHECKING:
    from .serve.live import Desired, Event, Fleet, Live, Pace
    from .serve.live.manager import Tell
    from .serve.loading import Loader


def live_model(
    model: str,
    *,
    stage: str = DEFAULT_STAGE,
    store: PathLike | Store | None = None,
    wait: float | None = None,
    pace: Pace | None = None,
    tell: Tell | None = None,
) -> Live:
    """Open what a stage of a model serves, and follow it: the next release is swapped in.

    Use it as a context manager, or `close()` it: a thread watches the store until then.

    Args:
        model: the model's name in the store.
        stage: `dev` or `prod`.
        store: a folder, a URL, or a store; by default `UNDERSTUDY_STORE`, or else `./store`.
        wait: seconds to wait for the first release, whatever is wrong until then; None raises
            the first problem.
        pace: how often to look, and how long to leave alone what failed.
        tell: is called with each event; by default they go to the log `understudy`.

    Raises:
        NotFoundError: there is no such model, or the stage serves nothing yet.
        StoreError: the store cannot be read, or gives nothing for too long.
        ReleaseError: the release is damaged, or fails its self-test.
    """
    check_model(model)
    check_stage(stage)
    live = fleet(store=store, pace=pace, tell=tell).follow(model, stage)
    try:
        return live.wait(wait)
    except BaseException:
        live.close()
        raise


def fleet(
    *,
    store: PathLike | Store | None = None,
    loader: Loader | None = None,
    pace: Pace | None = None,
    tell: Tell | None = None,
) -> Fleet:
    """Make what follows any number of stages of any number of models in a store."""
    from .serve.live import Fleet, Live
    from .serve.live import Pace as Defaults

    where = store_at(store)
    load = (loader or loader_of(where)).load

    def make(model: str, stage: str) -> Live:
        return Live(
            model,
            stage,
            lambda etag: _desired(where, model, stage, etag),
            lambda attempt: load(model, stage, attempt.desired.release, attempt.step, attempt.wait),
            pace or Defaults(),
            tell or _log,
        )

    return Fleet(make)


def _desired(store: Store, model: str, stage: str, etag: str | None) -> Desired | None:
    """What the pointer says; None while it has the etag."""
    from .delivery.pointers import read_pointer, read_pointer_if_changed
    from .serve.live import Desired

    if etag is None:
        found = read_pointer(store, model, stage)
        if found is None:
            raise NotFoundError(
                f"{stage} of {model} serves no release in {store.describe()}",
                hint="check the names, or push or promote one; `understudy status` shows all",
            )
    else:
        found = read_pointer_if_changed(store, model, stage, etag)
    return None if found is None else Desired(found.pointer.release, found.etag)


def _log(event: Event) -> None:
    import logging

    good = event.kind in ("serving", "found")
    logging.getLogger("understudy").log(logging.INFO if good else logging.WARNING, "%s", event)
