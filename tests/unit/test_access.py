"""Who is let in, and how far: the authorizer's word, the door, and what each route asks for."""

import asyncio
import base64
import hashlib
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.routing import APIRoute

from functions.core.base.errors import Forbidden, StoreUnavailable, Unauthorized
from functions.core.http.documentation import documentation_page
from functions.core.http.limits import MOST_HEADERS
from functions.core.http.middleware import OPEN_PATHS
from functions.core.identity.caller import SCOPES, Caller, caller_of
from functions.predict import service
from functions.predict.app import ROUTERS
from functions.predict.app import app as predict_app
from functions.predict.handler import handler
from tests.conftest import LOOP

Ask = Callable[..., dict[str, Any]]
ROUTES = [
    (method, route.path)
    for routes in (predict_app.routes, *(router.routes for router in ROUTERS))
    for route in routes
    if isinstance(route, APIRoute)
    for method in sorted(route.methods or ())
]
CLOSED = [(method, path) for method, path in ROUTES if path not in OPEN_PATHS]
VALID = {"key_id": "5f3a91c2", "scopes": "predict", "denied": "", "unavailable": ""}


def event_with(found: Any) -> dict[str, Any]:
    return {"requestContext": {"authorizer": {"lambda": found}}}


def test_the_authorizers_word_names_the_caller() -> None:
    caller = caller_of(event_with(VALID | {"scopes": "predict feedback"}))
    assert caller == Caller("5f3a91c2", frozenset({"predict", "feedback"}))


@pytest.mark.parametrize(
    "event",
    [{}, {"requestContext": {}}, {"requestContext": {"authorizer": None}}, event_with(None), event_with({})],
)
def test_without_the_authorizer_nobody_is_known(event: dict[str, Any]) -> None:
    with pytest.raises(Unauthorized, match="x-api-key"):
        caller_of(event)


def test_a_key_that_was_denied_counts_for_nothing_whatever_else_is_said() -> None:
    with pytest.raises(Unauthorized, match="this key was revoked"):
        caller_of(event_with(VALID | {"denied": "this key was revoked"}))


def test_keys_that_cannot_be_looked_up_are_no_fault_of_the_caller() -> None:
    with pytest.raises(StoreUnavailable, match="try again"):
        caller_of(event_with(VALID | {"unavailable": "keys cannot be looked up; try again"}))


def test_a_scope_that_nobody_knows_is_none() -> None:
    assert caller_of(event_with(VALID | {"scopes": "root *"})).scopes == frozenset()


@pytest.mark.parametrize(
    ("own", "allowed"),
    [("predict", {"predict"}), ("feedback", {"feedback"}), ("admin", set(SCOPES)), ("", set())],
)
def test_a_scope_allows_itself_and_admin_allows_all(own: str, allowed: set[str]) -> None:
    caller = caller_of(event_with(VALID | {"scopes": own}))
    for scope in SCOPES:
        if scope in allowed:
            caller.require(scope)
        else:
            with pytest.raises(Forbidden, match=scope):
                caller.require(scope)


