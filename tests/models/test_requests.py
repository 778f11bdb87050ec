"""Who may ask the models function for what, what is no request, and the document that says so."""

from typing import Any

import pytest

from functions.core.identity.caller import SCOPES
from functions.local.platform.template import read_template
from functions.models.handler import handler
from tests.models.shelf import UNKNOWN, WHY, Call, Shelf
from tests.support import gateway
from tests.support.churn import DOCUMENT
from tests.support.declared import TEMPLATE

BELOW = "/models/titanic"
BAD_REQUESTS: dict[str, tuple[str, str, Any, list[str]]] = {
    "no limit": ("GET", "/models?limit=0", None, ["query", "limit"]),
    "too much": ("GET", "/models?limit=101", None, ["query", "limit"]),
    "no name": ("GET", "/models?after=No%20Name", None, ["query", "after"]),
    "no limit of versions": ("GET", f"{BELOW}/versions?limit=0", None, ["query", "limit"]),
    "no place": ("GET", f"{BELOW}/versions?after=yesterday", None, ["query", "after"]),
    "no number": ("GET", "/models/history?before=soon", None, ["query", "before"]),
    "below the first": ("GET", "/models/history?before=0", None, ["query", "before"]),
    "one version only": ("GET", f"/models/compare?left={UNKNOWN}", None, ["query", "right"]),
    "path in a query": ("GET", f"/models/compare?left=../x&right={UNKNOWN}", None, ["query", "left"]),
    "no version": ("GET", f"{BELOW}/versions/latest", None, ["path", "version"]),
    "upper case": ("GET", f"{BELOW}/versions/{'F' * 16}", None, ["path", "version"]),
    "dots": ("DELETE", f"{BELOW}/versions/..", None, ["path", "version"]),
    "line end": ("DELETE", f"{BELOW}/versions/{UNKNOWN}\n", None, ["path", "version"]),
    "a model in place of a version": ("DELETE", BELOW, None, ["path", "model"]),
    "a model to promote": ("POST", f"{BELOW}/promote", WHY, ["path", "model"]),
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


# Every route, and what a valid request to it is.
CHANGES = [
    ("POST", "/models/rollback", WHY),
    ("POST", f"/models/{UNKNOWN}/promote", WHY),
    ("DELETE", f"/models/{UNKNOWN}", None),
    ("POST", f"{BELOW}/rollback", WHY),
    ("POST", f"{BELOW}/versions/{UNKNOWN}/promote", WHY),
    ("DELETE", f"{BELOW}/versions/{UNKNOWN}", None),
    ("PUT", f"{BELOW}/schema", DOCUMENT),
]


READS = [
    ("GET", path, None)
    for path in (
        "/models",
        "/models/champion",
        "/models/history",
        f"/models/compare?left={UNKNOWN}&right={UNKNOWN}",
        f"/models/{UNKNOWN}",
        f"/models/{UNKNOWN}/curves",
        f"/models/{UNKNOWN}/card",
        "/models/titanic",
        f"{BELOW}/champion",
        f"{BELOW}/history",
        f"{BELOW}/compare?left={UNKNOWN}&right={UNKNOWN}",
        f"{BELOW}/versions",
        f"{BELOW}/versions/{UNKNOWN}",
        f"{BELOW}/versions/{UNKNOWN}/curves",
        f"{BELOW}/versions/{UNKNOWN}/card",
        f"{BELOW}/schema",
    )
]


ME = "/me"
DOCUMENTS = [("GET", "/openapi.json", None)]


@pytest.mark.parametrize(("method", "path", "body"), [*CHANGES, *READS, *DOCUMENTS, ("GET", ME, None)])
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


# What who asks a model has to know of it, no row of a dataset.
OF_ASKERS = ("/models", "/models/titanic", f"{BELOW}/schema")


@pytest.mark.parametrize(("method", "path", "body"), READS)
def test_reading_takes_the_scope_read(call: Call, shelf: Shelf, method: str, path: str, body: Any) -> None:
    assert call(method, path, body, scopes="feedback")[1]["code"] == "FORBIDDEN"
    assert call(method, path, body, scopes="read")[0] in {200, 404}
    status, answer = call(method, path, body, scopes="predict")
    assert (status in {200, 404}) == (path in OF_ASKERS)
    if path not in OF_ASKERS:
        assert (status, answer["error"]) == (403, "this needs the scope read")


def test_every_route_is_tested_for_its_scope(call: Call) -> None:
    _, document = call("GET", "/openapi.json")
    declared = {(method.upper(), path) for path, item in document["paths"].items() for method in item}
    tested = {
        (
            method,
            path.partition("?")[0]
            .replace(BELOW, "/models/{model}")
            .replace(f"/models/{UNKNOWN}", "/models/{model}")
            .replace(UNKNOWN, "{version}"),
        )
        for method, path, _ in CHANGES + READS
    }
    assert declared == {*tested, ("GET", ME)}
    routes = {route.key for route in read_template(TEMPLATE).routes if route.function == "ModelsFunction"}
    assert routes == {f"{method} {path}" for method, path in declared}


def test_the_document_tells_of_every_answer(call: Call) -> None:
    _, document = call("GET", "/openapi.json")
    of_anybody = document["paths"].pop("/me")["get"]
    assert {"401", "422", "503"} <= of_anybody["responses"].keys()
    for path, item in document["paths"].items():
        for method, operation in item.items():
            assert operation["summary"], path
            assert {"401", "503"} <= operation["responses"].keys(), path
            # Whoever is anybody may ask who they are.
            assert ("403" in operation["responses"]) == (path != ME), path
            assert ("404" in operation["responses"]) == (path not in {"/models", ME}), path
            assert ("409" in operation["responses"]) == (method != "get"), path


def test_the_examples_in_the_document_are_accepted(call: Call, shelf: Shelf) -> None:
    _, document = call("GET", "/openapi.json")
    for name, path in (
        ("PromotionRequest", f"/models/{UNKNOWN}/promote"),
        ("RollbackRequest", "/models/rollback"),
    ):
        properties = document["components"]["schemas"][name]["properties"]
        body = {field: about["examples"][0] for field, about in properties.items() if "examples" in about}
        assert call("POST", path, body)[0] == 404


@pytest.mark.parametrize("name", ["fraud", "Churn", UNKNOWN, "a" * 41])
@pytest.mark.parametrize("path", ["champion", "history", "versions", "schema"])
def test_a_model_that_is_not_there_is_said_not_to_be(call: Call, shelf: Shelf, name: str, path: str) -> None:
    status, answer = call("GET", f"/models/{name}/{path}")
    assert (status, answer["code"]) == (404, "NOT_FOUND")
    assert "GET /models lists those there are" in answer["error"]


def test_a_key_for_some_models_reads_and_changes_no_others(call: Call, shelf: Shelf, churn: Shelf) -> None:
    for method, path, body in [*CHANGES, *READS[1:]]:
        status, answer = call(method, path, body, models="churn")
        assert (status, answer["code"]) == (403, "FORBIDDEN"), path
        assert "this key is for other models: churn" in answer["error"]
        assert call(method, path, body, models="churn titanic")[0] != 403, path
        other = path.replace(BELOW, "/models/churn")
        if other != path:
            assert call(method, other, body, models="churn")[0] != 403, other


@pytest.mark.parametrize(("method", "path", "_body"), DOCUMENTS)
def test_a_key_for_any_model_reads_the_documents(call: Call, method: str, path: str, _body: None) -> None:
    assert call(method, path, models="churn", scopes="predict")[0] == 200
    assert call(method, path, models="churn", scopes="feedback")[0] == 403


EMPTY = {
    "/models/rollback": "the body is empty; send JSON with reason",
    f"/models/{UNKNOWN}/promote": "the body is empty; send JSON with reason",
}


@pytest.mark.parametrize(("path", "said"), EMPTY.items())
def test_who_sends_no_body_is_told_what_to_send(call: Call, shelf: Shelf, path: str, said: str) -> None:
    status, answer = call("POST", path)
    assert (status, answer["code"], answer["error"]) == (400, "UNREADABLE_BODY", said)


def test_a_misspelt_parameter_is_named_with_the_one_that_was_meant(call: Call, shelf: Shelf) -> None:
    status, answer = call("GET", "/models?limt=1")
    assert (status, answer["detail"][0]["loc"]) == (422, ["query", "limt"])
    assert "did you mean limit?" in answer["detail"][0]["msg"]
    assert call("GET", "/openapi.json?x=1")[0] == 422


@pytest.mark.parametrize("word", ["champion", "history", "openapi.json", "%63hampion", "compare"])
def test_a_variable_that_is_a_word_of_another_route_does_not_lead_to_it(
    call: Call, shelf: Shelf, word: str
) -> None:
    # As a gateway hands on `/models/%63hampion` that looks for the route before it decodes.
    status, answer = gateway.call(
        handler,
        "GET",
        f"/models/{word}",
        scopes="admin",
        route="GET /models/{model}",
        pathParameters={"model": word},
    )
    assert status in {404, 422}
    assert answer["code"] in {"NOT_FOUND", "INVALID_INPUT"}


def test_a_path_is_decoded_once(call: Call, shelf: Shelf) -> None:
    # `/models/%2563hampion`, as API Gateway hands it on.
    status, answer = gateway.call(handler, "GET", "/models/%63hampion", scopes="admin")
    assert status in {404, 422}
    assert "sequence" not in answer


@pytest.mark.parametrize(("scopes", "told"), [("", []), ("feedback", ["feedback"]), ("admin", [*SCOPES])])
def test_whoever_is_known_is_told_who_they_are_and_what_they_may_do(
    call: Call, scopes: str, told: list[str]
) -> None:
    status, answer = call("GET", ME, scopes=scopes, models="titanic churn")
    assert (status, answer["id"], answer["scopes"]) == (200, "abc", told)
    assert answer["models"] == ["churn", "titanic"]


def test_a_person_is_told_their_name_and_a_key_without_one_its_id() -> None:
    asked = gateway.call(handler, "GET", ME, key_id="user:ada@example.com", name="ada@example.com")
    assert asked == (
        200,
        {"id": "user:ada@example.com", "name": "ada@example.com", "scopes": ["predict"], "models": None},
    )
    assert gateway.call(handler, "GET", ME, key_id="5f3a91c2")[1]["name"] == "5f3a91c2"


def test_what_a_person_does_stands_in_the_history_under_their_id(call: Call, shelf: Shelf) -> None:
    """`call` has led the handler to the store of `shelf`."""
    person: dict[str, Any] = {"key_id": "user:ada@example.com", "scopes": "admin"}
    path = f"/models/{shelf.add(1)}/promote"
    assert gateway.call(handler, "POST", path, {**WHY, "force": True}, **person)[0] == 200
    _, history = gateway.call(handler, "GET", "/models/history", **person)
    assert [promotion["by"] for promotion in history["promotions"]] == ["user:ada@example.com", "test"]
