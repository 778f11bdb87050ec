"""Ways in which an MLflow fails whoever asks it. Each yields the address at which it does; the port may be
named, as an MLflow may be there afterwards.
"""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from http.server import ThreadingHTTPServer

from tests.mlflow.environment import free_port
from tests.support.answering import Answering, answering

Trouble = Callable[[int], AbstractContextManager[str]]
HOST = "127.0.0.1"


class _Failing(Answering):
    """Answers 500 to everything."""

    # A connection that is kept open would be answered by this one's thread when another server is there.
    protocol_version = "HTTP/1.0"

    def answer(self) -> None:
        self.send(500, b'{"error_code": "INTERNAL_ERROR", "message": "out of order"}')

    def do_POST(self) -> None:  # noqa: N802 - http.server's name
        self.answer()


@contextmanager
def away(port: int = 0) -> Iterator[str]:
    """Nobody listens."""
    yield f"http://{HOST}:{port or free_port()}"


@contextmanager
def failing(port: int = 0) -> Iterator[str]:
    """Answers 500 to everything."""
    with answering(ThreadingHTTPServer((HOST, port), _Failing)) as server:
        yield f"http://{HOST}:{server.server_port}"


@contextmanager
def hanging(port: int = 0) -> Iterator[str]:
    """Takes connections and answers nothing."""
    with socket.create_server((HOST, port)) as listener:
        kept: list[socket.socket] = []

        def accept() -> None:
            try:
                while True:
                    kept.append(listener.accept()[0])
            except OSError:
                return

        accepting = threading.Thread(target=accept, daemon=True)
        accepting.start()
        try:
            yield f"http://{HOST}:{listener.getsockname()[1]}"
        finally:
            # Closing alone does not wake who waits in `accept`, and the port would stay taken.
            listener.shutdown(socket.SHUT_RDWR)
            accepting.join(30)
            for connection in kept:
                connection.close()