@pytest.fixture
def ask(
    event: Callable[[str], dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Ask]:
    """Sends one request through the predict function's handler; `found` is what the authorizer said."""
    monkeypatch.setenv("LIFEBOAT_STORE", str(tmp_path))
    service.service.cache_clear()
    asyncio.set_event_loop(LOOP)

    def send(method: str, path: str, found: dict[str, str] | None = VALID, **changes: Any) -> dict[str, Any]:
        request = event("http_predict") | {"rawPath": path} | changes
        request["requestContext"]["http"] |= {"method": method, "path": path}
        request["routeKey"] = f"{method} {path}"
        if found is None:
            del request["requestContext"]["authorizer"]
        else:
            request["requestContext"]["authorizer"] = {"lambda": found}
        return handler(request, None)

    yield send
    service.service.cache_clear()


def refusal(answer: dict[str, Any]) -> tuple[int, str]:
    body = json.loads(answer["body"])
    assert set(body) == {"error", "code", "detail", "request_id"}
    assert body["request_id"] == "JKJaXmPLvHcESHA="
    return answer["statusCode"], body["code"]


def test_only_the_health_routes_are_open() -> None:
    assert {path for _, path in ROUTES if path in OPEN_PATHS} == OPEN_PATHS
    # Every route is one that FastAPI would run dependencies for: nothing is mounted beside them.
    own = [route for route in predict_app.routes if isinstance(route, APIRoute)]
    assert len(ROUTES) == len(own) + sum(len(router.routes) for router in ROUTERS)
    assert len(ROUTERS) + len(own) == len(predict_app.routes)


@pytest.mark.parametrize(("method", "path"), CLOSED)
def test_a_route_reached_without_the_authorizer_is_refused(ask: Ask, method: str, path: str) -> None:
    answer = ask(method, path, None)
    assert refusal(answer) == (401, "UNAUTHORIZED")
    assert answer["headers"]["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(("method", "path"), CLOSED)
def test_a_route_reached_with_a_key_that_does_not_count_is_refused(ask: Ask, method: str, path: str) -> None:
    assert refusal(ask(method, path, VALID | {"denied": "this key expired"})) == (401, "UNAUTHORIZED")


@pytest.mark.parametrize(("method", "path"), CLOSED)
def test_a_route_reached_with_another_scope_is_forbidden(ask: Ask, method: str, path: str) -> None:
    # Before the body is looked at: this one is not a passenger.
    answer = ask(method, path, VALID | {"scopes": "feedback"}, body="{}")
    assert refusal(answer) == (403, "FORBIDDEN")


@pytest.mark.parametrize("path", ["/health/live/", "/health/../model", "//health/live", "/HEALTH/LIVE", "/x"])
def test_what_only_looks_like_an_open_path_is_closed(ask: Ask, path: str) -> None:
    assert refusal(ask("GET", path, None)) == (401, "UNAUTHORIZED")


def test_the_health_routes_answer_without_a_key(ask: Ask) -> None:
    assert ask("GET", "/health/live", None)["statusCode"] == 200
    assert refusal(ask("GET", "/health/ready", None)) == (503, "NO_CHAMPION")


def test_keys_that_cannot_be_looked_up_make_the_service_unavailable(ask: Ask) -> None:
    found = VALID | {"key_id": "", "unavailable": "keys cannot be looked up; try again"}
    assert refusal(ask("GET", "/model", found)) == (503, "STORE_UNAVAILABLE")


def test_too_many_headers_are_refused(ask: Ask) -> None:
    headers = {f"x-{number}": "1" for number in range(MOST_HEADERS)}
    assert ask("GET", "/health/live", headers=headers)["statusCode"] == 200
    assert refusal(ask("GET", "/health/live", headers=headers | {"x-more": "1"})) == (431, "TOO_MANY_HEADERS")


@pytest.mark.parametrize(
    ("path", "found"), [("/openapi.json", VALID), ("/health/live", None), ("/model", None)]
)
def test_an_answer_is_not_kept_guessed_or_embedded(ask: Ask, path: str, found: dict[str, str] | None) -> None:
    headers = ask("GET", path, found)["headers"]
    assert headers["cache-control"] == "no-store"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"


def test_the_documentation_runs_its_own_scripts_and_no_others(ask: Ask) -> None:
    answer = ask("GET", "/docs")
    policy = dict(
        directive.split(" ", 1) for directive in answer["headers"]["content-security-policy"].split("; ")
    )
    assert answer["headers"]["content-type"].startswith("text/html")
    assert (policy["default-src"], policy["frame-ancestors"]) == ("'none'", "'none'")
    assert "unsafe" not in policy["script-src"]
    (inline,) = re.findall(r"<script>(.*?)</script>", answer["body"], re.DOTALL)
    hashed = base64.b64encode(hashlib.sha256(inline.encode()).digest()).decode()
    assert f"'sha256-{hashed}'" in policy["script-src"]
    for source in re.findall(r'src="([^"]+)" integrity="sha384-', answer["body"]):
        assert source.startswith(policy["script-src"].split()[0])
    assert '"/predict"' in inline


def test_no_text_of_the_document_ends_the_script() -> None:
    page = bytes(documentation_page({"info": {"title": "</script><script>alert(1)</script>"}}).body)
    assert page.count(b"</script>") == 2


def test_the_document_says_where_a_key_goes(ask: Ask) -> None:
    document = json.loads(ask("GET", "/openapi.json")["body"])
    schemes = document["components"]["securitySchemes"]
    assert schemes["APIKeyHeader"] == {"type": "apiKey", "in": "header", "name": "x-api-key"}
    assert schemes["HTTPBearer"] == {"type": "http", "scheme": "bearer"}
    assert {"401", "403"} <= set(document["paths"]["/predict"]["post"]["responses"])
    assert "security" not in document["paths"]["/health/live"]["get"]
