"""Requests and answers in API Gateway's payload format 2.0."""

import base64
from collections.abc import Callable
from typing import Any

import pytest
from starlette.requests import Request

from functions.local.platform.http_events import Match, Router, authorizer_event, http_response, request_event
from functions.local.platform.template import Route


def request(
    method: str = "GET", path: str = "/", query: str = "", headers: list[tuple[str, str]] | None = None
) -> Request:
    return Request(
        {
            "type": "http",
            "method": method,
            "path": path,
            "query_string": query.encode(),
            "headers": [(name.lower().encode(), value.encode()) for name, value in headers or []],
            "http_version": "1.1",
            "scheme": "http",
            "server": ("127.0.0.1", 8000),
            "client": ("192.0.2.1", 50000),
        }
    )


def event_of(request: Request, body: bytes = b"", **variables: str) -> dict[str, Any]:
    route = Route(request.method, request.url.path, "F")
    return request_event(request, body, Match(route, variables))


def test_an_event_has_the_fields_of_the_documented_example() -> None:
    # https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
    event = event_of(
        request(
            "POST",
            "/my/path",
            "parameter1=value1&parameter1=value2&parameter2=value",
            [
                ("Host", "id.execute-api.us-east-1.amazonaws.com"),
                ("Cookie", "cookie1; cookie2"),
                ("Header1", "value1"),
                ("Header2", "value1"),
                ("Header2", "value2"),
                ("User-Agent", "agent"),
            ],
        ),
        b"Hello from Lambda",
        parameter1="value1",
    )
    context = event["requestContext"]
    assert event["version"] == "2.0"
    assert event["routeKey"] == context["routeKey"] == "POST /my/path"
    assert event["rawPath"] == "/my/path"
    assert event["rawQueryString"] == "parameter1=value1&parameter1=value2&parameter2=value"
    assert event["cookies"] == ["cookie1", "cookie2"]
    assert event["headers"]["header1"] == "value1"
    assert event["headers"]["header2"] == "value1,value2"
    assert "cookie" not in event["headers"]
    assert event["queryStringParameters"] == {"parameter1": "value1,value2", "parameter2": "value"}
    assert event["pathParameters"] == {"parameter1": "value1"}
    assert (event["body"], event["isBase64Encoded"]) == ("Hello from Lambda", False)
    assert context["http"] == {
        "method": "POST",
        "path": "/my/path",
        "protocol": "HTTP/1.1",
        "sourceIp": "192.0.2.1",
        "userAgent": "agent",
    }
    assert context["domainName"] == "id.execute-api.us-east-1.amazonaws.com"
    assert context["domainPrefix"] == "id"
    assert context["stage"] == "$default"
    assert set(context) >= {"accountId", "apiId", "requestId", "time", "timeEpoch"}
    assert event["headers"]["x-forwarded-for"] == "192.0.2.1"


def test_what_a_request_does_not_have_the_event_does_not_have() -> None:
    event = event_of(request())
    assert not {"body", "cookies", "queryStringParameters", "pathParameters"} & set(event)
    assert event["isBase64Encoded"] is False


def test_an_authorizer_is_asked_in_the_documented_shape(event: Callable[[str], dict[str, Any]]) -> None:
    asked = authorizer_event(
        event_of(
            request("GET", "/my/path", "parameter1=value1", [("X-Api-Key", "k"), ("Cookie", "a=1")]),
            b"the body",
            parameter1="value1",
        )
    )
    documented = event("authorizer_request")
    # This machine has neither stage variables nor certificates of clients.
    assert set(asked) == set(documented) - {"stageVariables"}
    assert set(asked["requestContext"]) == set(documented["requestContext"]) - {"authentication"}
    assert (asked["version"], asked["type"]) == ("2.0", "REQUEST")
    assert asked["routeArn"] == "arn:aws:execute-api:us-east-1:123456789012:local/$default/GET/my/path"
    assert asked["identitySource"] == [asked["requestContext"]["requestId"]]
    assert asked["headers"]["x-api-key"] == "k"


