"""The stage folder: what people see in it is what the stage serves.

It follows the pointer, never the other way round, and only after the pointer has moved. When the
pointer moves again meanwhile, it is brought in step again: of several at once, the last to finish
leaves the folder right. One that was killed is repaired by running the same command again.
Files whose names are no source's stay as they are.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..errors import StoreError, UnderstudyError
from ..release.identity import short_id
from ..release.layout import SOURCES, release_file, stage_file, stage_folder
from ..release.manifest import Manifest
from ..release.repository import read_manifest
from ..release.staging import hash_file
from ..store.disk import temporary_folder
from ..store.port import Store
from .plan import plan_folder
from .pointers import read_pointer

ROUNDS = 10
"""Enough: whoever moves the pointer brings the folder in step, too."""


def settle_folder(store: Store, model: str, stage: str, *, moved: bool) -> bool:
    """Bring the stage folder in step with the pointer; gives whether anything had to be written.

    After the pointer `moved`, all sources are copied. If it did not, those that are there with
    the right content are left alone, so that doing nothing writes nothing.

    Raises:
        StoreError: the folder cannot be written; the stage serves its release all the same.
    """
    wrote = False
    for _ in range(ROUNDS):
        found = read_pointer(store, model, stage)
        if found is None:
            break
        release = found.pointer.release
        try:
            wrote |= _follow(store, model, stage, read_manifest(store, model, release), moved)
        except UnderstudyError as error:
            raise StoreError(
                f"{stage} of {model} serves {short_id(release)}, but its files could not be copied"
                f" to {stage_folder(model, stage)}: {error.what}",
                hint=f"do the same again when this is solved: {error.hint}",
            ) from error
        again = read_pointer(store, model, stage)
        if again is None or again.etag == found.etag:
            break
        moved = True
    return wrote


def _follow(store: Store, model: str, stage: str, manifest: Manifest, moved: bool) -> bool:
    folder = stage_folder(model, stage)
    entries = store.list(folder)
    sizes = {entry.key.removeprefix(f"{folder}/"): entry.size for entry in entries}
    same = {} if moved else _content(store, model, stage, manifest, sizes)
    plan = plan_folder(manifest.sources, sizes, same)
    for name in plan.remove:
        store.delete(stage_file(model, stage, name))
    for name in plan.copy:
        kept = release_file(model, manifest.id, f"{SOURCES}/{name}")
        store.copy(kept, stage_file(model, stage, name))
    return bool(plan.remove or plan.copy)


def _content(
    store: Store, model: str, stage: str, manifest: Manifest, sizes: Mapping[str, int]
) -> dict[str, str]:
    """Read the files that have the right name and size; gives name -> SHA-256."""
    content = {}
    with temporary_folder() as folder:
        for source in manifest.sources:
            if sizes.get(source.name) == source.size:
                path = folder / source.name
                store.download(stage_file(model, stage, source.name), path)
                content[source.name] = hash_file(path)
                path.unlink()
    return content
