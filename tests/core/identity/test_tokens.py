"""Access tokens: which count, whose they are, and what they allow."""

import time
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from functions.core.base.errors import StoreUnavailable, Unauthorized
from functions.core.identity.provider import Provider, parse_groups
from functions.core.identity.tokens import (
    KeySet,
    TokenHolder,
    check_token,
)
from tests.support.tokens import AUDIENCE, EC, ISSUER, RSA, key_set, signed_with_the_public_key, token

PROVIDER = Provider(
    issuer=ISSUER,
    audiences=(AUDIENCE, "robot"),
    name_claim="username",
    groups=parse_groups("annotators=predict,feedback"),
)
BOTH = KeySet(key_set(rsa=RSA, ec=EC).decode())


def refusal(text: str, keys: KeySet = BOTH) -> str:
    with pytest.raises(Unauthorized) as refused:
        check_token(text, PROVIDER, keys)
    return str(refused.value)


@pytest.mark.parametrize(
    ("key", "algorithm", "key_id"), [(RSA, "RS256", "rsa"), (EC, "ES256", "ec")], ids=["RS256", "ES256"]
)
def test_a_token_tells_who_somebody_is_and_what_they_may_do(key: Any, algorithm: str, key_id: str) -> None:
    holder = check_token(token(key=key, algorithm=algorithm, key_id=key_id), PROVIDER, BOTH)
    assert holder == TokenHolder("user:alice", "alice", ("predict",))


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"exp": int(time.time()) - 60}, "has expired"),
        ({"nbf": int(time.time()) + 86_400}, "does not count yet"),
        ({"iss": "https://elsewhere.example.com/"}, "another provider"),
        ({"aud": "billing"}, "another application"),
        ({"aud": ["billing", "mail"]}, "another application"),
        ({"token_use": "id"}, "id token"),
        ({"typ": "ID"}, "id token"),
        ({"at_hash": "MTIzNDU2Nzg5MDEyMzQ1Ng"}, "id token"),
        ({"without": "exp"}, "damaged"),
        ({"without": "iss"}, "damaged"),
        ({"exp": "soon"}, "damaged"),
        ({"username": "", "sub": ""}, "does not say whose"),
        ({"username": "al\nice"}, "does not say whose"),
        ({"username": "a" * 124}, "does not say whose"),
        ({"username": "é" * 21}, "does not say whose"),
    ],
)
def test_a_token_that_does_not_count_says_why(claims: dict[str, Any], reason: str) -> None:
    assert reason in refusal(token(**claims))


def test_a_signature_by_another_key_does_not_count() -> None:
    stranger = rsa.generate_private_key(65_537, 2_048)
    assert "signature" in refusal(token(key=stranger))


def test_a_changed_token_does_not_count() -> None:
    header, body, signature = token().split(".")
    other = token(groups=["admin"]).split(".")[1]
    assert "signature" in refusal(f"{header}.{other}.{signature}")
    assert "signature" in refusal(f"{header}.{body}.")


def test_an_unsigned_token_does_not_count() -> None:
    assert "signed with RS256 or ES256" in refusal(token(key=None, algorithm="none"))


def test_the_public_key_is_no_secret_to_sign_with() -> None:
    assert "signed with RS256 or ES256" in refusal(signed_with_the_public_key())


def test_the_algorithm_is_the_keys_and_not_the_tokens() -> None:
    assert "signature" in refusal(token(key=EC, algorithm="ES256", key_id="rsa"))


@pytest.mark.parametrize("key_id", [None, "gone"])
def test_a_key_that_the_provider_does_not_have_does_not_count(key_id: str | None) -> None:
    assert "key that" in refusal(token(key_id=key_id))


@pytest.mark.parametrize("text", ["a.b.c", "e30.e30.", "....", "\u00e9.a.b"])
def test_what_is_no_token_is_refused_in_words(text: str) -> None:
    assert "token" in refusal(text)


def test_groups_and_scopes_stand_for_what_they_are_mapped_to() -> None:
    def scopes(**claims: Any) -> tuple[str, ...]:
        return check_token(token(without="groups", **claims), PROVIDER, BOTH).scopes

    assert scopes(**{"cognito:groups": ["annotators"]}) == ("predict", "feedback")
    assert scopes(scope="openid lifeboat/predict https://api.example.com/feedback") == ("predict", "feedback")
    assert scopes(scp=["admin"]) == ("admin",)
    assert scopes(roles="predict") == ("predict",)


