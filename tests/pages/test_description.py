"""The document of the API as the pages' function serves it: open, whole, and the one that is committed."""

import base64
import gzip
import json
from typing import Any

import pytest

from functions.local.tools.openapi import DOCUMENT
from functions.pages.handler import handler
from tests.support.gateway import send


def get(path: str, **options: Any) -> dict[str, Any]:
    return send(handler, "GET", path, scopes=None, **options)


def document_of(answer: dict[str, Any]) -> Any:
    body = base64.b64decode(answer["body"])
    return json.loads(gzip.decompress(body) if "content-encoding" in answer["headers"] else body)


@pytest.mark.parametrize("accepted", ["gzip", "identity"])
def test_the_document_that_is_served_is_the_one_that_is_committed(accepted: str) -> None:
    answer = get("/openapi.json", headers={"accept-encoding": accepted})
    assert (answer["statusCode"], answer["headers"]["content-type"]) == (200, "application/json")
    assert document_of(answer) == json.loads(DOCUMENT.read_text(encoding="utf-8"))


def test_below_a_base_path_the_document_is_the_same_and_still_right() -> None:
    answer = get("/titanic/openapi.json", route="GET /openapi.json")
    assert document_of(answer)["servers"][0]["url"] == "."


def test_who_has_the_document_gets_no_body() -> None:
    etag = get("/openapi.json")["headers"]["etag"]
    again = get("/openapi.json", headers={"if-none-match": etag})
    assert (again["statusCode"], "body" in again) == (304, False)


def test_docs_leads_to_the_page_of_the_api_wherever_the_api_stands() -> None:
    for path in ("/docs", "/titanic/docs"):
        answer = get(path, route="GET /docs")
        assert (answer["statusCode"], answer["headers"]["location"]) == (302, "./#//docs")


@pytest.mark.parametrize(
    ("path", "route"),
    [
        ("/openapi.json", "GET /openapi.json"),
        ("/docs", "GET /docs"),
        ("/assets/0/app.js", "GET /assets/{digest}/{name+}"),
    ],
)
def test_a_parameter_that_a_route_does_not_have_is_refused(path: str, route: str) -> None:
    answer = get(f"{path}?versoin=1&versoin=2&{'x' * 300}", route=route)
    refusal = json.loads(answer["body"])
    assert (answer["statusCode"], refusal["code"]) == (422, "INVALID_INPUT")
    assert [fault["loc"] for fault in refusal["detail"]] == [["query", "versoin"], ["query", "x" * 100]]
    assert refusal["detail"][0]["msg"] == "is no parameter of this route; it has none"


def test_the_page_takes_whatever_a_log_in_adds_to_its_address() -> None:
    assert get("/?code=1&state=2&session_state=3&iss=4")["statusCode"] == 200
