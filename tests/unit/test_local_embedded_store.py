"""What makes compare-and-swap atomic in the embedded store: one request at a time."""

import threading
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from functions.local.embedded_store import OneAtATime


def test_requests_do_not_overlap() -> None:
    inside: list[int] = []
    most = 0

    def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        nonlocal most
        inside.append(1)
        most = max(most, len(inside))
        threading.Event().wait(0.005)
        yield b"written"
        # The answer is part of the request: moto writes while it makes it.
        inside.pop()

    one_at_a_time = OneAtATime(application)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: one_at_a_time({}, None), range(24)))
    assert answers == [[b"written"]] * 24
    assert most == 1


def test_a_response_is_closed_when_it_has_been_read() -> None:
    class Response(list[bytes]):
        closed = False

        def close(self) -> None:
            self.closed = True

    response = Response([b"a", b"b"])
    assert OneAtATime(lambda environ, start: response)({}, None) == [b"a", b"b"]
    assert response.closed


def test_a_response_that_cannot_be_closed_is_read_all_the_same() -> None:
    assert OneAtATime(lambda environ, start: [b"c"])({}, None) == [b"c"]
