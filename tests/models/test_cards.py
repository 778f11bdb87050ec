"""The card of a version over HTTP: in the form that is asked for, and harmless in a browser."""

import json
from pathlib import Path
from typing import Any

import pytest

from functions.core.registry.card.writing import html_card, markdown_card
from functions.core.registry.versions import read_manifest
from functions.core.schema.document.parsing import parse_schema
from functions.models.cards import form_asked_for
from functions.models.handler import handler
from tests.models.shelf import UNKNOWN, Call, Shelf
from tests.support import churn as churn_table
from tests.support import gateway

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@pytest.fixture
def answer(call: Call, shelf: Shelf) -> Any:
    """Asks for the card of the first version; the gateway's answer."""

    def ask(query: str = "", accept: str = "*/*", below: str = "/models/titanic/versions") -> dict[str, Any]:
        path = f"{below}/{shelf.first}/card{query}"
        return gateway.send(handler, "GET", path, scopes="read", headers={"accept": accept})

    return ask


@pytest.mark.parametrize("below", ["/models", "/models/titanic/versions"])
def test_the_card_comes_in_markdown_or_as_a_page(answer: Any, shelf: Shelf, below: str) -> None:
    manifest = read_manifest(shelf.store, shelf.first)
    plain, page = answer(below=below), answer("?format=html", below=below)
    assert plain["headers"]["content-type"] == "text/markdown; charset=utf-8"
    assert plain["body"] == markdown_card(manifest)
    assert page["headers"]["content-type"] == "text/html; charset=utf-8"
    assert page["body"] == html_card(manifest)
    # As text, not in base64.
    assert not plain["isBase64Encoded"]
    assert not page["isBase64Encoded"]


@pytest.mark.parametrize(
    ("query", "accept", "form"),
    [
        ("", "*/*", "markdown"),
        ("", BROWSER, "html"),
        ("", "Text/HTML", "html"),
        ("", "text/markdown, text/html", "markdown"),
        ("", "application/json", "markdown"),
        ("?format=markdown", BROWSER, "markdown"),
        ("?format=html", "text/markdown", "html"),
    ],
)
def test_the_query_goes_before_the_header(answer: Any, query: str, accept: str, form: str) -> None:
    answered = answer(query, accept)
    assert answered["statusCode"] == 200
    assert answered["headers"]["content-type"].startswith(f"text/{form}")
    assert answered["headers"]["vary"] == "accept-encoding, accept"


def test_a_form_that_there_is_not_is_refused(answer: Any) -> None:
    answered = answer("?format=pdf")
    assert answered["statusCode"] == 422
    assert json.loads(answered["body"])["detail"][0]["loc"] == ["query", "format"]


def test_a_browser_runs_nothing_of_a_card(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = churn_table.DOCUMENT | {"description": "<script>alert(1)</script>"}
    shelf = Shelf(tmp_path, "churn", parse_schema(document))
    path = f"/models/churn/versions/{shelf.first}/card?format=html"
    answered = gateway.send(handler, "GET", path, scopes="read")
    assert "<script" not in answered["body"]
    assert "&lt;script&gt;" in answered["body"]
    policy = answered["headers"]["content-security-policy"]
    assert "default-src 'none'" in policy
    assert policy.endswith("sandbox")
    assert answered["headers"]["x-content-type-options"] == "nosniff"


def test_of_a_version_that_is_not_published_there_is_no_card(call: Call, shelf: Shelf) -> None:
    status, answer = call("GET", f"/models/titanic/versions/{UNKNOWN}/card")
    assert (status, answer["code"]) == (404, "NOT_FOUND")


def test_a_browser_is_told_by_what_it_accepts_first() -> None:
    assert form_asked_for(None, " text/html;q=0.9") == "html"
    assert form_asked_for(None, "") == "markdown"
