"""From a release's id to a classifier that has proved itself, whatever store the release is in.

A folder of this machine is served in place, after its files were compared with the manifest. From
any other store the files come through the cache, where they are compared once, when they come.
A copy on the disk that has decayed since is fetched again.
"""

from __future__ import annotations

import time
import weakref
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import ReleaseError
from ..release.cache import Cache
from ..release.digests import Digests
from ..release.download import Progress
from ..release.layout import release_file, release_folder
from ..release.manifest import File, Manifest
from ..release.repository import check_files, drop_damaged, fetch_release, read_manifest
from ..store.local import LocalStore
from ..store.port import Store
from .classifier import Classifier
from .opening import open_release
from .session import WEIGHTS


@dataclass(frozen=True, slots=True)
class Loader:
    """Loads the releases of a store; from a folder of this machine it needs no cache.

    Attributes:
        store: where they are.
        cache: for copies of them.
        digests: of what was hashed before.
        allow_lambda: whether Keras may run the code of Lambda layers.
    """

    store: Store
    cache: Cache
    digests: Digests = field(default_factory=Digests)
    allow_lambda: bool = False

    def load(
        self,
        model: str,
        stage: str,
        release: str,
        step: Progress = lambda _: None,
        wait: Callable[[float], object] = time.sleep,
    ) -> Classifier:
        """Load a release.

        Args:
            model: whose.
            stage: stands in the answers.
            release: the id.
            step: is told the bytes that come, and now and then 0; what it raises ends the loading.
            wait: sleeps; what it raises ends the loading.

        Raises:
            StoreError: the store or the disk failed.
            ReleaseError: the release is damaged, or fails its self-test.
            InputError: it is no image classifier, or its engine is not here.
        """
        manifest = read_manifest(self.store, model, release)
        step(0)
        if isinstance(self.store, LocalStore):
            folder = self.store.path(release_folder(model, release))
            return self._open_checked(folder, model, stage, manifest)

        def fetch(folder: Path) -> None:
            fetch_release(self.store, model, manifest, folder, step)

        copy = self.cache.open(manifest, fetch, wait)
        try:
            try:
                classifier = self._open(copy.folder, model, stage, manifest)
            except ReleaseError:
                if not drop_damaged(copy.folder, manifest):
                    raise
                self.cache.open(manifest, fetch, wait).close()
                classifier = self._open(copy.folder, model, stage, manifest)
        except BaseException:
            copy.close()
            raise
        weakref.finalize(classifier, copy.close)  # it stays in the cache as long as it is used
        return classifier

    def _open_checked(self, folder: Path, model: str, stage: str, manifest: Manifest) -> Classifier:
        """Open a release in place.

        The weights are hashed meanwhile, which takes longer: they are numbers, and can do no harm.
        What this process has hashed before is not hashed again as long as it has the same etag.
        """
        found = {entry.key: entry for entry in self.store.list(release_folder(model, manifest.id))}

        def check(files: list[File]) -> None:
            for file in files:
                entry = found.get(release_file(model, manifest.id, file.name))
                if entry is None or self.digests.get(entry) != file.sha256:
                    check_files(folder, model, manifest, [file])
                    if entry is not None:
                        self.digests.keep(entry, file.sha256)

        check([file for file in manifest.files if file.name != WEIGHTS])
        with ThreadPoolExecutor(1) as pool:
            checked = pool.submit(check, [file for file in manifest.files if file.name == WEIGHTS])
            try:
                classifier = self._open(folder, model, stage, manifest)
            except ReleaseError:
                checked.result()  # says more, if the weights are damaged
                raise
            checked.result()
        return classifier

    def _open(self, folder: Path, model: str, stage: str, manifest: Manifest) -> Classifier:
        return open_release(folder, model, stage, manifest, allow_lambda=self.allow_lambda)
