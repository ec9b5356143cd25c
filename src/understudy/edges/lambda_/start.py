"""Variables become a function that begins to open its model."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from ...errors import InputError
from ...store.open import open_store
from ..objects import Objects
from .function import Function
from .log import note_line
from .serving import INIT_SECONDS, PACE, Serving
from .settings import CACHE_PERCENT, MODEL, STAGE, Settings, parse_settings

if TYPE_CHECKING:
    from ...serve.live import Event, Live


def start(environ: Mapping[str, str], write: Callable[[str], None]) -> Function:
    """Make the function; its model is open by then, if that is a matter of a few seconds.

    What is wrong with the variables or the store, each answer says.
    """
    try:
        settings, wrong = parse_settings(environ), None
    except InputError as error:
        settings = Settings("", environ.get(MODEL, ""), environ.get(STAGE, ""))
        wrong = error

    def make() -> Live:
        if wrong is not None:
            raise wrong
        return _follow(settings, write)

    serving = Serving(make)
    serving.begin(INIT_SECONDS)
    _when_restored(serving)
    return Function(settings, serving, Objects(settings.images, open_store), write)


def _follow(settings: Settings, write: Callable[[str], None]) -> Live:
    from ...following import fleet
    from ...release.cache import Cache
    from ...serve.loading import Loader
    from ...serve.session import import_runtime

    def tell(event: Event) -> None:
        level = "INFO" if event.kind in ("serving", "found") else "WARN"
        write(note_line(level, event.kind, str(event)))

    store = open_store(settings.store)
    cache = Cache(settings.cache, settings.cache_bytes or room(settings.cache))
    loader = Loader(store, cache, allow_lambda=settings.allow_lambda)
    followed = fleet(store=store, loader=loader, pace=PACE, tell=tell)
    live = followed.follow(settings.model, settings.stage)
    with suppress(Exception):  # whoever opens the release says what is wrong
        import_runtime()  # while the store is asked what to load
    return live


def room(folder: Path) -> int:
    """How many bytes copies of releases may take on this disk, by what is free."""
    there = next(parent for parent in (folder, *folder.parents) if parent.exists())
    disk = os.statvfs(there)
    return disk.f_bavail * disk.f_frsize * CACHE_PERCENT // 100


def _when_restored(serving: Serving) -> None:
    """Let SnapStart look at the pointer as soon as a snapshot is restored."""
    try:
        from snapshot_restore_py import register_after_restore
    except ImportError:  # it is in Lambda's own runtime only
        return
    register_after_restore(serving.look_now)
