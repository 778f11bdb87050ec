"""The connections of the S3 store, over a server that counts them."""

import threading
from collections.abc import Iterator
from http.server import ThreadingHTTPServer

import pytest

from functions.core.storage.s3 import S3Store
from tests.support.answering import Answering, answering


class Counting(ThreadingHTTPServer):
    """Answers every request with the same small object and keeps each connection open, as S3 does."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Counted)
        self.opened = 0
        self.closed = threading.Semaphore(0)


class Counted(Answering):
    server: Counting

    def setup(self) -> None:
        super().setup()
        self.server.opened += 1

    def finish(self) -> None:
        super().finish()
        self.server.closed.release()

    def answer(self) -> None:
        self.send(200, b"body")


@pytest.fixture
def server() -> Iterator[Counting]:
    with answering(Counting()) as server:
        yield server


def test_a_disconnected_store_holds_no_connection_and_opens_one_when_asked(
    server: Counting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_port}")
    store = S3Store("bucket")
    for _ in range(3):
        store.get("key")
    # Without this there would be nothing to close.
    assert server.opened == 1
    store.disconnect()
    assert server.closed.acquire(timeout=10)
    assert store.get("key").body == b"body"
    assert server.opened == 2
    store.disconnect()
