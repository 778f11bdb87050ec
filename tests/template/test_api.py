"""The API in template.yaml: who may call what, how often, and that every route has a function."""

import json
import re
from copy import deepcopy
from typing import Any

import pytest

from functions.local.platform.template import read_template
from tests.support.declared import (
    DOCUMENT,
    PARAMETERS,
    RESOURCES,
    ROOT,
    TEMPLATE,
)
from tests.support.resolved import resolved
from tests.template.roles import FUNCTIONS

HEALTH = {
    "GET /health/live",
    "GET /health/ready",
    "GET /v2/health/live",
    "GET /v2/health/ready",
    "GET /ping",
}
# What a browser has to have before anybody can log in, the document of the API, and what no route takes.
PAGES = {"GET /", "GET /docs", "GET /openapi.json", "GET /assets/{digest}/{name+}", "$default"}
# Uptime checks ask with HEAD, as often as not.
OPEN = HEALTH | PAGES | {key.replace("GET", "HEAD") for key in HEALTH | PAGES}


def open_routes(document: dict[str, Any]) -> set[str]:
    """The routes that a template lets anybody call: those with no authorizer of their own or by default."""
    default = document["Resources"]["Api"]["Properties"].get("Auth", {}).get("DefaultAuthorizer", "NONE")
    return {
        f"{event['Properties']['Method']} {event['Properties']['Path']}"
        if "Path" in event["Properties"]
        else "$default"
        for resource in document["Resources"].values()
        if resource["Type"] == "AWS::Serverless::Function"
        for event in resource["Properties"].get("Events", {}).values()
        if event["Type"] == "HttpApi"
        and event["Properties"].get("Auth", {}).get("Authorizer", default) == "NONE"
    }


def test_an_authorizer_leaves_only_the_health_routes_and_the_pages_open() -> None:
    assert open_routes(DOCUMENT) == OPEN
    # On this machine too.
    routes = read_template(TEMPLATE).routes
    assert {route.key for route in routes if route.authorizer is None} == OPEN
    assert {route.authorizer for route in routes} == {None, "AuthorizeFunction"}


def test_the_authorizer_is_asked_about_every_request_and_its_answer_is_not_kept() -> None:
    (authorizer,) = RESOURCES["Api"]["Properties"]["Auth"]["Authorizers"].values()
    assert authorizer["EnableSimpleResponses"] is True
    assert authorizer["AuthorizerPayloadFormatVersion"] == "2.0"
    # Headers named here would be wanted, both of them, in every request.
    assert authorizer["Identity"] == {"Context": ["requestId"], "ReauthorizeEvery": 0}


@pytest.mark.parametrize(
    ("origins", "fits"),
    [
        ("", True),
        ("*", True),
        ("https://example.org", True),
        ("https://a.example,http://b.example:8080", True),
        ("https://a.example, https://b.example", False),
        ("example.org", False),
        ("https://example.org/page", False),
    ],
)
def test_pages_of_no_site_may_call_the_api_unless_one_is_named(origins: str, fits: bool) -> None:
    assert PARAMETERS["AllowedOrigins"]["Default"] == ""
    assert bool(re.fullmatch(PARAMETERS["AllowedOrigins"]["AllowedPattern"], origins)) is fits
    condition, cors, _ = RESOURCES["Api"]["Properties"]["CorsConfiguration"][1]
    assert condition == "HasOrigins"
    # All that a browser would not send unasked and a route reads.
    assert cors["AllowHeaders"] == sorted(
        [
            "authorization",
            "content-encoding",
            "content-type",
            "inference-header-content-length",
            "traceparent",
            "x-api-key",
        ]
    )


def test_a_page_of_another_site_may_read_every_header_that_tells_of_an_answer() -> None:
    _, cors, _ = RESOURCES["Api"]["Properties"]["CorsConfiguration"][1]
    known = {f"x-columns-{kind}" for kind in ("used", "passed-over", "missing")}
    answered = {
        header
        for file in (ROOT / "functions").rglob("*.py")
        if not {"local", "core"} & {*file.relative_to(ROOT / "functions").parts}
        # Of answers: what is only read of requests, and what is for browsers themselves, is none.
        for header in re.findall(r'"(x-[a-z-]+[a-z])"', file.read_text())
    } - {"x-api-key", "x-content-type-options"}
    assert cors["ExposeHeaders"] == sorted({"apigw-requestid", "traceparent"} | known | answered)


