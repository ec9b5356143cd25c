"""A server that gives the same answer to everybody, for answers that real servers rarely give."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Answer = tuple[int, str, dict[str, str]]


@contextlib.contextmanager
def canned(
    answers: Mapping[str, Answer], seen: list[tuple[str, dict[str, str]]] | None = None
) -> Iterator[str]:
    """Serve one answer for each method; gives the URL.

    Args:
        answers: of a method, the status, the body, and headers.
        seen: is filled with the path and the headers of each request, the names in small letters.
    """

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if seen is not None:
                headers = {name.lower(): value for name, value in self.headers.items()}
                seen.append((self.path, headers))
            status, body, headers = answers[self.command]
            data = body.encode()
            self.send_response(status)
            for name, value in {"Content-Length": str(len(data)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(data)

        do_GET = do_PUT = do_HEAD = do_DELETE = do_POST = answer

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
