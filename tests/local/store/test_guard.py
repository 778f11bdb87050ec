"""The page that asks the store: what a browser can send to the store of a run, and what a stranger can."""

import asyncio
import http.client
from collections.abc import Iterator
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import boto3
import httpx
import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials as Signing
from botocore.exceptions import ClientError

from functions.core.storage.s3 import S3Store
from functions.local.process.environment import exported
from functions.local.store.embedded import EmbeddedStore, start_embedded_store

PAGE = {"Origin": "https://evil.example"}
OWN_PAGE = "http://127.0.0.1:8000"
PLANT = '{"Name": "/lifeboat/dev/keys", "Value": "mine", "Type": "String", "Overwrite": true}'
SSM = {"X-Amz-Target": "AmazonSSM.PutParameter", "Content-Type": "text/plain"}
GET_KEYS = {"X-Amz-Target": "AmazonSSM.GetParameter", "Content-Type": "text/plain"}
READ = '{"Name": "/lifeboat/dev/keys"}'


@pytest.fixture(scope="module")
def store() -> Iterator[EmbeddedStore]:
    with asyncio.Runner() as runner:
        store = runner.run(start_embedded_store(0, lambda _line: None))
        owner(store, "s3").create_bucket(Bucket="bucket")
        owner(store, "s3").put_object(Bucket="bucket", Key="model.onnx", Body=b"a model")
        with exported(store.environment):
            S3Store("bucket").allow_uploads_from(OWN_PAGE)
        owner(store, "ssm").put_parameter(Name="/lifeboat/dev/keys", Value="ours", Type="String")
        yield store
        runner.run(store.stop())


@cache
def owner(store: EmbeddedStore, service: str, secret: str | None = None) -> Any:
    """A client with the credentials of the run, or with a secret that is guessed."""
    return boto3.session.Session().client(
        service,  # type: ignore[call-overload]
        endpoint_url=store.endpoint,
        region_name="us-east-1",
        aws_access_key_id=store.credentials.access_key,
        aws_secret_access_key=secret or store.credentials.secret_key,
        config=Config(
            signature_version="s3v4" if service == "s3" else None,
            s3={"addressing_style": "path"},
            retries={"total_max_attempts": 1},
        ),
    )


def send(
    store: EmbeddedStore, method: str, path: str, body: str = "", headers: dict[str, str] | None = None
) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", store.port, timeout=30)
    try:
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def signed(store: EmbeddedStore, method: str, path: str, host: str = "") -> dict[str, str]:
    """The headers of a request that the run's credentials have signed, for the store's host or another."""
    request = AWSRequest(method, f"http://{host or urlsplit(store.endpoint).netloc}{path}")
    known = Signing(store.credentials.access_key, store.credentials.secret_key)
    S3SigV4Auth(known, "s3", "us-east-1").add_auth(request)
    return {**request.headers, **({"Host": host} if host else {})}


@pytest.mark.parametrize(
    ("method", "path", "body", "headers"),
    [
        ("GET", "/bucket?list-type=2", "", PAGE),
        ("GET", "/bucket/model.onnx", "", PAGE),
        ("PUT", "/bucket/model.onnx", "another", PAGE),
        ("DELETE", "/bucket/model.onnx", "", PAGE),
        ("POST", "/", READ, PAGE | GET_KEYS),
        ("POST", "/", PLANT, PAGE | SSM),
        ("POST", "/moto-api/reset", "", PAGE),
        ("OPTIONS", "/bucket/model.onnx", "", PAGE | {"Access-Control-Request-Method": "PUT"}),
        # What a page can have a browser send without an Origin: an image, a link, a script.
        ("GET", "/bucket/model.onnx", "", {}),
        ("GET", "/moto-api/data.json", "", {}),
        ("GET", "/", "", {}),
        # Behind a name of its own that leads here, nothing is of another origin.
        ("GET", "/bucket/model.onnx", "", {"Host": "evil.example"}),
        ("POST", "/", PLANT, SSM | {"Host": "evil.example:9000"}),
        ("POST", "/moto-api/reset", "", {"Host": "evil.example"}),
    ],
)
def test_a_page_reads_nothing_and_changes_nothing(
    store: EmbeddedStore, method: str, path: str, body: str, headers: dict[str, str]
) -> None:
    status, text = send(store, method, path, body, headers)
    assert status == 403
    assert "a model" not in text
    s3, ssm = owner(store, "s3"), owner(store, "ssm")
    assert s3.get_object(Bucket="bucket", Key="model.onnx")["Body"].read() == b"a model"
    assert ssm.get_parameter(Name="/lifeboat/dev/keys")["Parameter"]["Value"] == "ours"


