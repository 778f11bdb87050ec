"""What a request is about, wherever the API stands: at the root, below a base path, behind a stage."""

import json
from typing import Any

import pytest

from functions.core.http.gateway import readable, split_path
from tests.support.authorizing import VALID, Ask

ID = "01a1feaa-00ea-7752-9015-c9355649249c"


def event(route: str, raw: str, stage: str = "$default", **variables: str) -> dict[str, Any]:
    found: dict[str, Any] = {"routeKey": route, "rawPath": raw, "requestContext": {"stage": stage}}
    return found | ({"pathParameters": variables} if variables else {})


@pytest.mark.parametrize(
    ("asked", "base", "path"),
    [
        (event("GET /model", "/model"), "", "/model"),
        (event("GET /model", "/titanic/model"), "/titanic", "/model"),
        (event("GET /model", "/a/b/model"), "/a/b", "/model"),
        (event("GET /model", "/dev/model", "dev"), "/dev", "/model"),
        (event("GET /models/{model}", "/models/models/churn", model="churn"), "/models", "/models/churn"),
        # Decoded once, by the gateway.
        (event("GET /models/{model}", "/models/%63hampion", model="%63hampion"), "", "/models/%63hampion"),
        (event("GET /models/{model}", "/x/models/a/b", model="a/b"), "", "/models/a%2Fb"),
        # Routes that name no path.
        (event("$default", "/dev/model", "dev"), "/dev", "/model"),
        (event("$default", "/developers", "dev"), "", "/developers"),
        (event("$default", "/dev", "dev"), "/dev", "/"),
        (event("ANY /{proxy+}", "/model", proxy="model"), "", "/model"),
        (event("GET /models/{model}", "/dev/models/churn", "dev"), "/dev", "/models/churn"),
        ({}, "", "/"),
    ],
)
def test_the_route_is_the_gateways_and_the_rest_of_the_path_the_base(
    asked: dict[str, Any], base: str, path: str
) -> None:
    assert split_path(asked) == (base, path)


BEHIND = {"a base path": ("/titanic", "$default"), "a stage": ("/dev", "dev")}


@pytest.mark.parametrize(("base", "stage"), BEHIND.values(), ids=BEHIND)
def test_every_route_answers_behind_a_base_path_and_a_stage(ask: Ask, base: str, stage: str) -> None:
    def answer(method: str, route: str, path: str, found: Any = VALID, **changes: Any) -> dict[str, Any]:
        return ask(method, base + path, found, route=f"{method} {route}", stage=stage, **changes)

    assert answer("GET", "/health/live", "/health/live", None)["statusCode"] == 200
    # There is no model in service: it is what the route says, not that there is none.
    assert answer("GET", "/model", "/model")["statusCode"] == 503
    assert answer("POST", "/predict", "/predict", body="{}")["statusCode"] == 503
    assert "nothing in service" not in answer("GET", "/model", "/model")["body"]
    of_churn = {"pathParameters": {"model": "churn"}}
    document = json.loads(
        answer("GET", "/models/{model}/openapi.json", "/models/churn/openapi.json", **of_churn)["body"]
    )
    assert "/models/churn/predict" in document["paths"]
    assert document["servers"] == [{"url": base}]
    # The larger bodies of a batch.
    large = answer("POST", "/predict/batch", "/predict/batch", body=" " * 300_000)
    assert large["statusCode"] == 503


def test_at_the_root_the_document_names_no_server(ask: Ask) -> None:
    assert "servers" not in json.loads(ask("GET", "/openapi.json")["body"])


def test_a_variable_that_is_a_word_of_another_route_does_not_lead_there(ask: Ask) -> None:
    asked = {"route": "GET /models/{model}/openapi.json", "pathParameters": {"model": "../openapi.json?"}}
    assert ask("GET", "/models/x/openapi.json", **asked)["statusCode"] == 404


