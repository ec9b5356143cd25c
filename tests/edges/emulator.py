"""The Lambda runtime on this machine: AWS' emulator, and AWS' runtime client with our handler.

`make dev` brings both. Where they cannot be had, the tests that need them are skipped, and say so.
"""

from __future__ import annotations

import contextlib
import json
import os
import platform
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from store.servers import free

FOLDER = Path(sys.prefix) / "lambda-emulator"
MACHINES = {"x86_64": "x86_64", "aarch64": "arm64"}
PATH = "/2015-03-31/functions/function/invocations"
BODY_LIMIT = 6 * 1024 * 1024
"""Of Lambda; the emulator cuts off what is longer, without a word."""

ANSWER_SECONDS = 60.0


def program() -> Path | None:
    """Where the emulator for this machine is."""
    path = FOLDER / f"aws-lambda-rie-{MACHINES.get(platform.machine(), '')}"
    return path if path.is_file() else None


def missing() -> str | None:
    """What cannot be had here; None if all can."""
    if program() is None:
        return "the emulator of the Lambda runtime is not here: `make dev` fetches it"
    if find_spec("awslambdaric") is None:
        return "awslambdaric is not installed here: `make dev` installs it on Linux"
    return None


@dataclass
class Emulator:
    """One environment of a function: one process, one invocation at a time."""

    address: str
    log: Path
    process: int

    def invoke(self, event: object) -> Any:
        """Give an event to the handler, as Lambda does; gives the answer, or the error's JSON."""
        body = json.dumps(event).encode()
        assert len(body) <= BODY_LIMIT
        request = urllib.request.Request(f"http://{self.address}{PATH}", body)
        with urllib.request.urlopen(request, timeout=ANSWER_SECONDS) as answer:
            return json.loads(answer.read())

    def freeze(self) -> None:
        """Stop the handler's process, as Lambda does after each answer."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on, as Lambda does for the next event."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: int) -> None:
        threads = Path(f"/proc/{self.process}/task").iterdir()
        children = [
            child for thread in threads for child in (thread / "children").read_text().split()
        ]
        assert children, "the handler's process is gone"
        for child in children:
            os.kill(int(child), number)

    def lines(self) -> list[dict[str, Any]]:
        """What the handler logged."""
        lines = self.log.read_text().splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]


@contextlib.contextmanager
def running(
    handler: str,
    folder: Path,
    environment: Mapping[str, str],
    client: Sequence[str] = (sys.executable, "-m", "awslambdaric"),
) -> Iterator[Emulator]:
    """Run the emulator for the time of the block; the log and the working folder are in `folder`.

    The handler's process begins with the first event. `client` is the command that runs it.
    """
    emulator = program()
    assert emulator is not None
    addresses = [f"127.0.0.1:{port}" for port in free(2)]
    log = folder / "log"
    command = [
        *(str(emulator), "--runtime-interface-emulator-address", addresses[0]),
        *("--runtime-api-address", addresses[1]),
        *(*client, handler),
    ]
    variables = {
        "PATH": os.environ["PATH"],
        "LAMBDA_TASK_ROOT": str(folder),
        "AWS_LAMBDA_FUNCTION_NAME": "understudy",
        "AWS_LAMBDA_FUNCTION_TIMEOUT": "30",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
        **environment,
    }
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=variables,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        _wait(addresses[0], process)
        yield Emulator(addresses[0], log, process.pid)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _wait(address: str, process: subprocess.Popen[bytes]) -> None:
    host, _, port = address.partition(":")
    deadline = time.monotonic() + ANSWER_SECONDS
    while True:
        with contextlib.suppress(OSError), socket.create_connection((host, int(port)), 1):
            return
        assert process.poll() is None, "the emulator ended"
        assert time.monotonic() < deadline, "the emulator does not answer"
        time.sleep(0.02)
