"""What the integration tests share: an S3 protocol on a socket, and a bucket in it."""

from collections.abc import Iterator
from typing import Any

import pytest
from moto.server import ThreadedMotoServer

from functions.retrain import handler as retrain_handler
from tests.integration.buckets import new_bucket
from tests.integration.uploads import BUCKET


@pytest.fixture(scope="session")
def endpoint() -> Iterator[str]:
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def s3(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """boto3's own client of an empty, versioned bucket; the functions find the same one."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    monkeypatch.setenv("LIFEBOAT_STORE", f"s3://{BUCKET}")
    for cached in (retrain_handler._settings, retrain_handler._store):
        cached.cache_clear()
    with new_bucket(BUCKET) as client:
        yield client
