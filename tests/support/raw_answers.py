"""A server that answers with the bytes it is told to, whatever they are, and closes the connection."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


class RawAnswers:
    """`answer` is what each request gets, `None` for a connection that is reset; `requests` counts them."""

    def __init__(self, listener: socket.socket) -> None:
        self._listener = listener
        self.answer: bytes | None = b""
        self.heads: list[bytes] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            # A client that has gone is not waited for.
            with connection, suppress(OSError):
                self._answer(connection)

    def _answer(self, connection: socket.socket) -> None:
        connection.settimeout(5)
        head = b""
        while b"\r\n\r\n" not in head:
            if not (more := connection.recv(65_536)):
                return
            head += more
        self.heads.append(head)
        if self.answer is None:
            linger_not = b"\x01\x00\x00\x00\x00\x00\x00\x00"
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger_not)
            return
        connection.sendall(self.answer)


def http_answer(body: bytes, *headers: str, status: str = "200 OK", length: int | None = None) -> bytes:
    """An answer that is well formed. length: what it says of its body; None: the truth."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body) if length is None else length}", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


@contextmanager
def raw_answers() -> Iterator[RawAnswers]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = RawAnswers(listener)
        thread = threading.Thread(target=server.serve, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(10)
