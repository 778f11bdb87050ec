"""The target that is read from the environment alone, beside the SDK's own: it is the same one, or none."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

import pytest
from botocore.awsrequest import AWSPreparedRequest
from botocore.exceptions import BotoCoreError

from functions.core.base.errors import StoreUnavailable
from functions.core.storage.s3 import S3Store
from functions.core.storage.s3_reader import S3Reader
from functions.local.process.environment import exported
from tests.core.storage.environments import CASES, LOCAL, PLAIN, Case
from tests.support.aws_environment import nothing


class Asked(NamedTuple):
    """What counts of a request: whom it is sent to and through, for what, and who signs it."""

    scheme: str
    host: str
    path: str
    proxy: str | None
    region: str
    key: str
    token: str


class _Sent(Exception):
    """Nothing is: a request is looked at before that."""


@pytest.fixture
def here(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Case]:
    case: Case = CASES[request.param]
    for name, text in case.files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    variables = {name: value.replace("{home}", str(tmp_path)) for name, value in case.environment.items()}
    # Nothing asks the machine for credentials while tests run.
    own = {"HOME": str(tmp_path), "AWS_EC2_METADATA_DISABLED": "true"}
    with exported({**nothing(), **own, **variables}):
        yield case


def asked_by_the_sdk(bucket: str) -> Asked | None:
    """What the SDK would ask for; None where it would not ask at all."""
    seen: list[Asked] = []

    def look(request: AWSPreparedRequest, **_: Any) -> None:
        split = urlsplit(request.url)
        authorization = _text(request.headers["Authorization"])
        scope = re.search(r"Credential=([^/]+)/\d+/([^/]+)/s3/", authorization)
        assert scope, authorization
        assert client is not None
        proxy = client._endpoint.http_session._proxy_config.proxy_url_for(request.url)
        token = _text(request.headers.get("X-Amz-Security-Token", ""))
        seen.append(Asked(split.scheme, split.netloc, unquote(split.path), proxy, scope[2], scope[1], token))
        raise _Sent

    client: Any = None
    try:
        client = S3Store(bucket)._s3
        client.meta.events.register("before-send.s3", look)
        client.get_object(Bucket=bucket, Key="a/key")
    except (_Sent, StoreUnavailable, BotoCoreError, ValueError, TypeError):
        pass
    return seen[0] if seen else None


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value


@pytest.mark.parametrize("here", CASES, indirect=True)
def test_the_reader_asks_as_the_sdk_does_or_not_at_all(here: Case) -> None:
    reader = S3Reader.from_environment(here.bucket)
    assert (reader is not None) == here.taken
    if reader:
        target = reader.target
        scheme = "https" if target.is_secure else "http"
        path = target.path + "a/key"
        ours = Asked(scheme, target.host, path, None, target.region, target.key, target.token)
        assert ours == asked_by_the_sdk(here.bucket)
        # What it signs and sends is what is compared.
        signed = reader._signed(target.path, 0)
        assert signed["host"] == target.host
        assert f"Credential={target.key}/19700101/{target.region}/s3" in signed["authorization"]
        assert signed.get("x-amz-security-token", "") == target.token


def test_there_are_enough_environments() -> None:
    assert len(CASES) >= 60
    assert sum(case.taken for case in CASES.values()) >= 20


@pytest.mark.parametrize(
    ("here", "host"),
    [
        ("an endpoint in the file", "from.file:1"),
        ("services in the file", "from.services:1"),
        ("a file by its name", "from.mine:1"),
        ("the file of credentials with settings", "from.credentials:1"),
        ("dual stack", "s3.dualstack.eu-central-1.amazonaws.com"),
        ("FIPS", "s3-fips.us-east-1.amazonaws.com"),
        ("only AWS_REGION", "s3.amazonaws.com"),
        ("the regional name", "s3.us-east-1.amazonaws.com"),
        ("endpoints ignored", "s3.eu-central-1.amazonaws.com"),
    ],
    indirect=["here"],
)
def test_where_the_reader_declines_the_sdk_goes_elsewhere(here: Case, host: str) -> None:
    """The comparison is worth something: these environments do lead the SDK away."""
    asked = asked_by_the_sdk(here.bucket)
    assert asked
    assert asked.host == host


def test_elsewhere_than_on_linux_a_desktop_may_be_set_to_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "darwin")
    with exported({**nothing(), **PLAIN}):
        assert S3Reader.from_environment("bucket") is None
    with exported({**nothing(), **LOCAL}):
        assert S3Reader.from_environment("bucket")
