"""Reading from S3 without the SDK: signed as the SDK signs, and over a real connection."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import ThreadingHTTPServer
from typing import Any
from urllib.parse import quote

import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from functions.core.base.errors import NotFound, StoreUnavailable
from functions.core.storage.opening import open_reader
from functions.core.storage.s3 import S3Store
from functions.core.storage.s3_reader import S3Reader
from functions.local.process.environment import exported
from tests.support.answering import Answering, answering
from tests.support.aws_environment import plain_environment
from tests.support.buckets import new_bucket

PLAIN = {
    "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
    "AWS_REGION": "eu-central-1",
    "AWS_DEFAULT_REGION": "eu-central-1",
}


def reader(**environment: str) -> S3Reader:
    with exported(plain_environment(**(PLAIN | environment))):
        found = S3Reader.from_environment("bucket")
    assert found
    return found


class Server(ThreadingHTTPServer):
    """Answers with what it is told to, in order; the last answer stays."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), AsTold)
        self.answers: list[tuple[int, bytes] | None] = [(200, b"body")]
        self.connections = 0
        self.requests = 0
        self.region = ""
        self.signed_for: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class AsTold(Answering):
    server: Server

    def setup(self) -> None:
        super().setup()
        self.server.connections += 1

    def answer(self) -> None:
        self.server.requests += 1
        self.server.signed_for.append(self.headers["authorization"].split("/")[2])
        answers = self.server.answers
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if answer is None:
            # A kept connection that the other end has closed.
            self.close_connection = True
            return
        headers = {"x-amz-bucket-region": self.server.region} if self.server.region else {}
        self.send(*answer, headers=headers)


@pytest.fixture
def server() -> Iterator[Server]:
    with answering(Server()) as server:
        yield server


@pytest.fixture
def read(server: Server) -> Iterator[S3Reader]:
    found = reader(AWS_ENDPOINT_URL=server.url)
    yield found
    found.disconnect()


@pytest.mark.parametrize("token", ["", "a/session+token=="])
@pytest.mark.parametrize("key", ["registry/champion.json", "odd names/ä+b&c=d~e.json"])
def test_a_request_is_signed_as_the_sdk_signs_it(
    monkeypatch: pytest.MonkeyPatch, key: str, token: str
) -> None:
    now = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)
    path = quote(f"/bucket/{key}", safe="/-_.~")
    ours = reader(AWS_SESSION_TOKEN=token)._signed(path, now.timestamp())
    theirs = AWSRequest("GET", f"https://s3.eu-central-1.amazonaws.com{path}", headers={})
    for name, value in ours.items():
        if name not in ("authorization", "x-amz-date", "host"):
            theirs.headers[name] = value
    signer = S3SigV4Auth(
        Credentials(PLAIN["AWS_ACCESS_KEY_ID"], PLAIN["AWS_SECRET_ACCESS_KEY"], token or None),
        "s3",
        "eu-central-1",
    )
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda: now.replace(tzinfo=None))
    signer.add_auth(theirs)
    assert ours["authorization"] == theirs.headers["Authorization"]


def test_objects_are_read_from_a_real_store(endpoint: str) -> None:
    with exported(plain_environment(**(PLAIN | {"AWS_ENDPOINT_URL": endpoint}))):
        with new_bucket("bucket"):
            writer = S3Store("bucket")
            etag = writer.put("odd names/ä+b&c=d~e.json", b"one")
            found = open_reader("s3://bucket")
            assert isinstance(found, S3Reader)
            assert found.get("odd names/ä+b&c=d~e.json") == writer.get("odd names/ä+b&c=d~e.json")
            assert found.get_if_changed("odd names/ä+b&c=d~e.json", etag) is None
            writer.put("odd names/ä+b&c=d~e.json", b"two")
            changed = found.get_if_changed("odd names/ä+b&c=d~e.json", etag)
            assert changed
            assert changed.body == b"two"
            with pytest.raises(NotFound, match="the store has no nothing"):
                found.get("nothing")
            with pytest.raises(NotFound):
                found.get_if_changed("nothing", etag)
            found.disconnect()
        elsewhere = open_reader("s3://elsewhere")
        with pytest.raises(NotFound):
            elsewhere.get("nothing")
        elsewhere.disconnect()


def test_the_connection_is_kept_until_it_is_let_go(server: Server, read: S3Reader) -> None:
    read.get("a")
    read.get("b")
    assert server.connections == 1
    read.disconnect()
    read.get("c")
    assert server.connections == 2


def test_a_connection_that_was_closed_at_the_other_end_is_opened_again(
    server: Server, read: S3Reader
) -> None:
    read.get("a")
    server.answers = [None, (200, b"again")]
    assert read.get("a").body == b"again"


@pytest.mark.parametrize("trouble", [None, (500, b""), (503, b"<Error><Code>SlowDown</Code></Error>")])
def test_a_passing_trouble_is_tried_twice(server: Server, read: S3Reader, trouble: Any) -> None:
    server.answers = [trouble, (200, b"body")]
    assert read.get("a").body == b"body"
    server.answers = [trouble]
    with pytest.raises(StoreUnavailable, match="when asked for a"):
        read.get("a")
    assert server.requests == 4


def test_what_is_missing_is_missing_though_the_store_does_not_say_what(
    server: Server, read: S3Reader
) -> None:
    server.answers = [(404, b"")]
    with pytest.raises(NotFound, match="the store has no a"):
        read.get("a")
    with pytest.raises(NotFound, match="the store has no a"):
        read.get_if_changed("a", "x")


def test_what_the_store_refuses_is_not_missing(server: Server, read: S3Reader) -> None:
    server.answers = [(403, b"<Error><Code>AccessDenied</Code></Error>")]
    with pytest.raises(StoreUnavailable, match="AccessDenied"):
        read.get("a")
    with pytest.raises(StoreUnavailable, match="AccessDenied"):
        read.get_if_changed("a", "x")


def test_nobody_at_the_other_end_is_an_error_soon() -> None:
    found = reader(AWS_ENDPOINT_URL="http://127.0.0.1:1")
    started = time.monotonic()
    with pytest.raises(StoreUnavailable, match="could not be reached"):
        found.get("a")
    assert time.monotonic() - started < 6


@pytest.mark.parametrize("status", [301, 307, 400])
def test_a_bucket_that_says_it_is_in_another_region_is_asked_there_from_then_on(
    server: Server, read: S3Reader, status: int
) -> None:
    server.region = "eu-west-1"
    server.answers = [(status, b"<Error><Code>PermanentRedirect</Code></Error>"), (200, b"there")]
    assert read.get("a").body == b"there"
    assert read.get("b").body == b"there"
    assert server.signed_for == ["eu-central-1", "eu-west-1", "eu-west-1"]


@pytest.mark.parametrize("region", ["eu-west-1", "", "nowhere/../x"])
def test_a_bucket_that_is_nowhere_is_told_with_what_to_do(
    server: Server, read: S3Reader, region: str
) -> None:
    server.region = region
    server.answers = [(301, b"<Error><Code>PermanentRedirect</Code></Error>")]
    with pytest.raises(StoreUnavailable, match=r"PermanentRedirect .* set AWS_REGION and AWS_DEFAULT_REGION"):
        read.get("a")
    assert server.requests <= 2


def test_in_another_region_amazon_has_another_name() -> None:
    found = reader(AWS_DEFAULT_REGION="us-east-1").target
    assert found.moved_to("eu-west-1").host == "s3.eu-west-1.amazonaws.com"
    assert reader(AWS_ENDPOINT_URL="http://here:1").target.moved_to("eu-west-1").host == "here:1"
