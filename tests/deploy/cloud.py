"""MiniStack: CloudFormation, S3, EventBridge and Lambda on this machine, with real code in them.

It lies in an environment of its own with the functions' Python, which `make dev` makes. It does not
bound memory, makes no folder read-only and asks nobody for permissions: other tests do that.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from store.servers import free

FOLDER = Path(sys.prefix) / "aws"
START_SECONDS = 60.0
ACCOUNT, REGION = "000000000000", "us-east-1"


def program(name: str) -> Path | None:
    """A program of that environment."""
    path = FOLDER / "bin" / name
    return path if path.is_file() else None


def missing() -> str | None:
    """What cannot be had here; None if all can."""
    if program("ministack") is None:
        return "MiniStack is not here: `make dev` brings it where there is a Python 3.13"
    return None


@dataclass
class Cloud:
    """A running server."""

    port: int
    log: Path

    @property
    def environment(self) -> Mapping[str, str]:
        """Variables with which the AWS tools speak to it."""
        return {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.port}",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": REGION,
        }


@contextlib.contextmanager
def running(folder: Path) -> Iterator[Cloud]:
    """Run it for the time of the block."""
    server = program("ministack")
    assert server is not None
    (port,) = free(1)
    cloud = Cloud(port, folder / "log")
    variables = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "BIND_HOST": "127.0.0.1",
        "MINISTACK_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "IOT_MTLS_ENABLED": "0",
        "S3_DATA_DIR": str(folder / "s3"),
    }
    with cloud.log.open("wb") as output:
        process = subprocess.Popen(
            [server],
            cwd=folder,
            env=variables,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        _wait(cloud, process)
        yield cloud
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _wait(cloud: Cloud, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        with contextlib.suppress(OSError):
            urllib.request.urlopen(f"http://127.0.0.1:{cloud.port}/_ministack/health", timeout=2)
            return
        assert process.poll() is None, cloud.log.read_text()
        assert time.monotonic() < deadline, "it does not answer"
        time.sleep(0.2)
