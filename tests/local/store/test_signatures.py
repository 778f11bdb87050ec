"""Signatures as botocore makes them are verified, and nothing else is."""

import hashlib
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as Signing

from functions.local.process.environment import Credentials
from functions.local.store.signatures import Signature

OURS = Credentials("OURS", "secret")
TARGETS = (
    "/",
    "/bucket/odd%20names/%C3%A4%2Bb",
    "/bucket?list-type=2&prefix=a%2Fb%3D&delimiter=",
    "/b?versions",
)


def signed(
    target: str, body: bytes = b"", service: str = "s3", secret: str = OURS.secret_key
) -> dict[str, str]:
    """The headers of a request that botocore has signed."""
    request = AWSRequest("PUT", f"http://127.0.0.1:9000{target}", data=body, headers={"X-Amz-Meta-A": "b  c"})
    signer: Any = S3SigV4Auth if service == "s3" else SigV4Auth
    signer(Signing("OURS", secret), service, "us-east-1").add_auth(request)
    return {name.lower(): value for name, value in request.headers.items()} | {"host": "127.0.0.1:9000"}


def is_ours(target: str, headers: dict[str, str], body: bytes = b"", method: str = "PUT") -> bool:
    found = Signature.read(headers["authorization"])
    assert found
    return found.is_of(OURS, method, target, headers, body)


@pytest.mark.parametrize("service", ["s3", "ssm"])
@pytest.mark.parametrize("target", TARGETS)
def test_what_botocore_signed_is_verified(target: str, service: str) -> None:
    assert is_ours(target, signed(target, b"body", service), b"body")


def test_a_signature_of_other_credentials_is_none_of_ours() -> None:
    assert not is_ours("/", signed("/", secret="guessed"))
    assert not is_ours(
        "/", signed("/") | {"authorization": signed("/")["authorization"].replace("OURS", "THEM")}
    )


@pytest.mark.parametrize("service", ["s3", "ssm"])
def test_a_signature_is_for_one_request(service: str) -> None:
    headers = signed("/bucket/a", b"body", service)
    assert is_ours("/bucket/a", headers, b"body")
    assert not is_ours("/bucket/b", headers, b"body")
    assert not is_ours("/bucket/a?acl", headers, b"body")
    assert not is_ours("/bucket/a", headers, b"other")
    assert not is_ours("/bucket/a", headers, b"body", method="DELETE")
    assert not is_ours("/bucket/a", headers | {"host": "evil.example"}, b"body")
    changed = {"x-amz-content-sha256": hashlib.sha256(b"other").hexdigest()}
    assert not is_ours("/bucket/a", headers | changed, b"other")


@pytest.mark.parametrize(
    ("made_at", "seconds"),
    [("20269999T000000Z", "60"), ("20260101T000000Z", "9" * 5_000), ("99991231T235959Z", "60")],
)
def test_an_address_of_no_moment_is_not_read(made_at: str, seconds: str) -> None:
    query = (
        "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=OURS%2F20260101%2Fus-east-1%2Fs3%2Faws4_request"
        f"&X-Amz-SignedHeaders=host&X-Amz-Signature={'0' * 64}&X-Amz-Date={made_at}&X-Amz-Expires={seconds}"
    )
    now = datetime(2026, 1, 1, tzinfo=UTC)
    usual = query.replace(made_at, "20260101T000000Z").replace(seconds, "60")
    assert Signature.read_address(usual, now) is not None
    assert Signature.read_address(query, now) is None


@pytest.mark.parametrize("header", ["", "AWS OURS:abc", "Bearer x", "AWS4-HMAC-SHA256 Credential=OURS/x"])
def test_what_is_no_such_signature_is_not_read(header: str) -> None:
    assert Signature.read(header) is None
