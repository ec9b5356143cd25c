"""A box like Lambda's: read-only code, 512 MB of /tmp, so much memory and so much of a processor.

AWS' own emulator and runtime client in bubblewrap, with the cgroups of this machine (version 1).
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from store.servers import free

EMULATOR = Path(sys.prefix) / "lambda-emulator"
CGROUPS = Path("/sys/fs/cgroup")
PATH = "/2015-03-31/functions/function/invocations"
TMP_BYTES = 512 * 1024 * 1024
PERIOD = 100_000
SYSTEM = ("/usr", "/lib", "/lib64", "/bin", "/etc")
ANSWER_SECONDS = 300.0


def missing() -> str | None:
    """What cannot be had on this machine."""
    if shutil.which("bwrap") is None:
        return "bubblewrap is not installed (apt-get install bubblewrap)"
    if not (EMULATOR / "aws-lambda-rie-x86_64").is_file():
        return "the emulator of the Lambda runtime is not here: `make dev` fetches it"
    if not os.access(CGROUPS / "memory" / "cgroup.procs", os.W_OK):
        return "cgroups (version 1) cannot be written here"
    return None


@dataclass
class Box:
    """A running function: nothing of it is started before the first event.

    Attributes:
        address: of the emulator.
        process: bubblewrap's.
        log: what the function wrote.
        group: the name of its cgroups.
    """

    address: str
    process: subprocess.Popen[bytes]
    log: Path
    group: str

    def invoke(self, event: object) -> Any:
        """Give an event; gives the answer."""
        body = json.dumps(event).encode()
        request = urllib.request.Request(f"http://{self.address}{PATH}", body)
        try:
            with urllib.request.urlopen(request, timeout=ANSWER_SECONDS) as answer:
                return json.loads(answer.read())
        except (ValueError, OSError) as error:
            raise RuntimeError(f"{error}\n{self.log.read_text()[-3000:]}") from error

    def peak_mb(self) -> float:
        """The most memory that the function's own process had resident, in MB."""
        pids = (CGROUPS / "memory" / self.group / "cgroup.procs").read_text().split()
        peaks = [0]
        for pid in pids:
            with contextlib.suppress(OSError):
                if b"awslambdaric" in Path(f"/proc/{pid}/cmdline").read_bytes():
                    status = Path(f"/proc/{pid}/status").read_text().splitlines()
                    peaks += [int(line.split()[1]) for line in status if line.startswith("VmHWM")]
        return max(peaks) / 1024


@contextlib.contextmanager
def box(
    folder: Path,
    task: Path,
    python: Path,
    handler: str,
    variables: Mapping[str, str],
    *,
    memory: int,
    processors: float,
) -> Iterator[Box]:
    """A box for the time of the block.

    Args:
        folder: for the log.
        task: the function's code.
        python: what runs it.
        handler: its handler.
        variables: of the function.
        memory: in MB.
        processors: how many, or how much of one.
    """
    group = f"understudy-{os.getpid()}-{time.monotonic_ns()}"
    ports = free(2)
    log = folder / f"{group}.log"
    base = python.resolve().parents[1]
    system = [(path, path) for path in SYSTEM if Path(path).exists()]
    binds = [*system, (str(base), str(base)), (str(EMULATOR), "/opt/emulator")]
    binds += [(str(task), "/var/task"), (str(EMULATOR / "python3.13"), "/var/runtime")]
    said = {
        "PATH": "/usr/bin:/bin",
        "LAMBDA_TASK_ROOT": "/var/task",
        "PYTHONPATH": "/var/task:/var/runtime",
        "AWS_LAMBDA_FUNCTION_NAME": "function",
        "AWS_LAMBDA_FUNCTION_TIMEOUT": "280",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(memory),
        **variables,
    }
    command = [
        *("bwrap", "--unshare-pid", "--die-with-parent", "--dev", "/dev", "--proc", "/proc"),
        *(word for source, target in binds for word in ("--ro-bind", source, target)),
        *("--size", str(TMP_BYTES), "--tmpfs", "/tmp", "--remount-ro", "/", "--clearenv"),
        *(word for name, value in said.items() for word in ("--setenv", name, value)),
        *("--chdir", "/var/task", "/opt/emulator/aws-lambda-rie-x86_64"),
        *("--runtime-interface-emulator-address", f"127.0.0.1:{ports[0]}"),
        *("--runtime-api-address", f"127.0.0.1:{ports[1]}"),
        *(str(base / "bin" / "python3.13"), "-m", "awslambdaric", handler),
    ]
    with _cgroups(group, memory, processors) as join:
        with log.open("wb") as output:
            process = subprocess.Popen(
                command, stdout=output, stderr=output, preexec_fn=join, start_new_session=True
            )
        try:
            _wait(ports[0], process, log)
            yield Box(f"127.0.0.1:{ports[0]}", process, log, group)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@contextlib.contextmanager
def _cgroups(group: str, memory: int, processors: float) -> Iterator[Any]:
    limits = {
        "memory": {"memory.limit_in_bytes": memory << 20},
        "cpu": {"cpu.cfs_period_us": PERIOD, "cpu.cfs_quota_us": int(PERIOD * processors)},
    }
    folders = [CGROUPS / kind / group for kind in limits]
    for folder, values in zip(folders, limits.values(), strict=True):
        folder.mkdir()
        for name, value in values.items():
            (folder / name).write_text(str(value))

    def join() -> None:
        for folder in folders:
            (folder / "cgroup.procs").write_text(str(os.getpid()))

    try:
        yield join
    finally:
        for folder in folders:
            for _ in range(100):
                with contextlib.suppress(OSError):
                    folder.rmdir()
                    break
                time.sleep(0.05)


def _wait(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 30
    while True:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < deadline, "the emulator does not answer"
        time.sleep(0.01)
