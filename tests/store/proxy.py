"""A small TCP proxy that breaks what goes through it, as networks do.

A `Fault` is asked for every connection, and for every piece of an answer. It runs in a thread of
its own; the tests change its fault at any time.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

PIECE = 64 * 1024


@dataclass(frozen=True)
class Fault:
    """What goes wrong. By default, nothing.

    Attributes:
        latency: seconds before each piece, both ways.
        rate: bytes a second of an answer; None is as fast as it can.
        truncate: the connection is reset after so many bytes of an answer.
        lose: the first bytes of requests whose answer is lost, with the connection; the server
            has carried them out.
        refuse: connections are reset at once.
        times: how many connections or requests the fault hits; then it is over.
        every: it hits only each so-many-th.
    """

    latency: float = 0.0
    rate: int | None = None
    truncate: int | None = None
    lose: tuple[bytes, ...] = ()
    refuse: bool = False
    times: int = 1_000_000_000
    every: int = 1


@dataclass
class Proxy:
    """A proxy in front of a port of this machine."""

    target: int
    fault: Fault = field(default_factory=Fault)
    hits: int = 0
    port: int = 0
    on_answer: Callable[[int], None] | None = None
    """Is called when the first bytes of an answer are there, before they go on."""

    @property
    def endpoint(self) -> str:
        """What goes into `AWS_ENDPOINT_URL`."""
        return f"http://127.0.0.1:{self.port}"

    def break_with(self, fault: Fault) -> None:
        """From now on, this goes wrong."""
        self.fault, self.hits = fault, 0

    def _hit(self) -> bool:
        self.hits += 1
        return self.hits <= self.fault.times and self.hits % self.fault.every == 0

    async def serve(self, ready: threading.Event, done: asyncio.Event) -> None:
        """Serve until it is done."""
        server = await asyncio.start_server(self._connection, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        ready.set()
        await done.wait()
        server.close()

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if self.fault.refuse and self._hit():
                writer.transport.abort()
                return
            their_reader, their_writer = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            writer.transport.abort()
            return
        lost = asyncio.Event()
        ways = [
            asyncio.ensure_future(self._requests(reader, their_writer, lost)),
            asyncio.ensure_future(self._answers(their_reader, writer, lost)),
        ]
        with contextlib.suppress(OSError, asyncio.CancelledError):
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)
        for end in (writer, their_writer):
            end.transport.abort()

    async def _requests(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, lost: asyncio.Event
    ) -> None:
        while data := await reader.read(PIECE):
            if data.startswith(self.fault.lose or b"\0") and self._hit():
                lost.set()
            await asyncio.sleep(self.fault.latency)
            writer.write(data)
            await writer.drain()

    async def _answers(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, lost: asyncio.Event
    ) -> None:
        sent = 0
        while data := await reader.read(PIECE):
            if lost.is_set():
                return
            fault = self.fault
            if self.on_answer is not None:
                await asyncio.to_thread(self.on_answer, sent)
            await asyncio.sleep(fault.latency)
            if fault.truncate is not None and sent + len(data) > fault.truncate and self._hit():
                writer.write(data[: max(0, fault.truncate - sent)])
                await writer.drain()
                return
            step = fault.rate or PIECE
            for start in range(0, len(data), step):
                piece = data[start : start + step]
                writer.write(piece)
                await writer.drain()
                if fault.rate:
                    await asyncio.sleep(len(piece) / fault.rate)
            sent += len(data)


@contextlib.contextmanager
def proxied(target: int) -> Iterator[Proxy]:
    """A proxy for the time of the block."""
    proxy, ready = Proxy(target), threading.Event()
    loop, done = asyncio.new_event_loop(), asyncio.Event()

    def run() -> None:
        with contextlib.suppress(RuntimeError):
            loop.run_until_complete(proxy.serve(ready, done))
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0.05))
        loop.close()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    assert ready.wait(10)
    try:
        yield proxy
    finally:
        loop.call_soon_threadsafe(done.set)
        thread.join(10)
