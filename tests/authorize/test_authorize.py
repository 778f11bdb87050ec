"""The authorizer: who is let in, who is denied and why, and what nobody can read afterwards."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests

from functions.authorize.__main__ import main
from functions.authorize.handler import allowance, handler
from functions.core.base.errors import Forbidden, Unauthorized
from functions.core.identity import keys as keys_module
from functions.core.identity.caller import SCOPES, Caller, caller_of
from functions.core.identity.key_list import revoke
from functions.core.identity.keys import check, make_key
from functions.core.storage.parameter import Parameter
from tests.support.keys import DAY, NOW, Ask, new_key


def test_a_valid_key_is_known_by_its_id_and_scopes(ask: Ask, parameter: Parameter) -> None:
    text, key = new_key(parameter, "predict", "feedback", days=1)
    assert ask({"x-api-key": text}) == {
        "key_id": key.id,
        "scopes": "predict feedback",
        "models": "",
        "name": "a test",
        "denied": "",
        "unavailable": "",
    }


@pytest.mark.parametrize(
    "headers",
    [
        {"x-api-key": "{}"},
        {"X-Api-Key": " {} "},
        {"authorization": "Bearer {}"},
        {"Authorization": "bearer   {}"},
        {"x-api-key": "{}", "authorization": "Basic dXNlcjpwYXNz"},
        {"authorization": "Basic key:{}"},
        {"authorization": "basic {}:"},
        {"authorization": "Basic {}"},
    ],
)
def test_a_key_travels_in_either_header(ask: Ask, parameter: Parameter, headers: dict[str, str]) -> None:
    text, key = new_key(parameter)
    sent = {name: value.format(text) for name, value in headers.items()}
    scheme, _, credentials = sent.get("authorization", "").partition(" ")
    if scheme.lower() == "basic" and "lb_" in credentials:
        sent["authorization"] = f"{scheme} {base64.b64encode(credentials.encode()).decode()}"
    assert ask(sent)["key_id"] == key.id


@pytest.mark.parametrize(
    ("credentials", "reason"),
    [
        ("!", "Authorization: Basic are damaged"),
        ("YQ", "Authorization: Basic are damaged"),
        ("gICA", "Authorization: Basic are damaged"),
        ("dXNlcjpwYXNz", "this is not a key of this API"),
        ("Og==", "this is not a key of this API"),
    ],
)
def test_a_password_that_is_no_key_is_denied(ask: Ask, credentials: str, reason: str) -> None:
    assert reason in ask({"authorization": f"Basic {credentials}"})["denied"]


def test_a_flood_without_a_key_is_refused_by_the_gateway_and_a_key_goes_on_counting(
    event: Callable[[str], dict[str, Any]], parameter: Parameter, capsys: pytest.CaptureFixture[str]
) -> None:
    text, key = new_key(parameter)
    keyless, keyed = event("authorizer_request"), event("authorizer_request")
    keyed["headers"] |= {"x-api-key": text}
    allowance.cache_clear()
    answers = [handler(keyless, None) for _ in range(200)]
    allowed = [answer["isAuthorized"] for answer in answers]
    assert all(allowed[:100])
    assert not all(allowed[100:])
    assert {"isAuthorized": False} in answers
    # A line for each that is told why, and one for all the others.
    assert len(capsys.readouterr().out.splitlines()) == sum(allowed) + 1
    answer = handler(keyed, None)
    assert (answer["isAuthorized"], answer["context"]["key_id"]) == (True, key.id)
    allowance.cache_clear()


def test_what_is_no_valid_key_is_denied_with_a_reason(ask: Ask, parameter: Parameter) -> None:
    text, key = new_key(parameter)
    expired, _ = new_key(parameter, created=datetime.now(UTC) - 2 * DAY, days=1)
    revoked, revoked_key = new_key(parameter)
    revoke(parameter, revoked_key.id, datetime.now(UTC))
    wrong = f"lb_{key.id}_{'0' * 64}"
    unknown = f"lb_00000000_{'0' * 64}"
    for shown, reason in {
        wrong: "this key is not known",
        unknown: "this key is not known",
        expired: "this key expired at 20",
        revoked: "this key was revoked at 20",
        f"{text},{text}": "not a key of this API",
        text.upper(): "not a key of this API",
        "ключ": "not a key of this API",
        "": "not a key of this API",
    }.items():
        denied = ask({"x-api-key": shown})["denied"]
        assert reason in denied, shown
    # Who does not hold the key is not told that it was revoked.
    assert ask({"x-api-key": revoked[:-1] + "x"})["denied"] != ask({"x-api-key": revoked})["denied"]
    assert ask({"x-api-key": f"lb_{revoked_key.id}_{'0' * 64}"})["denied"] == "this key is not known"


@pytest.mark.parametrize(
    "headers", [{}, {"authorization": "Basic dXNlcjpwYXNz"}, {"authorization": "Bearer"}]
)
def test_who_shows_no_key_is_told_where_to_put_one(ask: Ask, headers: dict[str, str]) -> None:
    assert "x-api-key" in ask(headers)["denied"]


@pytest.mark.parametrize("query", ["key={}", "a=1&x-api-key={}", "q=%6cb{}", "{}"])
def test_a_key_in_the_address_is_refused_even_if_it_stands_in_a_header_too(
    ask: Ask, parameter: Parameter, query: str
) -> None:
    text, _ = new_key(parameter)
    written = query.format(text.removeprefix("lb") if "%6cb" in query else text)
    denied = ask({"x-api-key": text}, written)["denied"]
    assert "revoke it" in denied
    assert "x-api-key" in denied


def test_a_key_in_the_path_is_refused_as_well(ask: Ask, parameter: Parameter) -> None:
    text, _ = new_key(parameter)
    assert "revoke it" in ask({"x-api-key": text}, path=f"/models/{text}")["denied"]


def test_an_event_without_headers_or_query_is_denied(place: Path) -> None:
    assert handler({}, None)["context"]["denied"]
    assert handler({"headers": None, "rawQueryString": None}, None)["context"]["denied"]


def test_no_list_means_no_keys(ask: Ask, capsys: pytest.CaptureFixture[str]) -> None:
    assert ask({"x-api-key": f"lb_00000000_{'0' * 64}"})["denied"] == "this key is not known"
    assert "make key" in capsys.readouterr().out


def test_what_the_authorizer_says_is_what_the_functions_read(
    parameter: Parameter, event: Callable[[str], dict[str, Any]]
) -> None:
    text, key = new_key(parameter, "admin")
    request = event("authorizer_request") | {"headers": {"x-api-key": text}}
    context = handler(request, None)["context"]
    caller = caller_of({"requestContext": {"authorizer": {"lambda": context}}})
    assert caller == Caller(key.id, frozenset(SCOPES), None, "a test")
    context = handler(request | {"headers": {}}, None)["context"]
    with pytest.raises(Unauthorized):
        caller_of({"requestContext": {"authorizer": {"lambda": context}}})


def test_a_key_for_some_models_is_for_these_alone(
    place: Path, event: Callable[[str], dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    create = ["create", "--scopes", "predict", "--note", "the shop", "--models", "churn,titanic"]
    assert main(create) == 0
    captured = capsys.readouterr()
    assert "for these models alone: churn, titanic" in captured.err
    request = event("authorizer_request") | {"headers": {"x-api-key": captured.out.strip()}}
    context = handler(request, None)["context"]
    caller = caller_of({"requestContext": {"authorizer": {"lambda": context}}})
    caller.require("predict", model="churn")
    with pytest.raises(Forbidden, match="for other models: churn, titanic"):
        caller.require("predict", model="adult")
    assert main(["list"]) == 0
    assert "churn,titanic" in capsys.readouterr().out
    assert main([*create[:-1], "Not A Name"]) == 1
    assert "names of models" in capsys.readouterr().err


def test_an_unknown_id_costs_the_same_work_as_a_wrong_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    # tests/bench/authorize.py measures it.
    work: list[tuple[str, int]] = []

    class Hash:
        @staticmethod
        def sha256(data: bytes) -> Any:
            work.append(("hash", len(data)))
            return hashlib.sha256(data)

    class Compare:
        @staticmethod
        def compare_digest(one: str, other: str) -> bool:
            work.append(("compare", len(one) * len(other)))
            return hmac.compare_digest(one, other)

    _, key = make_key(["predict"], "x", NOW)
    monkeypatch.setattr(keys_module, "hashlib", Hash)
    monkeypatch.setattr(keys_module, "hmac", Compare)
    done = []
    for id_ in (key.id, "00000000"):
        work.clear()
        with pytest.raises(Unauthorized, match="not known"):
            check(f"lb_{id_}_{'0' * 64}", {key.id: key}, NOW)
        done.append(list(work))
    assert done[0] == done[1] == [("hash", 76), ("compare", 64 * 64)]


def test_nothing_of_a_key_reaches_a_log(
    ask: Ask, parameter: Parameter, capsys: pytest.CaptureFixture[str]
) -> None:
    text, key = new_key(parameter)
    revoked, revoked_key = new_key(parameter)
    revoke(parameter, revoked_key.id, datetime.now(UTC))
    wrong = f"lb_{key.id}_{'ab' * 32}"
    for shown in (text, revoked, wrong, text[:40], f"{text},{text}"):
        ask({"x-api-key": shown})
        ask({"authorization": f"Bearer {shown}"})
        ask(query=f"key={shown}")
    captured = capsys.readouterr()
    logged = captured.out + captured.err
    assert "key refused" in logged
    for secret in (text, revoked, wrong):
        assert secret.rpartition("_")[2][:8] not in logged
    assert key.sha256[:8] not in logged


def test_a_key_that_has_ended_is_logged_by_its_id_and_no_other(
    ask: Ask, parameter: Parameter, capsys: pytest.CaptureFixture[str]
) -> None:
    text, key = new_key(parameter)
    revoke(parameter, key.id, datetime.now(UTC))
    ask({"x-api-key": text})
    ask({"x-api-key": f"lb_{key.id}_{'ab' * 32}"})
    ended, unknown = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert ended["key_id"] == key.id
    assert "was revoked" in ended["reason"]
    assert "key_id" not in unknown


def test_keys_that_cannot_be_read_make_the_authorizer_say_so(ask: Ask, place: Path) -> None:
    place.parent.mkdir()
    place.write_text("{")
    answer = ask({"x-api-key": f"lb_00000000_{'0' * 64}"})
    assert answer["unavailable"] == "keys cannot be looked up at the moment; try again"


@pytest.mark.parametrize("way", ["address", "netrc"])
def test_a_client_built_on_requests_sends_a_key_without_a_header_of_ours(
    ask: Ask, parameter: Parameter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    # As MLflow's ScoringServerClient does: `requests.post(url=f"http://{host}:{port}/invocations", ...)`.
    text, key = new_key(parameter)
    netrc = tmp_path / "netrc"
    netrc.write_text(f"machine titanic.example login key password {text}\n" if way == "netrc" else "")
    monkeypatch.setenv("NETRC", str(netrc))
    credentials = f"key:{text}@" if way == "address" else ""
    asked = requests.Request("POST", f"http://{credentials}titanic.example:8000/invocations", json={})
    with requests.Session() as session:
        sent = session.prepare_request(asked)
    assert text not in str(sent.url).partition("@")[2]
    assert ask({"authorization": str(sent.headers["Authorization"])})["key_id"] == key.id