def test_a_page_is_refused_even_with_a_signature(store: EmbeddedStore) -> None:
    path = "/bucket/model.onnx"
    assert send(store, "GET", path, headers=signed(store, "GET", path)) == (200, "a model")
    status, text = send(store, "GET", path, headers=signed(store, "GET", path) | PAGE)
    assert (status, "has an Origin" in text) == (403, True)
    status, text = send(store, "GET", path, headers=signed(store, "GET", path, "evil.example"))
    assert (status, "not by another name" in text) == (403, True)


def test_the_pages_of_the_run_send_files_to_addresses_that_were_signed_and_no_other_page_may_ask(
    store: EmbeddedStore,
) -> None:
    asked = {"Bucket": "bucket", "Key": "scoring/titanic/in/a.csv"}
    address = owner(store, "s3").generate_presigned_url("put_object", Params=asked, ExpiresIn=60)

    def answer(method: str, origin: str, **headers: str) -> httpx.Response:
        sent = {"Origin": origin, **{name.replace("_", "-"): value for name, value in headers.items()}}
        return httpx.request(method, address, headers=sent, trust_env=False)

    may = answer("OPTIONS", OWN_PAGE, access_control_request_method="PUT")
    assert (may.status_code, may.headers["access-control-allow-origin"]) == (200, OWN_PAGE)
    assert may.headers["access-control-allow-methods"] == "PUT"
    assert may.headers["access-control-allow-headers"] == "content-type"
    sent = answer("PUT", OWN_PAGE, content_type="text/csv")
    assert (sent.status_code, sent.headers["access-control-allow-origin"]) == (200, OWN_PAGE)
    for evil in (
        answer("OPTIONS", PAGE["Origin"], access_control_request_method="PUT"),
        answer("PUT", PAGE["Origin"]),
    ):
        assert "access-control-allow-origin" not in evil.headers


def test_whoever_has_an_address_may_do_what_it_is_for_until_it_expires(store: EmbeddedStore) -> None:
    s3 = owner(store, "s3")

    def address(method: str, key: str, seconds: int = 60) -> str:
        asked = {"Bucket": "bucket", "Key": key}
        url = urlsplit(s3.generate_presigned_url(method, Params=asked, ExpiresIn=seconds))
        return f"{url.path}?{url.query}"

    to_write = address("put_object", "a b.csv")
    text = {"content-type": "text/csv"}
    assert send(store, "PUT", to_write, "a table", text)[0] == 200
    assert send(store, "GET", address("get_object", "a b.csv")) == (200, "a table")
    for method, path in (
        ("GET", to_write),
        ("PUT", to_write.replace("a%20b", "b")),
        ("PUT", to_write.replace("Expires=60", "Expires=6000")),
        ("PUT", address("put_object", "a b.csv", 0)),
        ("PUT", f"{to_write}&versioning"),
    ):
        assert send(store, method, path, "another" if method == "PUT" else "", text)[0] == 403
        assert send(store, method, path, "another" if method == "PUT" else "", text | PAGE)[0] == 403
    assert send(store, "GET", address("get_object", "a b.csv")) == (200, "a table")


def test_the_emulators_own_routes_are_closed_to_its_owner_too(store: EmbeddedStore) -> None:
    headers = signed(store, "POST", "/moto-api/reset")
    status, text = send(store, "POST", "/moto-api/reset", headers=headers)
    assert (status, "own routes" in text) == (403, True)


@pytest.mark.parametrize("service", ["s3", "ssm"])
def test_a_guessed_secret_opens_nothing(store: EmbeddedStore, service: str) -> None:
    client = owner(store, service, "guessed")
    with pytest.raises(ClientError) as refused:
        client.list_buckets() if service == "s3" else client.get_parameter(Name="/lifeboat/dev/keys")
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


def test_other_services_of_the_emulator_are_not_there(store: EmbeddedStore) -> None:
    with pytest.raises(ClientError) as refused:
        owner(store, "iam").list_users()
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


def test_a_body_that_is_sent_in_pieces_arrives(store: EmbeddedStore) -> None:
    owner(store, "s3").put_object(Bucket="bucket", Key="large", Body=b"x" * 9_000_000)
    assert owner(store, "s3").head_object(Bucket="bucket", Key="large")["ContentLength"] == 9_000_000
