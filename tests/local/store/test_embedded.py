"""The embedded store over its real socket: compare-and-swap, one request at a time, ports, and its end."""

import asyncio
import socket
import threading
from collections.abc import Awaitable, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from functions.local.process.listening import listen, port_of
from functions.local.store.embedded import EmbeddedStore, OneAtATime, start_embedded_store


def use(act: Callable[[EmbeddedStore], Awaitable[Any]], port: int = 0) -> tuple[Any, list[str]]:
    lines: list[str] = []

    async def go() -> Any:
        store = await start_embedded_store(port, lines.append)
        try:
            return await act(store)
        finally:
            await store.stop()

    return asyncio.run(go()), lines


def client(store: EmbeddedStore) -> Any:
    config = Config(
        max_pool_connections=50, s3={"addressing_style": "path"}, retries={"total_max_attempts": 1}
    )
    return boto3.session.Session().client(
        "s3",
        endpoint_url=store.endpoint,
        config=config,
        region_name="us-east-1",
        aws_access_key_id=store.credentials.access_key,
        aws_secret_access_key=store.credentials.secret_key,
    )


def status(call: Callable[..., Any], **arguments: Any) -> int:
    try:
        return int(call(**arguments)["ResponseMetadata"]["HTTPStatusCode"])
    except ClientError as error:
        return int(error.response["ResponseMetadata"]["HTTPStatusCode"])


def test_beside_a_taken_port_exactly_one_of_many_conditional_writes_at_once_wins() -> None:
    def race(store: EmbeddedStore) -> list[list[int]]:
        s3 = client(store)
        s3.create_bucket(Bucket="lifeboat-test")
        rounds = []
        with ThreadPoolExecutor(16) as pool:
            for number in range(10):
                key = f"champion-{number}"
                rounds.append(
                    list(
                        pool.map(
                            lambda body, key=key: status(
                                s3.put_object, Bucket="lifeboat-test", Key=key, Body=body, IfNoneMatch="*"
                            ),
                            [f"first {writer}".encode() for writer in range(16)],
                        )
                    )
                )
                etag = s3.head_object(Bucket="lifeboat-test", Key=key)["ETag"]
                rounds.append(
                    list(
                        pool.map(
                            lambda body, key=key, etag=etag: status(
                                s3.put_object, Bucket="lifeboat-test", Key=key, Body=body, IfMatch=etag
                            ),
                            [f"second {writer}".encode() for writer in range(16)],
                        )
                    )
                )
        return rounds

    async def act(store: EmbeddedStore) -> tuple[int, list[list[int]]]:
        return store.port, await asyncio.to_thread(race, store)

    # A port that is taken is left to whoever has it.
    with listen(0) as other:
        (port, rounds), lines = use(act, port_of(other))
        assert port != port_of(other)
    for codes in rounds:
        assert sorted(codes) == [200] + [412] * 15
    assert lines == []


def test_a_port_that_is_free_is_taken_and_after_the_end_nobody_listens() -> None:
    with listen(0) as probe:
        free = port_of(probe)

    async def act(store: EmbeddedStore) -> int:
        return store.port

    port, _ = use(act, free)
    assert port == free
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=2)


def test_a_store_that_does_not_start_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    lines: list[str] = []
    monkeypatch.setattr("sys.executable", "/bin/false")
    with pytest.raises(RuntimeError, match="did not start"):
        asyncio.run(start_embedded_store(0, lines.append))


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
