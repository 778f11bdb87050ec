"""The gateway's routes, limits and error texts, asked without a socket."""

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from functions.local.platform import gateway
from functions.local.platform.function_process import FunctionError, FunctionTimeout
from functions.local.platform.gateway import Gateway
from functions.local.platform.template import Route


class Function:
    """A function that answers as it is told."""

    def __init__(self, act: Callable[[Any], Any]) -> None:
        self._act = act

    async def invoke(self, event: Any) -> Any:
        answer = self._act(event)
        return await answer if asyncio.iscoroutine(answer) else answer


def ask(act: Callable[[Any], Any], path: str = "/f", **request: Any) -> tuple[httpx.Response, list[str]]:
    errors: list[str] = []
    application = Gateway(
        (Route("POST", "/f", "F"),), {"F": Function(act)}, lambda _, line: errors.append(line)
    )

    async def go() -> httpx.Response:
        transport = httpx.ASGITransport(application)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            return await client.post(path, **request)

    return asyncio.run(go()), errors


def test_over_plain_http_no_browser_is_told_to_ask_by_https() -> None:
    headers = {"strict-transport-security": "max-age=1", "x-content-type-options": "nosniff"}
    plain, _ = ask(lambda _: {"statusCode": 200, "headers": headers, "body": ""})
    assert "strict-transport-security" not in plain.headers
    assert plain.headers["x-content-type-options"] == "nosniff"
    encrypted, _ = ask(lambda _: {"statusCode": 200, "headers": headers, "body": ""}, "https://localhost/f")
    assert encrypted.headers["strict-transport-security"] == "max-age=1"


def fail(error: Exception) -> Callable[[Any], Any]:
    def act(event: Any) -> Any:
        raise error

    return act


def authorized(answer: Callable[[Any], Any], key: str = "") -> tuple[httpx.Response, list[str], list[Any]]:
    """Ask for a route behind an authorizer that gives this answer, and an open one beside it."""
    errors: list[str] = []
    reached: list[Any] = []

    def act(event: Any) -> Any:
        reached.append(event)
        return {"statusCode": 200, "body": event["body"]}

    application = Gateway(
        (Route("POST", "/f", "F", "Authorize"), Route("POST", "/open", "F")),
        {"F": Function(act), "Authorize": Function(answer)},
        lambda id_, line: errors.append(f"{id_} {line}"),
    )

    async def go() -> httpx.Response:
        transport = httpx.ASGITransport(application)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            assert (await client.post("/open", content="open")).text == "open"
            assert reached.pop()["requestContext"].keys().isdisjoint({"authorizer"})
            return await client.post("/f", content="hello", headers={"x-api-key": key})

    return asyncio.run(go()), errors, reached


def test_the_authorizers_context_reaches_the_function() -> None:
    def answer(event: Any) -> Any:
        assert event["type"] == "REQUEST"
        assert "body" not in event
        return {"isAuthorized": True, "context": {"key_id": event["headers"]["x-api-key"]}}

    response, errors, reached = authorized(answer, "abc")
    assert (response.status_code, response.text, errors) == (200, "hello", [])
    assert reached[0]["requestContext"]["authorizer"] == {"lambda": {"key_id": "abc"}}


def test_whom_the_authorizer_lets_not_through_is_forbidden_as_on_aws() -> None:
    response, errors, reached = authorized(lambda event: {"isAuthorized": False, "context": {}})
    assert (response.status_code, response.json()) == (403, {"message": "Forbidden"})
    assert (errors, reached) == ([], [])


@pytest.mark.parametrize("answer", [lambda event: {"authorized": True}, lambda event: None, lambda event: 1])
def test_an_authorizer_that_makes_no_sense_is_an_internal_error(answer: Callable[[Any], Any]) -> None:
    response, errors, reached = authorized(answer)
    assert (response.status_code, response.json()) == (500, {"message": "Internal Server Error"})
    assert len(errors) == 1
    assert reached == []


@pytest.mark.parametrize("kind", [FunctionError, FunctionTimeout])
def test_an_authorizer_that_fails_is_an_internal_error(kind: type[FunctionError]) -> None:
    response, errors, reached = authorized(fail(kind("LookupError", "no such key")))
    assert (response.status_code, response.json()) == (500, {"message": "Internal Server Error"})
    assert "no such key" in errors[0]
    assert errors[0].startswith("Authorize ")
    assert reached == []


