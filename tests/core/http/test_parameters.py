"""What a route does not take is refused and named: query parameters it does not have, no body."""

import json
from typing import Any

import pytest

from functions.core.http.middleware import OPEN_PATHS
from functions.core.http.parameters import describe_body
from tests.core.http.test_middleware import CLOSED
from tests.support.authorizing import VALID, Ask

ADMIN = VALID | {"scopes": "admin"}


def asked(ask: Ask, method: str, path: str, query: str, **changes: Any) -> dict[str, Any]:
    answer = ask(method, path, ADMIN, rawQueryString=query, **changes)
    body: dict[str, Any] = json.loads(answer["body"])
    return body | {"status": answer["statusCode"]}


@pytest.mark.parametrize(("method", "path"), CLOSED)
def test_every_route_with_a_key_refuses_a_parameter_that_it_does_not_have(
    ask: Ask, method: str, path: str
) -> None:
    # Of no model, or one that is not there: then there is nothing to ask for in the first place.
    answer = asked(ask, method, path.replace("{model}", "titanic"), "nothing=1&nothing=2", body="{}")
    assert (answer["status"], answer["code"]) == (422, "INVALID_INPUT")
    [fault] = answer["detail"]
    assert (fault["loc"], fault["type"]) == (["query", "nothing"], "unknown")


def test_the_nearest_parameter_is_named_and_so_are_all_where_none_is_near(ask: Ask) -> None:
    answer = asked(ask, "POST", "/predict", "explian=true&Explain=1&q=2&explain=true", body="{}")
    assert [(fault["loc"][1], fault["msg"]) for fault in answer["detail"]] == [
        ("explian", "is no parameter of this route; did you mean explain?"),
        ("Explain", "is no parameter of this route; did you mean explain?"),
        ("q", "is no parameter of this route; it has explain"),
    ]
    answer = asked(ask, "GET", "/openapi.json", "x" * 1000)
    assert answer["detail"][0]["msg"] == "is no parameter of this route; it has none"
    assert len(answer["detail"][0]["loc"][1]) == 100


@pytest.mark.parametrize("path", sorted(OPEN_PATHS))
def test_what_watches_may_add_what_it_likes_to_its_address(ask: Ask, path: str) -> None:
    # Checks of uptime put the time there, to get round caches.
    assert ask("GET", path, None, rawQueryString="_=1700000000")["statusCode"] in {200, 503}


@pytest.mark.parametrize(
    ("schema", "described", "said"),
    [
        ({"required": ["reason"]}, None, "JSON with reason"),
        ({"required": ["version", "reason"]}, None, "JSON with version, reason"),
        (None, None, "JSON"),
        ({}, None, "JSON"),
        (
            None,
            {"content": {"application/json": {}, "text/csv": {}}},
            "application/json or text/csv; GET /openapi.json",
        ),
    ],
)
def test_who_sends_nothing_is_told_what_to_send(schema: Any, described: Any, said: str) -> None:
    assert describe_body(schema, described).startswith(said)
