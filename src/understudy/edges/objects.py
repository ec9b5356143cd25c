"""The objects that questions name: images are read from them, results are written to them.

Rules: nothing is read outside the folders that are allowed; a bucket is opened when it is first
needed.
"""

from __future__ import annotations

from collections.abc import Callable

from ..errors import TooLargeError, UnderstudyError
from ..store.port import GET_LIMIT, Store
from .problem import Problem, problem_of
from .task import ObjectUrl

Opener = Callable[[str], Store]
"""From `s3://bucket` to a store."""


class Objects:
    """S3, as far as it may be read.

    Args:
        allowed: the folders whose objects may be read; none by default.
        open_store: opens a bucket.
    """

    def __init__(self, allowed: tuple[ObjectUrl, ...], open_store: Opener) -> None:
        self._allowed = allowed
        self._open = open_store
        self._buckets: dict[str, Store] = {}

    def read(self, url: ObjectUrl) -> bytes | Problem:
        """Give an object's bytes."""
        if not any(url.is_below(folder) for folder in self._allowed):
            return Problem(
                403, f"{url} may not be read here", "UNDERSTUDY_IMAGES names the folders that may"
            )
        try:
            return self._bucket(url.bucket).get(url.key).data
        except TooLargeError:
            return Problem(
                413,
                f"{url} is larger than {GET_LIMIT >> 20} MB",
                "shrink the image, or save it as JPEG",
            )
        except UnderstudyError as error:
            return problem_of(error)

    def write(self, url: ObjectUrl, data: bytes) -> Problem | None:
        """Write an object."""
        try:
            self._bucket(url.bucket).put(url.key, data)
        except UnderstudyError as error:
            return problem_of(error)
        return None

    def _bucket(self, name: str) -> Store:
        if name not in self._buckets:
            self._buckets[name] = self._open(f"s3://{name}")
        return self._buckets[name]
