"""What no route takes is refused in the envelope of the API, with what to do instead."""

import json
from typing import Any

import pytest

from functions.core.http.limits import ANSWER_HEADERS
from functions.core.http.refusals import STATUS, ErrorEnvelope
from functions.local.platform.http_events import Router
from functions.local.platform.template import read_template
from functions.pages.handler import handler
from tests.support.declared import TEMPLATE
from tests.support.gateway import send

PREFLIGHT = {"origin": "https://example.org", "access-control-request-method": "POST"}


def ask(method: str, path: str, **options: Any) -> dict[str, Any]:
    return send(handler, method, path, scopes=None, route="$default", **options)


def refused(answer: dict[str, Any]) -> ErrorEnvelope:
    assert (
        answer["headers"].items() >= {name.decode(): text.decode() for name, text in ANSWER_HEADERS}.items()
    )
    return ErrorEnvelope.model_validate(json.loads(answer["body"]), strict=True, extra="forbid")


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/nothing", "there is nothing at /nothing; GET /openapi.json lists what there is"),
        ("/predict/", "there is nothing at /predict/; ask for /predict, without the slash at its end"),
        ("/models/churn/predict//", "ask for /models/churn/predict, without the slash"),
        ("/pedict", "did you mean /predict?"),
        ("/docs/", "ask for /docs, without the slash"),
        ("/models/titanic/docs", "GET /openapi.json lists"),
        ("/" + "x" * 5_000, "x..."),
        ("//", "nothing at //"),
        ("/é\ud800", "nothing at /é\ud800"),
    ],
)
def test_a_path_that_is_not_there_is_refused_with_what_to_ask_for(path: str, said: str) -> None:
    answer = ask("GET", path)
    refusal = refused(answer)
    assert (answer["statusCode"], refusal.code) == (404, "NOT_FOUND")
    assert said in refusal.error
    assert refusal.request_id == "JKJaXmPLvHcESHA="
    assert len(refusal.error) < 300


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/predict", "POST"),
        ("PATCH", "/models/churn/schema", "GET, PUT"),
        ("POST", "/docs", "GET, HEAD"),
        ("POST", "/models/churn/openapi.json", "GET"),
        ("X" * 3_000, "/keys", "GET, POST"),
    ],
)
def test_a_method_that_a_path_does_not_take_is_refused_with_those_it_takes(
    method: str, path: str, allowed: str
) -> None:
    answer = ask(method, path)
    refusal = refused(answer)
    assert (answer["statusCode"], refusal.code) == (405, "METHOD_NOT_ALLOWED")
    assert answer["headers"]["allow"] == allowed
    assert refusal.error == f"{path} takes {allowed}, and not {method[:20]}"


def test_the_codes_are_those_of_the_rest_of_the_api() -> None:
    assert (404, "NOT_FOUND") in STATUS.values()


def test_behind_a_stage_the_path_is_what_follows_it() -> None:
    event = {"rawPath": "/dev/predict", "routeKey": "$default", "headers": {}}
    context = {"stage": "dev", "http": {"method": "GET", "path": "/dev/predict"}}
    assert handler(event | {"requestContext": context}, None)["statusCode"] == 405


@pytest.mark.parametrize("path", ["/predict", "/nothing"])
def test_a_browser_that_asks_what_it_may_ask_gets_a_success_whatever_the_path(path: str) -> None:
    answer = ask("OPTIONS", path, headers=PREFLIGHT)
    assert (answer["statusCode"], "body" in answer) == (204, False)
    # The gateway alone says who may ask.
    assert not {"allow", "access-control-allow-origin"} & answer["headers"].keys()


def test_a_refusal_of_head_has_no_body() -> None:
    answer = ask("HEAD", "/keys")
    assert (answer["statusCode"], answer["body"], answer["headers"]["allow"]) == (405, "", "GET, POST")


def test_options_of_a_path_says_what_it_takes() -> None:
    answer = ask("OPTIONS", "/models/churn/schema")
    assert (answer["statusCode"], answer["headers"]["allow"]) == (204, "GET, PUT")
    assert ask("OPTIONS", "/nothing")["statusCode"] == 404


def test_what_has_a_route_comes_to_that_route_and_so_to_its_authorizer() -> None:
    """Whatever `$default` takes, it shadows no route, and no 401 of one."""
    routes = read_template(TEMPLATE).routes
    router = Router(routes)
    for route in routes:
        if route.path not in {"$default", "/assets/{digest}/{name+}"}:
            path = route.path.replace("{", "").replace("}", "")
            found = router.match(route.method, path)
            assert found is not None
            assert found.route.path != "$default", route.key
    default = router.match("GET", "/nothing")
    assert default is not None
    assert (default.route.function, default.route.authorizer) == ("PagesFunction", None)


def test_every_route_that_is_described_or_served_is_known() -> None:
    """So that another method of it is told from a path that is not there."""
    for route in read_template(TEMPLATE).routes:
        if route.path not in {"$default", "/assets/{digest}/{name+}"}:
            path = route.path.replace("{", "").replace("}", "")
            assert ask("PURGE", path)["statusCode"] == 405, route.key


def test_the_refusal_is_ascii_whatever_the_path_holds() -> None:
    assert ask("GET", "/é")["body"].isascii()
    assert json.loads(ask("GET", "/é")["body"])["detail"] == []
