"""What stands before every route: the door, the limits, and the headers of an answer."""

import json
from typing import Any

import pytest
from fastapi.routing import APIRoute

from functions.core.http.limits import MAX_HEADERS
from functions.core.http.middleware import OPEN_PATHS
from functions.predict.app import ROUTERS
from functions.predict.app import app as predict_app
from tests.support.authorizing import VALID, Ask

ROUTES = [
    (method, prefix + route.path)
    for prefix, routes in (("", predict_app.routes), *((prefix, router.routes) for prefix, router in ROUTERS))
    for route in routes
    if isinstance(route, APIRoute)
    for method in sorted(route.methods or ())
]
CLOSED = [(method, path) for method, path in ROUTES if path not in OPEN_PATHS]


def refusal(answer: dict[str, Any]) -> tuple[int, str]:
    body = json.loads(answer["body"])
    assert set(body) == {"error", "code", "detail", "request_id"}
    assert body["request_id"] == "JKJaXmPLvHcESHA="
    return answer["statusCode"], body["code"]


def test_only_the_health_routes_are_open() -> None:
    assert {path for _, path in ROUTES if path in OPEN_PATHS} == OPEN_PATHS
    # Every route is one that FastAPI would run dependencies for: nothing is mounted beside them.
    own = [route for route in predict_app.routes if isinstance(route, APIRoute)]
    assert len(ROUTES) == len(own) + sum(len(router.routes) for _, router in ROUTERS)
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
    # Before the body is looked at: this one is no row.
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
    headers = {f"x-{number}": "1" for number in range(MAX_HEADERS)}
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
    assert headers["strict-transport-security"] == "max-age=31536000"