def test_a_request_reaches_the_function_and_its_answer_the_caller() -> None:
    response, errors = ask(lambda event: {"statusCode": 202, "body": event["body"]}, content="hello")
    assert (response.status_code, response.text, errors) == (202, "hello", [])
    assert response.headers["apigw-requestid"]


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8000", "localhost.evil.example", "x:y", "[::1"]
)
def test_a_page_whose_name_leads_here_is_not_answered(host: str) -> None:
    response, errors = ask(lambda event: {"statusCode": 200}, headers={"host": host})
    assert (response.status_code, errors) == (403, [])
    assert "asked as localhost" in response.json()["message"]


@pytest.mark.parametrize(
    "host", ["localhost:8000", "127.0.0.1:8000", "[::1]:8000", "api.localhost", "172.17.0.1"]
)
def test_a_client_on_this_machine_is_answered(host: str) -> None:
    assert ask(lambda event: {"statusCode": 200}, headers={"host": host})[0].status_code == 200


def test_a_page_of_another_origin_gets_no_leave_to_read_as_the_template_allows_none() -> None:
    response, _ = ask(lambda event: {"statusCode": 200}, headers={"origin": "https://evil.example"})
    assert [name for name in response.headers if name.startswith("access-control-")] == []


def test_requests_are_logged_when_asked_for_without_keys_and_values() -> None:
    lines: list[tuple[str, str, int]] = []
    application = Gateway(
        (Route("POST", "/f", "F"),),
        {"F": Function(lambda event: {"statusCode": 201})},
        lambda *_: None,
        lambda method, path, status, seconds: lines.append((method, path, status)),
    )

    async def go() -> None:
        transport = httpx.ASGITransport(application)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            await client.post("/f?key=lb_secret", content="secret", headers={"x-api-key": "lb_secret"})
            await client.get("/no%0Asuch")

    asyncio.run(go())
    assert lines == [("POST", "/f", 201), ("GET", "/no%0Asuch", 404)]


def test_an_unknown_route_is_not_found() -> None:
    response, _ = ask(lambda event: {}, "/nothing")
    assert (response.status_code, response.json()) == (404, {"message": "Not Found"})


@pytest.mark.parametrize(
    "act",
    [
        fail(FunctionError("LookupError", "no such passenger")),
        lambda event: {"statusCode": "high"},
        lambda event: {"statusCode": 200, "body": "x" * 7_000_000},
    ],
)
def test_a_function_that_fails_is_an_internal_error_that_tells_nothing(act: Callable[[Any], Any]) -> None:
    response, errors = ask(act)
    assert (response.status_code, response.json()) == (500, {"message": "Internal Server Error"})
    assert len(errors) == 1


def test_a_function_that_is_too_slow_is_unavailable() -> None:
    response, errors = ask(fail(FunctionTimeout("Sandbox.Timedout", "Task timed out after 3.00 seconds")))
    assert (response.status_code, response.json()) == (503, {"message": "Service Unavailable"})
    assert "timed out" in errors[0]


def test_the_gateway_does_not_wait_longer_than_the_integration_may_take(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(gateway, "INTEGRATION_SECONDS", 0.01)
    response, errors = ask(lambda event: asyncio.sleep(5))
    assert (response.status_code, response.json()) == (503, {"message": "Service Unavailable"})
    assert len(errors) == 1
    assert "the gateway answered 503" in errors[0]


@pytest.mark.parametrize(
    ("size", "content_type"),
    # 10 MB is the gateway's limit; 6 MB the function's, and base64 takes a third more.
    [(10_500_000, "text/plain"), (6_400_000, "text/plain"), (5_000_000, "image/png")],
)
def test_a_body_that_is_too_large_is_refused(size: int, content_type: str) -> None:
    response, _ = ask(lambda event: {}, content=b"x" * size, headers={"content-type": content_type})
    assert (response.status_code, response.json()) == (413, {"message": "Request Entity Too Large"})


def test_a_payload_is_measured_as_lambda_does_in_utf_8() -> None:
    body = "é" * 2_000_000
    response, errors = ask(
        lambda event: {"statusCode": 200, "body": event["body"]},
        content=body.encode(),
        headers={"content-type": "text/plain; charset=utf-8"},
    )
    assert (response.status_code, errors) == (200, [])
    assert response.text == body
    response, errors = ask(lambda event: {"statusCode": 200, "body": body + body})
    assert (response.status_code, len(errors)) == (500, 1)


def test_an_answer_that_is_no_text_is_an_internal_error() -> None:
    response, errors = ask(lambda event: {"statusCode": 200, "body": "\ud800"})
    assert (response.status_code, response.json()) == (500, {"message": "Internal Server Error"})
    assert "surrogates not allowed" in errors[0]


def test_a_body_below_the_limits_is_taken() -> None:
    response, _ = ask(lambda event: len(event["body"]), content=b"x" * 5_000_000)
    assert response.json() == 5_000_000
