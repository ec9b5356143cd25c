"""A store in a bucket of S3, or of a server that speaks S3.

The rules it keeps, beside the port's:

- A dead store is an error in seconds, and a slow line is none: no limit is on a whole transfer.
  While a call lasts, the store is asked now and then whether it is there; a download ends when
  next to nothing comes any more.
- Ctrl-C ends every call at once; an upload in parts gets a moment to take its parts back.
- An answer that was lost is no mystery: each conditional write carries an id of its own, and when
  a repeated one is refused, the id of what is there says whether the first had arrived.
- A download is of one version: each part is asked for with the etag of the first.
- Small objects are signed with their content, large ones without: a hash more of each costs both
  ends a third of a second per 100 MB. What a release consists of is named with its SHA-256 in its
  manifest, which is small.
- Reading needs the permissions to get and to list, and nothing else.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterable
from datetime import timedelta
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import obstore
from obstore import exceptions as failures
from obstore import store as obstores

from ..errors import ConflictError, InputError, StoreError
from .aws import Settings
from .disk import explained
from .keys import check_key
from .objects import DENIED, ObstoreStore, etag_of
from .port import Downloaded, Entry, Object
from .ranges import ReplacedError, download
from .s3_errors import UNREACHABLE_HINT, reason
from .waiting import Work, wait_for

if TYPE_CHECKING:
    from obstore import ObjectMeta, PutResult
    from obstore.store import ClientConfig, RetryConfig, S3Config

CONNECT_SECONDS = 3
READ_SECONDS = 4
"""Without a byte of an answer for so long, a request to read is repeated, once."""

RETRY_SECONDS = 5
"""A request that failed is not repeated later than this after it began."""

IDLE_SECONDS = 15
"""An idle connection is not used again later than this: AWS closes it about then."""

ASK_SECONDS = 5.0
"""A call that lasts longer than this goes on as long as the store answers something else ..."""

ANSWER_SECONDS = 9.0
"""... within this time."""

LINE_SECONDS = 10.0
"""A download to which nothing is added in this time is given up."""

REQUEST_SECONDS = 900
"""The longest that one request to write may last: one part on a slow line."""

SMALL_REQUEST_SECONDS = 15
"""The same for a conditional write, which is small, and repeated when it got lost."""

ABORT_SECONDS = 2.0

PART = 5 * 1024 * 1024
"""The least that S3 takes as a part; 10,000 of them are the largest upload."""

DOWNLOAD_PART = 16 * 1024 * 1024
CONCURRENCY = 4

PAUSES = (0.1, 0.4, 1.0)
"""Seconds between the attempts of a conditional write."""

WRITE_ID = "understudy-write"
"""The user metadata by which a conditional write is known again."""

ASKED = ".understudy"
"""No key; whether it is there does not matter."""

T = TypeVar("T")


class S3Store(ObstoreStore):
    """A bucket, or what is below a prefix in it."""

    def __init__(self, bucket: str, prefix: str, settings: Settings) -> None:
        self._connect = partial(_connect, bucket, prefix, settings)
        self._credentials = settings.credentials
        # A limit on reading would end a slow upload, whose answer comes when it is complete.
        reading: ClientConfig = {"timeout": "1day", "read_timeout": f"{READ_SECONDS}s"}
        super().__init__(self._connect(reading), f"s3://{bucket}/{prefix}".rstrip("/"))

    @cached_property
    def _writing(self) -> obstores.S3Store:
        return self._connect({"timeout": f"{REQUEST_SECONDS}s"})

    @cached_property
    def _sending(self) -> obstores.S3Store:
        return self._connect({"timeout": f"{REQUEST_SECONDS}s"}, signed=False)

    @cached_property
    def _once(self) -> obstores.S3Store:
        return self._connect({"timeout": f"{SMALL_REQUEST_SECONDS}s"}, retries=0)

    def get(self, key: str) -> Object:
        """See the port."""
        check_key(key)
        return self._fetch(lambda work: self._read(key, {}, work.step))

    def get_if_changed(self, key: str, etag: str) -> Object | None:
        """See the port."""
        check_key(key)
        return self._fetch(lambda work: self._read_if_changed(key, etag, work.step))

    def download(self, key: str, path: Path) -> Downloaded:
        """See the port; large objects come in parts, several at once."""
        check_key(key)

        def call(work: Work) -> Downloaded:
            with self._explained("read", key):
                try:
                    part, at_once = DOWNLOAD_PART, CONCURRENCY
                    return download(self._store, key, path, work, part=part, at_once=at_once)
                except ReplacedError as error:
                    raise ConflictError(
                        f"{key} in {self._where} was changed while it was read",
                        hint="wait until it is written, and try again",
                    ) from error

        return self._fetch(call)

    def read_range(self, key: str, start: int, stop: int) -> bytes:
        """See the port."""
        check_key(key)
        return self._fetch(lambda work: self._read_range(key, start, stop, work.step))

    def put(self, key: str, data: bytes) -> str:
        """See the port."""
        check_key(key)
        return self._send(lambda work: self._put(key, [data], len(data), work))

    def put_file(self, key: str, path: Path) -> str:
        """See the port; large files go in parts, several at once."""
        check_key(key)
        with explained("read", path):
            file = path.open("rb")
        with file:
            size = os.fstat(file.fileno()).st_size
            parts = iter(lambda: file.read(PART), b"")
            return self._send(lambda work: self._put(key, parts, size, work))

    def put_if(self, key: str, data: bytes, *, expected: str | None) -> str:
        """See the port."""
        check_key(key)
        return self._send(lambda work: self._put_if(key, data, expected, work))

    def copy(self, source: str, target: str) -> str:
        """See the port."""
        check_key(source)
        check_key(target)
        return self._send(lambda _: self._copy(self._writing, source, target))

    def delete(self, key: str) -> None:
        """See the port."""
        check_key(key)
        self._send(lambda _: self._delete(self._writing, key))

    def list(self, folder: str) -> tuple[Entry, ...]:
        """See the port."""
        return self._send(lambda _: super(S3Store, self).list(folder))

    def list_folders(self, folder: str) -> tuple[str, ...]:
        """See the port."""
        return self._send(lambda _: super(S3Store, self).list_folders(folder))

    def _fetch(self, call: Callable[[Work], T]) -> T:
        """Carry out a call that tells how many bytes came."""
        self._have_credentials()
        before = 0

        def check(work: Work) -> None:
            nonlocal before
            if work.moved == before:
                raise StoreError(
                    f"cannot read from {self._where}: next to nothing came for"
                    f" {LINE_SECONDS:.0f} s",
                    hint=UNREACHABLE_HINT,
                )
            before = work.moved

        return wait_for(call, check, every=LINE_SECONDS)

    def _send(self, call: Callable[[Work], T]) -> T:
        """Carry out a call that goes on as long as the store answers others."""
        self._have_credentials()
        return wait_for(call, self._ask, every=ASK_SECONDS, ending=ABORT_SECONDS)

    def _ask(self, _: Work) -> None:
        def give_up(_: Work) -> None:
            raise StoreError(
                f"cannot reach {self._where}: no answer came in time", hint=UNREACHABLE_HINT
            )

        with self._explained("reach", ""):
            try:
                wait_for(lambda _: obstore.head(self._store, ASKED), give_up, every=ANSWER_SECONDS)
            except (FileNotFoundError, *DENIED):
                pass  # an answer

    def _have_credentials(self) -> None:
        # Here, and not when obstore asks for them, because it may take long and say why not.
        if self._credentials is not None:
            self._credentials()

    def _put(self, key: str, pieces: Iterable[bytes], size: int, work: Work) -> str:
        def counted() -> Iterable[bytes]:
            for piece in pieces:
                work.step(len(piece))  # what it raises makes obstore take back what it sent
                yield piece

        with self._explained("write", key):
            if size <= PART:
                data = b"".join(counted())
                return etag_of(obstore.put(self._writing, key, data, use_multipart=False))
            return etag_of(
                obstore.put(
                    self._sending,
                    key,
                    counted(),
                    use_multipart=True,
                    chunk_size=PART,
                    max_concurrency=CONCURRENCY,
                )
            )

    def _put_if(self, key: str, data: bytes, expected: str | None, work: Work) -> str:
        write_id = os.urandom(16).hex()
        lost = False
        with self._explained("write", key):
            for pause in (*PAUSES, None):
                try:
                    return etag_of(self._put_once(key, data, expected, write_id))
                except (
                    failures.AlreadyExistsError,
                    failures.PreconditionError,
                    FileNotFoundError,  # what S3 says of a replacement when there is nothing
                ) as error:
                    if re.search("NoSuchBucket", str(error)):
                        raise
                    if not re.search("409 Conflict", str(error)):
                        etag = self._etag_of_write(key, write_id) if lost else None
                        if etag is not None:
                            return etag
                        raise self._conflict(key) from error
                    failed: Exception = error  # two at once, and neither was written
                except failures.GenericError as error:
                    if re.search(r"status code: 4\d\d", str(error)):
                        raise
                    failed, lost = error, True
                if pause is None:
                    raise failed
                work.step(0)
                time.sleep(pause)
        raise AssertionError

    def _put_once(self, key: str, data: bytes, expected: str | None, write_id: str) -> PutResult:
        return obstore.put(
            self._once,
            key,
            data,
            mode="create" if expected is None else {"e_tag": expected},
            attributes={WRITE_ID: write_id},
            use_multipart=False,
        )

    def _etag_of_write(self, key: str, write_id: str) -> str | None:
        try:
            found = obstore.get(self._store, key, options={"head": True})
        except FileNotFoundError:
            return None
        return etag_of(found.meta) if found.attributes.get(WRITE_ID) == write_id else None

    def _is_object(self, meta: ObjectMeta) -> bool:
        """Leave out the markers that consoles make for folders: `dev/`, seen as an empty `dev`."""
        if not super()._is_object(meta):
            return False
        try:
            return meta["size"] > 0 or bool(obstore.head(self._store, meta["path"]))
        except FileNotFoundError:
            return False

    def _why(self, error: Exception) -> tuple[str, str] | None:
        return reason(str(error)) or super()._why(error)


def _connect(
    bucket: str,
    prefix: str,
    settings: Settings,
    client: ClientConfig,
    *,
    retries: int = 3,
    signed: bool = True,
) -> obstores.S3Store:
    config: S3Config = {
        "region": settings.region,
        "disable_bulk_delete": True,
        "unsigned_payload": not signed,
    }
    options: ClientConfig = {
        "connect_timeout": f"{CONNECT_SECONDS}s",
        "pool_idle_timeout": f"{IDLE_SECONDS}s",
        **client,
    }
    if settings.endpoint is not None:
        config["aws_endpoint_url_s3"] = settings.endpoint
        options["allow_http"] = settings.endpoint.startswith("http://")
    if settings.ca_bundle is not None:
        options["root_certificate"] = settings.ca_bundle
    limits: RetryConfig = {
        "max_retries": retries,
        "retry_timeout": timedelta(seconds=RETRY_SECONDS),
        "backoff": {
            "init_backoff": timedelta(milliseconds=100),
            "max_backoff": timedelta(seconds=1),
            "base": 2,
        },
    }
    try:
        return obstores.S3Store(
            bucket,
            prefix=prefix or None,
            config=config,
            client_options=options,
            retry_config=limits,
            credential_provider=settings.credentials,
        )
    except (failures.BaseError, ValueError) as error:
        said = str(error).partition("\n")[0]
        raise InputError(
            f"s3://{bucket} cannot be opened: {said}",
            hint="check the variables AWS_*, and the profile in use",
        ) from error