@pytest.mark.parametrize(
    ("content_type", "body", "text"),
    [
        ("application/json", b"{}", True),
        ("application/json; charset=utf-8", b"{}", True),
        ("text/csv", "é".encode(), True),
        ("", b"{}", True),
        ("application/problem+json", b"{}", False),
        ("application/x-www-form-urlencoded", b"a=1", False),
        ("application/octet-stream", b"\x00\xff", False),
        ("application/json", b"\xff", False),
    ],
)
def test_a_body_that_is_not_text_arrives_in_base64(content_type: str, body: bytes, text: bool) -> None:
    headers = [("Content-Type", content_type)] if content_type else []
    event = event_of(request("POST", headers=headers), body)
    assert event["isBase64Encoded"] is not text
    assert event["body"] == (body.decode() if text else base64.b64encode(body).decode())


ROUTES = [
    Route("ANY", "$default", "F"),
    Route("GET", "/models/{rest+}", "F"),
    Route("GET", "/models/{version}", "F"),
    Route("GET", "/models/latest", "F"),
    Route("ANY", "/models/{version}", "F"),
]


@pytest.mark.parametrize(
    ("method", "path", "key", "variables"),
    [
        ("GET", "/models/latest", "GET /models/latest", {}),
        ("GET", "/models/1", "GET /models/{version}", {"version": "1"}),
        ("PUT", "/models/1", "ANY /models/{version}", {"version": "1"}),
        ("GET", "/models/1/x", "GET /models/{rest+}", {"rest": "1/x"}),
        ("PUT", "/models/1/x", "$default", {}),
    ],
)
def test_the_most_specific_route_wins(method: str, path: str, key: str, variables: dict[str, str]) -> None:
    match = Router(ROUTES).match(method, path)
    assert match is not None
    assert (match.route.key, match.variables) == (key, variables)


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/models/1"), ("GET", "/model"), ("GET", "/models/1.")]
)
def test_a_request_without_a_route_matches_nothing(method: str, path: str) -> None:
    assert Router([Route("GET", "/models/1", "F")]).match(method, path) is None


def test_an_answer_with_a_status_becomes_the_response() -> None:
    response = http_response(
        {
            "statusCode": 201,
            "headers": {"Content-Type": "image/png", "Content-Length": "999"},
            "cookies": ["a=1", "b=2"],
            "body": base64.b64encode(b"\x89PNG").decode(),
            "isBase64Encoded": True,
        }
    )
    assert (response.status_code, response.body) == (201, b"\x89PNG")
    assert response.headers["content-type"] == "image/png"
    assert response.headers["content-length"] == "4"
    assert response.headers.getlist("set-cookie") == ["a=1", "b=2"]


@pytest.mark.parametrize("answer", [{"hello": "world"}, "text", None, [1]])
def test_an_answer_without_a_status_is_the_json_of_a_success(answer: Any) -> None:
    response = http_response(answer)
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    "answer",
    [
        {"statusCode": "high"},
        {"statusCode": None},
        {"statusCode": 200, "body": {"a": 1}},
        {"statusCode": 200, "body": "!", "isBase64Encoded": True},
        {"statusCode": 200, "headers": ["a"]},
    ],
)
def test_an_answer_that_makes_no_response_is_refused(answer: Any) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - each has words of its own
        http_response(answer)


@pytest.mark.parametrize("host", ["x:y", "[x", "[::1]:8000", ""])
def test_whatever_stands_in_host_a_request_has_an_event(host: str) -> None:
    asked = request("GET", "/f", "a=b", [("Host", host)])
    event = request_event(asked, b"", Match(Route("GET", "/f", "F"), {}))
    assert event["headers"]["x-forwarded-port"] == "8000"
    assert (event["rawQueryString"], event["headers"]["host"]) == ("a=b", host)