@pytest.mark.parametrize("groups", [["strangers"], [], None, 5, {"admin": True}, [1, None, ["admin"]]])
def test_groups_that_stand_for_nothing_allow_nothing(groups: Any) -> None:
    holder = check_token(token(groups=groups), PROVIDER, BOTH)
    assert holder.scopes == ()


def test_a_token_for_any_of_the_audiences_counts() -> None:
    assert check_token(token(aud=["mail", "robot"]), PROVIDER, BOTH).name == "alice"


def test_a_client_of_cognito_is_known_by_its_id() -> None:
    """Its access tokens have no audience. A program's has no user either."""
    text = token(without="aud", client_id="lifeboat", username=None, sub="lifeboat", token_use="access")
    assert check_token(text, PROVIDER, BOTH).id == "user:lifeboat"


def test_a_name_cannot_pass_for_a_key_or_a_path() -> None:
    assert check_token(token(username="0123abcd"), PROVIDER, BOTH).id == "user:0123abcd"
    assert check_token(token(username="../a~b/c"), PROVIDER, BOTH).id == "user:..%2Fa%7Eb%2Fc"


class Shelf:
    """A provider's document that changes, and how often it was asked for."""

    def __init__(self, body: bytes) -> None:
        self.body: bytes | None = body
        self.asked = 0
        self.now = 1_000.0

    def fetch(self, _address: str) -> bytes:
        self.asked += 1
        if self.body is None:
            raise OSError("away")
        return self.body

    def keys(self) -> KeySet:
        return KeySet("https://login.example.com/jwks", self.fetch, lambda: self.now)


def test_keys_are_fetched_once_and_again_after_an_hour() -> None:
    shelf = Shelf(key_set(rsa=RSA))
    keys = shelf.keys()
    for _ in range(3):
        check_token(token(), PROVIDER, keys)
    assert shelf.asked == 1
    shelf.now += 3_601
    check_token(token(), PROVIDER, keys)
    assert shelf.asked == 2


def test_a_rotated_key_is_fetched_at_once_and_the_old_one_goes() -> None:
    shelf = Shelf(key_set(rsa=RSA))
    keys = shelf.keys()
    check_token(token(), PROVIDER, keys)
    shelf.body, shelf.now = key_set(ec=EC), shelf.now + 60
    check_token(token(key=EC, algorithm="ES256", key_id="ec"), PROVIDER, keys)
    assert "does not have" in refusal(token(), keys)


def test_made_up_key_ids_do_not_ask_the_provider_each_time() -> None:
    shelf = Shelf(key_set(rsa=RSA))
    keys = shelf.keys()
    for number in range(100):
        refusal(token(key_id=f"made-up-{number}"), keys)
        shelf.now += 0.1
    assert shelf.asked == 1


@pytest.mark.parametrize("body", [None, b"<html>", b"{}", b'{"keys": 5}', b'{"keys": []}', b"[" * 50_000])
def test_keys_in_memory_go_on_counting_while_the_provider_is_away(body: bytes | None) -> None:
    shelf = Shelf(key_set(rsa=RSA))
    keys = shelf.keys()
    check_token(token(), PROVIDER, keys)
    shelf.body, shelf.now = body, shelf.now + 3_601
    check_token(token(), PROVIDER, keys)
    assert shelf.asked == 2


@pytest.mark.parametrize("body", [None, b"<html>", b'{"keys": [{"kid": ["x"], "kty": "RSA"}]}'])
def test_without_any_key_nobody_can_say_whether_a_token_counts(body: bytes | None) -> None:
    shelf = Shelf(b"")
    shelf.body = body
    with pytest.raises(StoreUnavailable):
        check_token(token(), PROVIDER, shelf.keys())


def test_keys_are_only_asked_for_over_https() -> None:
    keys = KeySet("http://127.0.0.1:9/jwks")
    with pytest.raises(StoreUnavailable):
        keys.find("rsa")
