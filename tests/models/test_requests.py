"""Who may ask the models function for what, what is no request, and the document that says so."""

from typing import Any

import pytest

from tests.models.shelf import UNKNOWN, WHY, Call, Shelf

BAD_REQUESTS: dict[str, tuple[str, str, Any, list[str]]] = {
    "no limit": ("GET", "/models?limit=0", None, ["query", "limit"]),
    "too much": ("GET", "/models?limit=101", None, ["query", "limit"]),
    "no place": ("GET", "/models?after=yesterday", None, ["query", "after"]),
    "no number": ("GET", "/models/history?before=soon", None, ["query", "before"]),
    "below the first": ("GET", "/models/history?before=0", None, ["query", "before"]),
    "one version only": ("GET", f"/models/compare?left={UNKNOWN}", None, ["query", "right"]),
    "path in a query": ("GET", f"/models/compare?left=../x&right={UNKNOWN}", None, ["query", "left"]),
    "no version": ("GET", "/models/latest", None, ["path", "version"]),
    "upper case": ("GET", f"/models/{'F' * 16}", None, ["path", "version"]),
    "dots": ("DELETE", "/models/..", None, ["path", "version"]),
    "line end": ("DELETE", f"/models/{UNKNOWN}\n", None, ["path", "version"]),
    "no reason": ("POST", f"/models/{UNKNOWN}/promote", {}, ["body", "reason"]),
    "empty reason": ("POST", f"/models/{UNKNOWN}/promote", {"reason": "  "}, ["body", "reason"]),
    "long reason": ("POST", "/models/rollback", {"reason": "x" * 501}, ["body", "reason"]),
    "force as text": ("POST", f"/models/{UNKNOWN}/promote", {**WHY, "force": "yes"}, ["body", "force"]),
    "misspelt": ("POST", f"/models/{UNKNOWN}/promote", {**WHY, "forced": True}, ["body", "forced"]),
    "rollback to a path": ("POST", "/models/rollback", {**WHY, "to": "../../x"}, ["body", "to"]),
}


@pytest.mark.parametrize(("method", "path", "body", "where"), BAD_REQUESTS.values(), ids=BAD_REQUESTS)
def test_a_bad_request_names_the_field(
    call: Call, shelf: Shelf, method: str, path: str, body: Any, where: list[str]
) -> None:
    status, answer = call(method, path, body)
    assert (status, answer["code"]) == (422, "INVALID_INPUT")
    assert [item["loc"] for item in answer["detail"]] == [where]
    assert answer["request_id"] == "JKJaXmPLvHcESHA="


def test_a_body_that_is_too_large_is_refused(call: Call, shelf: Shelf) -> None:
    status, answer = call("POST", "/models/rollback", {"reason": "x" * 1_000_000})
    assert (status, answer["code"]) == (413, "PAYLOAD_TOO_LARGE")


# Every route, and what a valid request to it is; the first three of these need no version of their own.
CHANGES = [
    ("POST", "/models/rollback", WHY),
    ("POST", f"/models/{UNKNOWN}/promote", WHY),
    ("DELETE", f"/models/{UNKNOWN}", None),
]


READS = [
    ("GET", path, None)
    for path in (
        "/models",
        "/models/champion",
        "/models/history",
        f"/models/compare?left={UNKNOWN}&right={UNKNOWN}",
        f"/models/{UNKNOWN}",
    )
]


DOCUMENTS = [("GET", "/models/openapi.json", None), ("GET", "/models/docs", None)]


@pytest.mark.parametrize(("method", "path", "body"), [*CHANGES, *READS, *DOCUMENTS])
def test_without_a_key_nothing_is_answered(call: Call, method: str, path: str, body: Any) -> None:
    status, answer = call(method, path, body, scopes=None)
    assert (status, answer["code"]) == (401, "UNAUTHORIZED")


@pytest.mark.parametrize(("method", "path", "body"), CHANGES)
@pytest.mark.parametrize("scopes", ["", "predict", "predict feedback", "administrator"])
def test_only_administrators_change_anything(
    call: Call, shelf: Shelf, method: str, path: str, body: Any, scopes: str
) -> None:
    status, answer = call(method, path, body, scopes=scopes)
    assert (status, answer["code"]) == (403, "FORBIDDEN")
    # Before anything is said of the request itself.
    assert call(method, path, {}, scopes=scopes)[0] == 403


@pytest.mark.parametrize(("method", "path", "body"), READS)
def test_reading_takes_the_scope_predict(call: Call, shelf: Shelf, method: str, path: str, body: Any) -> None:
    assert call(method, path, body, scopes="feedback")[1]["code"] == "FORBIDDEN"
    assert call(method, path, body, scopes="predict")[0] in {200, 404}


def test_every_route_is_tested_for_its_scope(call: Call) -> None:
    _, document = call("GET", "/models/openapi.json")
    declared = {(method.upper(), path) for path, item in document["paths"].items() for method in item}
    tested = {
        (method, path.partition("?")[0].replace(UNKNOWN, "{version}")) for method, path, _ in CHANGES + READS
    }
    assert declared == tested


def test_the_document_tells_of_every_answer(call: Call) -> None:
    _, document = call("GET", "/models/openapi.json")
    for path, item in document["paths"].items():
        for method, operation in item.items():
            assert operation["summary"], path
            assert {"401", "403", "422", "503"} <= operation["responses"].keys(), path
            assert ("409" in operation["responses"]) == (method != "get"), path


def test_people_read_the_document_on_a_page(call: Call, shelf: Shelf) -> None:
    status, page = call("GET", "/models/docs")
    assert status == 200
    assert "/models/{version}/promote" in page


def test_the_examples_in_the_document_are_accepted(call: Call, shelf: Shelf) -> None:
    _, document = call("GET", "/models/openapi.json")
    for name, path in (
        ("PromotionRequest", f"/models/{UNKNOWN}/promote"),
        ("RollbackRequest", "/models/rollback"),
    ):
        properties = document["components"]["schemas"][name]["properties"]
        body = {field: about["examples"][0] for field, about in properties.items() if "examples" in about}
        assert call("POST", path, body)[0] == 404