def test_open_routes_are_told_from_those_behind_an_authorizer() -> None:
    document = deepcopy(DOCUMENT)
    document["Resources"]["Api"]["Properties"]["Auth"] = {"DefaultAuthorizer": "Keys"}
    for resource in document["Resources"].values():
        for event in resource.get("Properties", {}).get("Events", {}).values():
            event.get("Properties", {}).pop("Auth", None)
    events = document["Resources"]["PredictFunction"]["Properties"]["Events"]
    events["Live"]["Properties"]["Auth"] = {"Authorizer": "NONE"}
    assert open_routes(document) == {"GET /health/live"}


@pytest.mark.parametrize("field", ["ThrottlingRateLimit", "ThrottlingBurstLimit"])
def test_the_api_is_throttled(field: str) -> None:
    assert resolved(RESOURCES["Api"]["Properties"]["DefaultRouteSettings"])[field] > 0


def test_what_scores_and_what_watches_have_throttles_of_their_own() -> None:
    settings = resolved(RESOURCES["Api"]["Properties"]["RouteSettings"])
    keys = {route.key for route in read_template(TEMPLATE).routes}
    # API Gateway refuses to deploy settings of a route that is not there.
    assert settings.keys() <= keys
    scoring = {key for key in keys if re.search(r"^POST .*/(predict|batch|invocations|infer)$", key)}
    assert scoring | {"GET /health/ready", "HEAD /health/ready"} <= settings.keys()
    for limits in settings.values():
        assert 0 < limits["ThrottlingRateLimit"] <= limits["ThrottlingBurstLimit"]


def test_every_route_about_one_model_is_there_for_any_model_by_its_name() -> None:
    keys = {route.key for route in read_template(TEMPLATE).routes}
    # Of no model, or with names of their own.
    alone = re.compile(
        r"/(models|v2|health|ping|version|model|me|keys|people|assets|docs|openapi\.json|$)\b|/$"
    )
    for key in keys - {"$default"}:
        method, path = key.split(" ")
        if not alone.match(path):
            assert f"{method} /models/{{model}}{path}" in keys
    of_default = {"champion", "compare", "history", "rollback"}
    assert {name for name in of_default if f"GET /models/{name}" in keys} == of_default - {"rollback"}
    assert {name for name in of_default if f"GET /models/{{model}}/{name}" in keys} == of_default - {
        "rollback"
    }
    assert {"POST /models/rollback", "POST /models/{model}/rollback"} <= keys
    # One name for one place: API Gateway would take two for two routes.
    assert {key.split("/")[2] for key in keys if "/models/{" in key and "/v2" not in key} == {"{model}"}


def test_all_routes_fit_into_the_policies_of_their_functions() -> None:
    # SAM gives API Gateway a permission for each route; Lambda keeps those of a function, or of its alias, in
    # one policy: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
    longest = {"stage": "production12", "region": "ap-southeast-1", "stack": "lifeboat-production12"}
    for id_ in FUNCTIONS:
        size = 100
        for route in read_template(TEMPLATE).routes:
            if route.function == id_:
                path = re.sub(r"\{[^}]+\}", "*", route.path)
                statement = {
                    "Sid": f"{longest['stack']}-{id_}V2VersionReadyPermission-1A2B3C4D5E6F",
                    "Effect": "Allow",
                    "Principal": {"Service": "apigateway.amazonaws.com"},
                    "Action": "lambda:InvokeFunction",
                    "Resource": f"arn:aws:lambda:{longest['region']}:123456789012:function:"
                    f"lifeboat-{longest['stage']}-authorize:live",
                    "Condition": {
                        "ArnLike": {
                            "AWS:SourceArn": f"arn:aws:execute-api:{longest['region']}:123456789012:"
                            f"abcdef1234/*/{route.method}{path}"
                        }
                    },
                }
                size += len(json.dumps(statement)) + 1
        assert size < 20_480, id_


def test_what_people_call_has_a_route() -> None:
    assert {route.key for route in read_template(TEMPLATE).routes} >= {
        "POST /predict",
        "GET /model",
        "GET /openapi.json",
        "GET /docs",
        *HEALTH,
    }