def test_a_gateway_that_hands_on_every_path_is_answered_by_the_path(ask: Ask) -> None:
    asked = {"route": "ANY /{proxy+}", "pathParameters": {"proxy": "models/churn/openapi.json"}}
    answer = ask("GET", "/dev/models/churn/openapi.json", stage="dev", **asked)
    assert json.loads(answer["body"])["servers"] == [{"url": "/dev"}]


@pytest.mark.parametrize("host", ["x:y", "[::1]:8000", "a:b:c", "", "x" * 300, "tïtanic", ":"])
@pytest.mark.parametrize("port", ["443", "y", "", "9" * 5000, "²"])
def test_no_host_and_no_port_makes_a_request_fail(ask: Ask, host: str, port: str) -> None:
    headers = {"host": host, "x-forwarded-port": port}
    assert ask("GET", "/health/live", None, headers=headers)["statusCode"] == 200
    assert ask("GET", "/model", None, headers=headers)["statusCode"] == 401


def test_headers_that_are_in_order_stay() -> None:
    headers = {"host": "127.0.0.1:8000", "x-forwarded-port": "8000", "accept": "*/*"}
    assert readable({"headers": headers})["headers"] == headers
    assert readable({})["headers"] == {}


@pytest.mark.parametrize("body", ["a", "ab=c", "{}", "YWJj!", "é", "YW Jj", "YWJ"])
def test_a_body_that_is_said_to_be_base64_and_is_not_is_refused(ask: Ask, body: str) -> None:
    spoilt = {"body": body, "isBase64Encoded": True}
    answer = ask("POST", "/predict", **spoilt)
    refusal = json.loads(answer["body"])
    assert (answer["statusCode"], refusal["code"]) == (400, "UNREADABLE_BODY")
    assert "said to be base64" in refusal["error"]
    # Who may not ask is told that, and nothing of the body.
    assert ask("POST", "/predict", None, **spoilt)["statusCode"] == 401


def test_a_body_in_base64_is_read_and_none_is_none(ask: Ask) -> None:
    event = {"body": "eyJhIjoxfQ==", "isBase64Encoded": True}
    assert readable(event) == event | {"headers": {}}
    assert readable({"body": None, "isBase64Encoded": True})["body"] is None
    assert ask("GET", "/openapi.json", body=None, isBase64Encoded=True)["statusCode"] == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"content-length": "-1"},
        {"content-length": "x"},
        {"authorization": "Bearer \u00e9\u20ac"},
        {"x-api-key": "\U0001f6a2"},
        {"accept-encoding": "gzip;q=x, \u20ac"},
        {"cookie": "a=b; \u20ac"},
        {"accept": ","},
        {"expect": "100-continue"},
        {"transfer-encoding": "chunked"},
    ],
)
def test_an_odd_header_makes_no_request_fail(ask: Ask, headers: dict[str, str]) -> None:
    assert ask("GET", "/health/live", None, headers=headers)["statusCode"] == 200
    assert ask("GET", "/openapi.json", headers=headers)["statusCode"] == 200


@pytest.mark.parametrize("path", ["/health/live", "/health/ready", "/v2/health/live", "/ping"])
def test_head_is_get_without_the_body(ask: Ask, path: str) -> None:
    got, head = ask("GET", path, None), ask("HEAD", path, None)
    assert head["statusCode"] == got["statusCode"]
    assert got["body"]
    assert head.get("body", "") == ""
    assert head["headers"]["content-type"] == got["headers"]["content-type"]


def test_head_of_what_takes_a_key_takes_it_too(ask: Ask) -> None:
    assert ask("HEAD", "/openapi.json", None)["statusCode"] == 401
    answer = ask("HEAD", "/openapi.json", headers={"accept-encoding": "gzip"})
    assert (answer["statusCode"], answer.get("body", "")) == (200, "")


def test_a_slash_behind_a_path_leads_nowhere_and_least_of_all_elsewhere(ask: Ask) -> None:
    answer = ask("GET", "/model/", headers={"host": "elsewhere.example"})
    assert answer["statusCode"] == 404
    assert "location" not in answer["headers"]
