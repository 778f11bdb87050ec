"""The routes of the feedback function: who may use them, and where they are written down."""

import pytest

from functions.feedback.app import app
from functions.local.template import read_template
from tests.feedback.bench import Bench, Call
from tests.support.declared import TEMPLATE


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/feedback"),
        ("GET", "/feedback/queue"),
        ("GET", "/feedback/progress"),
        ("GET", "/feedback/export"),
        ("GET", "/feedback/rounds"),
        ("POST", "/feedback/rounds"),
        ("GET", "/feedback/rounds/01a1feaa-00ea-7752-9015-c9355649249c"),
        ("GET", "/feedback/openapi.json"),
        ("GET", "/feedback/docs"),
    ],
)
def test_a_route_takes_the_scope_feedback(call: Call, bench: Bench, method: str, path: str) -> None:
    status, refusal = call(method, path, scopes="predict")
    assert (status, refusal["code"]) == (403, "FORBIDDEN")
    assert call(method, path, scopes="admin")[0] != 403


def test_the_document_names_every_route_and_the_page_shows_it(call: Call) -> None:
    status, document = call("GET", "/feedback/openapi.json")
    assert status == 200
    assert document["paths"].keys() == {
        "/feedback",
        "/feedback/queue",
        "/feedback/progress",
        "/feedback/export",
        "/feedback/rounds",
        "/feedback/rounds/{id}",
    }
    assert "swagger-ui" in call("GET", "/feedback/docs")[1]


def test_every_route_of_the_app_is_declared_and_no_other() -> None:
    declared = {route.key for route in read_template(TEMPLATE).routes if route.function == "FeedbackFunction"}
    served = {
        f"{method} {route.path}"  # type: ignore[attr-defined]  # Starlette's base class does not say
        for route in app.routes
        for method in route.methods  # type: ignore[attr-defined]
    }
    assert declared == served
