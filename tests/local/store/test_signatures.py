"""Signatures as botocore makes them are verified, and nothing else is."""

import hashlib
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


@pytest.mark.parametrize("header", ["", "AWS OURS:abc", "Bearer x", "AWS4-HMAC-SHA256 Credential=OURS/x"])
def test_what_is_no_such_signature_is_not_read(header: str) -> None:
    assert Signature.read(header) is None
