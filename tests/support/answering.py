"""Small HTTP servers of the tests' own, each in a thread."""

import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TypeVar

Server = TypeVar("Server", bound=ThreadingHTTPServer)


class Answering(BaseHTTPRequestHandler, ABC):
    """Answers GET, and keeps each connection open, as S3 does."""

    protocol_version = "HTTP/1.1"

    @abstractmethod
    def answer(self) -> None:
        """Answer the request, with `send` for example."""

    def do_GET(self) -> None:
        self.answer()

    def send(self, status: int, body: bytes, headers: Mapping[str, str] | None = None) -> None:
        """An answer like those of S3."""
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("ETag", '"etag"')
        if status != 304:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Not worth a line."""


@contextmanager
def answering(server: Server) -> Iterator[Server]:
    """The server while it answers."""
    with server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join(30)
