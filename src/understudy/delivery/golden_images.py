"""The images that a release's goldens hold, as the bytes of their files."""

from __future__ import annotations

from ..errors import InputError, ReleaseError
from ..files import map_file
from ..release.goldens import parse_images
from ..release.identity import Role, short_id
from ..release.layout import SOURCES, release_file
from ..release.manifest import HINT
from ..release.repository import read_manifest
from ..store.disk import temporary_folder
from ..store.port import Store


def golden_images(store: Store, model: str, release: str) -> tuple[bytes, ...]:
    """Fetch and read them.

    Raises:
        InputError: the release has no goldens, or there are no images in them.
        ReleaseError: the release is damaged.
    """
    sources = read_manifest(store, model, release).sources
    source = next((source for source in sources if source.role is Role.GOLDENS), None)
    images: tuple[bytes, ...] = ()
    if source is not None:
        with temporary_folder() as folder:
            path = folder / source.name
            key = release_file(model, release, f"{SOURCES}/{source.name}")
            if store.download(key, path).sha256 != source.sha256:
                raise ReleaseError(
                    f"{source.name} of release {short_id(release)} of {model} is damaged",
                    hint=HINT,
                )
            images = parse_images(map_file(path), source.name)
    if not images:
        raise InputError(
            f"release {short_id(release)} of {model} has no images in its goldens",
            hint="name some images, or a folder with images",
        )
    return images
