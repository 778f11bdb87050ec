"""Access tokens through the real authorizer: who is let in, who is not and why; keys go on counting."""

import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import pytest

from functions.authorize.handler import handler, key_ring, login
from functions.core.base.errors import Forbidden
from functions.core.identity import tokens
from functions.core.identity.caller import Caller, caller_of
from functions.core.storage.parameter import Parameter
from tests.support.declared import ROOT
from tests.support.keys import Ask, new_key
from tests.support.tokens import AUDIENCE, EC, ISSUER, RSA, key_set, signed_with_the_public_key, token

Told = Callable[..., str]


@pytest.fixture(autouse=True)
def _provider(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    """The settings of a provider; `ask` has taken away those that there were."""
    for name, value in {
        "ISSUER": ISSUER,
        "AUDIENCE": AUDIENCE,
        "KEYS": key_set(rsa=RSA, ec=EC).decode(),
        "NAME": "username",
        "GROUPS": "annotators=predict,feedback",
    }.items():
        monkeypatch.setenv(f"LIFEBOAT_LOGIN_{name}", value)


def shown(text: str) -> dict[str, str]:
    return {"authorization": f"Bearer {text}"}


def caller_with(context: dict[str, str]) -> Caller:
    return caller_of({"requestContext": {"authorizer": {"lambda": context}}})


@pytest.mark.parametrize(
    ("key", "algorithm", "key_id"), [(RSA, "RS256", "rsa"), (EC, "ES256", "ec")], ids=["RS256", "ES256"]
)
def test_who_is_logged_in_becomes_a_caller_like_any_other(
    ask: Ask, key: Any, algorithm: str, key_id: str
) -> None:
    text = token(key=key, algorithm=algorithm, key_id=key_id, groups=["annotators"])
    caller = caller_with(ask(shown(text)))
    assert caller == Caller("user:alice", frozenset({"predict", "feedback"}), None, "alice")


def test_a_token_travels_wherever_a_key_does(ask: Ask) -> None:
    assert ask({"x-api-key": token()})["key_id"] == "user:alice"


def test_a_program_with_client_credentials_is_a_caller_too(ask: Ask) -> None:
    text = token(without="groups", username=None, sub="till-7", scope="lifeboat/predict")
    assert caller_with(ask(shown(text))) == Caller("user:till-7", frozenset({"predict"}), None, "till-7")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (token(exp=int(time.time()) - 60), "has expired"),
        (token(nbf=int(time.time()) + 86_400), "does not count yet"),
        (token(aud="billing"), "another application"),
        (token(iss="https://elsewhere.example.com/"), "another provider"),
        (token(key=EC, algorithm="ES256", key_id="rsa"), "signature"),
        (token()[:-8] + "AAAAAAAA", "signature"),
        (token(key=None, algorithm="none"), "signed with RS256 or ES256"),
        (signed_with_the_public_key(), "signed with RS256 or ES256"),
        (token(key_id="gone"), "does not have"),
        (token(key_id=None), "does not name the key"),
        (token(token_use="id"), "id token"),
    ],
    ids=lambda value: value if " " in value else "",
)
def test_a_token_that_does_not_count_is_denied_with_a_reason(ask: Ask, text: str, reason: str) -> None:
    assert reason in ask(shown(text))["denied"]


def test_groups_that_stand_for_nothing_let_somebody_in_who_may_do_nothing(ask: Ask) -> None:
    caller = caller_with(ask(shown(token(groups=["strangers"]))))
    assert (caller.key_id, caller.scopes) == ("user:alice", frozenset())
    with pytest.raises(Forbidden, match="this needs the scope predict"):
        caller.require("predict")


def test_a_rotated_key_is_asked_for_and_the_old_one_counts_no_more(
    ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    documents = [key_set(rsa=RSA), key_set(ec=EC)]
    monkeypatch.delenv("LIFEBOAT_LOGIN_KEYS")
    # The provider is asked for its keys once they have the age of nothing.
    monkeypatch.setattr(tokens, "_REFETCH_SECONDS", 0.0)
    asked: list[str] = []

    def fetch(address: str) -> bytes:
        asked.append(address)
        return documents[min(len(asked), len(documents)) - 1]

    monkeypatch.setattr(tokens, "_fetch", fetch)
    assert ask(shown(token()))["key_id"] == "user:alice"
    assert ask(shown(token(key=EC, algorithm="ES256", key_id="ec")))["key_id"] == "user:alice"
    assert "does not have" in ask(shown(token()))["denied"]
    # Where the settings name no place for the keys, they are where OpenID Connect's providers have them.
    assert set(asked) == {"https://login.example.com/.well-known/jwks.json"}


def test_keys_go_on_counting_whatever_becomes_of_log_in(
    ask: Ask, parameter: Parameter, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text, key = new_key(parameter)
    monkeypatch.setenv("LIFEBOAT_LOGIN_KEYS", "{}")
    assert "not set up right" in ask(shown(token()))["unavailable"]
    assert "LIFEBOAT_LOGIN_KEYS is no set of keys" in capsys.readouterr().out
    assert ask(shown(text))["key_id"] == key.id


def test_without_a_provider_a_token_is_refused_in_a_sentence(
    ask: Ask, parameter: Parameter, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As template.yaml has it without a log-in.
    monkeypatch.setenv("LIFEBOAT_LOGIN_ISSUER", "")
    text, key = new_key(parameter)
    assert ask(shown(token()))["denied"] == (
        "access tokens do not count here: no log-in is set up; send a key"
    )
    assert ask(shown(text))["key_id"] == key.id


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("AUDIENCE", " ", "LOGIN_AUDIENCE: it is not set"),
        ("GROUPS", "staff=fly", "LOGIN_GROUPS: 'staff=fly'"),
    ],
)
def test_settings_that_do_not_fit_are_said_before_anybody_is_let_in(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, reason: str
) -> None:
    monkeypatch.setenv(f"LIFEBOAT_LOGIN_{name}", value)
    with pytest.raises(SystemExit, match=reason):
        handler({}, None)


def test_nothing_of_a_token_reaches_a_log(ask: Ask, capsys: pytest.CaptureFixture[str]) -> None:
    for text in (token(), token(aud="billing"), token(key_id="gone"), token(exp=1)):
        ask(shown(text))
        signature = text.rpartition(".")[2]
        captured = capsys.readouterr()
        assert signature[:12] not in captured.out + captured.err


def test_who_shows_a_key_does_not_wait_for_what_checks_tokens() -> None:
    code = (
        "import sys, functions.authorize.handler; print(sorted({'jwt', 'cryptography'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.fixture(autouse=True)
def _forget() -> Any:
    yield
    for kept in (key_ring, login):
        kept.cache_clear()
